"""Random profile sets.

A Case is a directory of profiles, and the command line that reads them. The
same seed gives the same case with every Python from 3.8 on.
"""
import random
import re

SECTIONS = ["a", "b", "c", "d", "e-1", "f.g", "buildout"]
OPTIONS = ["m", "n", "o", "p-1", "q.r", "Z"]
ODD_OPTIONS = ["é", "x/y", "(p)", "+x", "-x", "µ", "<part-dependencies>", "日本", "a'b", '"', "%", "\\n", "$x", "x+y"]
WORDS = ["1", "2", "x", "y", "z", "a b", "é", "日本", "# no", "; no", "[b]", "k = v", "a=b", "x+=1", "%(x)s", "\\", "'q'", '"',
         "$", "$$", "$$$", "$x", "{}", "${", "}", "1 # c", "1 ; c", "<= a", "../x", "/abs", "~/h", "true"]
# What Python takes for white space, and what looks like it but is none.
SPACES = ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f",
          "\u205f", "\u3000", "\u200b", "\ufeff", "\x00", "\u180e"]
TRUE = ["True", "1", "not False", "linux", "posix", "python3", "cpython", "bits64 or bits32", "sys.version_info >= (3, 8)",
        "sys.version_info[0] == 3", "'linux' in sys.platform", "os.sep == '/'", "platform.machine() != 'vax'",
        "re.match('l', sys.platform)", "python_version >= '3.8'", "sys_platform == 'linux' and os_name == 'posix'",
        "platform_system in 'Linux Windows'", "[1][0]", "(1, 2) < (1, 3)", "len('ab') == 2",
        "extra == ''", "implementation_name == 'cpython'", "os.sep != '\\x23'", "not (python2 or windows)", "0 < 1 < 2", "[[]] != [1]"]
FALSE = ["False", "0", "''", "[]", "python2", "windows", "macosx", "pypy", "sys.version_info < (3,)", "python27",
         "python_version < '3'", "platform_system == 'Windows'", "None", "linux and python2",
         "sys_platform == 'win32' or os_name == 'nt'", "1 > 2", "os.sep == '\\x3b'", "not linux", "()", "{}", "0.0", "[0][0]"]
BAD = ["'a' == 'a'", "\"a\" in \"abc\"", "'\\x3b' == ''", "nope", "1 +", " ", "1 / 0", "python_version", "os.nope", "'a", ")", "x = 1", "sys.version_info < 3", "[][0]", "a b"]
REFERENCE_ERRORS = ["${x}", "${}", "${a:}", "${:}", "${a:b:c}", "${a/b:c}", "${a:b/c}", "${a:é}", "${none:x}", "${a:none}", "${:none}",
                    "${a\nb:c}", "${ a:m}", "${a:m }", "${a: m}", "${a :m}", "${a:m", "$${a:m", "${${a:m}}", "${a:${:m}}"]


class Case:
    """Files by path, options and assignments, and the parts to be resolved."""

    def __init__(self, files, args, parts=(), lenient=False, dialects=("upstream", "slapos"), commands=("annotate", "text", "resolve")):
        self.files, self.args, self.parts = dict(files), list(args), list(parts)
        self.lenient, self.dialects, self.commands = lenient, dialects, commands

    def size(self):
        texts = list(self.files.values()) + self.args + self.parts
        return sum(len(t) + 10 for t in texts) + self.lenient + len(self.dialects) + len(self.commands)

    def verbose(self):
        """Whether annotate is asked for the whole history, or an option of [buildout] asks for it."""
        return any(re.match(r"-[a-zA-Z]*[vq]", a) or "verbosity" in a for a in self.args) or any(
            b"verbosity" in t for t in self.files.values())

    def copy(self, **changes):
        kept = dict(files=self.files, args=self.args, parts=self.parts, lenient=self.lenient, dialects=self.dialects,
                    commands=self.commands)
        kept.update(changes)
        return Case(**kept)


def generate(seed):
    """The case of a seed."""
    return Generator(random.Random(str(seed))).case()


