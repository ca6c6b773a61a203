#!/usr/bin/env python3
"""Check that handover.py computes the signatures that zc.buildout records.

    bench/check_handover.py VENV...

In a temporary directory the buildout of each VENV (VENV/bin/buildout) installs
a part of each recipe that the venv has, and one of a recipe that is developed
in place.  Then buildout/cli/handover.py, run by VENV/bin/python, must print
the signatures that stand in .installed.cfg.  Status 1 if one differs.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

HANDOVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "buildout", "cli", "handover.py")

# What a part of each recipe needs besides `recipe`.
PARTS = {
    "zc.buildout:debug": "",
    "slapos.recipe.build:download": "url = %(dir)s/file\nmd5sum = d41d8cd98f00b204e9800998ecf8427e\n",
    "slapos.recipe.cmmi": "path = %(dir)s\nconfigure-command = true\nmake-binary = true\n",
    "slapos.recipe.template": "inline = text\noutput = %(dir)s/out\n",
    "developed": "",
}

SETUP = """
from setuptools import setup
setup(name="developed", version="1", py_modules=["developed"],
      entry_points={"zc.buildout": ["default = developed:Recipe"]})
"""

MODULE = """
class Recipe(object):
    def __init__(self, buildout, name, options):
        pass
    def install(self):
        return []
    update = install
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def available(python, recipe):
    """Tell whether the venv has a recipe that this script knows how to run."""
    if recipe == "developed":
        return True
    code = ("import zc.buildout.buildout, pkg_resources, sys\n"
            "assert pkg_resources.working_set.find(pkg_resources.Requirement.parse(sys.argv[1]))")
    return subprocess.call([python, "-c", code, recipe.split(":")[0]], stderr=subprocess.DEVNULL) == 0


def profile(directory, recipes):
    """Return the text of a profile with a part of each recipe."""
    text = "[buildout]\ndevelop = %s/src\nparts = %s\n" % (
        directory, " ".join("part%d" % i for i in range(len(recipes))))
    for i, recipe in enumerate(recipes):
        text += "\n[part%d]\nrecipe = %s\n%s" % (i, recipe, PARTS[recipe] % {"dir": directory})
    return text


def recorded(path):
    """Return {recipe: signature} of an .installed.cfg."""
    with open(path) as f:
        text = f.read()
    found = {}
    for section in re.split(r"^\[", text, flags=re.M):
        option = dict(re.findall(r"^(recipe|__buildout_signature__) = (.*)$", section, re.M))
        if "recipe" in option:
            found[option["recipe"]] = option["__buildout_signature__"]
    return found


def compare(venv):
    """Return the recipes whose signatures differ in one venv, and all of them."""
    venv = os.path.abspath(venv)
    python = os.path.join(venv, "bin", "python")
    recipes = [r for r in PARTS if available(python, r)]
    with tempfile.TemporaryDirectory() as directory:
        directory = os.path.realpath(directory)
        write(directory + "/file", "")
        write(directory + "/src/setup.py", SETUP)
        write(directory + "/src/developed.py", MODULE)
        write(directory + "/buildout.cfg", profile(directory, recipes))
        run = subprocess.run([os.path.join(venv, "bin", "buildout"), "-N", "-o"], cwd=directory,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if run.returncode != 0:
            sys.exit("%s: buildout failed\n%s" % (venv, run.stdout))
        want = recorded(directory + "/.installed.cfg")
        with open(HANDOVER) as f:
            code = f.read()
        out = subprocess.check_output([python, "-c", code, directory + "/develop-eggs", directory + "/eggs"],
                                      input=json.dumps(recipes), universal_newlines=True, cwd=directory)
        got = json.loads(out)
    differ = [r for r in recipes if got.get(r) != want.get(r)]
    for r in differ:
        print("%s: %s\n  recorded %s\n  computed %s" % (venv, r, want.get(r), got.get(r)))
    return differ, recipes


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    bad = False
    for venv in sys.argv[1:]:
        differ, recipes = compare(venv)
        print("%s: %d of %d signatures equal" % (venv, len(recipes) - len(differ), len(recipes)))
        bad = bad or bool(differ)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
