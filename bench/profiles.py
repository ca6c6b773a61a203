#!/usr/bin/env python3
"""Measure the reading of profiles, and print the ratios.

    PYTHON bench/profiles.py GOBUILD CHECKOUT [PROFILE ...] [-n 20] [--plain 120] [--check]

PYTHON is an interpreter that has zc.buildout 6.0.1, CHECKOUT a checkout of
SlapOS; the profiles are software/{matomo,nextcloud,erp5}/software.cfg unless named.
For each, `gobuild resolve --no-recipes --lenient` in the dialect slapos runs in
turns with `cat` of the same files, N times (medians count); the others once:

    reference   the engine with the files of the dialect slapos applied once
                (testdata/oracle/engine.py), start-up left out
    plain       zc.buildout's own loading, stopped after --plain seconds: it
                walks each path, and first reads the files of all of them, so
                the time is a lower bound (0 leaves it out)
    upstream    gobuild's `annotate` in the dialect upstream, where each path counts too

Then evaluation of 10,000 sections with 10 references each against 1,000, and
2^40 paths in the dialect upstream. With --check the exit status is 1 when a goal
is missed: 10 times cat, 50 times the reference, 1,000 times plain, 60 MB, every
file opened once (if strace is there), 10 times for 10 times the sections.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "testdata", "oracle")]
import compare as turns  # noqa: E402
del sys.modules["compare"]  # testdata/oracle has one too
sys.path.remove(HERE)
import engine  # noqa: E402

LARGEST = ["software/%s/software.cfg" % name for name in ("matomo", "nextcloud", "erp5")]
ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


class Goals:
    """Goals that were missed."""

    def __init__(self):
        self.missed = []

    def want(self, what, value, least=None, most=None):
        if least is not None and value < least or most is not None and value > most:
            self.missed.append("%s: %.1f, wanted %s %s" % (
                what, value, "at least" if least is not None else "at most", least if least is not None else most))


def resolve(args, profile, dialect):
    return [args.gobuild, "--dialect", dialect, "-U", "-c", profile, "resolve", "--json", "--no-recipes", "--lenient"]


def paths(files, root):
    """How many paths lead from root to files, itself included."""
    known = {}

    def count(path):
        if path not in known:
            known[path] = 1 + sum(count(child) for child in extends(path))
        return known[path]
    return count(os.path.realpath(root))


def extends(path):
    """The files that a file names in extends; good enough for counting."""
    with open(path) as f:
        text = re.sub(r"(?m)^[#;].*\n", "", f.read())
    m = re.search(r"(?m)^extends\s*=((?:.*\n)(?:[ \t]+.*\n|\n)*)", text)
    return [os.path.normpath(os.path.join(os.path.dirname(path), e)) for e in (m.group(1).split() if m else [])]


def opened_twice(argv):
    """Files that a run opens more than once; None without strace."""
    if not shutil.which("strace"):
        return None
    done = subprocess.run(["strace", "-f", "-e", "trace=open,openat"] + argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    names = re.findall(rb'"([^"]*\.cfg)"', done.stderr)
    return sorted({n.decode() for n in names if names.count(n) > 1})


# A small program that tells the peak memory of another: a process begins with
# that of the one that starts it.
PEAK = """
import os, sys
null = os.open(os.devnull, os.O_RDWR)
pid = os.fork()
if pid == 0:
    os.dup2(null, 1); os.dup2(null, 2)
    os.execv(sys.argv[1], sys.argv[1:])
