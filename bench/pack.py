#!/usr/bin/env python3
"""Compare packing and unpacking with tar and zstd.

  bench/pack.py GOBUILD TREE [-n 9] [--short] [--level N]

TREE is a directory in which gobuild has built, or that it has unpacked; a build
with `relocatable = true` has room for any place. Each round runs in turns

  pack      gobuild pack --from TREE      and   tar | zstd -3 -T2
  unpack    gobuild unpack                and   zstd -d | tar x

on the same files, without waiting for the disk, and notes the ratio of each
pair; the medians of the ratios are printed, and those of the times of processors.
Two archives of one tree must be equal. The status is 1 when a goal is missed:
pack at most 1.2 times, unpack at most 1.3 times as long.
"""
import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

# ext4 does not give numbers of files away again for five seconds, and looks for others at length.
RECENT = 6
GOALS = {"pack": 1.2, "unpack": 1.3}


def timed(command, env):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, shell=isinstance(command, str), check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    elapsed = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def same(a, b):
    with open(a, "rb") as x, open(b, "rb") as y:
        return x.read() == y.read()


def measure(args, work, env):
    parts = os.path.join(args.tree, "parts")
    archive, plain = os.path.join(work, "a.tar.zst"), os.path.join(work, "plain.tar.zst")
    ours, theirs = os.path.join(work, "ours"), os.path.join(work, "theirs")
    level = ["--level", str(args.level)] if args.level else []
    commands = {
        "pack": ([args.gobuild, "pack", "--from", args.tree, "-o", archive] + level, f"tar -C '{args.tree}' -cf - parts | zstd -q -3 -T2 -f -o '{plain}'"),
        "unpack": ([args.gobuild, "unpack", archive, "--to", ours], f"mkdir '{theirs}' && zstd -q -dc '{plain}' | tar -C '{theirs}' -xf -"),
    }
    wall, cpu = {name: [] for name in commands}, {name: [] for name in commands}
    first = os.path.join(work, "first.tar.zst")
    for _ in range(args.n):
        for name, (mine, other) in commands.items():
            for directory in (ours, theirs):
                shutil.rmtree(directory, ignore_errors=True)
            if name == "unpack":
                time.sleep(RECENT)
            a, b = timed(mine, env), timed(other, env)
            wall[name].append(a[0] / b[0])
            cpu[name].append(a[1] / b[1])
        if not os.path.exists(first):
            os.rename(archive, first)
            shutil.copy(first, archive)
        elif not same(first, archive):
            sys.exit("two archives of one tree differ")
    sizes = os.path.getsize(archive), os.path.getsize(plain)
    print(f"{parts}: {sizes[0] / 1e6:.1f} MB, by tar and zstd -3 {sizes[1] / 1e6:.1f} MB")
    return wall, cpu


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild")
    p.add_argument("tree")
    p.add_argument("-n", type=int, default=9, help="rounds")
    p.add_argument("--level", type=int, help="of gobuild pack")
    p.add_argument("--short", action="store_true", help="three rounds, no goals")
    args = p.parse_args()
    args.gobuild, args.tree = os.path.abspath(args.gobuild), os.path.abspath(args.tree)
    if args.short:
        args.n = 3
    missed = False
    with tempfile.TemporaryDirectory(prefix="p") as work:
        env = dict(os.environ, GOBUILD_FSYNC="false", HOME=work)
        wall, cpu = measure(args, work, env)
    for name, goal in GOALS.items():
        ratio = statistics.median(wall[name])
        missed = missed or ratio > goal
        print(f"{name:7} {ratio:.2f} times as long (goal {goal}), from {min(wall[name]):.2f} to {max(wall[name]):.2f}; {statistics.median(cpu[name]):.2f} times the processor time")
    sys.exit(1 if missed and not args.short else 0)


if __name__ == "__main__":
    main()
