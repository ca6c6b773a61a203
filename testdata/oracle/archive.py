"""Cases as archives: a comment, then the files, each behind `-- name --`.

The comment may hold lines `args:` and `parts:` (each a JSON list), `lenient: true`,
and others for people. A file that an archive cannot hold (its last line has no
end, or it is not plain text) stands as a JSON string of its bytes under its name
with `.json` behind it. `want-DIALECT` is not a file but what the reference answers.
"""
import json
import re

import generate


def text(case, comment, wanted=None):
    lines = [comment] if comment else []
    if case.args:
        lines.append("args: " + json.dumps(case.args))
    if case.parts:
        lines.append("parts: " + json.dumps(case.parts))
    if case.lenient:
        lines.append("lenient: true")
    for name, data in sorted(case.files.items()):
        if is_plain(data):
            lines.append("-- %s --\n%s" % (name, data.decode()[:-1]) if data else "-- %s --" % name)
        else:
            lines.append("-- %s.json --\n%s" % (name, json.dumps(data.decode("latin-1"))))
    for dialect, answer in sorted((wanted or {}).items()):
        lines.append("-- want-%s --\n%s" % (dialect, json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False)))
    return "\n".join(lines) + "\n"


def parse(data):
    """The case of an archive, and the lines of its comment that are for people."""
    pieces = re.split(r"(?m)^-- (.*) --\n", data)
    comment, files = pieces[0], dict(zip(pieces[1::2], pieces[2::2]))
    said = {"args": [], "parts": [], "lenient": False}
    people = []
    for line in comment.splitlines():
        key, _, value = line.partition(": ")
        if key in said:
            said[key] = json.loads(value)
        else:
            people.append(line)
    made = {}
    for name, content in files.items():
        if name.endswith(".json"):
            made[name[:-5]] = json.loads(content).encode("latin-1")
        elif not name.startswith("want-"):
            made[name] = content.encode()
    return generate.Case(made, said["args"], said["parts"], said["lenient"]), "\n".join(people)


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
