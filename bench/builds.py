#!/usr/bin/env python3
"""Build a stack from nothing with zc.buildout and with gobuild, in turns.

  bench/builds.py GOBUILD BUILDOUT PROFILE SOURCES [-n 1] [--jobs 2] [--only gobuild]

BUILDOUT is the program of a venv (reference.sh), SOURCES what fetch_sources.py
has fetched. zc.buildout runs with MAKEFLAGS=-jN and a download cache made of
SOURCES. Prints for each turn the
wall time of both, their ratio, and how far gobuild is from the lower bound
max(critical path, CPU time / cores) of its own run. The critical path is that of
parts as they were built, each with the jobs that it got.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time


def run(command, directory, environ):
    start = time.monotonic()
    with open(os.path.join(directory, "output.txt"), "wb") as out:
        status = subprocess.run(command, cwd=directory, env=environ, stdout=out, stderr=out).returncode
    if status:
        sys.exit(f"{' '.join(command)}: status {status}, see {directory}/output.txt")
    return time.monotonic() - start


def directory_for(name, a):
    path = tempfile.mkdtemp(prefix=f"builds-{name}-", dir=a.dir)
    os.symlink(os.path.join(a.sources, "mirror"), os.path.join(path, "mirror"))
    return path


def gobuild(a):
    directory = directory_for("gobuild", a)
    environ = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
    environ |= {"GOBUILD_MIRRORS": a.sources, "GOBUILD_CACHE": ""}
    command = [a.gobuild, "-N", "-j", str(a.jobs), "-c", a.profile, f"buildout:directory={directory}"]
    wall = run(command, directory, environ)
    report = subprocess.run([a.gobuild, "-c", a.profile, f"buildout:directory={directory}", "--json", "report"],
                            cwd=directory, env=environ, capture_output=True, check=True).stdout
    bound = json.loads(report)["bound"]
    shutil.rmtree(directory)
    return wall, bound["lower_ns"] / 1e9, bound["cpu_ns"] / 1e9


def reference(a):
    directory = directory_for("reference", a)
    environ = os.environ | {"MAKEFLAGS": f"-j{a.jobs}"}
    command = [a.buildout, "-N", "-o", "-c", a.profile, f"buildout:directory={directory}"]
    command.append(f"buildout:download-cache={a.cache}")
    wall = run(command, directory, environ)
    shutil.rmtree(directory)
    return wall


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild")
    p.add_argument("buildout")
    p.add_argument("profile")
    p.add_argument("sources")
    p.add_argument("-n", type=int, default=1, help="turns")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--only", choices=["gobuild"])
    p.add_argument("--dir", help="where the directories of the builds are made")
    a = p.parse_args()
    for name in ("gobuild", "profile", "sources", "buildout"):
        setattr(a, name, os.path.abspath(getattr(a, name)))
    a.cache = tempfile.mkdtemp(prefix="builds-cache-", dir=a.dir)
    fill = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fill_download_cache.py")
    subprocess.run([sys.executable, fill, "--partial", os.path.dirname(a.profile), a.sources, a.cache], check=True, stdout=subprocess.DEVNULL)
    print("turn  zc.buildout s  gobuild s  times faster  gobuild CPU s  lower bound s  gobuild / bound  load")
    for turn in range(a.n):
        slow = 0 if a.only else reference(a)
        wall, lower, cpu = gobuild(a)
        ratio = f"{slow / wall:12.2f}" if slow else " " * 12
        print(f"{turn + 1:4}  {slow:13.0f}  {wall:9.0f}  {ratio}  {cpu:13.0f}  {lower:13.0f}  {wall / lower:15.2f}  {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
