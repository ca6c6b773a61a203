"""zc.buildout.buildout as recipes import it."""
import zc.buildout
from gobuild_sections import Buildout, MissingOption, MissingSection, Options  # noqa: F401
from zc.buildout.rmtree import rmtree  # noqa: F401

_booleans = {"true": True, "false": False, True: True, False: False}


def bool_option(options, name, default=None):
    """Return a boolean option, which is exactly true or false."""
    value = options.get(name, default)
    if value is None:
        raise KeyError(name)
    if value not in _booleans:
        raise zc.buildout.UserError("Invalid value for %r option: %r" % (name, value))
    return _booleans[value]


def _recipe(options):
    """Return the distribution and the entry of a recipe."""
    name, _, entry = options["recipe"].partition(":")
    return name, entry or "default"


def print_(*args, **kw):
    print(*args, **kw)
