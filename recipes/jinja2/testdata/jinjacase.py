"""What record.py, generate.py and corpus.py share: how a case is rendered by
Python's jinja2, and how values are written as JSON.

A case is a dict: template, and optionally templates (by name), context and
options (undefined, autoescape, trim_blocks, lstrip_blocks,
keep_trailing_newline). The result is added to it as output, or as error:
[kind, message]. Values that JSON does not have are objects with one key:
{"$tuple": [...]}, {"$set": [...]}, {"$dict": [[key, value], ...]},
{"$bytes": "latin-1 text"}, {"$float": "repr"}, {"$module": "name"},
{"$markup": "text"}, {"$func": "name"}.
"""
import contextlib
import importlib
import pprint
import signal

import jinja2
import markupsafe
import six

UNDEFINED = {
    "default": jinja2.Undefined, "strict": jinja2.StrictUndefined,
    "chainable": jinja2.ChainableUndefined, "debug": jinja2.DebugUndefined,
}
BUILTINS = """abs all any bin bool bytes callable chr dict divmod enumerate
filter float format frozenset hex int isinstance iter len list map max min next
oct ord pow range repr reversed round set sorted str sum tuple zip""".split()


def check(test, *args):
    if not test:
        raise AssertionError(*args)
    return ""


def dumps(value):
    text, readable, _ = pprint.PrettyPrinter().format(value, {}, 0, 0)
    if not readable:
        raise ValueError("value cannot be serialised: %s" % text)
    return "!py!" + text.replace("$", "\\x24").replace(";", "\\x3b")


# The functions that a context may hold by name.
FUNCTIONS = {
    "none": lambda *a, **k: None,
    "first": lambda *a, **k: a[0] if a else "",
    "text": lambda *a, **k: "text",
    "args": lambda *a, **k: "%r%r" % (a, k),
}


def decode(value):
    if isinstance(value, list):
        return [decode(x) for x in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (kind, data), = value.items()
        if kind == "$tuple":
            return tuple(decode(x) for x in data)
        if kind == "$set":
            return set(decode(x) for x in data)
        if kind == "$dict":
            return {decode(k): decode(v) for k, v in data}
        if kind == "$bytes":
            return data.encode("latin-1")
        if kind == "$float":
            return float(data)
        if kind == "$markup":
            return markupsafe.Markup(data)
        if kind == "$module":
            return importlib.import_module(data)
        if kind == "$func":
            return FUNCTIONS[data]
    return {k: decode(v) for k, v in value.items()}


class Timeout(BaseException):
    pass


def alarm(*_):
    raise Timeout


@contextlib.contextmanager
def limit(seconds):
    """Ends what takes longer."""
    signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def environment(case):
    options = dict(case.get("options", {}))
    undefined = UNDEFINED[options.pop("undefined", "strict")]
    env = jinja2.Environment(
        undefined=undefined, loader=jinja2.DictLoader(case.get("templates", {})),
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], **options)
    scope = __builtins__ if isinstance(__builtins__, dict) else vars(__builtins__)
    env.globals.update({name: scope[name] for name in BUILTINS})
    env.globals.update({"assert": check, "dumps": dumps, "six": six})
    return env


def render(case):
    """Returns the case with its result."""
    done = {k: v for k, v in case.items() if k not in ("output", "error")}
    try:
        with limit(5):
            env = environment(case)
            done["output"] = env.from_string(case["template"]).render(decode(case.get("context", {})))
    except (Exception, Timeout) as error:
        done["error"] = [type(error).__name__, str(error)]
    return done