print(os.wait4(pid, 0)[2].ru_maxrss // 1024)
"""


def peak(argv):
    """The peak memory of a run in MB."""
    return int(subprocess.check_output([sys.executable, "-I", "-S", "-c", PEAK] + argv))


def measure(args, goals, profile):
    """Print the rows of one profile."""
    path = os.path.join(args.checkout, profile)
    want = engine.Reference(600).run(["-U", "-c", path], engine.SLAPOS, args.checkout, ENVIRON, lenient=True)
    if "error" in want:
        raise turns.Failed("%s: %s" % (profile, want["error"]["message"]))
    ours, cat = turns.Program(resolve(args, path, "slapos")), turns.Program(["cat"] + want["files"])
    turns.in_turns(ours, cat, args.n)
    ms = ours.median()
    print("%s: %d files, %d sections, %d options, %d paths" % (
        profile, len(want["files"]), len(want["raw"]), sum(len(o) for o in want["raw"].values()), paths(want["files"], path)))
    row = "  %-11s %12.1f ms   gobuild %6.1f ms   %s"
    print(row % ("cat", cat.median(), ms, "%.1f times cat" % (ms / cat.median())))
    goals.want(profile + " against cat", ms / cat.median(), most=10)
    print(row % ("reference", 1000 * want["seconds"], ms, "%.0f times faster" % (1000 * want["seconds"] / ms)))
    goals.want(profile + " against the reference", 1000 * want["seconds"] / ms, least=50)
    if args.plain:
        plain(args, goals, profile, ms)
    upstream = turns.Program([args.gobuild, "--dialect", "upstream", "-U", "-c", path, "annotate"])
    repeat(upstream, args.n)
    print("  %-11s %31s %6.1f ms, %.0f MB" % ("upstream", "gobuild", upstream.median(), peak(upstream.argv)))
    twice = opened_twice(ours.argv)
    memory = peak(ours.argv)
    print("  peak memory %d MB; files opened more than once: %s" % (
        memory, "no strace" if twice is None else len(twice)), flush=True)
    goals.want(profile + " memory", memory, most=60)
    goals.want(profile + " files opened twice", len(twice or ()), most=0)


def repeat(program, n):
    """Run a program n times."""
    for _ in range(n):
        program.run()


def plain(args, goals, profile, ms):
    path = os.path.join(args.checkout, profile)
    want = engine.Reference(args.plain).run(["-U", "-c", path], engine.UPSTREAM, args.checkout, ENVIRON, lenient=True, values=False)
    stopped = want.get("error", {}).get("class") == "Harness"
    seconds = args.plain if stopped else want["seconds"]
    print("  %-11s %s%10.0f ms   gobuild %6.1f ms   %s%.0f times faster" % (
        "plain", ">" if stopped else " ", 1000 * seconds, ms, "more than " if stopped else "", 1000 * seconds / ms))
    goals.want(profile + " against plain", 1000 * seconds / ms, least=1000)


def write_sections(path, count):
    """A profile whose sections have ten references each to those before them."""
    with open(path, "w") as f:
        f.write("[buildout]\nparts =\n" + "".join("  s%d\n" % i for i in range(count)))
        for i in range(count):
            f.write("[s%d]\nrecipe = r\nv = %d\n" % (i, i))
            f.write("".join("o%d = ${s%d:v}\n" % (k, i - k) for k in range(1, min(10, i) + 1)))


def growth(args, goals, folder):
    programs = []
    for count in (1000, 10000):
        path = os.path.join(folder, "sections%d.cfg" % count)
        write_sections(path, count)
        programs.append(turns.Program(resolve(args, path, "slapos")))
    turns.in_turns(*programs, args.n)
    small, large = (p.median() for p in programs)
    print("sections with 10 references: 1,000 in %.1f ms, 10,000 in %.1f ms, %.1f times" % (small, large, large / small))
    goals.want("10,000 sections", large / small, most=10)


def tower(args, folder, levels=40):
    """2^levels paths: each of two files of a level extends both of the next."""
    below = "base.cfg"
    with open(os.path.join(folder, below), "w") as f:
        f.write("[a]\nx = 1\n")
    for i in range(levels):
        names = ["l%d.cfg" % i, "r%d.cfg" % i]
        for name in names:
            with open(os.path.join(folder, name), "w") as f:
                f.write("[buildout]\nextends = %s\n[a]\nx = 2\ny = %d\n" % (below, i))
        below = " ".join(names)
    path = os.path.join(folder, "tower.cfg")
    with open(path, "w") as f:
        f.write("[buildout]\nparts =\nextends = %s\n" % below)
    program = turns.Program(resolve(args, path, "upstream"))
    repeat(program, args.n)
    print("2^%d paths in the dialect upstream: %.1f ms" % (levels, program.median()))


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild", type=os.path.abspath)
    p.add_argument("checkout", type=os.path.realpath)
    p.add_argument("profiles", nargs="*", default=LARGEST, metavar="PROFILE")
    p.add_argument("-n", type=int, default=20, help="runs (default 20)")
    p.add_argument("--plain", type=int, default=120, metavar="SECONDS", help="limit for zc.buildout's own loading (default 120)")
    p.add_argument("--check", action="store_true", help="end with 1 when a goal is missed")
    return p.parse_args()


def main():
    args = arguments()
    engine.use_utf8()
    goals = Goals()
    for profile in args.profiles:
        measure(args, goals, profile)
    with tempfile.TemporaryDirectory(prefix="gobuild-bench.") as folder:
        growth(args, goals, folder)
        tower(args, folder)
    for line in goals.missed:
        print("missed: " + line)
    return 1 if goals.missed and args.check else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except turns.Failed as err:
        sys.exit("profiles.py: %s" % err)
