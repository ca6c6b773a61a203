#!/usr/bin/env python3
"""Fill a download cache of zc.buildout from fetched sources.

    bench/fill_download_cache.py PROFILES SOURCES CACHE

PROFILES is a directory of profiles (testdata/stack), SOURCES what
testdata/sources/fetch_sources.py made, CACHE the directory for
`buildout:download-cache`.  For each http(s) or ftp `url` with an `md5sum` in a
profile the file with that checksum is put there under the name that
zc.buildout 2.x to 6.x looks for: the md5 of the URL's text, in hex.  With it
the reference runs with -o although no URL can be reached.

A URL without a file is printed and makes the exit status 1; with --partial,
for the sources of a smaller stack, it is left out.
"""
import argparse
import glob
import hashlib
import json
import os
import re
import sys

OPTION = re.compile(r"^([^\s#\[:=+]+)[ \t]*=[ \t]*(.*)$", re.M)


def sections(text):
    """Yield {option: first line of its value} of each section of a profile."""
    for part in re.split(r"^\[[^]]*\].*$", text, flags=re.M):
        yield dict(OPTION.findall(part))


def remote_sources(profiles):
    """Yield (url, md5sum) of each section that fetches something."""
    for path in sorted(glob.glob(os.path.join(profiles, "**", "*.cfg"), recursive=True)):
        with open(path) as f:
            text = f.read()
        for option in sections(text):
            url = re.sub(r"\$\{:([^}]+)\}", lambda m: option.get(m.group(1), m.group(0)),
                         option.get("url", "").strip())
            md5 = option.get("md5sum", "").strip()
            if md5 and re.match(r"(https?|ftp)://", url):
                yield url, md5


def link(source, target):
    """Make target a link to source, replacing what is there."""
    temp = target + ".tmp"
    if os.path.lexists(temp):
        os.remove(temp)
    os.symlink(os.path.abspath(source), temp)
    os.replace(temp, target)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("profiles")
    p.add_argument("sources")
    p.add_argument("cache")
    p.add_argument("--partial", action="store_true", help="URLs without a file are no error")
    a = p.parse_args()
    with open(os.path.join(a.sources, "manifest.json")) as f:
        by_md5 = {m["md5"]: os.path.join(a.sources, "mirror", m["filename"]) for m in json.load(f)}
    os.makedirs(a.cache, exist_ok=True)
    missing = 0
    for url, md5 in remote_sources(a.profiles):
        if md5 in by_md5:
            link(by_md5[md5], os.path.join(a.cache, hashlib.md5(url.encode()).hexdigest()))
        elif not a.partial:
            missing += 1
            print("no file for %s" % url, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
