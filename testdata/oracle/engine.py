#!/usr/bin/env python3
"""zc.buildout as a reference: what a profile means, and its errors.

    engine.py --dialect upstream|slapos [OPTIONS] annotate
    engine.py --dialect upstream|slapos [OPTIONS] resolve [--lenient] [PART ...]

Needs an interpreter that has zc.buildout 6.0.1 (pip install zc.buildout==6.0.1).
Recipes are null: they read and set nothing; no directory is made and no egg is
looked up. `annotate` prints values before macros and substitution, `resolve`
those after, as JSON; an error goes to "error", with exit status 1.

The dialect `upstream` is the untouched engine, but that `x+=` and `x  +=` mean
`x +=`, where the engine cuts the name (docs/compatibility.md). The dialect
`slapos` puts other rules of loading over the same engine: each file counts once,
at its first place; `_profile_base_location_`, the escape `$${` and `!py!` values
are known. Merging, macros, substitution, order and errors stay the engine's code.

A program that asks often (differential.py, corpus.py) uses Reference, which
loads the engine once and forks for each profile.
"""
import contextlib
import copy
import io
import json
import logging
import os
import posixpath
import re
import signal
import sys
import time

BASE = "_profile_base_location_"
SLAPOS, UPSTREAM = "slapos", "upstream"

# The builtins that an expression behind !py! may use.
PY_NAMES = {"__builtins__": {t.__name__: t for t in (
    bytearray, complex, frozenset, set, dict, list, str, tuple)}}
PY_NAMES["__builtins__"].update({"True": True, "False": False})


class Annotated(BaseException):
    """The profile is merged and no more is wanted."""


class Final(dict):
    """Sections that are merged over all that comes before them."""


class NullRecipe:
    """A recipe without options and effects."""

    def __init__(self, buildout, name, options):
        pass

    def install(self):
        return ()

    update = install


class Engine:
    """One run of the engine, in a process of its own."""

    def __init__(self, slapos, lenient=False, values=True, network=False):
        import zc.buildout.buildout
        import zc.buildout.configparser
        import zc.buildout.download
        self.module = zc.buildout.buildout
        self.parser = zc.buildout.configparser
        self.download = zc.buildout.download
        self.user_error = zc.buildout.UserError
        self.slapos, self.lenient, self.values = slapos, lenient, values
        self.buildout = self.error = self.order = None
        self.merged = False
        self.holes, self.files = set(), set()
        self.patch()
        if not network:
            self.cut_network()

    # How the engine is changed.

    def patch(self):
        m = self.module
        self.parse, self.parser.parse = self.parser.parse, self.parse_file
        if self.slapos:
            Linear(self).patch()
        options = self.options_class()
        m.Buildout = self.buildout_class(options)
        m.Options = m.Buildout.Options = options
        m._install_and_load = lambda spec, group, entry, buildout: NullRecipe

    def cut_network(self):
        def call(_, url, *rest, **more):
            raise self.user_error("network needed: " + url)
        self.download.Download.__call__ = call

    def parse_file(self, fp, name, names=dict):
        sections = self.parse(fp, name, names)
        source = name.split(" (downloaded as ")[0]
        self.files.add(source)
        for section in sections.values():
            one_blank(section)
            if self.slapos and any("${:%s}" % BASE in v for v in section.values()):
                section[BASE] = source.rsplit("/", 1)[0]
        return sections

    def options_class(self):
        engine, base = self, self.module.Options

        class Options(base):
            def plain(self, option, default=None, seen=None):
                value = base.get(self, option, default, seen)
                if (value is None and engine.lenient and seen is not None and "recipe" in self._raw
                        and option != "_buildout_section_name_"):
                    engine.holes.add("%s:%s" % (self.name, option))
                    return "@{%s:%s}" % (self.name, option)
                return value

            def get(self, option, default=None, seen=None):
                value = self.plain(option, default, seen)
                if not engine.slapos or seen is not None or not isinstance(value, str):
                    return value
                value = value.replace("$${", "${")
                return py_value(value) if value.startswith("!py") else value

            def __getitem__(self, key):
                value = self.get(key)
                if value is None:
                    raise engine.module.MissingOption("Missing option: %s:%s" % (self.name, key))
                return value

        return Options

    def buildout_class(self, options):
        engine, base = self, self.module.Buildout

        class Buildout(base):
            Options = options

            def __init__(self, config_file, assignments, *args, **more):
                engine.buildout = self
                assignments = [(section, spaced(option), value) for section, option, value in assignments]
                with no_directories():
                    base.__init__(self, config_file, assignments, *args, **more)

            def __getitem__(self, section):
                engine.merged = True
                if not engine.values:
                    raise Annotated
                return base.__getitem__(self, section)

            def _setup_logging(self):
                with kept_handlers():
                    base._setup_logging(self)

            def install(self, args):
                parts = self["buildout"]["parts"]
                names = args or parts.split()
                for name in names:
                    self[name]["recipe"]
                engine.order = list(args) if args else list(self._parts)

        return Buildout

    # What it answers.

    def run(self, argv):
        """The result of a command line of buildout: a dict for JSON."""
        text, result = io.StringIO(), {}
        with contextlib.redirect_stderr(text), contextlib.redirect_stdout(io.StringIO()):
            failed = self.call(list(argv), text)
            if self.buildout is not None and hasattr(self.buildout, "_annotated") and self.merged:
                result["raw"] = self.raw()
                result["text"] = self.text()
            if failed is None and self.values:
                try:
                    result.update(parts=self.order, resolved=self.resolved(), holes=sorted(self.holes))
                except Exception as error:
                    failed = describe(error, self.user_error)
        if failed:
            result["error"] = failed
        result["files"] = sorted(self.files)
        return result

    def call(self, argv, text):
        """Run main; None, or what went wrong."""
        caught = []
        exc_info = self.module._doing

        def doing():
            caught.append(sys.exc_info()[1])
            exc_info()
        self.module._doing = doing
        try:
            self.module.main(argv)
        except Annotated:
            return None
        except SystemExit as status:
            if not status.code:
                return None
            if caught:
                return describe(caught[-1], self.user_error)
            message = text.getvalue()
            return {"class": "SystemExit", "user": True, "message": message.split("Error: ", 1)[-1].rstrip("\n")}
        except BaseException as error:
            return describe(error, self.user_error)

    def raw(self):
        """Values before macros and substitution, with source and history."""
        return {name: {key: {"value": v.value, "source": v.source,
                             "history": [[h.operation, h.value, h.source] for h in v.history]}
                       for key, v in options.items()}
                for name, options in self.buildout._annotated.items()}

    def text(self):
        """What annotate prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.module._print_annotate(self.buildout._annotated, False, [], self.buildout._buildout_dir)
        return out.getvalue()

    def resolved(self):
        """The options of each section that was touched."""
        result = {}
        for name in list(self.buildout._data):
            options = self.buildout._data[name]
            result[name] = {}
            for key in list(options.keys()):
                value = options.plain(key)
                if self.slapos and isinstance(value, str):
                    value = value.replace("$${", "${")
                if value is not None:
                    result[name][key] = value
        return result


def describe(error, user_error):
    return {"class": type(error).__name__, "message": str(error), "user": isinstance(error, user_error)}


def py_value(value):
    """The object that a text !py!EXPRESSION stands for."""
    m = re.match("!py([^!]*)!(.*)", value)
    if m.group(1):
        raise KeyError(m.group(1))
    return eval(m.group(2), dict(PY_NAMES))


def one_blank(section):
    """Rename `x+` and `x  +` to `x +`: the engine's merge cuts two characters."""
    for key in list(section):
        name = spaced(key)
        if name != key:
            value = section.pop(key)
            section[name] = section[name] + "\n" + value if name in section else value


