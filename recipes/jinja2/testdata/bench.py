"""Measures Python's jinja2 on the 20 largest templates of a file of cases:

    python3 bench.py CASES

prints milliseconds for rendering all of them once, and for parsing and
rendering; `go test -run X -bench Cases -cases CASES` measures the same here.
"""
import json
import sys
import time

import jinjacase


def best(function, times):
    result = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        result.append(time.perf_counter() - start)
    return min(result) * 1000


def main():
    cases = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    cases = sorted((c for c in cases if "output" in c), key=lambda c: (-len(c["template"]), c["name"]))[:20]
    envs = [jinjacase.environment(c) for c in cases]
    compiled = [e.from_string(c["template"]) for e, c in zip(envs, cases)]

    def render():
        for t, c in zip(compiled, cases):
            t.render(jinjacase.decode(c["context"]))

    def both():
        for e, c in zip(envs, cases):
            e.from_string(c["template"]).render(jinjacase.decode(c["context"]))
    render()
    print("render %.2f ms, parse and render %.2f ms" % (best(render, 30), best(both, 5)))


main()
