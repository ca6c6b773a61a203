#!/usr/bin/env python3
"""Say how gobuild runs the recipes of a checkout's profiles, recipe by recipe.

    coverage.py GOBUILD CHECKOUT [--render] [--write docs/compatibility.md]

All profiles and templates of profiles below CHECKOUT are looked at by `gobuild
recipe coverage`. Prints the table of docs/compatibility.md, or puts it between
the two comments there. The exit status is 1 when a recipe is refused.
"""
import argparse
import json
import re
import subprocess
import sys

BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
HOW = {"native": "native", "bridge": "by bridge", "refused": "refused"}
SEEN = {"profile": "in profiles", "rendered": "in rendered templates", "text": "in the lines of templates"}


def survey(gobuild, checkout, render):
    argv = [gobuild, "-U", "-o", "--dialect", "slapos", "--json", "recipe", "coverage"] + ["--render"] * render + [checkout]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def tables(report):
    total = report["totals"]
    lines = ["%s files, %s sections with a recipe: %s native (%.2f %%), %s by bridge, %s refused." % (
        number(total["files"]), number(total["sections"]), number(total["runs"]["native"]),
        100 * total["runs"]["native"] / total["sections"], number(total["runs"]["bridge"]), number(total["runs"]["refused"]))]
    seen = ["%s %s" % (number(total["seen"][k]), SEEN[k]) for k in SEEN if total["seen"].get(k)]
    lines.append("Seen: %s. %d further sections of templates have a macro that is in none of the files." % (", ".join(seen), total["open"]))
    lines += ["", "| Recipe | Sections | How |", "|---|---|---|"]
    lines += ["| `%s` | %s | %s |" % (r["recipe"], number(r["sections"]), HOW[r["runs"]]) for r in report["recipes"]]
    return "\n".join(lines)


def number(n):
    return "{:,}".format(n)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild")
    p.add_argument("checkout")
    p.add_argument("--render", action="store_true", help="render templates too: slower, and sections count by what a default instance has")
    p.add_argument("--write", metavar="FILE")
    args = p.parse_args()
    report = survey(args.gobuild, args.checkout, args.render)
    text = tables(report)
    if args.write:
        with open(args.write) as f:
            page = f.read()
        new, found = re.subn(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: "%s\n%s\n%s" % (BEGIN, text, END), page, flags=re.S)
        if not found:
            sys.exit("%s has no place for the table: %s and %s" % (args.write, BEGIN, END))
        with open(args.write, "w") as f:
            f.write(new)
    else:
        print(text)
    return 1 if report["totals"]["runs"]["refused"] else 0


if __name__ == "__main__":
    sys.exit(main())
