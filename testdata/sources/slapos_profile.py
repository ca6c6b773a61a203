#!/usr/bin/env python3
"""Plan and build the profile component/mariadb of a checkout of SlapOS, as it is.

    slapos_profile.py GOBUILD CHECKOUT [--sources DIR] [--work DIR] [--instead] [PART...]

The tarballs come from DIR/mirror (build/slapos-sources), which is filled with
those that Debian has, and from nowhere else: gobuild runs offline. What a
missing tarball stops is listed and is no failure; any other end of a part is. What gobuild says is in
messages.log of the directory --work (build/slapos).

With --instead a second profile extends the one of the checkout, and gives the
parts whose tarball is missing the tarball that Debian has of the same software:
another version or packing, with its own checksum, and [mariadb] the series
10.11 of the same file. Everything else is SlapOS's. PART names what to build:
all by default.

Exit status: 0 all was built that has its sources, 1 a failure, 2 wrong use.
"""
import argparse
import glob
import hashlib
import json
import os
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = ("bookworm", "bookworm-updates", "bookworm-security", "trixie", "trixie-security")

# Debian's tarballs that have the checksums of the profile.
SAME = ("bzip2=1.0.8", "ca-certificates=20250419", "lz4=1.10.0", "openssl=3.5.7", "patch=2.8", "snappy=1.2.2", "mariadb=10.11.18")

# Part of the profile: Debian's package and version, the pattern of the file, and more options.
INSTEAD = {
    "bison": ("bison=3.8.2+dfsg", "bison_3*", {}),
    "cmake": ("cmake=3.25.1", "cmake_3.25*", {}),
    "gdbm": ("gdbm=1.23", "gdbm_1*", {}),
    "gnu-config": ("automake-1.16=1.16.5", "gnu-config*", {}),
    "libaio": ("libaio=0.3.113", "libaio_0*", {}),
    "libedit": ("libedit=3.1-20221030-2", "libedit_3*", {}),
    "libxml2": ("libxml2=2.9.14+dfsg", "libxml2_2*", {}),
    "m4": ("m4=1.4.19", "m4_1*", {}),
    "mariadb": ("mariadb=10.11.18", "mariadb_10*", {"<": "mariadb-10.11"}),
    "ncurses": ("ncurses=6.5+20250216", "ncurses_6.5*", {}),
    "pcre2": ("pcre2=10.42", "pcre2_10*", {}),
    "perl": ("perl=5.36.0", "perl_5.36.0.orig.tar*", {"version": "5.36.0"}),
    "unixodbc": ("unixodbc=2.3.11", "unixodbc_2*", {}),
    "xz-utils": ("xz-utils=5.4.1", "xz-utils_5*", {}),
    "zlib": ("zlib=1.2.13.dfsg", "zlib_1*", {}),
    "zstd": ("libzstd=1.5.4+dfsg2", "libzstd_1*", {}),
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gobuild", type=os.path.abspath)
    p.add_argument("checkout", type=os.path.abspath)
    p.add_argument("parts", nargs="*", metavar="PART")
    p.add_argument("--sources", type=os.path.abspath, default=os.path.abspath("build/slapos-sources"))
    p.add_argument("--work", type=os.path.abspath, default=os.path.abspath("build/slapos"))
    p.add_argument("--instead", action="store_true")
    return p.parse_intermixed_args()


def fetch(args):
    """Get what is missing; a version that Debian has no more is told by the script."""
    names = list(SAME) + ([package for package, _, _ in INSTEAD.values()] if args.instead else [])
    command = [sys.executable, os.path.join(HERE, "fetch_sources.py"), "-o", args.sources]
    for suite in SUITES:
        command += ["--suite", suite]
    subprocess.call(command + sorted(set(names)))
    gnu_config(os.path.join(args.sources, "mirror"))


def gnu_config(mirror):
    """Make a tarball of the two scripts of GNU config, which automake's tarball has a copy of."""
    path = os.path.join(mirror, "gnu-config.tar")
    whole = glob.glob(os.path.join(mirror, "automake-1.16_*"))
    if not whole or os.path.exists(path):
        return
    with tarfile.open(whole[0]) as source, tarfile.open(path + ".tmp", "w") as out:
        for member in source:
            if member.name.endswith(("/lib/config.guess", "/lib/config.sub")):
                member.name = "config/" + os.path.basename(member.name)
                out.addfile(member, source.extractfile(member))
    os.replace(path + ".tmp", path)


def md5sum(path):
    h = hashlib.md5()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def overlay(args, original):
    """Write the profile that names other tarballs; return its path and the parts that have one."""
    lines, named = ["[buildout]", "extends = " + original], []
    for part, (_, pattern, options) in sorted(INSTEAD.items()):
        files = [f for f in glob.glob(os.path.join(args.sources, "mirror", pattern)) if ".orig-" not in f]
        if not files:
            continue
        named.append(part)
        lines += ["", "[%s]" % part] + ["%s= %s" % (k if k == "<" else k + " ", v) for k, v in options.items()]
        lines += ["url = " + files[0], "md5sum = " + md5sum(files[0])]
    path = os.path.join(args.work, "instead.cfg")
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")
    return path, named


def run(args, profile, words):
    """Run gobuild; return its status and the JSON lines of its output."""
    env = dict(os.environ, GOBUILD_MIRRORS=args.sources, GOBUILD_CACHE="")
    command = [args.gobuild, "-N", "-o", "--json", "-c", profile, "buildout:directory=" + args.work]
    with open(os.path.join(args.work, "messages.log"), "a") as log:
        done = subprocess.run(command + words, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def plan(args, profile):
    """Resolve the profile whole; return the names of the parts that would be there."""
    status, answer = run(args, profile, ["plan"])
    if status != 0:
        sys.exit("%s: the plan ends with status %d" % (profile, status))
    return [p["part"] for group in ("install", "reinstall", "kept") for p in answer[0].get(group) or []]


def build(args, profile):
    """Build what can be; return {part: what became of it}."""
    _, events = run(args, profile, ["-k"] + (["install"] + args.parts if args.parts else []))
    fate, step = {}, {}
    for e in events:
        if e["event"] == "step-started":
            step[e["part"]] = e["step"]
        if e["event"] == "part-done":
            error = e.get("error", "")
            fate[e["part"]] = "no tarball" if "in offline mode" in error else "FAILED: " + error if error else "built"
    return fate


def main():
    args = arguments()
    original = os.path.join(args.checkout, "component", "mariadb", "buildout.cfg")
    if not os.path.exists(original):
        print("no profile " + original, file=sys.stderr)
        return 2
    os.makedirs(args.work, exist_ok=True)
    fetch(args)
    parts = plan(args, original)
    print("the plan of %s has %d parts: %s" % (original, len(parts), " ".join(parts)))
    profile = original
    if args.instead:
        profile, named = overlay(args, original)
        print("other tarballs for %d parts: %s" % (len(named), " ".join(named)))
    fate = build(args, profile)
    for part in parts:
        print("%-16s %s" % (part, fate.get(part, "needs one of the others" if not args.parts else "not asked for")))
    failed = [p for p, what in fate.items() if what.startswith("FAILED")]
    print("%d built, %d without a tarball, %d failed" % (
        sum(w == "built" for w in fate.values()), sum(w == "no tarball" for w in fate.values()), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
