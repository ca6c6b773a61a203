#!/usr/bin/env python3
"""Record what zc.buildout answers for a case, so that `go test` needs no Python.

    record.py [--check] CASE.txtar ...

Run it with an interpreter that has zc.buildout 6.0.1, under Python 3.11 (which
the conditions of section headers see). Rewrites the `want-DIALECT` parts of each
archive (see archive.py): raw values with source and history, the resolved
values, parts and holes, or the error as codes and words. Options that nothing
but the engine sets are left out; @CASE@ stands for the directory. With --check
nothing is written, and the exit status is 1 when an archive would change.
"""
import argparse
import json
import os
import sys
import tempfile

import archive
import compare
import differential
import engine

ENGINE = ("DEFAULT_VALUE", "COMPUTED_VALUE")


def wanted(answer, root):
    """The part of an answer that is kept."""
    kept = {}
    if "raw" in answer:
        raw = compare.raw_view(answer["raw"])
        kept["raw"] = {s: {k: v for k, v in o.items() if v["source"] not in ENGINE} for s, o in raw.items()}
    if "error" in answer:
        codes, words = compare.classify(answer["error"])
        kept["error"] = {"codes": sorted(codes), "words": words}
    else:
        own = {(s, k) for s, o in answer["raw"].items() for k, v in o.items() if v["source"] in ENGINE}
        kept["resolved"] = {s: {k: v for k, v in o.items() if (s, k) not in own} for s, o in answer["resolved"].items()}
        kept.update(parts=answer["parts"], holes=answer["holes"])
    return json.loads(json.dumps(kept).replace(root, "@CASE@"))


def record(bench, text):
    """The archive with what the reference answers now."""
    case, comment = archive.parse(text)
    root = bench.lay_out(case)
    answers = {d: wanted(bench.ask_reference(case, d, root), root) for d in case.dialects}
    return archive.text(case, comment, answers)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cases", nargs="+", metavar="CASE.txtar")
    p.add_argument("--check", action="store_true")
    args = p.parse_args()
    engine.use_utf8()
    changed = 0
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        bench = differential.Bench("", engine.Reference(), os.path.realpath(folder))
        for path in args.cases:
            with open(path, newline="") as f:
                old = f.read()
            new = record(bench, old)
            if new == old:
                continue
            changed += 1
            print("%s: %s" % (path, "would change" if args.check else "recorded"))
            if not args.check:
                with open(path, "w", newline="") as f:
                    f.write(new)
    return 1 if changed and args.check else 0


if __name__ == "__main__":
    sys.exit(main())
