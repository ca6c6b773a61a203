"""Option values that are no strings, in the dialect of SlapOS."""
import math
import pprint
import re

slapos = False  # set by gobuild_work

_typed = re.compile(r"!py([^!]*)!(.*)", re.DOTALL).match
_names = {"True": True, "False": False, "None": None}
_types = (bytearray, complex, frozenset, set, dict, list, str, tuple)
_scope = dict({t.__name__: t for t in _types}, __builtins__={}, **_names)


def decode(text):
    """Return the value that the text of an option stands for."""
    if not slapos or not text.startswith("!py"):
        return text
    found = _typed(text)
    if found is None or found.group(1):
        return text
    return eval(found.group(2), dict(_scope))


def encode(value):
    """Return the text of an option for a value."""
    if isinstance(value, str):
        return value
    if not slapos:
        raise TypeError("Option values must be strings", value)
    text = pprint.saferepr(value)
    if not _simple(value):
        raise ValueError("cannot serialize %s" % text)
    return "!py!" + text.replace("$", "\\x24").replace(";", "\\x3b")


def _simple(value):
    """Report whether the text of a value can be read back."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return all(map(_simple, value))
    if kind is dict:
        return all(_simple(k) and _simple(v) for k, v in value.items())
    if kind is float:
        return math.isfinite(value)
    return value is None or kind in (bool, int, str, bytes, bytearray, complex)