def spaced(key):
    """The key with exactly one blank before its operator."""
    return key[:-1].rstrip() + " " + key[-1] if key[-1:] in ("+", "-") and len(key) > 1 else key


@contextlib.contextmanager
def no_directories():
    """Make no directories, and enter none, for it may be one that is not made."""
    kept = os.makedirs, os.mkdir, os.chdir
    os.makedirs = os.mkdir = lambda *args, **more: None
    os.chdir = lambda path: None if path else kept[2](path)
    try:
        yield
    finally:
        os.makedirs, os.mkdir, os.chdir = kept


@contextlib.contextmanager
def kept_handlers():
    """Let the engine check its logging options, but add no handlers."""
    loggers = [logging.getLogger(), logging.getLogger("zc.buildout")]
    before = [list(logger.handlers) for logger in loggers]
    try:
        yield
    finally:
        for logger, handlers in zip(loggers, before):
            logger.handlers[:] = handlers


class Linear:
    """The loading of files in the dialect slapos.

    The engine opens the user defaults, the profile, and each `extends` of the
    command line, in this order: the children of a virtual root. They are walked
    depth first, post-order, and each file is merged once into one state.
    """

    def __init__(self, engine):
        self.engine, self.module = engine, engine.module
        self.state, self.done, self.open_files = {}, set(), []
        self.update = self.module._update

    def patch(self):
        self.module._update = lambda a, b: dict(b) if isinstance(b, Final) else self.update(a, b)
        self.module._open = self.open_root

    def open_root(self, base, filename, seen, download_options, override, downloaded, user_defaults):
        if not self.state:
            self.state["buildout"] = copy.deepcopy(download_options)
        options = self.module._update_section(self.state["buildout"], override)
        self.walk(base, filename, options)
        return Final(copy.deepcopy(self.state)), {}

    def walk(self, base, name, options):
        if not is_url(base):
            base = os.path.abspath(os.path.expanduser(base))
        where, remote = resolve_name(base, name)
        if where in self.open_files:
            raise self.engine.user_error("Recursive file include", self.open_files, where)
        if where in self.done:
            return
        sections = self.read(where, remote, options)
        own = sections.get("buildout", {})
        extends, optional = (own.pop(key, None) or "" for key in ("extends", "optional-extends"))
        if "extended-by" in own:
            raise self.engine.user_error('No-longer supported "extended-by" option found in %s.' % where)
        sections = self.module._annotate(sections, where)
        if not self.open_files and "buildout" in sections:
            options = self.module._update_section(options, sections["buildout"])
        self.open_files.append(where)
        folder = where[:where.rfind("/")] if remote else os.path.dirname(where)
        for entry in extends.split():
            self.walk(folder, entry, options)
        for entry in optional.split():
            if os.path.exists(entry):
                self.walk(folder, entry, options)
        self.open_files.pop()
        self.done.add(where)
        self.merge(sections)

    def read(self, where, remote, options):
        """The sections of one file."""
        plain = self.module._unannotate_section(options)
        cache = plain.get("extends-cache")
        if cache and self.module.variable_template_split(cache)[1::2]:
            raise ValueError("extends-cache '%s' may not contain ${section:variable} to expand." % cache)
        if not remote:
            with open(where) as fp:
                return self.engine.parse_file(fp, where, self.module._default_globals)
        fetch = self.engine.download.Download(
            plain, cache=cache, fallback=self.module.bool_option(plain, "newest", "false"), hash_name=True)
        path, is_temp = fetch(where)
        try:
            with open(path) as fp:
                return self.engine.parse_file(
                    fp, "%s (downloaded as %s)" % (where, path), self.module._default_globals)
        finally:
            if is_temp:
                os.remove(path)

    def merge(self, sections):
        for name in sections:
            below = {name: self.state[name]} if name in self.state else {}
            self.state[name] = self.update(below, {name: sections[name]})[name]


