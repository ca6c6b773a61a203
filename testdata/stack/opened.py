#!/usr/bin/env python3
"""Tell what the programs of a moved tree opened outside of it.

    opened.py TRACE TREE OLD [SCRATCH]

TRACE is the output of `strace -f -qq -y -e trace=%file,%process -o TRACE`. A
process counts when the program that it runs lies below TREE, or below SCRATCH
(programs that checks have compiled against the tree). Printed are

    old PROGRAM PATH    a path below OLD, where the tree was built, was asked for
                        by any process, successfully or not
    host PROGRAM PATH   a shared library outside of TREE and SCRATCH was opened
                        that belongs neither to glibc nor to the compiler

A script of the tree counts as the interpreter that its first line names. What
name services of the machine need (nsswitch.conf may name libnss_systemd, which
needs libcap) is loaded by glibc at the machine's own request, and left out.

Exit status 1 when something was printed, 2 when no program of TREE ran.
"""
import os
import re
import sys

# Libraries that a tree may take from the machine: glibc's, what glibc loads by
# itself (name services, character sets), and the compiler's runtime.
ALLOWED = re.compile(
    r"^(ld-linux[^/]*|ld64|lib(c|m|dl|pthread|rt|resolv|util|anl|mvec|BrokenLocale|nss_[a-z0-9]+|gcc_s|stdc\+\+))\.so[.0-9]*$"
)
LINE = re.compile(r"^(\d+)\s+(\w+)\(")
UNFINISHED = re.compile(r"^((\d+)\s+.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. \w+ resumed>(.*)")
PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
CHILD = re.compile(r"(?:clone|clone3|fork|vfork)\b.* = (\d+)")


def unescape(text):
    """The bytes that strace shows as octal and C escapes, as text."""
    return text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")


def below(path, directory):
    return bool(directory) and (path == directory or path.startswith(directory + "/"))


def runs(path):
    """The program that runs when PATH is executed: a script is its interpreter."""
    try:
        with open(path, "rb") as f:
            first = f.readline(256)
    except OSError:
        first = b""
    words = first[2:].split() if first.startswith(b"#!") else []
    return os.path.realpath(os.fsdecode(words[0]) if words else path)


class Trace:
    def __init__(self, tree, old, scratch):
        self.tree, self.old, self.scratch = tree, old, scratch
        self.program = {}  # process -> what it runs
        self.unfinished = {}  # process -> the call that it is in
        self.names = set()  # processes that have loaded a name service of the machine
        self.ran = set()
        self.found = set()

    def ours(self, path):
        return below(path, self.tree) or below(path, self.scratch)

    def line(self, line):
        """Take a line; a call that others have interrupted is put together."""
        if m := UNFINISHED.match(line):
            self.unfinished[m.group(2)] = m.group(1)
            return
        if m := RESUMED.match(line):
            line = self.unfinished.pop(m.group(1), m.group(1)) + m.group(2)
        if m := LINE.match(line):
            self.call(m.group(1), m.group(2), line)

    def call(self, pid, call, line):
        if child := CHILD.search(line):
            self.program.setdefault(child.group(1), self.program.get(pid, ""))
        paths = [unescape(p) for p in PATH.findall(line)[:2]] if call != "execve" else [unescape(p) for p in PATH.findall(line)[:1]]
        program = self.program.get(pid, "")
        for path in paths:
            if below(path, self.old):
                self.found.add(("old", program, path))
        if not re.search(r"= \d+(<.*>)?$", line) or not paths:
            return
        if call == "execve":
            self.program[pid] = runs(paths[0])
            self.names.discard(pid)
            if below(paths[0], self.tree):
                self.ran.add(paths[0])
        elif call in ("open", "openat", "openat2") and self.ours(program):
            self.opened(pid, program, paths[0])

    def opened(self, pid, program, path):
        name = os.path.basename(path)
        if name.startswith("libnss_") and not self.ours(path):
            self.names.add(pid)
        if pid not in self.names and re.search(r"\.so(\.|$)", name) and os.path.isabs(path) and not self.ours(os.path.normpath(path)) \
                and not ALLOWED.match(name) and "/gconv/" not in path and name != "ld.so.cache" and name != "ld.so.preload":
            self.found.add(("host", program, path))


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    trace = Trace(*(sys.argv[2:] + [""])[:3])
    with open(sys.argv[1], encoding="latin-1") as f:
        for line in f:
            trace.line(line.rstrip())
    for kind, program, path in sorted(trace.found):
        print(kind, program, path)
    if not trace.ran:
        print("no program of the tree ran", file=sys.stderr)
        sys.exit(2)
    print(f"{len(trace.ran)} programs of the tree ran", file=sys.stderr)
    sys.exit(1 if trace.found else 0)


if __name__ == "__main__":
    main()
