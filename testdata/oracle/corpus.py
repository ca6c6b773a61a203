#!/usr/bin/env python3
"""Compare gobuild with zc.buildout on the profiles of a checkout.

    corpus.py GOBUILD CHECKOUT [--dialect slapos] [--match REGEX] [--all] [--jobs N]

Run it with an interpreter that has zc.buildout 6.0.1. The profiles are
component/*/buildout.cfg, software/*/software*.cfg, stack/*.cfg, stack/*/*.cfg;
with --all every .cfg file below CHECKOUT. Each is read by both programs:
`annotate` (values, sources, histories before macros and substitution) and
`resolve --lenient` (values, order of parts, holes), or the error. Prints each
profile that differs, and a table by folder:

    equal      annotate and resolve give the same
    error      both refuse the profile, for the same reason
    differ     anything else
    slow       the reference took longer than --limit seconds

The exit status is 1 when a profile differs. Nothing is fetched: a profile that
extends a URL is an error for both.
"""
import argparse
import collections
import glob
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import compare
import engine

FOLDERS = ("component/*/buildout.cfg", "software/*/software*.cfg", "stack/*.cfg", "stack/*/*.cfg")


def profiles(args):
    patterns = ("**/*.cfg",) if args.all else FOLDERS
    found = {p for g in patterns for p in glob.glob(os.path.join(args.checkout, g), recursive=True)}
    return sorted(p for p in found if re.search(args.match, os.path.relpath(p, args.checkout)))


def ask_gobuild(args, profile, command):
    argv = [args.gobuild, "--dialect", args.dialect, "--message-format", "json", "-U", "-o", "-c", profile,
            "buildout:executable=" + sys.executable, command, "--json"]
    argv += ["--no-recipes", "--lenient"] * (command == "resolve")
    start = time.perf_counter()
    done = subprocess.run(argv, env=args.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return compare.Answer(done.returncode, done.stdout, done.stderr), time.perf_counter() - start


def judge(args, reference, profile):
    """(verdict, differences, seconds of the reference, seconds of gobuild)"""
    want = reference.run(["-U", "-o", "-c", profile], args.dialect, args.checkout, args.environ, lenient=True)
    if compare.too_slow(want):
        return "slow", [], args.limit, 0
    found, ours = [], 0
    for command in ("annotate", "resolve"):
        got, seconds = ask_gobuild(args, profile, command)
        ours += seconds
        found += ["%s: %s" % (command, d) for d in compare.differences(command, want, got)]
    verdict = "differ" if found else "error" if "error" in want else "equal"
    return verdict, found, want["seconds"], ours


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild", type=os.path.abspath)
    p.add_argument("checkout", type=os.path.realpath)
    p.add_argument("--dialect", choices=(engine.SLAPOS, engine.UPSTREAM), default=engine.SLAPOS)
    p.add_argument("--match", default="", help="only profiles whose path has a match of REGEX", metavar="REGEX")
    p.add_argument("--all", action="store_true", help="every .cfg file")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    p.add_argument("--limit", type=int, default=600, help="seconds for the reference on one profile (default 600)")
    args = p.parse_args(argv)
    args.environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1",
                    "GOBUILD_PYTHON_VERSION": "%d.%d.%d" % sys.version_info[:3]}
    return args


def report(table, seconds):
    row = "%-12s %8s %8s %8s %8s %8s"
    print(row % ("folder", "profiles", "equal", "error", "differ", "slow"))
    total = collections.Counter()
    for folder in sorted(table):
        t = table[folder]
        total += t
        print(row % (folder, sum(t.values()), t["equal"], t["error"], t["differ"], t["slow"]))
    print(row % ("all", sum(total.values()), total["equal"], total["error"], total["differ"], total["slow"]))
    print("seconds: reference %.1f, gobuild %.1f (two processes for each profile)" % tuple(seconds))
    return total


def compare_all(args):
    """Compare all profiles, print what differs; return {folder: counts}, seconds."""
    reference = engine.Reference(args.limit)
    table, seconds = collections.defaultdict(collections.Counter), [0, 0]
    todo = profiles(args)
    with ThreadPoolExecutor(args.jobs) as pool:
        for path, (verdict, found, theirs, ours) in zip(todo, pool.map(lambda p: judge(args, reference, p), todo)):
            name = os.path.relpath(path, args.checkout)
            table[name.split("/")[0]][verdict] += 1
            seconds[0] += theirs
            seconds[1] += ours
            for d in found[:3]:
                print("%s: %s" % (name, d[:500]), flush=True)
    return table, seconds


def main():
    args = arguments()
    engine.use_utf8()
    total = report(*compare_all(args))
    return 1 if total["differ"] or not total else 0


if __name__ == "__main__":
    sys.exit(main())
