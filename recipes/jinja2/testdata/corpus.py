"""Makes cases of the templates of a checkout: for each a context is found with
which Python renders it.

    python3 corpus.py CHECKOUT CASES [SEEDS]

The template is rendered with values that note what is done with them; of that
plain data are made (dicts, lists, texts, numbers, functions). What still fails
is mended by trying other values, as long as the template is rendered further.
CASES gets one JSON object per line, for `go test -run TestCases -cases CASES`.
"""
import json
import os
import random
import re
import sys

import jinja2
import jinja2.meta

import jinjacase

MODULES = {
    "json": "json", "json_module": "json", "os": "os", "os_module": "os",
    "urllib_parse": "urllib.parse", "urlparse": "urllib.parse",
    "urllib": "urllib.parse", "urllib_module": "urllib", "re": "re",
    "re_module": "re", "itertools": "itertools", "hashlib": "hashlib",
    "hashlib_module": "hashlib", "functools": "functools",
    "functools_module": "functools", "operator_module": "operator",
    "base64": "base64", "six_moves": "six.moves", "netaddr": "netaddr",
}
ENDINGS = re.compile(r"\.(cfg|in|jinja2|jinja|j2|conf|sh|cnf|xml|py|json|yaml|yml|asn|txt|js)(\.|$)")
TEXTS = ["text", "", "5", "a b", "http://user:pw@host:8080/path?q=1#f", "{}", "[]", '{"a": "b"}',
         '[{"a": "b"}]', "127.0.0.1", "2001:db8::1", "1234::/71", "true", "ünï'c\"öde"]
OTHERS = [1, 0, 40, True, False, None, [], {}, ["text"], [["a", "b"]], {"k": "v"}, [{"k": "v"}],
          {"k": {"k": "v"}}, {"$float": "1.5"}, {"$func": "text"}, {"$func": "first"}, {"$func": "none"},
          {"$tuple": ["a", "b"]}]
DICT = {"get", "items", "keys", "values", "pop", "setdefault", "update", "copy", "iteritems", "itervalues",
        "__setitem__", "has_key"}
LIST = {"append", "extend", "sort", "insert", "remove", "reverse", "index", "count"}


class Node:
    """What is known of one value."""

    def __init__(self):
        self.children = {}
        self.item = None
        self.votes = {}
        self.forced = None

    def vote(self, kind):
        self.votes[kind] = self.votes.get(kind, 0) + 1

    def child(self, key):
        return self.children.setdefault(key, Node())

    def element(self):
        if self.item is None:
            self.item = Node()
        return self.item

    def kind(self):
        for kind in ("module", "func", "dict", "list", "int"):
            if self.votes.get(kind):
                return kind
        return "str"

    def leaves(self):
        yield self
        for child in self.children.values():
            yield from child.leaves()
        if self.item is not None:
            yield from self.item.leaves()

    def data(self):
        if self.forced is not None:
            return self.forced[0]
        kind = self.kind()
        if kind == "dict":
            d = {k: v.data() for k, v in self.children.items() if isinstance(k, str)}
            if self.item is not None:
                d.setdefault("key1", self.item.data())
                d.setdefault("Key 2", self.item.data())
            return d
        if kind == "list":
            item = self.element().data()
            return [item, item]
        return {"func": {"$func": "text"}, "int": 3}.get(kind, "text")


class Probe:
    """A value that notes what is done with it."""

    def __init__(self, node, rng):
        self.__dict__["node"] = node
        self.__dict__["rng"] = rng

    def _child(self, key):
        return Probe(self.node.child(key), self.rng)

    def __getattr__(self, name):
        if name.startswith("__") and name != "__setitem__":
            raise AttributeError(name)
        if name in DICT:
            self.node.vote("dict")
            return self._dict_method(name)
        if name in LIST:
            self.node.vote("list")
            return lambda *a, **k: None
        if hasattr(str, name):
            self.node.vote("str")
            return getattr("text", name)
        self.node.vote("dict")
        return self._child(name)

    def _dict_method(self, name):
        def pairs():
            for key in list(self.node.children) or ["key1"]:
                yield key, Probe(self.node.child(key) if self.node.children else self.node.element(), self.rng)
        if name in ("items", "iteritems"):
            self.node.element()
            return lambda: list(pairs())
        if name in ("values", "itervalues"):
            self.node.element()
            return lambda: [v for _, v in pairs()]
        if name == "keys":
            return lambda: [k for k, _ in pairs()]
        if name in ("get", "pop", "setdefault"):
            def get(key, default=None):
                if default is not None:
                    child = self.node.child(str(key))
                    child.vote({dict: "dict", list: "list", int: "int"}.get(type(default), "str"))
                    if self.rng.random() < 0.3:
                        return default
                return self._child(str(key))
            return get
        if name == "copy":
            return lambda: self
        return lambda *a, **k: None

    def __getitem__(self, key):
        if isinstance(key, (int, slice)) and not isinstance(key, bool):
            self.node.vote("list")
            return [Probe(self.node.element(), self.rng)] if isinstance(key, slice) else Probe(self.node.element(), self.rng)
        self.node.vote("dict")
        return self._child(str(key))

    def __iter__(self):
        if self.node.votes.get("dict"):
            self.node.element()
            return iter(list(self.node.children) or ["key1"])
        self.node.vote("list")
        return iter([Probe(self.node.element(), self.rng)])

    def __len__(self):
        return 1

    def __call__(self, *args, **kwargs):
        self.node.vote("func")
        return "text"

    def __bool__(self):
        return self.rng.random() < 0.8

    def __str__(self):
        return "text"

    def __hash__(self):
        return hash("text")

    def __eq__(self, other):
        self._like(other)
        return self.rng.random() < 0.3

    def __contains__(self, key):
        return self.rng.random() < 0.6

    def _like(self, other):
        self.node.vote({int: "int", float: "int", list: "list", dict: "dict"}.get(type(other), "str"))
        return {"int": 3, "list": [], "dict": {}}.get(self.node.kind(), "text")

    def __add__(self, other):
        return self._like(other) + other

    def __radd__(self, other):
        return other + self._like(other)

    def __sub__(self, other):
        self.node.vote("int")
        return 3 - other if isinstance(other, int) else 3

    def __mul__(self, other):
        self.node.vote("int")
        return 3

    def __mod__(self, other):
        return "text"

    def __int__(self):
        self.node.vote("int")
        return 3

    __index__ = __int__
    __floordiv__ = __truediv__ = __rsub__ = __rmul__ = __sub__

    def __lt__(self, other):
        self.node.vote("int")
        return True

    __gt__ = __le__ = __ge__ = __lt__


