#!/usr/bin/env python3
"""Compare instance profiles of 150 sections with zc.buildout and the recipes in Python.

  bench/instance.py GOBUILD PYTHON [-n 5] [-s 150]

PYTHON is the interpreter of an environment with zc.buildout, slapos.cookbook,
slapos.recipe.template and slapos.recipe.build. Both programs run the same profile in
directories of their own, in turns: first runs, each in an empty directory, then runs
with nothing to do.

The profile has the recipes that work under a zc.buildout without the changes of
SlapOS, and without a master: publish and promise.plugin are left out by -u.
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

REFERENCE = "import sys; from zc.buildout.buildout import main; sys.exit(main(sys.argv[1:]))"

KINDS = {
    "wrapper": """recipe = slapos.cookbook:wrapper
command-line = /bin/echo --port {n} --data ${{directory:srv}} "a b"
wrapper-path = ${{directory:bin}}/run-{n}
environment =
  DATA=${{directory:srv}}
  NUMBER={n}
""",
    "template": """recipe = slapos.recipe.template
inline =
  [server]
  port = {n}
  data = ${{directory:srv}}
  link = ${{buildout:directory}}/link-{n}
output = ${{directory:etc}}/t{n}.conf
""",
    "jinja": """recipe = slapos.recipe.template:jinja2
url = ${{buildout:directory}}/conf.in
output = ${{directory:etc}}/j{n}.conf
context =
  raw number {n}
  key srv directory:srv
  section directory directory
""",
    "mkdirectory": """recipe = slapos.cookbook:mkdirectory
data = ${{directory:srv}}/data-{n}
log = ${{directory:srv}}/log-{n}
""",
    "link": """recipe = slapos.cookbook:symbolic.link
target-directory = ${{directory:bin}}
link-binary = /bin/s{n}
""",
    "password": """recipe = slapos.cookbook:generate.password
storage-path = ${{directory:srv}}/password-{n}
bytes = 16
""",
    "cron": """recipe = slapos.cookbook:cron.d
cron-entries = ${{directory:cron}}
name = job-{n}
frequency = {m} * * * *
command = ${{directory:bin}}/run-{n}
""",
    "promise": """recipe = slapos.cookbook:promise.plugin
eggs = slapos.toolbox
module = check_port_listening
output = ${{directory:etc}}/promise-{n}.py
config-host = 127.0.0.1
config-port = {n}
""",
}
SHARES = {"wrapper": 30, "template": 20, "jinja": 30, "mkdirectory": 15, "link": 5, "password": 20, "cron": 20, "promise": 9}

TEMPLATE = """{%- macro listen(port) %}listen {{ port }}{% endmacro -%}
{% for name in directory.keys()|sort %}
{{ name }} = {{ directory[name] }}
{%- endfor %}
{% for i in range(10) %}{% if i is odd %}{{ listen(i) }}
{% endif %}{% endfor -%}
number {{ number }} in {{ srv }}
"""


def profile(sections, kinds):
    text = ["[directory]\nrecipe = slapos.cookbook:mkdirectory\nbin = ${buildout:directory}/b\netc = ${buildout:directory}/etc\n"
            "srv = ${buildout:directory}/srv\ncron = ${buildout:directory}/cron\n"]
    names = ["directory"]
    whole = sum(SHARES[k] for k in kinds)
    left = sections - 1
    for i, kind in enumerate(kinds):
        count = left if i == len(kinds) - 1 else round((sections - 1) * SHARES[kind] / whole)
        left -= count
        for n in range(count):
            names.append(f"{kind}-{n}")
            text.append(f"[{kind}-{n}]\n" + KINDS[kind].format(n=n, m=n % 60))
    return "[buildout]\nparts =\n" + "".join(f"  {n}\n" for n in names) + "\n" + "\n".join(text)


def fresh(text):
    directory = tempfile.mkdtemp(prefix="instance-")
    for name, content in (("buildout.cfg", text), ("conf.in", TEMPLATE)):
        with open(os.path.join(directory, name), "w") as f:
            f.write(content)
    return directory


def processor():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(command, directory):
    """Returns milliseconds on the clock, and of the processor."""
    start, before = time.perf_counter(), processor()
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    elapsed = (time.perf_counter() - start) * 1000, (processor() - before) * 1000
    if done.returncode:
        sys.exit(f"{command[0]}: status {done.returncode}\n{done.stdout[-3000:]}")
    return elapsed


def tell(what, measured):
    for column, kind in enumerate(("clock", "processor")):
        times = {name: [pair[column] for pair in list_] for name, list_ in measured.items()}
        ours, theirs = times["gobuild"], times["reference"]
        ratios = [b / a for a, b in zip(ours, theirs)]
        for name, list_ in times.items():
            print(f"{what:9} {kind:9} {name:10} min {min(list_):8.1f} ms  median {statistics.median(list_):8.1f} ms")
        print(f"{what:9} {kind:9} times faster: of the least {min(theirs) / min(ours):.0f}, of each pair {min(ratios):.0f} to "
              f"{max(ratios):.0f}, median {statistics.median(ratios):.0f}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild")
    p.add_argument("python")
    p.add_argument("-n", type=int, default=5)
    p.add_argument("-s", type=int, default=150)
    p.add_argument("-u", action="append", default=[], metavar="KIND", help="leave out sections of this kind: " + ", ".join(KINDS))
    a = p.parse_args()
    text = profile(a.s, [k for k in KINDS if k not in a.u])
    commands = {"gobuild": [os.path.abspath(a.gobuild), "-q", "-U", "-N", "-o"],
                "reference": [os.path.abspath(a.python), "-c", REFERENCE, "-q", "-U", "-N", "-o"]}
    first, again = {k: [] for k in commands}, {k: [] for k in commands}
    kept = {}
    for _ in range(a.n):
        for name, command in commands.items():
            if name in kept:
                shutil.rmtree(kept[name])
            kept[name] = fresh(text)
            first[name].append(timed(command, kept[name]))
    for name, command in commands.items():
        timed(command, kept[name])
    for _ in range(a.n):
        for name, command in commands.items():
            again[name].append(timed(command, kept[name]))
    tell("first run", first)
    tell("no-op", again)
    print(f"peak memory of all: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10} MB")
    for directory in kept.values():
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
