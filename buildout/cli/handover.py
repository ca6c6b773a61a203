"""Compute part signatures as the zc.buildout of this interpreter does.

    PYTHON -c "$(cat handover.py)" [DIRECTORY...]  <recipes.json

Standard input is a JSON list of values of `recipe` options, as
["slapos.recipe.cmmi", "slapos.recipe.build:download"].  Standard output is a
JSON object: each of these values with the text that zc.buildout would store as
`__buildout_signature__` of a part with this recipe.  With it a directory that
another engine filled is taken over by zc.buildout without a rebuild.

A DIRECTORY is one with eggs or egg links (the develop-eggs-directory and the
eggs-directory of the buildout, in this order): a recipe that the interpreter
does not find by itself is looked for there, offline, as zc.buildout does it.

All that makes the signature is done by zc.buildout's own functions.  Exit
status 1 with one line on standard error: zc.buildout or a recipe cannot be
imported, or this zc.buildout makes signatures of another form.
"""
import json
import logging
import os
import sys
import warnings


def fail(text):
    """End with one line on standard error."""
    sys.stderr.write(" ".join(str(text).split()) + "\n")
    sys.exit(1)


def why(err):
    """Return the kind and the text of an exception."""
    return "%s: %s" % (type(err).__name__, err)


def forget_own_directory():
    """Take out of sys.path what the way of starting this script put there.

    zc.buildout hashes each directory that distributions are found in, so the
    path must be the one of the buildout script.
    """
    isolated = getattr(sys.flags, "isolated", 0) or getattr(sys.flags, "safe_path", False)
    own = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv[0] not in ("", "-", "-c") else ""
    if sys.path and not isolated and sys.path[0] in ("", own):
        del sys.path[0]


def load_engine():
    """Return the modules (buildout, easy_install, pkg_resources)."""
    try:
        # zc.buildout 6 brings a pkg_resources of its own, so it comes first.
        import zc.buildout.buildout as engine
        import zc.buildout.easy_install as easy_install
        import pkg_resources
    except Exception as err:
        fail("cannot import zc.buildout with %s: %s" % (sys.executable, why(err)))
    return engine, easy_install, pkg_resources


def check_form(engine, pkg_resources):
    """End when this zc.buildout makes signatures of another form."""
    names = ("_recipe", "_dists_sig")
    missing = [n for n in names if not callable(getattr(engine, n, None))]
    if missing:
        fail("this zc.buildout has no %s: its signatures cannot be computed" % " and no ".join(missing))
    for project in ("zc.buildout", "zc-buildout", "slapos.buildout"):
        dist = pkg_resources.working_set.find(pkg_resources.Requirement.parse(project))
        if dist is not None and "slapos" in dist.version + dist.project_name:
            fail("%s %s is the SlapOS fork: its signatures also name what a part depends on, "
                 "which a recipe alone does not tell" % (dist.project_name, dist.version))


def find(easy_install, pkg_resources, spec, directories):
    """Make the distributions of a requirement part of the working set."""
    requirement = pkg_resources.Requirement.parse(spec)
    if pkg_resources.working_set.find(requirement) is None and directories:
        easy_install.install([spec], None, path=list(directories), newest=False,
                             working_set=pkg_resources.working_set)
    return requirement


def signature(modules, recipe, directories):
    """Return the signature of a part whose recipe option is recipe."""
    engine, easy_install, pkg_resources = modules
    spec, entry = engine._recipe({"recipe": recipe})
    requirement = find(easy_install, pkg_resources, spec, directories)
    pkg_resources.load_entry_point(requirement.project_name, "zc.buildout", entry)
    return " ".join(engine._dists_sig(pkg_resources.working_set.resolve([requirement])))


def read_recipes(stream):
    """Return the list of recipe names on standard input."""
    try:
        recipes = json.load(stream)
    except ValueError as err:
        fail("standard input is not JSON: %s" % err)
    if not isinstance(recipes, list) or not all(isinstance(r, str) for r in recipes):
        fail("standard input is not a list of texts")
    return recipes


def main():
    forget_own_directory()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    recipes = read_recipes(sys.stdin)
    modules = load_engine()
    check_form(modules[0], modules[2])
    result = {}
    for recipe in sorted(set(recipes)):
        try:
            result[recipe] = signature(modules, recipe, sys.argv[1:])
        except Exception as err:
            fail("cannot import recipe %r with %s: %s" % (recipe, sys.executable, why(err)))
    json.dump(result, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
