"""Objects of Python that templates use which gobuild renders: modules, and what they give."""
import ast
import importlib
import itertools
import json
import sys

_objects = {}
_numbers = itertools.count(1)
_METHODS = ("call", "getitem", "iter", "len", "contains", "next", "int", "html")
_MUTABLE = (list, dict, set, bytearray)
_PLAIN = (type(None), bool, int, bytes)


def module(name):
    """Import a module; tell what is wrong when it cannot be."""
    try:
        importlib.import_module(name)
    except ImportError as err:
        return {"missing": "%s: %s" % (type(err).__name__, err)}
    return {}


def use(object, what, name, args, kwargs):
    """Do something with an object."""
    given = [_value(a) for a in args]
    named = {k: _value(a) for k, a in kwargs.items()}
    before = repr((given, named)) if any(type(v) in _MUTABLE for v in (*given, *named.values())) else None
    try:
        answer = _do(_value({"object": object}), what, name, given, named)
        if before is not None and before != repr((given, named)):
            raise TypeError("the function changes what it is given, and a template would not see it")
        return answer
    except Exception as err:
        return {"raised": [type(err).__name__, str(err)]}


def _do(thing, what, name, args, kwargs):
    if what == "attr":
        return _attribute(thing, name)
    if what == "item":
        return _item(thing, args[0])
    if what == "call":
        result = thing(*args, **kwargs)
        shared = type(result) in _MUTABLE and sys.getrefcount(result) > 2
        return _told(result, shared)
    if what == "__next__":
        try:
            return _told(next(thing))
        except StopIteration:
            return {"none": True}
    return _told(_SPECIAL[what](thing, *args))


_SPECIAL = {"__str__": str, "__bool__": bool, "__iter__": iter, "__len__": len, "__int__": int,
            "__eq__": lambda a, b: bool(a == b), "__contains__": lambda a, b: b in a, "__html__": lambda a: a.__html__()}


def _attribute(thing, name):
    """Return what `thing.name` is to a template."""
    try:
        return _told(getattr(thing, name), True)
    except AttributeError:
        pass
    try:
        return _told(thing[name], True)
    except (TypeError, LookupError, AttributeError):
        return {"none": True}


def _item(thing, key):
    try:
        return _told(thing[key], True)
    except (TypeError, LookupError, AttributeError):
        return {"none": True}


def _value(data):
    """Return what an argument stands for."""
    key = data.get("object")
    if not key:
        text = data["literal"]
        return float(text) if text in _FLOATS else set() if text == "set()" else ast.literal_eval(text)
    if key.startswith("module "):
        return importlib.import_module(key[7:])
    if key not in _objects:
        raise ReferenceError("the Python process that had the object has ended")
    return _objects[key]


_FLOATS = ("inf", "-inf", "nan")


def _told(thing, shared=False):
    """Describe a value: as a literal, or as an object that stays here.

    A container that somebody else has too stays here: what a template does to it
    must be seen there.
    """
    if not (shared and type(thing) in _MUTABLE) and _is_data(thing):
        return {"literal": _literal(thing)}
    key = "object %d" % next(_numbers)
    _objects[key] = thing
    cls = type(thing)
    methods = [m for m in _METHODS if hasattr(cls, "__%s__" % m)]
    try:
        shown = repr(thing)
    except Exception:
        shown = object.__repr__(thing)
    return {"object": key, "type": cls.__name__, "shown": shown, "methods": methods}


def _is_data(thing, depth=0):
    cls = type(thing)
    if cls is str:
        return not any("\ud800" <= c <= "\udfff" for c in thing)
    if cls in _PLAIN or cls is float and thing - thing == 0:
        return True
    if depth > 50 or cls not in (list, tuple, set, dict):
        return False
    items = itertools.chain(thing, thing.values()) if cls is dict else thing
    return all(_is_data(x, depth + 1) for x in items)


def _literal(thing):
    """Return data as a text that gobuild reads."""
    cls = type(thing)
    if cls is str:
        return json.dumps(thing, ensure_ascii=False)
    if cls is dict:
        return "{%s}" % ",".join("%s:%s" % (_literal(k), _literal(v)) for k, v in thing.items())
    if cls is tuple:
        return "(%s)" % "".join(_literal(x) + "," for x in thing)
    if cls is list:
        return "[%s]" % ",".join(map(_literal, thing))
    if cls is set:
        return "set([%s])" % ",".join(map(_literal, thing))
    return repr(thing)
