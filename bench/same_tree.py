#!/usr/bin/env python3
"""Compare two built part trees.

    bench/same_tree.py A B

Equal are trees with the same names, types, permission bits and symlink
targets.  Contents are not compared: objects and archives carry times and the
path they were built in.  A symlink target that lies below A is compared with
one below B as the path relative to its tree.  Prints one line per difference:

    only in A: PATH          PATH is missing in B
    only in B: PATH          PATH is missing in A
    type: PATH: X in A, Y in B
    mode: PATH: 755 in A, 644 in B
    target: PATH: X in A, Y in B

Exit status: 0 same, 1 different, 2 not two directories.
"""
import os
import stat
import sys

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


def target(root, path):
    """Return where a symlink points, relative to root if it points below it."""
    to = os.readlink(path)
    if to == root or to.startswith(root + os.sep):
        return "<root>" + to[len(root):]
    return to


def tree(root):
    """Return {relative path: (kind, mode, symlink target or None)}."""
    root = os.path.realpath(root)
    found = {}
    for folder, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            kind = KINDS[stat.S_IFMT(st.st_mode)]
            link = target(root, path) if kind == "symlink" else None
            found[os.path.relpath(path, root)] = (kind, stat.S_IMODE(st.st_mode), link)
    return found


def differences(a, b):
    """Yield a line for each difference of two trees, in order of paths."""
    for path in sorted(set(a) | set(b)):
        if path not in b:
            yield "only in A: %s" % path
        elif path not in a:
            yield "only in B: %s" % path
        elif a[path][0] != b[path][0]:
            yield "type: %s: %s in A, %s in B" % (path, a[path][0], b[path][0])
        elif a[path][2] != b[path][2]:
            yield "target: %s: %s in A, %s in B" % (path, a[path][2], b[path][2])
        elif a[path][1] != b[path][1] and a[path][0] != "symlink":
            yield "mode: %s: %o in A, %o in B" % (path, a[path][1], b[path][1])


def main():
    if len(sys.argv) != 3 or not all(map(os.path.isdir, sys.argv[1:])):
        sys.stderr.write(__doc__)
        return 2
    a, b = tree(sys.argv[1]), tree(sys.argv[2])
    count = 0
    for line in differences(a, b):
        print(line)
        count += 1
    print("%d and %d entries, %d differences" % (len(a), len(b), count))
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
