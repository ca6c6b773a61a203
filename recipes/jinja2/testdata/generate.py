"""Makes random templates with what Python renders of them.

    python3 generate.py COUNT CASES [SEED]

CASES gets one JSON object per line, for `go test -run TestCases -cases CASES`.
"""
import json
import random
import sys

import jinjacase

CONTEXT = {
    "i": 7, "z": 0, "neg": -3, "big": 10 ** 25, "f": {"$float": "2.5"}, "g": {"$float": "-0.75"}, "s": "Hello World",
    "e": "", "u": "héß ü", "q": "it's \"q\"\n", "l": [3, 1, 2], "m": [], "w": ["b", "A", "c"],
    "d": {"b": 1, "a": [1, 2], "C": "x"}, "n": None, "t": True, "tu": {"$tuple": [1, "a", None]},
    "r": [{"n": 2, "k": "x"}, {"n": 1, "k": "Y"}, {"n": 2, "k": "y"}], "h": "<a href='x'>&</a>", "by": {"$bytes": "ab\u00e9"},
}
NAMES = list(CONTEXT) + ["nope", "x", "y", "x"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"]
FILTERS = """abs|capitalize|center(9)|count|default('D')|default(1, true)|dictsort|e|filesizeformat|first|float|float(1)|
indent|indent(2, true)|int|int(4)|items|join|join('-')|last|length|list|lower|map('string')|map(attribute='n')|map('int')|max|min|pprint|
reject|reject('odd')|rejectattr('n')|replace('l', 'L')|reverse|round|round(1)|round(-1)|safe|select|select('string')|
selectattr('n', 'gt', 1)|slice(2)|sort|sort(true)|sort(attribute='n')|string|striptags|sum|title|tojson|tojson(1)|trim|
truncate(6)|truncate(6, true, '', 0)|unique|upper|urlencode|wordcount|wordwrap(5)|xmlattr|batch(2, 0)|forceescape|groupby('n')|
format(1)|attr('n')|list|list|string""".replace("\n", "").split("|")
TESTS = """defined|undefined|none|string|number|integer|float|boolean|mapping|sequence|iterable|callable|odd|even|
divisibleby 2|eq 7|ne s|lt 3|in l|sameas n|upper|lower|true|false|escaped""".replace("\n", "").split("|")
METHODS = """upper()|lower()|split()|split('l')|split(' ', 1)|strip('Hd')|title()|startswith('He')|replace('o', '0')|
find('o')|count('l')|join(w)|join(['x', 'y'])|format(1, 2)|zfill(12)|partition(' ')|encode()|splitlines()|isdigit()|swapcase()|
center(15, '*')|get('a')|get('zz', 5)|items()|keys()|values()|copy()|pop()|index(1)|append(4)|rsplit('o', 1)|capitalize()|
bit_length()|is_integer()|decode('latin-1')|endswith('d')|setdefault('q', [])|pop('b', 0)|expandtabs()|casefold()|
union([1])|hex()|insert(0, 9)|extend('ab')|isupper()|rjust(3)|lstrip()|update(q=1)""".replace("\n", "").split("|")
FORMATS = ["%s", "%r", "%d", "%5s|", "%-5s|", "%05d", "%.2f", "%x", "%e", "%g", "%+d", "%s %s", "%c", "%%", "%(a)s", "%.3s", "%o", "% d", "%#x", "%G"]
SPECS = ["", ":>8", ":<8|", ":^9", ":05", ":d", ":.2f", ":x", ":,", ":e", ":g", ":%", "!r", "!s:>9", ":+", ":_", ":b", ":.3", ":*^11", ":#o", ":08.3f", ":n", ":10,"]
CALLS = ["len(%s)", "str(%s)", "repr(%s)", "int(%s)", "float(%s)", "list(%s)", "sorted(%s)", "tuple(%s)", "dict(%s)", "set(%s)", "bool(%s)", "sum(%s)",
         "max(%s)", "min(%s)", "abs(%s)", "round(%s)", "round(%s, 1)", "dumps(%s)", "list(enumerate(%s))", "list(zip(%s, l))", "list(map(str, %s))",
         "range(%s)", "isinstance(%s, str)", "isinstance(%s, (int, list))", "divmod(%s, 3)", "list(reversed(%s))", "any(%s)", "all(%s)", "bytes(%s)", "hex(%s)",
         "ord(%s)", "chr(%s)", "list(range(%s))[:9]", "frozenset(%s)", "namespace(a=%s).a", "list(filter(none, %s))"]


ENV = jinjacase.environment({"options": {"undefined": "default"}})


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.depth = 0

    def pick(self, *options):
        return self.rng.choice(options)

    def literal(self):
        return self.pick("1", "0", "-2", "3.5", "1e20", "0.1", "'a'", "'é'", "''", '"x y"', "none", "true", "false", "[]", "{}", "()", "[1, 'a']",
                         "{'a': 1}", "(1,)", "'%s'", "'{}'", "10**18", "1_0", "'a\\nb'", "[none, true]", "{'n': {'k': [1]}}", "'12'", "' 3 '", "1e-7")

    def sound(self):
        """An expression that mostly can be evaluated."""
        for _ in range(8):
            text = self.expr()
            if self.rng.random() < 0.03:
                return text
            try:
                with jinjacase.limit(1):
                    ENV.from_string("{{ %s }}" % text).render(jinjacase.decode(CONTEXT), x=1, y="a", ns={"a": 1})
                return text
            except (Exception, jinjacase.Timeout):
                continue
        return self.literal()

    def expr(self):
        self.depth += 1
        try:
            if self.depth > 4 or self.rng.random() < 0.25:
                return self.literal() if self.rng.random() < 0.4 else self.rng.choice(NAMES)
            return getattr(self, self.pick("binary", "binary", "filter", "filter", "filter", "test", "method", "method", "item", "slice", "unary", "cond",
                                           "fmt", "braces", "call", "call", "group", "container", "attr", "chain"))()
        finally:
            self.depth -= 1

    def binary(self):
        return "%s %s %s" % (self.expr(), self.rng.choice(BINARY), self.expr())

    def chain(self):
        return "%s %s %s %s %s" % (self.expr(), self.pick("<", "==", "<=", "!=", "in"), self.expr(), self.pick("<", "==", ">", "in"), self.expr())

    def filter(self):
        return "%s|%s" % (self.expr(), self.rng.choice(FILTERS))

    def test(self):
        return "(%s is %s%s)" % (self.expr(), self.pick("", "", "not "), self.rng.choice(TESTS))

    def method(self):
        return "%s.%s" % (self.rng.choice(NAMES[:-4]) if self.rng.random() < 0.8 else "(%s)" % self.expr(), self.rng.choice(METHODS))

    def item(self):
        return "%s[%s]" % (self.rng.choice(NAMES[:-4]), self.pick("0", "-1", "'a'", "1", "9", "'zz'", self.expr()))

    def attr(self):
        return "%s.%s" % (self.rng.choice(NAMES[:-4]), self.pick("a", "b", "C", "n", "zz", "real", "0", "1"))

    def slice(self):
        part = lambda: self.pick("", "", "1", "-1", "2", "0", "-2", "5")
        text = "%s:%s" % (part(), part())
        if self.rng.random() < 0.3:
            text += ":" + self.pick("", "2", "-1", "-2")
        return "%s[%s]" % (self.rng.choice(NAMES[:-4]), text)

    def unary(self):
        return "%s%s" % (self.pick("-", "not ", "+"), self.expr())

    def cond(self):
        tail = " else %s" % self.expr() if self.rng.random() < 0.8 else ""
        return "(%s if %s%s)" % (self.expr(), self.expr(), tail)

    def fmt(self):
        return "'%s' %% %s" % (self.rng.choice(FORMATS), self.pick(self.rng.choice(NAMES), "(%s)" % self.expr(), "(%s, %s)" % (self.expr(), self.expr())))

    def braces(self):
        return "'{%s}'.format(%s)" % (self.rng.choice(SPECS), self.expr())

    def call(self):
        return self.rng.choice(CALLS) % self.expr()

    def group(self):
        return "(%s)" % self.expr()

    def container(self):
        return self.pick("[%s, %s]", "(%s, %s)", "{'k': %s, 2: %s}", "dict(a=%s, b=%s)", "[%s] + [%s]", "{%s: %s}") % (self.expr(), self.expr())

    def body(self, depth):
        return "".join(self.stmt(depth + 1) for _ in range(self.rng.randint(1, 3)))

    def tag(self, text):
        return "{%%%s %s %s%%}" % (self.pick("", "", "", "-", "+"), text, self.pick("", "", "", "-"))

    def stmt(self, depth=0):
        kinds = ["print"] * 5 + ["text", "set"]
        if depth < 3:
            kinds += ["for", "if", "for", "macro", "with", "setblock", "filterblock", "do", "ns", "call", "autoescape", "block"]
        return getattr(self, "stmt_" + self.rng.choice(kinds))(depth)

    def stmt_print(self, depth):
        return "{{%s %s %s}}" % (self.pick("", "", "-"), self.sound(), self.pick("", "", "-"))

    def stmt_text(self, depth):
        return self.pick(" text ", "\n", "\n  ", "<b>", "  \n\n", "é", "{# c #}", "{#- c -#}", "{% raw %} {{ x }} {% endraw %}", "{%- raw -%} a {%- endraw %}")

    def stmt_set(self, depth):
        return self.tag("set %s = %s" % (self.pick("x", "y", "x, y", "i", "l"), self.sound()))

    def stmt_do(self, depth):
        return self.tag("do %s" % self.pick("l.append(%s)", "m.extend([%s])", "d.update(z=%s)", "d.setdefault('zz', []).append(%s)", "d.__setitem__('a', %s)") % self.sound())

    def stmt_ns(self, depth):
        return self.tag("set ns = namespace(a=%s)" % self.sound()) + self.body(depth) + self.tag("set ns.a = %s" % self.sound())

    def stmt_for(self, depth):
        target = self.pick("x", "x", "y", "x, y", "i")
        source = self.pick("l", "w", "d", "range(3)", "d.items()", "r", "'ab'", "tu", self.sound())
        if target == "x, y":
            source = self.pick("d.items()", "enumerate(w)", "zip(l, w)", "[(1, 2)]", "d|dictsort")
        text = self.tag("for %s in %s%s" % (target, source, self.pick("", "", "", " if x", " if %s" % self.sound())))
        text += self.pick("", "{{ loop.index }}", "{{ loop.last }}", "{{ loop.changed(x) }}", "{{ loop.cycle('o', 'e') }}", "{{ loop.length }}",
                          "{{ loop.revindex0 }}", "{{ loop.previtem is defined }}", "{{ loop.nextitem is defined }}", "{{ loop.depth }}")
        text += self.body(depth)
        if self.rng.random() < 0.2:
            text += self.tag("if x == 2") + self.tag(self.pick("break", "continue")) + self.tag("endif")
        if self.rng.random() < 0.3:
            text += self.tag("else") + self.body(depth)
        return text + self.tag("endfor")

    def stmt_if(self, depth):
        text = self.tag("if %s" % self.sound()) + self.body(depth)
        if self.rng.random() < 0.4:
            text += self.tag("elif %s" % self.sound()) + self.body(depth)
        if self.rng.random() < 0.5:
            text += self.tag("else") + self.body(depth)
        return text + self.tag("endif")

    def stmt_macro(self, depth):
        name = self.pick("m1", "m2")
        text = self.tag("macro %s(%s)" % (name, self.pick("", "x", "x, y=1", "x=i, y=x", "y"))) + self.body(depth)
        text += self.pick("", "{{ varargs }}", "{{ kwargs }}", "{{ caller() if caller is defined }}") + self.tag("endmacro")
        return text + "{{ %s(%s) }}" % (name, self.pick("", "1", "1, 2", "x=3", "1, 2, 3", "y=%s" % self.sound(), self.sound()))

    def stmt_call(self, depth):
        return ("{% macro mc(a=1) %}[{{ caller(a) }}]{% endmacro %}" + self.tag("call(%s) mc(%s)" % (self.pick("x", "y=2", "x, y=3"), self.sound()))
                + self.body(depth) + self.tag("endcall"))

    def stmt_with(self, depth):
        return self.tag("with %s" % self.pick("x = %s", "x = %s, y = x", "", "i = %s, y = i").replace("%s", self.sound())) + self.body(depth) + self.tag("endwith")

    def stmt_setblock(self, depth):
        return self.tag("set %s%s" % (self.pick("x", "y"), self.pick("", " | upper", " | trim | length", " | list"))) + self.body(depth) + self.tag("endset")

    def stmt_filterblock(self, depth):
        return self.tag("filter %s" % self.pick("upper", "trim", "replace('a', 'b')", "indent(2)", "e", "title|trim", "length", "wordcount")) + self.body(depth) + self.tag("endfilter")

    def stmt_autoescape(self, depth):
        return self.tag("autoescape %s" % self.pick("true", "false")) + self.body(depth) + self.tag("endautoescape")

    def stmt_block(self, depth):
        name = "b%d" % self.rng.randint(0, 10 ** 6)
        return self.tag("block %s%s" % (name, self.pick("", " scoped"))) + self.body(depth) + self.tag("endblock") + self.pick("", "{{ self.%s() }}" % name)


def stable(case):
    """Whether Python gives the same text in every run."""
    text = case.get("output", "")
    if " at 0x" in text.lower() or "set(" in case["template"] or "union(" in case["template"]:
        return False
    return case.get("error", [""])[0] not in ("Timeout", "MemoryError", "OverflowError")


def main():
    count, out = int(sys.argv[1]), sys.argv[2]
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    written = rendered = 0
    with open(out, "w", encoding="utf-8") as f:
        while written < count:
            maker = Maker(rng)
            template = "".join(maker.stmt() for _ in range(rng.randint(1, 4)))
            options = {"undefined": rng.choice(["strict", "default", "default", "chainable"])}
            for name in ("autoescape", "trim_blocks", "lstrip_blocks", "keep_trailing_newline"):
                if rng.random() < 0.3:
                    options[name] = True
            case = jinjacase.render({"name": str(written), "template": template, "options": options, "context": CONTEXT})
            if not stable(case):
                continue
            f.write(json.dumps(case) + "\n")
            written += 1
            rendered += "output" in case
    print(written, "cases,", rendered, "rendered by Python")


main()
