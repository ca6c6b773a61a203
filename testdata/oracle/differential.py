#!/usr/bin/env python3
"""Compare gobuild with zc.buildout on random profile sets.

    differential.py GOBUILD [--count 10000] [--seed parity] [--jobs N] [--keep DIR]

Run it with an interpreter that has zc.buildout 6.0.1. Each set is read in both
dialects by both programs: `annotate` (its text; values, sources and histories)
and `resolve` (values, order of parts, holes), or the error (its class, and its
words). A set that differs is made as small as possible, printed with the
difference, and with --keep written to DIR as an archive for testdata/oracle/cases.
The last line counts the sets, the comparisons and the differences; the exit
status is 1 when there is a difference. What the reference does not answer in 20
seconds (it walks each path to a file) is not compared. `--one SEED` looks at one
set, for example parity:17.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import archive
import compare
import engine
import generate
import shrink


SECONDS = 20  # that the reference may take for a set


class Bench:
    """A directory in which sets are laid out and both programs are run."""

    def __init__(self, gobuild, reference, folder):
        self.gobuild, self.reference, self.folder = gobuild, reference, folder
        self.slow = 0  # answers that the reference did not give in time
        self.environ = {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8",
                        "GOBUILD_PYTHON_VERSION": "%d.%d.%d" % sys.version_info[:3]}

    def lay_out(self, case):
        """Write the files of a case; return their directory."""
        root = os.path.join(self.folder, "p")
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(os.path.join(root, "home"))
        for name, text in case.files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(text)
        return root

    def differences(self, case):
        """The differences of a case, as texts; [] when both agree."""
        root = self.lay_out(case)
        found = []
        for dialect in case.dialects:
            want = self.ask_reference(case, dialect, root)
            if compare.too_slow(want):
                self.slow += 1
                continue
            for command in case.commands:
                if command == "text" and ("error" in want or dialect != case.dialects[0] or case.verbose()):
                    continue  # the engine evaluates [buildout] before it prints; once is enough; -v has line numbers here
                got = self.ask_gobuild(case, dialect, command, root)
                found += ["%s %s: %s" % (dialect, command, d) for d in compare.differences(command, want, got)]
        return found

    def env(self, root):
        return dict(self.environ, HOME=os.path.join(root, "home"))

    def ask_reference(self, case, dialect, root):
        argv = case.args + (["install"] + case.parts if case.parts else [])
        return self.reference.run(argv, dialect, root, self.env(root), lenient=case.lenient)

    def ask_gobuild(self, case, dialect, command, root):
        argv = [self.gobuild, "--dialect", dialect, "--message-format", "json"]
        argv += ["buildout:executable=" + sys.executable] * (command != "text")
        argv += case.args + (["annotate"] if command == "text" else [command, "--json"])
        if command == "resolve":
            argv += ["--no-recipes"] + ["--lenient"] * case.lenient + case.parts
        done = subprocess.run(argv, cwd=root, env=self.env(root), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return compare.Answer(done.returncode, done.stdout, done.stderr)


def work(args, first, step, sink):
    """Compare every step-th set from first on; write what differs to sink."""
    folder = tempfile.mkdtemp(prefix="oracle-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    bench = Bench(args.gobuild, engine.Reference(SECONDS), folder)
    try:
        for i in range(first, args.count, step):
            seed = "%s:%d" % (args.seed, i)
            sink.write(json.dumps(examine(bench, seed, args.shrink)) + "\n")
            sink.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def examine(bench, seed, small):
    """What is said of one set: seed, comparisons, differences, archive."""
    case = generate.generate(seed)
    bench.slow = 0
    found = bench.differences(case)
    said = {"seed": seed, "compared": len(case.commands) * (len(case.dialects) - bench.slow), "found": found}
    if found:
        if small:
            case = shrink.shrink(case, bench.differences, found)
            said["found"] = bench.differences(case)
        said["archive"] = archive.text(case, "seed " + seed)
    return said


def run_workers(args):
    """Yield what the workers say, as it comes."""
    pipes = []
    for first in range(args.jobs):
        source, sink = os.pipe()
        if os.fork() == 0:
            os.close(source)
            try:
                with os.fdopen(sink, "w") as out:
                    work(args, first, args.jobs, out)
            except BrokenPipeError:
                pass
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(sink)
        pipes.append(os.fdopen(source))
    while pipes:
        for pipe in list(pipes):
            line = pipe.readline()
            if line:
                yield json.loads(line)
            else:
                pipes.remove(pipe)


def report(said, keep):
    print("== %s" % said["seed"])
    for d in said["found"][:6]:
        print("   " + d)
    print("".join("   | %s\n" % line for line in said["archive"].split("\n")), flush=True)
    if keep:
        os.makedirs(keep, exist_ok=True)
        with open(os.path.join(keep, said["seed"].replace(":", "-") + ".txtar"), "w", newline="") as f:
            f.write(said["archive"])


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild", type=os.path.abspath)
    p.add_argument("--count", type=int, default=10000, help="how many sets (default 10000)")
    p.add_argument("--seed", default="parity", help="another seed gives other sets")
    p.add_argument("--one", metavar="SEED", help="only this set, as printed behind ==")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    p.add_argument("--keep", metavar="DIR", help="write sets that differ to DIR")
    p.add_argument("--no-shrink", dest="shrink", action="store_false", help="leave sets as they are")
    p.add_argument("--stop", type=int, default=0, metavar="N", help="stop after N sets that differ")
    return p.parse_args(argv)


def one(args):
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        yield examine(Bench(args.gobuild, engine.Reference(SECONDS), folder), args.one, args.shrink)


def main():
    args = arguments()
    engine.use_utf8()
    engine.Reference()
    start, sets, compared, bad = time.time(), 0, 0, 0
    for said in one(args) if args.one else run_workers(args):
        sets, compared = sets + 1, compared + said["compared"]
        if said["found"]:
            bad += 1
            report(said, args.keep)
            if bad == args.stop:
                break
    print("%d sets, %d comparisons, %d sets differ, %.0f s" % (sets, compared, bad, time.time() - start))
    if not args.one and bad != args.stop and sets < args.count:
        print("a worker ended early")
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
