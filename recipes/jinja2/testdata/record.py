"""Records golden.json: the cases of cases.txt with the results of Python.

    python3 record.py

needs jinja2 3.1 and six. In cases.txt a line `=== NAME` begins a case; lines
`option: value`, `context: JSON` and `file NAME: JSON text` may follow, then `---`
and the template up to the next case.
"""
import json
import os

from jinjacase import render

HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    cases = []
    text = open(path, encoding="utf-8").read()
    for block in text.split("\n=== ")[1:]:
        head, _, body = block.partition("\n---\n")
        lines = head.split("\n")
        case = {"name": lines[0].strip(), "options": {}, "templates": {}, "context": {}}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name == "context":
                case["context"] = json.loads(value)
            elif name.startswith("file "):
                case["templates"][name[5:]] = json.loads(value)
            elif name == "undefined":
                case["options"][name] = value.strip()
            else:
                case["options"][name] = json.loads(value)
        # Each line of the body is a template of its own, unless it has `whole`.
        if case["options"].pop("whole", False):
            cases.append(dict(case, template=body))
            continue
        for i, line in enumerate(filter(None, body.split("\n"))):
            cases.append(dict(case, name="%s/%d" % (case["name"], i), template=line))
    return cases


def main():
    cases = [render(c) for c in read(os.path.join(HERE, "cases.txt"))]
    for case in cases:
        for key in ("options", "templates", "context"):
            if not case[key]:
                del case[key]
    with open(os.path.join(HERE, "golden.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
    print(len(cases), "cases,", sum("error" in c for c in cases), "of them errors")


main()