class Checkout(dict):
    """Templates by the name under which others import them."""

    def __init__(self, top):
        super().__init__()
        self.paths = []
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if not ENDINGS.search(name):
                    continue
                try:
                    text = open(path, encoding="utf-8").read()
                except (UnicodeDecodeError, OSError):
                    continue
                if "{%" in text or "{{" in text:
                    self.paths.append((os.path.relpath(path, top), text))
                    if "{% macro" in text or "{%- macro" in text or "macro " in text:
                        self.setdefault(name.split(".")[0].replace("-", "_"), text)
                        self.setdefault(name.split(".")[0], text)

    def named(self, source):
        wanted = set(re.findall(r"""(?:import|from|include)\s+['"]([^'"]+)['"]""", source))
        return {name: self.get(name.split("/")[-1].split(".")[0], "") for name in wanted}


def failing_line(error):
    """How far the rendering came: the largest line of the template."""
    tb, line = error.__traceback__, 0
    while tb:
        if tb.tb_frame.f_code.co_filename == "<template>":
            line = max(line, tb.tb_lineno)
        tb = tb.tb_next
    return line


def attempt(case):
    """Returns how far Python comes, and whether that is the end."""
    try:
        with jinjacase.limit(1):
            text = case["compiled"].render(jinjacase.decode(case["context"]))
        return 10 ** 9, " at 0x" not in text
    except (Exception, jinjacase.Timeout) as error:
        return failing_line(error), False


def trace(case, nodes, rng):
    context = {}
    for name, node in nodes.items():
        context[name] = jinjacase.decode({"$module": MODULES[name]}) if name in MODULES else Probe(node, rng)
    try:
        with jinjacase.limit(1):
            case["compiled"].render(context)
    except (Exception, jinjacase.Timeout):
        pass


def context_of(nodes):
    return {name: {"$module": MODULES[name]} if name in MODULES else node.data() for name, node in nodes.items()}


def search(case, nodes, rng, tries):
    case["context"] = context_of(nodes)
    best, done = attempt(case)
    leaves = [leaf for name, node in nodes.items() if name not in MODULES for leaf in node.leaves()]
    for _ in range(tries):
        if done or not leaves:
            break
        leaf = rng.choice(leaves)
        before = leaf.forced
        leaf.forced = (rng.choice(TEXTS if rng.random() < 0.5 else OTHERS),)
        case["context"] = context_of(nodes)
        reached, done = attempt(case)
        if reached < best or reached == best and rng.random() < 0.7:
            leaf.forced = before
        best = max(best, reached)
    case["context"] = context_of(nodes)
    return done


def cases(top, seeds):
    checkout = Checkout(top)
    for path, text in checkout.paths:
        case = {"name": path, "template": text, "templates": checkout.named(text)}
        env = jinjacase.environment(case)
        try:
            names = jinja2.meta.find_undeclared_variables(env.parse(text))
        except jinja2.TemplateError:
            yield dict(case, name=path + " (syntax)", context={}), False
            continue
        case["compiled"] = env.from_string(text)
        for seed in range(seeds):
            rng = random.Random(seed)
            nodes = {n: Node() for n in sorted(names) if n not in env.globals}
            for _ in range(6):
                trace(case, nodes, rng)
            one = dict(case, name="%s #%d" % (path, seed))
            done = search(one, nodes, rng, 300)
            del one["compiled"]
            yield one, done


def main():
    top, out = sys.argv[1:3]
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    count, rendered = 0, 0
    with open(out, "w", encoding="utf-8") as f:
        for case, ok in cases(top, seeds):
            done = jinjacase.render(case)
            if " at 0x" in done.get("output", ""):
                continue  # an address is another one in each run
            f.write(json.dumps(done) + "\n")
            count += 1
            rendered += ok
    print(count, "cases,", rendered, "rendered by Python")


main()