def resolve_name(base, name):
    """The normalised path or URL of an entry of extends, and whether it is a URL."""
    if is_url(name):
        return normal_url(name), True
    if name.startswith("~/"):
        name = os.path.expanduser(name)
    if os.path.isabs(name):
        return os.path.normpath(name), False
    if is_url(base):
        return normal_url(base + "/" + name), True
    return os.path.normpath(os.path.join(base, name)), False


def is_url(name):
    return bool(re.match("[a-zA-Z0-9+.-]+://", name))


def normal_url(url):
    m = re.match(r"([^:/]+://[^/?#]*)(/[^?#]*)?(.*)$", url, re.S)
    return m.group(1) + (posixpath.normpath(m.group(2)) if m.group(2) else "") + m.group(3)


class Reference:
    """Answers many command lines; each runs in a forked process."""

    def __init__(self, limit_seconds=60):
        use_utf8()
        import zc.buildout.buildout  # noqa: F401  loaded once, before the forks
        self.limit = limit_seconds

    def run(self, argv, dialect, cwd, environ, lenient=False, values=True):
        """What Engine.run answers, and the seconds that it took."""
        source, sink = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(source)
            self.child(sink, argv, dialect, cwd, environ, lenient, values)
        os.close(sink)
        with os.fdopen(source, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(pid, 0)
        if not answer:
            return {"error": {"class": "Harness", "user": False, "message": "ended with status %d" % status}}
        return json.loads(answer)

    def child(self, sink, argv, dialect, cwd, environ, lenient, values):
        try:
            signal.alarm(self.limit)
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environ)
            start = time.perf_counter()
            result = Engine(dialect == SLAPOS, lenient, values).run(argv)
            result["seconds"] = time.perf_counter() - start
            with os.fdopen(sink, "wb") as pipe:
                pipe.write(json.dumps(result).encode())
        finally:
            os._exit(0)


def use_utf8():
    """Read files as UTF-8 whatever the locale says."""
    if not sys.flags.utf8_mode:
        os.execve(sys.executable, [sys.executable] + sys.argv, dict(os.environ, PYTHONUTF8="1"))


def main():
    args = sys.argv[1:]
    command = next((a for a in args if a in ("annotate", "resolve")), None)
    if args[:1] != ["--dialect"] or len(args) < 3 or args[1] not in (SLAPOS, UPSTREAM) or not command:
        sys.exit(__doc__)
    use_utf8()
    at = args.index(command)
    rest = [a for a in args[at + 1:] if not a.startswith("--")] if command == "resolve" else []
    engine = Engine(args[1] == SLAPOS, "--lenient" in args[at:], command == "resolve", network=True)
    result = engine.run(args[2:at] + (["install"] + rest if rest else []))
    if command == "resolve":
        result.pop("raw", None)
    json.dump(result, sys.stdout, sort_keys=True, indent=1)
    print()
    sys.exit(1 if "error" in result else 0)


if __name__ == "__main__":
    main()
