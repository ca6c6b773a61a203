#!/usr/bin/env python3
"""Measure gobuild and the reference engine in turns, and print the ratios.

    bench/compare.py GOBUILD BUILDOUT BUILT_SMALL [-n 20] [--check]

In each case both programs run one after the other, N times, so that a change
of the machine's load meets both.  Wall time in milliseconds:

    annotate     `annotate` of testdata/stack/medium.cfg
    no-op small  a run in a copy of BUILT_SMALL where nothing is to be done
    no-op 1000   the same with 1,000 trivial parts (slapos.recipe.build:download)
    start-up     `gobuild --version` against /bin/true: the difference counts

The peak memory is the largest of all runs of a program, as the kernel tells it
(a small program is shown with at least the size of this Python).  With --check
the exit status is 1 when gobuild is less than 100 times as fast by the median,
starts in more than 10 ms more than /bin/true, or takes 100 MB or more.
"""
import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import clone_built  # noqa: E402

STACK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testdata", "stack")
PARTS = 1000


class Failed(Exception):
    pass


class Program:
    """A command whose runs are measured."""

    def __init__(self, argv, cwd=None):
        self.argv, self.cwd = argv, cwd
        self.times, self.peak = [], 0

    def run(self):
        start = time.perf_counter()
        child = subprocess.Popen(self.argv, cwd=self.cwd, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise Failed("%s in %s ended with %d" % (" ".join(self.argv), self.cwd or ".", child.returncode))
        self.times.append(1000 * (time.perf_counter() - start))
        self.peak = max(self.peak, usage.ru_maxrss / 1024)

    def forget(self):
        self.times = []

    def least(self):
        return min(self.times)

    def median(self):
        return statistics.median(self.times)


def in_turns(a, b, n):
    """Run both once unmeasured, then n times each in turns."""
    for program in (a, b):
        program.run()
        program.forget()
    for _ in range(n):
        a.run()
        b.run()


def write_thousand(directory):
    """Write a profile of trivial parts that both engines can install."""
    content = b"content\n"
    with open(os.path.join(directory, "source"), "wb") as f:
        f.write(content)
    names = ["part%03d" % i for i in range(PARTS)]
    with open(os.path.join(directory, "buildout.cfg"), "w") as f:
        f.write("[buildout]\nparts =\n" + "".join("  %s\n" % n for n in names))
        f.write("\n[base]\nrecipe = slapos.recipe.build:download\n"
                "url = ${buildout:directory}/source\nmd5sum = %s\n" % hashlib.md5(content).hexdigest())
        for n in names:
            f.write("\n[%s]\n<= base\nfilename = %s.txt\n" % (n, n))


def quiet(argv, cwd):
    """Run a command whose output matters only when it fails; return it."""
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    if done.returncode != 0:
        raise Failed("%s in %s ended with %d:\n%s" % (" ".join(argv), cwd, done.returncode, done.stdout))
    return done.stdout


def entries(directory):
    """Return {path: change time} of the parts, to see whether one was rebuilt."""
    return {os.path.join(folder, d): os.lstat(os.path.join(folder, d)).st_ctime_ns
            for folder, dirs, _ in os.walk(os.path.join(directory, "parts")) for d in dirs}


def settle(argv, directory):
    """Make sure that a run in directory has nothing to do."""
    before = entries(directory)
    quiet(argv, directory)
    if entries(directory) != before:
        raise Failed("%s in %s rebuilt parts: not a no-op" % (" ".join(argv), directory))


def annotate(args, work):
    profile = os.path.realpath(os.path.join(STACK, "medium.cfg"))
    return [Program([p, "-c", profile, "buildout:directory=" + work, "annotate"], work)
            for p in (args.gobuild, args.buildout)]


def noop_small(args, work):
    programs = []
    for name, program in (("gobuild", args.gobuild), ("reference", args.buildout)):
        directory = os.path.join(work, "small-" + name)
        clone_built.clone(args.built, directory)
        argv = [program, "-N", "-o"]
        if name == "reference" and os.path.isdir(os.path.join(args.built, ".gobuild")):
            python = os.path.join(os.path.dirname(args.buildout), "python")
            quiet([args.gobuild, "handover", "--python", python], directory)
        settle(argv, directory)
        programs.append(Program(argv, directory))
    return programs


def noop_thousand(args, work):
    programs = []
    for name, program in (("gobuild", args.gobuild), ("reference", args.buildout)):
        directory = os.path.join(work, "thousand-" + name)
        os.mkdir(directory)
        write_thousand(directory)
        argv = [program, "-N", "-o"]
        quiet(argv, directory)
        settle(argv, directory)
        programs.append(Program(argv, directory))
    return programs


def start_up(args, work):
    return [Program([args.gobuild, "--version"], work), Program(["/bin/true"], work)]


def measure_ratios(args, work):
    """Print the cases that compare the engines; return misses and the peak."""
    misses, peak = [], 0
    print("%-12s %22s %22s %16s" % ("", "gobuild ms", "reference ms", "times faster"))
    print("%-12s %11s %10s %11s %10s %8s %7s" % ("", "min", "median", "min", "median", "min", "median"))
    for name, case in (("annotate", annotate), ("no-op small", noop_small), ("no-op 1000", noop_thousand)):
        ours, theirs = case(args, work)
        in_turns(ours, theirs, args.n)
        ratio = theirs.median() / ours.median()
        print("%-12s %11.1f %10.1f %11.1f %10.1f %8.0f %7.0f" % (
            name, ours.least(), ours.median(), theirs.least(), theirs.median(),
            theirs.least() / ours.least(), ratio), flush=True)
        peak = max(peak, ours.peak)
        if ratio < 100:
            misses.append("%s: %.0f times as fast, wanted 100" % (name, ratio))
    return misses, peak


def measure_start(args, work):
    """Print what starting costs; return misses and the peak."""
    ours, nothing = start_up(args, work)
    in_turns(ours, nothing, args.n)
    more = ours.median() - nothing.median()
    print("start-up     %.1f ms (min %.1f), /bin/true %.1f ms (min %.1f): %.1f ms more" % (
        ours.median(), ours.least(), nothing.median(), nothing.least(), more))
    return ["start-up: %.1f ms more than /bin/true, wanted 10" % more] if more > 10 else [], ours.peak


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild", type=shutil.which, help="the gobuild program")
    p.add_argument("buildout", type=os.path.abspath, help="the buildout program of a venv")
    p.add_argument("built", help="a directory where the small stack is built")
    p.add_argument("-n", type=int, default=20, help="runs per program and case (default 20)")
    p.add_argument("--check", action="store_true", help="end with 1 when a goal is missed")
    args = p.parse_args()
    if not args.gobuild:
        p.error("the first argument is not a program")
    args.gobuild = os.path.abspath(args.gobuild)
    return args


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="gobuild-bench.") as work:
        work = os.path.realpath(work)
        misses, peak = measure_ratios(args, work)
        more, start_peak = measure_start(args, work)
    peak = max(peak, start_peak)
    print("peak memory  %.0f MB" % peak)
    misses += more
    if peak >= 100:
        misses.append("peak memory: %.0f MB, wanted less than 100" % peak)
    for line in misses:
        print("missed: " + line)
    return 1 if misses and args.check else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as err:
        sys.exit("compare.py: %s" % err)
