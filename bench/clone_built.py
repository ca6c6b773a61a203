#!/usr/bin/env python3
"""Copy a buildout directory so that the copy counts as built.

    bench/clone_built.py FROM TO

Files of the copy are hard links where that is possible.  In .installed.cfg and
buildout.cfg the path of FROM is replaced by that of TO, so an engine that runs
in TO finds all its parts installed with unchanged options.  The programs in
the copy still name FROM as their prefix: the copy is for measuring no-op runs,
not for use.
"""
import os
import shutil
import sys

STATE = (".installed.cfg", "buildout.cfg")


def link_or_copy(source, target):
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def rewrite(path, old, new):
    """Replace the path old by new in a file, as a new file."""
    with open(path, encoding="utf-8", newline="") as f:
        text = f.read()
    os.remove(path)
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text.replace(old, new))


def clone(source, target):
    source, target = os.path.realpath(source), os.path.realpath(target)
    shutil.copytree(source, target, symlinks=True, copy_function=link_or_copy,
                    ignore=shutil.ignore_patterns(".gobuild"))
    for name in STATE:
        path = os.path.join(target, name)
        if os.path.exists(path):
            rewrite(path, source, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    clone(sys.argv[1], sys.argv[2])
