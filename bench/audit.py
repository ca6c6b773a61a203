#!/usr/bin/env python3
"""Compare `gobuild audit` with reading all the files.

    bench/audit.py GOBUILD PARTS_DIR [ROUNDS]

Runs `gobuild audit --tree PARTS_DIR --parts` and `find PARTS_DIR -type f -exec cat`
in turn, ROUNDS times (default 7), after one round that does not count. Prints
the median of the ratios of each round, the quartiles, and the peak memory of
the audit. The goal is a ratio of at most 2 and at most 100 MB.
"""
import os
import statistics
import subprocess
import sys
import time


def seconds(argv):
    start = time.perf_counter()
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode not in (0, 5):
        sys.exit(f"{argv[0]} ended with {done.returncode}")
    return time.perf_counter() - start


def peak(argv):
    """The peak memory of a program in MB."""
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, _, usage = os.wait4(pid, 0)
    return usage.ru_maxrss / 1024


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    gobuild, parts = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) == 4 else 7
    audit = [gobuild, "audit", "--tree", parts, "--parts"]
    cat = ["find", parts, "-type", "f", "-exec", "cat", "{}", "+"]
    ratios = []
    for n in range(rounds + 1):
        a, c = seconds(audit), seconds(cat)
        if n:
            ratios.append(a / c)
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"audit / cat: {middle:.2f} (quartiles {low:.2f} to {high:.2f}, {rounds} rounds), peak {peak(audit):.0f} MB")


if __name__ == "__main__":
    main()
