"""Cases as archives: a comment, then the files, each behind `-- name --`.

The comment holds one line `seed:`, `args:` (a JSON list), `parts:`, `lenient:`
each. A file that an archive cannot hold (its last line has no end, or it is not
plain text) stands as a JSON string under its name with `.json` behind it.
"""
import json


def text(case, seed):
    lines = ["seed: " + seed, "args: " + json.dumps(case.args)]
    if case.parts:
        lines.append("parts: " + json.dumps(case.parts))
    if case.lenient:
        lines.append("lenient: true")
    for name, data in sorted(case.files.items()):
        if is_plain(data):
            lines.append("-- %s --\n%s" % (name, data.decode()[:-1]) if data else "-- %s --" % name)
        else:
            lines.append("-- %s.json --\n%s" % (name, json.dumps(data.decode("latin-1"))))
    return "\n".join(lines) + "\n"


def is_plain(data):
    """Whether an archive can hold the text of a file, and people can see it."""
    if data == b"":
        return True
    try:
        lines = data.decode()
    except UnicodeDecodeError:
        return False
    return (lines.endswith("\n") and "\n-- " not in "\n" + lines and not lines.startswith("\ufeff")
            and all(c == "\n" or c == "\t" or (c.isprintable() and (c == " " or not c.isspace())) for c in lines))
