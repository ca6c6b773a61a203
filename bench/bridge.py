#!/usr/bin/env python3
"""Compare recipes that run through the bridge with zc.buildout running the same egg.

  bench/bridge.py GOBUILD BUILDOUT [-p 20] [-n 7]

Makes an egg with one recipe and a profile of PARTS parts of it, has both install it,
and times runs with nothing to do, in turns, with the Python that runs BUILDOUT.
Then a recipe asks for 20,000 options, and one is timed alone against none.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time

RECIPE = """
class Recipe(object):
    def __init__(self, buildout, name, options):
        self.options = options
        options['directory'] = buildout['buildout']['directory']
        options.get('need')
    def install(self):
        return ()
    def update(self):
        for i in range(int(self.options.get('asks', 0))):
            self.options.get('need')
"""


def egg(directory):
    place = os.path.join(directory, "eggs", "v5", "bench.recipe-1.0.egg")
    info = os.path.join(place, "EGG-INFO")
    os.makedirs(info)
    for name, text in ((os.path.join(info, "PKG-INFO"), "Metadata-Version: 2.1\nName: bench.recipe\nVersion: 1.0\n"),
                       (os.path.join(info, "entry_points.txt"), "[zc.buildout]\ndefault = bench_recipe:Recipe\n"),
                       (os.path.join(place, "bench_recipe.py"), RECIPE)):
        with open(name, "w") as f:
            f.write(text)


def profile(n, more=""):
    directory = tempfile.mkdtemp(prefix="bridge-")
    egg(directory)
    sections = ["[buildout]\neggs-directory = eggs\nnewest = false\noffline = true\nparts =\n" + "".join(f"  p{i}\n" for i in range(n))]
    for i in range(n):
        need = f"need = ${{p{i - 1}:directory}}\n" if i else ""
        sections.append(f"[p{i}]\nrecipe = bench.recipe\n{need}{more}")
    with open(os.path.join(directory, "buildout.cfg"), "w") as f:
        f.write("\n".join(sections))
    return directory


def timed(command, directory, environ):
    start = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environ, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def best(commands, times, environ):
    taken = {name: [] for name in commands}
    for _ in range(times + 1):  # the first installs
        for name, (command, directory) in commands.items():
            taken[name].append(timed(command, directory, environ))
    return {name: statistics.median(ms[1:]) for name, ms in taken.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild")
    p.add_argument("buildout")
    p.add_argument("-p", type=int, default=20)
    p.add_argument("-n", type=int, default=7)
    a = p.parse_args()
    gobuild, buildout = [os.path.abspath(a.gobuild), "-q"], [os.path.abspath(a.buildout), "-q"]
    environ = dict(os.environ, PATH=os.path.dirname(buildout[0]) + ":" + os.environ["PATH"])
    asks = 20000
    ms = best({"gobuild": (gobuild, profile(a.p)), "zc.buildout": (buildout, profile(a.p)), "one part": (gobuild, profile(1)),
               "one part that asks": (gobuild, profile(1, f"asks = {asks}\n"))}, a.n, environ)
    print(f"nothing to do, {a.p} parts: gobuild {ms['gobuild']:.0f} ms, zc.buildout {ms['zc.buildout']:.0f} ms, "
          f"ratio {ms['zc.buildout'] / ms['gobuild']:.1f}")
    print(f"nothing to do, one part, which is the start of Python: {ms['one part']:.0f} ms; each further part {(ms['gobuild'] - ms['one part']) / (a.p - 1):.2f} ms")
    print(f"a question: {(ms['one part that asks'] - ms['one part']) / asks:.3f} ms")


if __name__ == "__main__":
    main()
