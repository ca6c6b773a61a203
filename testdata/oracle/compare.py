"""What both programs answered, compared."""
import json
import re

# The codes of gobuild's errors for each of the engine's exceptions; text of a
# UserError tells which one it is.
CODES = {
    "ParsingError": {"syntax"},
    "MissingSectionHeaderError": {"no-section-header"},
    "MissingSection": {"unknown-section"},
    "MissingOption": {"unknown-option", "missing-option"},
    "FileNotFoundError": {"extends-missing"},
    "IsADirectoryError": {"extends-unreadable"},
    "NotADirectoryError": {"extends-missing", "extends-unreadable"},
    "UnicodeDecodeError": {"not-utf8"},
    "RecursionError": {"extends-cycle"},
    "OSError": {"extends-cycle"},
    "KeyError": {"unknown-section", "missing-option", "bad-condition"},
}
CONDITION = {"NameError", "SyntaxError", "TypeError", "IndexError", "ZeroDivisionError", "AttributeError", "UndefinedEnvironmentName",
             "UndefinedComparison", "ValueError", "IndentationError"}
USER = [
    ("Circular reference", "circular-reference"), ("The substitution, ", "bad-reference"),
    ("name in substitution, ", "bad-reference"), ("Infinite extending loop", "macro-loop"),
    ("No section named", "unknown-macro"), ("Recursive file include", "extends-cycle"),
    ("extended-by", "extended-by"), ("Invalid value for", "bad-boolean"), ("may not contain ${", "extends-cache-reference"),
    ("Couldn't open", "no-profile"), ("install-from-cache", "bad-buildout-option"), ("logging level", "bad-buildout-option"),
    ("invalid literal for int", "bad-buildout-option"), ("is ambiguous", "ambiguous-directory"),
    ("too many values to unpack", "bad-recipe-name"), ("Invalid verbosity", "bad-buildout-option"),
    ("No such file or directory: ''", "bad-buildout-option"),
]


class Answer:
    """What a run of gobuild said."""

    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr

    def document(self):
        return json.loads(self.stdout)

    def errors(self):
        """Its errors as (code, message)."""
        found = []
        for line in self.stderr.decode("utf-8", "replace").splitlines():
            try:
                d = json.loads(line)
            except ValueError:
                return [("crash", self.stderr.decode("utf-8", "replace")[:2000])]
            if d.get("severity") == "error":
                found.append((d.get("code", ""), d.get("message", "")))
        return found


def too_slow(want):
    """Whether the reference did not answer: it walks each path, and a file that extends itself by ever longer names."""
    return want.get("error", {}).get("class") == "Harness"


# What goes wrong while files are read. gobuild tells all of it, before it looks
# at options; the engine looks at `newest` between two files.
READING = {"syntax", "no-section-header", "extends-missing", "extends-unreadable", "not-utf8", "bad-condition", "extends-cycle"}
# What gobuild refuses, and the engine sometimes does not (docs/compatibility.md).
REFUSED = {"option-without-name"}


def differences(command, want, got):
    """Texts that tell where an answer is not what the reference says."""
    if got.status and {code for code, _ in got.errors()} & REFUSED:
        return []
    if command == "text":
        return succeeded(got) or lines(text_view(want["text"]), text_view(got.stdout.decode("utf-8", "replace")))
    if command == "annotate" and "raw" in want:
        return succeeded(got) or list(trees(raw_view(want["raw"]), raw_view(got.document()["raw"])))
    if "error" in want:
        return error_differences(want["error"], got)
    keys = ("parts", "resolved", "holes")
    return succeeded(got) or list(trees({k: want[k] for k in keys}, {k: got.document()[k] for k in keys}))


def succeeded(got):
    return ["error unexpected: %r" % (got.errors(),)] if got.status else []


def text_view(text):
    """The text of annotate without the interpreter."""
    return re.sub(r"(?m)^executable= .*\n    .*\n", "", text)


def lines(want, got):
    """The first line that differs."""
    a, b = want.split("\n"), got.split("\n")
    for i, (x, y) in enumerate(zip(a + [None] * len(b), b + [None] * len(a))):
        if x != y:
            return ["value in line %d is %r, expected %r" % (i + 1, y, x)]
    return []


def raw_view(raw):
    """Sections with values, sources and histories; places, which only gobuild knows, are left out."""
    def history(h):
        return list(h[:3]) if isinstance(h, list) else [h["operation"], h["value"], h["source"]]
    return {s: {k: {"value": v["value"], "source": v["source"], "history": [history(h) for h in v["history"] or []]}
                for k, v in options.items() if (s, k) != ("buildout", "executable")} for s, options in raw.items()}


def error_differences(error, got):
    """The same class, and a message with the same words."""
    if got.status == 0:
        return ["no error, expected %s: %s" % (error["class"], error["message"])]
    wanted, words = classify(error)
    errors = got.errors()
    for code, message in errors:
        if code in wanted and all(w in message for w in words):
            return []
    if wanted == {"bad-boolean"} and {code for code, _ in errors} & READING:
        return []
    return ["error differs: expected %s %s of %s: %s; got %r" % (
        sorted(wanted), words, error["class"], error["message"], got.errors())]


def classify(error):
    """The codes that an error may have, and the words of its message."""
    name, message = error["class"], error["message"]
    for start, code in USER:
        if start in message:
            return {code}, key_words(message)
    if name in CODES:
        return CODES[name], key_words(message) if name in ("MissingSection", "MissingOption") else []
    if name in CONDITION or name == "InvalidVersion":
        return {"bad-condition"}, []
    return {name}, []


def key_words(message):
    """What is quoted in a message, or looks like the name of a thing."""
    if message.startswith("('Referenced option does not exist:'"):
        return re.findall(r"'((?:[^'\\]|\\.)*)'", message)[1:]
    m = re.search(r"(\$\{[^}]*\})", message)
    if m and "Referenced" not in message:
        return [m.group(1)]
    m = re.match(r"'?Missing option: (.*?)'?$", message)
    if m:
        return m.group(1).split(":")
    return re.findall(r"'([^']*)'", message)[:1]


def trees(want, got, path=""):
    """Where two JSON values differ."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted(set(want) | set(got)):
            if key not in want:
                yield "value at %s/%s is unexpected: %r" % (path, key, got[key])
            elif key not in got:
                yield "value at %s/%s is missing: %r" % (path, key, want[key])
            else:
                yield from trees(want[key], got[key], path + "/" + key)
    elif want != got:
        yield "value at %s is %r, expected %r" % (path, got, want)
