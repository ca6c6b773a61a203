"""The profile as recipes see it: `buildout` and `options`.

Values live in gobuild; each access here asks for them.
"""
import collections.abc
import logging
import os
import re

import gobuild_values
import zc.buildout
from gobuild_values import decode, encode

_bridge = None  # set by gobuild_work


def ask(what, **fields):
    return _bridge.ask(what, **fields)


class MissingOption(zc.buildout.UserError, KeyError):
    """A required option was missing."""


class MissingSection(zc.buildout.UserError, KeyError):
    """A required section is missing."""

    def __str__(self):
        text = str(self.args[0]) if self.args else ""
        return text if text.startswith("The referenced section") else "The referenced section, %r, was not defined." % text


def missing(section, option):
    """Return the error for an option that a recipe must have."""
    err = MissingOption("Missing option: %s:%s" % (section, option))
    err.gobuild_missing = (section, option)
    return err


class Options(collections.abc.MutableMapping):
    """The options of one section.

    Those of the profile are in gobuild.  A recipe may also make options of its
    own from a dictionary: they are kept here.
    """

    def __init__(self, buildout, section, data=None):
        self.buildout = buildout
        self.name = section
        self._created = None
        self._own = None if data is None else dict(data)

    # the mapping

    def get(self, option, default=None, seen=None):
        if not isinstance(option, str):
            return default
        if self._own is not None:
            value = self._own.get(option)
            if isinstance(value, str) and "${" in value:
                value = self._sub(value, seen)
        else:
            value = ask("get", section=self.name, key=option)
        return default if value is None else decode(value)

    def __getitem__(self, option):
        value = self.get(option)
        if value is None:
            raise missing(self.name, option)
        return value

    def __setitem__(self, option, value):
        value = encode(value)
        if not isinstance(option, str):
            raise TypeError("Option names must be strings", option)
        if self._own is not None:
            self._own[option] = value
        else:
            ask("set", section=self.name, key=option, value=value)

    def __delitem__(self, option):
        if self._own is not None:
            del self._own[option]
        elif not isinstance(option, str) or not ask("delete", section=self.name, key=option):
            raise KeyError(option)

    def keys(self):
        return list(self._own) if self._own is not None else ask("keys", section=self.name)

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())

    def __contains__(self, option):
        return self.get(option) is not None

    def copy(self):
        if self._own is not None:
            return {k: self.get(k) for k in self._own}
        return {k: decode(v) for k, v in ask("items", section=self.name).items()}

    def items(self):
        return list(self.copy().items())

    def values(self):
        return list(self.copy().values())

    def __repr__(self):
        return repr(self.copy())

    def __eq__(self, other):
        return self is other or (isinstance(other, collections.abc.Mapping) and self.copy() == dict(other.items()))

    __hash__ = None

    # what zc.buildout offers beyond

    def _sub(self, template, seen=None):
        return ask("substitute", section=self.name, text=template)

    def _dosub(self, option, v):
        return self._sub(v)

    @property
    def _raw(self):
        return self

    @_raw.setter
    def _raw(self, value):
        raise zc.buildout.UserError("the recipe puts a mapping of its own in the place of the options, which only zc.buildout can have")

    _cooked = _data = _raw

    @property
    def recipe(self):
        """The recipe object of the section."""
        self.get("recipe")
        try:
            return _bridge.recipes[self.name]
        except KeyError:
            raise AttributeError("[%s] has no recipe that is written in Python" % self.name) from None

    def created(self, *paths):
        if self._created is None:
            raise TypeError("Attempt to register a created path while not installing", self.name)
        self._created.extend(paths)
        return self._created

    def _call(self, f):
        """Call f as part of an installation, which a failure undoes."""
        self._created = []
        os.chdir(_bridge.hello["directory"])
        try:
            return f()
        finally:
            os.chdir(_bridge.hello["directory"])

    def barrier(self):
        """Do nothing: gobuild knows which options a part has read."""

    def initialize(self):
        pass

    _initialize = initialize


class Versions(collections.abc.Mapping):
    """The section that pins versions, which may be missing."""

    def _name(self):
        return ask("get", section="buildout", key="versions") or ""

    def __getitem__(self, name):
        value = ask("get", section=self._name(), key=name) if self._name() else None
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self):
        return iter(ask("keys", section=self._name()) if self._name() else ())

    def __len__(self):
        return len(list(iter(self)))


class Buildout(collections.abc.MutableMapping):
    """The sections of the profile."""

    Options = Options

    def __init__(self):
        self._known = {}
        self._logger = logging.getLogger("zc.buildout")
        self._parts = []
        self.show_picked_versions = False
        self.update_versions_file = ""
        self.versions = Versions()

    def options(self, name):
        """Return the options of a section without a dependency on it."""
        if name not in self._known:
            self._known[name] = Options(self, name)
        return self._known[name]

    def __getitem__(self, name):
        if not isinstance(name, str):
            raise MissingSection(name)
        ask("section", section=name)
        return self.options(name)

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __contains__(self, name):
        return isinstance(name, str) and ask("has", section=name)

    def __setitem__(self, name, data):
        if name in self:
            raise KeyError("Section already exists", name)
        ask("define", sections={name: {k: str(v) for k, v in data.items()}})

    def __delitem__(self, name):
        raise NotImplementedError("__delitem__")

    def keys(self):
        return ask("sections")

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__

    def parse(self, data):
        ask("parse", text=data)

    # what zc.buildout offers beyond

    def _value(self, option, default=""):
        value = ask("get", section="buildout", key=option)
        return default if value is None else value

    @property
    def _raw(self):
        return self

    _data = _raw

    @property
    def offline(self):
        return self._value("offline") == "true"

    @property
    def newest(self):
        return not self.offline and self._value("newest", "true") == "true"

    @property
    def _links(self):
        return self._value("find-links").split()

    @property
    def _allow_hosts(self):
        return tuple(line.strip() for line in self._value("allow-hosts", "*").split("\n") if line.strip())

    @property
    def _buildout_dir(self):
        return _bridge.hello["directory"]

    def _buildout_path(self, name):
        return name if "${" in name else os.path.join(self._buildout_dir, name)

    @property
    def _log_level(self):
        return logging.getLogger().level
