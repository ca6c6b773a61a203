#!/usr/bin/env python3
"""Compare a run with nothing to do with that of ninja over as many edges.

  bench/noop.py GOBUILD [-p 1000] [-n 15]

Makes a directory with PARTS parts of the recipe download (each from a local file
with a checksum) and a ninja graph with as many edges, each from one file
to one file, brings both up to date, and times both in turns.
"""
import argparse
import hashlib
import os
import resource
import statistics
import subprocess
import tempfile
import time


def timed(command, directory):
    start = time.perf_counter()
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def parts(directory, n):
    os.makedirs(os.path.join(directory, "data"))
    sections = ["[buildout]\nparts =\n" + "".join(f"  p{i}\n" for i in range(n))]
    for i in range(n):
        with open(os.path.join(directory, "data", f"f{i}"), "w") as f:
            f.write(str(i))
        md5 = hashlib.md5(str(i).encode()).hexdigest()
        need = f"need = ${{p{i // 2}:location}}\n" if i else ""
        sections.append(f"[p{i}]\nrecipe = slapos.recipe.build:download\nurl = ${{buildout:directory}}/data/f{i}\nmd5sum = {md5}\n{need}")
    with open(os.path.join(directory, "buildout.cfg"), "w") as f:
        f.write("\n".join(sections))


def edges(directory, n):
    with open(os.path.join(directory, "build.ninja"), "w") as f:
        f.write("rule copy\n  command = cp $in $out\n")
        for i in range(n):
            with open(os.path.join(directory, f"in{i}"), "w") as source:
                source.write(str(i))
            need = f" | out{i // 2}" if i else ""
            f.write(f"build out{i}: copy in{i}{need}\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild")
    p.add_argument("-p", type=int, default=1000)
    p.add_argument("-n", type=int, default=15)
    a = p.parse_args()
    ours, theirs = tempfile.mkdtemp(prefix="noop-"), tempfile.mkdtemp(prefix="noop-ninja-")
    parts(ours, a.p)
    edges(theirs, a.p)
    gobuild = [os.path.abspath(a.gobuild), "-q", "-U"]
    commands = {"gobuild": (gobuild, ours), "ninja": (["ninja"], theirs)}
    for command, directory in commands.values():
        timed(command, directory)
        timed(command, directory)
    times = {name: [] for name in commands}
    for _ in range(a.n):
        for name, (command, directory) in commands.items():
            times[name].append(timed(command, directory))
    for name, list_ in times.items():
        print(f"{name:8} min {min(list_):7.1f} ms  median {statistics.median(list_):7.1f} ms")
    print(f"ratio    min {min(times['gobuild']) / min(times['ninja']):7.2f}     median "
          f"{statistics.median(times['gobuild']) / statistics.median(times['ninja']):7.2f}")
    print(f"peak memory of all: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10} MB")


if __name__ == "__main__":
    main()