class Generator:
    def __init__(self, rng):
        self.rng = rng
        # How wild a case is: most are tame, so that most resolve.
        self.wild = rng.choice([0, 0, 0, 0, 0.005, 0.005, 0.02, 0.08])
        self.sections = rng.sample(SECTIONS[:-1], rng.randint(2, len(SECTIONS) - 1)) + ["buildout"] * rng.randint(0, 2)
        self.options = rng.sample(OPTIONS, rng.randint(2, len(OPTIONS)))
        if rng.random() < 0.3:
            self.options += rng.sample(ODD_OPTIONS, 2)
        self.complete = rng.random() < 0.85
        self.section_name = self.key = ""  # the section and the option being made
        self.slapos = rng.random() < 0.4

    def chance(self, p):
        return self.rng.random() < p

    def odd(self, factor=1.0):
        return self.rng.random() < self.wild * factor

    # The set of files.

    def case(self):
        r = self.rng
        if self.chance(0.1):
            return Case({"buildout.cfg": self.soup().encode("utf-8", "surrogateescape")}, ["-U"], lenient=self.chance(0.5))
        count = r.choice([1, 1, 2, 3, 3, 4, 5, 6, 8])
        names = ["buildout.cfg"] + ["%sf%d.cfg" % (r.choice(["", "", "", "sub/", "sub/deep/", "é/"]), i) for i in range(1, count)]
        extends = {name: self.extends(names, i) for i, name in enumerate(names)}
        files = {name: self.file(name, extends[name], main=i == 0) for i, name in enumerate(names)}
        if self.complete:
            base = names[-1] if self.chance(0.8) else r.choice(names)
            files[base] = self.complete_text(base == "buildout.cfg") + files[base]
        if self.chance(0.8):
            files["x/empty.cfg"] = ""
        args = []
        if self.chance(0.2):
            files["home/.buildout/default.cfg"] = self.file("home/.buildout/default.cfg", self.user_extends(names), main=False)
            if self.chance(0.1):
                args.append("-U")
        else:
            args.append("-U")
        args += self.assignments(names)
        parts = r.sample(self.sections, 1) if self.chance(0.1) else []
        return Case({n: t.encode("utf-8", "surrogateescape") for n, t in files.items()}, args, parts, self.chance(0.5))

    def soup(self):
        """A file of marks and spaces, for the reader of lines."""
        r = self.rng
        marks = ["[", "]", "=", "+", "-", "+=", " -= ", " = ", ":", "#", ";", "{", "}", "$", "${a:x}", "$$", "a", "x", "y", "<", "=>", "<=",
                 " ", " ", "  ", "\t", "\n", "\n", "\n", "\r", "\r\n", "\n ", "\n\t", "\n\n", "\nx = ", "\nx += ", "\ny =\n", "\n[a]\n", "\n[b]",
                 "[a:True]", "[a:False]\n", "True", "'", "1", "\\x23", "é"] + [r.choice(SPACES)]
        return r.choice(["", "[buildout]\nparts =\n", "[a]\n", "[a]\nx =\n"]) + "".join(r.choice(marks) for _ in range(r.randint(1, 60)))

    def extends(self, names, i):
        """What the i-th file extends: files behind it, so that there is no cycle."""
        r, behind = self.rng, names[i + 1:]
        if not behind and not self.odd(0.5):
            return []
        picked = [self.relative(names[i], n) for n in r.sample(behind, min(len(behind), r.choice([0, 1, 1, 2, 2, 3])))]
        if self.chance(0.1) and picked:
            picked.append(r.choice(picked))
        if self.odd(0.5):
            picked.append(self.relative(names[i], r.choice(names)))
        if self.odd(0.3):
            picked.append(r.choice(["none.cfg", "~/f.cfg", "sub", ""]))
        return picked

    def user_extends(self, names):
        return ["../../" + n for n in self.rng.sample(names[1:], min(len(names) - 1, self.rng.choice([0, 0, 1])))]

    def relative(self, file, name):
        up = "../" * file.count("/")
        path = up + name
        return self.rng.choice([path] * 6 + ["./" + path, up + "x/../" + name, up + ".//" + name]) if self.chance(0.3) else path

    # One file.

    def file(self, name, extends, main):
        lines = []
        if extends or main:
            lines += self.head(name, extends, main)
        for _ in range(self.rng.choice([0, 1, 2, 3, 3, 4, 6])):
            lines += self.section()
        if self.odd():
            lines.insert(self.rng.randint(0, len(lines)), self.garbage())
        return self.ended(lines)

    def head(self, name, extends, main):
        r = self.rng
        lines = ["[buildout]"]
        if extends:
            if self.chance(0.5):
                lines += ["extends ="] + [r.choice(["  ", "\t", "    "]) + e for e in extends]
            else:
                lines.append("extends = " + " ".join(extends))
        if main:
            parts = [s for s in self.sections if s != "buildout"]
            lines.append("parts%s= %s" % (r.choice([" ", " ", " ", "+", " +"]), " ".join(parts) if not self.odd() else "none"))
        elif self.chance(0.2):
            lines.append(r.choice(["parts += a", "parts =\n  b\n  a", "parts -= a", "find-links += http://x/%s" % name, "allow-hosts += h",
                                   "versions = versions", "download-cache = dl", "eggs-directory = eggs", "extends-cache = ec",
                                   "bin-directory = ${buildout:directory}/b", "optional-extends = buildout.cfg",
                                   "optional-extends = opt.cfg", "versions =", "directory = .", "eggs-directory-version ="]))
        if self.odd():
            lines.append(r.choice(["newest = yes", "offline = maybe", "log-level = LOUD", "extended-by = x.cfg", "versions = none",
                                   "extends-cache = ${a:b}", "install-from-cache = true", "prefer-final = 1", "parts =", "log-level = 10",
                                   "socket-timeout = x", "eggs-directory += x", "installed =", "verbosity = x", "offline = true",
                                   "directory = ${a:m}", "<= a", "download-cache = ~/dl", "download-cache = ~", "download-cache =",
                                   "abi-tag-eggs = yes", "bin-directory =", "parts = buildout", "log-level ="]))
        return lines

    def complete_text(self, main):
        """Sections that have all options, so that references resolve."""
        lines = []
        for s in sorted(set(self.sections) | {"a", "buildout"}):
            lines.append("[%s]" % s)
            lines += ["%s = %s" % (o, self.plain_word()) for o in sorted(set(self.options) | {"m"}) if o[0] != "<"]
            if not self.odd():
                lines.append("recipe = r")
        return "\n".join(lines) + "\n"

    def section(self):
        r = self.rng
        name = self.section_name = r.choice(self.sections)
        lines = [self.header(name)]
        if self.chance(0.25):
            lines += self.macros(name)
        for _ in range(r.choice([0, 1, 2, 3, 4, 5])):
            lines += self.option()
        if self.chance(0.1):
            lines.append(r.choice(["", "# comment", "; comment", " ", "\t"]))
        return lines

    def header(self, name):
        r = self.rng
        if self.chance(0.15):
            condition = r.choice(TRUE if self.chance(0.75) else FALSE)
            if self.odd(0.5):
                condition = r.choice(BAD)
            name = "%s:%s%s%s" % (name, r.choice(["", " "]), condition, r.choice(["", " "]))
        elif self.chance(0.05):
            name = r.choice([" %s ", "%s ", "%s:", "\t%s"]) % name
        tail = r.choice(["", "", "", "", " ", "# c", " # c ] d", " ; c", ";c"]) if self.chance(0.3) else ""
        if self.odd(0.5):
            return r.choice(["[]", "[a b]", "[a", "[a{]", "[a]b", "[a:True]]", "[[a]]", "[a]]", "[a:]]", "[%s]" % r.choice(SPACES)])
        return "[%s]%s" % (name, tail)

    def macros(self, name):
        r = self.rng
        # Sections with a greater name only, so that there is no loop.
        behind = [s for s in self.sections if s > name or self.odd()] or [r.choice(self.sections)] * self.odd()
        names = [r.choice(behind) for _ in range(r.choice([1, 1, 1, 2, 3])) if behind]
        if self.odd():
            names.append("none")
        if not names:
            return []
        op = r.choice(["<=", "<=", "< =", "<+=", "< +=", "<-=", "<  ="])
        if len(names) == 1 and self.chance(0.7):
            return ["%s %s" % (op, names[0])]
        return [op] + ["  " + n for n in names] if self.chance(0.7) else [op + names[0]] + ["  " + n for n in names[1:]]

    def option(self):
        r = self.rng
        if self.chance(0.06):
            return [r.choice(["=> ", "=>", "=>  "]) + r.choice(self.sections)]
        key = r.choice(self.options)
        if self.chance(0.06):
            key = "recipe"
        self.key = key
        op = r.choice(["=", "=", " =", " =", " =", "  =", "+=", " +=", " +=", " +=", "-=", " -=", "  +=", "\t=", "\t+=", "  -=", " + ="]
                      if self.odd(3) else [" =", " =", "=", "+=", " +=", " +=", "-=", " -=", "  +=", "  ="])
        return self.value(key + op)

    # Values.

    def value(self, start):
        r = self.rng
        style = r.random()
        if style < 0.45:
            return [start + r.choice(["", " ", " ", "  ", "\t"]) + self.text() + r.choice(["", "", " ", "\t"])]
        if style < 0.55:
            return [start + r.choice(["", " "])]
        first = r.choice(["", " "]) + (self.text() if style < 0.7 else "")
        lines = [start + first]
        indent = r.choice(["  ", "  ", "    ", "\t", " "])
        for _ in range(r.choice([1, 1, 2, 3, 4])):
            lines += self.continuation(indent)
        return lines

    def continuation(self, indent):
        r, p = self.rng, self.rng.random()
        if p < 0.1:
            return [r.choice(["", "", " ", "   ", "\t", "\t "])]
        if p < 0.17:
            return [r.choice(["# comment", "; comment", "#"])]
        if p < 0.3:
            indent = r.choice([indent + "  ", indent + "\t", "\t" + indent, " "])
        if self.odd():
            indent = r.choice(SPACES) + r.choice(["", indent])
        return [indent + self.text() + r.choice(["", "", "", "  ", "\t"])]

    def plain_word(self):
        return self.rng.choice(["1", "2", "x y", "z", "é", "v", ""])

    def text(self):
        r = self.rng
        pieces = []
        for _ in range(r.choice([1, 1, 1, 2, 3])):
            p = r.random()
            if p < 0.45:
                pieces.append(self.plain_word())
            elif p < 0.6:
                pieces.append(r.choice(WORDS))
            else:
                pieces.append(self.reference())
            if self.odd():
                pieces.append(r.choice(SPACES))
        return r.choice(["", " ", "/", "  "]).join(pieces)

    def reference(self):
        r, p = self.rng, self.rng.random()
        if self.odd(2):
            return r.choice(REFERENCE_ERRORS)
        if self.slapos and p < 0.2:
            return r.choice(["${:_profile_base_location_}", "${:_profile_base_location_}/x", "$${a:m}", "$${:x}", "$$${a:m}", "$$$${a:m}",
                             "${a:_profile_base_location_}", self.python()])
        lower = self.lower()
        if p < 0.3 and lower:
            return "${:%s}" % r.choice(lower)
        if p < 0.4:
            return r.choice(["${:_buildout_section_name_}", "${%s:_buildout_section_name_}" % r.choice(self.sections)])
        if p < 0.45:
            return r.choice(["${buildout:directory}", "${buildout:bin-directory}", "${buildout:parts}", "${buildout:python}",
                             "${buildout:eggs-directory}", "${versions:zc.buildout}", "${buildout:find-links}"])
        if p < 0.5:
            return r.choice(["$", "$$", "{", "$${a:m}", "$$$${a:m}", "$$$"]) + r.choice(["{a:m}", "${a:m}", "x"])
        if not lower:
            return "${:_buildout_section_name_}"
        return "${%s:%s}" % (r.choice([s for s in self.sections if s != "buildout"]), r.choice(lower))

    def python(self):
        """A value that a recipe gets as an object; the engine's own options are none."""
        own = self.section_name == "buildout" or self.key in ("recipe", "<part-dependencies>")
        return "x" if own else self.rng.choice(["!py!'x'", "!py![1, 2]"])

    def lower(self):
        """Options that the value of self.key may refer to, so that there is no circle."""
        simple = [o for o in self.options if o in OPTIONS]
        if self.odd():
            return self.options
        if self.key == "recipe":
            return []
        return simple[:simple.index(self.key)] if self.key in simple else simple

    # What stands around.

    def garbage(self):
        r = self.rng
        return r.choice(["garbage", "x: 1", "a b = 1", "= 1", "  indented", "${x} = 1", "\ufeff", "x + = 1",
                         "{} = 1", "[x] = 1", ":", "<", "=>", "=", "\x0bx = 1", "\udcff = 1", "x = \udcff", r.choice(SPACES) + "x = 1",
                         r.choice(SPACES), "x%s= 1" % r.choice(SPACES), "x =%s1%s" % (r.choice(SPACES), r.choice(SPACES)),
                         "%sx =" % r.choice(SPACES), "recipe = a:b:c", "recipe =", "x\ry = 1"])

    def ended(self, lines):
        """The lines with their ends."""
        r = self.rng
        end = r.choice(["\n"] * 7 + ["\r\n", "\r\n", "\r"])
        mixed = self.chance(0.05)
        text = "".join(line.replace("\n", end) + (r.choice(["\n", "\r\n", "\r"]) if mixed else end) for line in lines)
        if self.chance(0.1):
            text = text[:len(text) - len(end)] if text.endswith(end) else text
        if self.odd(0.3):
            text = "\ufeff" + text
        return text

    def assignments(self, names):
        r, args, given = self.rng, [], set()
        if self.chance(0.15):
            args.append("buildout:extends=" + " ".join(r.sample(names, min(len(names), r.choice([1, 1, 2])))))
        for _ in range(r.choice([0, 0, 0, 0, 1, 2, 3])):
            self.section_name, self.key = "buildout", r.choice(self.options)
            key = self.key if self.chance(0.1) else "%s:%s" % (r.choice(self.sections), self.key)
            if key.split(":")[-1] in given or key.startswith("-"):
                continue  # two spellings of one addition: see docs/compatibility.md; a flag
            given.add(key.split(":")[-1])
            op = r.choice(["=", "=", "+=", " +=", "-=", " -=", " = ", "  += "])
            args.append(key + op + r.choice([self.text(), self.plain_word(), "1\n2", ""]))
        if self.odd():
            args.append(r.choice(["-v", "-q", "-o", "-O", "-n", "-N", "-vv", "buildout:newest=x", "-oO", "buildout:parts-=a", "a:<=b"]))
        return [a.replace("\0", "") for a in args]
