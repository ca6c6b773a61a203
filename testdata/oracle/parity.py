#!/usr/bin/env python3
"""Print the table of parity between gobuild and zc.buildout.

    parity.py GOBUILD [--count 10000] [--checkout DIR] [--conformance DIR]

Run it with an interpreter that has zc.buildout 6.0.1, under Python 3.11. Counts
what is equal in both programs: the recorded cases beside this file (by asking
the reference again), generated profile sets (differential.py), with --checkout
the profiles of a checkout of SlapOS (corpus.py), with --conformance a directory
of conformance cases that has run_case.py. What differs is printed first. The
exit status is 1 when something differs. The table stands in
docs/compatibility.md.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

import archive
import corpus
import differential
import engine

HERE = os.path.dirname(os.path.abspath(__file__))


def recorded(args):
    """(name, comparisons, differences) of the cases."""
    compared = bad = 0
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        bench = differential.Bench(args.gobuild, engine.Reference(differential.SECONDS), os.path.realpath(folder))
        for path in sorted(glob.glob(os.path.join(HERE, "cases", "*.txtar"))):
            with open(path, newline="") as f:
                case, _ = archive.parse(f.read())
            found = bench.differences(case)
            compared += len(case.dialects)
            bad += len({d.split()[0] for d in found})
            for d in found:
                print("%s: %s" % (os.path.basename(path), d))
    return "recorded cases, in both dialects", compared, bad


def generated(args):
    said = list(differential.run_workers(differential.arguments([args.gobuild, "--count", str(args.count)])))
    for s in said:
        if s["found"]:
            differential.report(s, None)
    return "generated profile sets, in both dialects", len(said), sum(bool(s["found"]) for s in said)


def profiles(args):
    table, _ = corpus.compare_all(corpus.arguments([args.gobuild, args.checkout]))
    for folder in sorted(table):
        t = table[folder]
        name = "SlapOS %s: %d equal values, %d equal errors" % (folder, t["equal"], t["error"])
        yield name, sum(t.values()), t["differ"] + t["slow"]


def conformance(args):
    done = subprocess.run([sys.executable, os.path.join(args.conformance, "run_case.py"), os.path.join(args.conformance, "cases"),
                           "--program", args.gobuild], stdout=subprocess.PIPE, universal_newlines=True)
    m = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    if int(m.group(2)):
        print(done.stdout)
    return "conformance cases", int(m.group(1)) + int(m.group(2)), int(m.group(2))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild", type=os.path.abspath)
    p.add_argument("--count", type=int, default=10000)
    p.add_argument("--checkout", type=os.path.realpath)
    p.add_argument("--conformance", type=os.path.realpath)
    args = p.parse_args()
    engine.use_utf8()
    rows = [recorded(args), generated(args)]
    if args.checkout:
        rows += profiles(args)
    if args.conformance:
        rows.append(conformance(args))
    print("| what | compared | equal | differ |\n|---|---:|---:|---:|")
    for name, compared, bad in rows:
        print("| %s | %d | %d | %d |" % (name, compared, compared - bad, bad))
    return 1 if any(bad for _, _, bad in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
