#!/usr/bin/env python3
"""Fetch the upstream tarballs of the test stacks from Debian's source pool.

    python3 testdata/sources/fetch_sources.py -o DIR -l testdata/sources/small.list

DIR/mirror/FILE gets each upstream tarball (the "orig" files, never Debian's
patches) and DIR/manifest.json says what each one is.  A mirror setting of
gobuild that names DIR finds a file by the checksum that a profile asks for,
whatever its url says.

The Debian mirror that APT uses on this machine is asked, or the one given by
--mirror.  Nothing of the machine's own APT configuration is changed and no
deb-src line is needed: a private configuration lives in DIR/.apt.  Root is not
needed.  APT checks the signatures of the indexes and the sha256 of each file;
this script compares the sha256 again.  A file that is there already with the
right sha256 is not fetched again, so an interrupted run is simply repeated.

A line of a list, or an argument, is NAME=VERSION: a Debian source package with
a Debian version (1:1.2.13.dfsg-1) or an upstream version (1.2.13.dfsg).  Text
after # is a comment.  The versions of the lists are those of the main pool of
bookworm, which do not move; those of the security pool do.  When the pinned
version is gone, another Debian revision of the same upstream version is taken,
as it has the same tarball.  Another upstream version is taken only with
--any-version, because the checksums in the profiles would not match it.
NAME alone takes the newest version.

Exit status: 0 all fetched, 1 something is missing (one line each on stderr).
"""
import argparse
import glob
import hashlib
import json
import os
import re
import subprocess
import sys

TARBALL = re.compile(r"\.(tar\.(gz|bz2|xz|lzma|zst)|tgz)$")
HERE = os.path.dirname(os.path.abspath(__file__))
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = ("bookworm", "bookworm-updates", "bookworm-security")


class Failed(Exception):
    """Something that the user is told in one line."""


def read(path):
    """Return the text of a file, or "" when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def deb822_entries():
    """Yield (URI, keyring) of each stanza of the machine's *.sources files."""
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        for stanza in re.split(r"\n[ \t]*\n", read(path)):
            field = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.M))
            for uri in field.get("URIs", "").split():
                yield uri.rstrip("/"), field.get("Signed-By")


def one_line_entries():
    """Yield (URI, keyring) of each line of the machine's *.list files."""
    paths = ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list"))
    for path in paths:
        for m in re.finditer(r"^deb\s+(?:\[([^]]*)\]\s+)?(\S+)", read(path), re.M):
            key = re.search(r"signed-by=(\S+)", m.group(1) or "")
            yield m.group(2).rstrip("/"), key and key.group(1)


def machine_mirrors():
    """Return (main URI, security URI or None, keyring) that APT uses here."""
    main = security = keyring = None
    for uri, key in list(deb822_entries()) + list(one_line_entries()):
        if uri.endswith("/debian-security"):
            security = security or uri
        elif uri.endswith("/debian") and main is None:
            main, keyring = uri, key
    if main is None:
        raise Failed("APT of this machine uses no Debian mirror; name one with --mirror")
    return main, security, keyring or KEYRING


def stanza(uri, suites, keyring):
    """Return the text of one deb-src source."""
    return ("Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n"
            % (uri, " ".join(suites), keyring))


class Apt:
    """APT with a configuration of its own under a directory."""

    def __init__(self, root, suites, mirror=None):
        self.root = os.path.abspath(root)
        for sub in ("etc", "lists/partial", "archives/partial"):
            os.makedirs(os.path.join(self.root, sub), exist_ok=True)
        fresh = self._write_sources(suites, mirror)
        self._write_config()
        if not fresh:
            self._update()

    def _write_sources(self, suites, mirror):
        """Write the source list; tell whether its indexes are here already."""
        main, security, keyring = (mirror, None, KEYRING) if mirror else machine_mirrors()
        text = stanza(main, [s for s in suites if not s.endswith("-security")], keyring)
        late = [s for s in suites if s.endswith("-security")]
        if security and late:
            text += "\n" + stanza(security, late, keyring)
        path = os.path.join(self.root, "etc", "src.sources")
        fresh = read(path) == text and self._indexed()
        with open(path, "w") as f:
            f.write(text)
        return fresh

    def _write_config(self):
        conf = os.path.join(self.root, "apt.conf")
        with open(conf, "w") as f:
            f.write('Dir::Etc::sourcelist "/dev/null";\n'
                    'Dir::Etc::sourceparts "%(r)s/etc";\n'
                    'Dir::State::lists "%(r)s/lists";\n'
                    'Dir::Cache "%(r)s";\n'
                    'APT::Sandbox::User "root";\n'
                    'Acquire::Retries "3";\n' % {"r": self.root})
        self.env = dict(os.environ, APT_CONFIG=conf, LC_ALL="C")

    def _indexed(self):
        """Tell whether there is an index of sources."""
        return bool(glob.glob(self.root + "/lists/*Sources*"))

    def _update(self):
        """Fetch the indexes; one suite that fails is no error, all are."""
        done = subprocess.run(["apt-get", "-qq", "update"], env=self.env,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0 or not self._indexed():
            sys.stderr.write(done.stderr)
        if not self._indexed():
            raise Failed("apt-get update brought no index of sources")

    def records(self, name):
        """Return {Debian version: record} of the source package called name."""
        out = subprocess.run(["apt-cache", "--only-source", "showsrc", name], env=self.env,
                             capture_output=True, text=True).stdout
        found = {}
        for text in out.split("\n\n"):
            if re.search(r"^Package: %s$" % re.escape(name), text, re.M):
                rec = parse_record(text)
                found.setdefault(rec["version"], rec)
        return found

    def download(self, name, version, into):
        """Fetch the tarballs of one version; tell whether that went well."""
        return subprocess.call(
            ["apt-get", "-qq", "source", "--download-only", "--tar-only", "%s=%s" % (name, version)],
            env=self.env, cwd=into, stderr=subprocess.DEVNULL) == 0


def parse_record(text):
    """Return version, homepage and upstream tarballs of a Sources record."""
    files = {}
    for field, kind in (("Files", "md5"), ("Checksums-Sha256", "sha256")):
        block = re.search(r"^%s:[ \t]*\n((?: .*\n?)+)" % field, text, re.M)
        for digest, size, name in re.findall(r"^ (\S+) (\d+) (\S+)$",
                                             block.group(1) if block else "", re.M):
            files.setdefault(name, {"size": int(size)})[kind] = digest
    home = re.search(r"^Homepage: (.*)$", text, re.M)
    return {
        "version": re.search(r"^Version: (.*)$", text, re.M).group(1),
        "homepage": home.group(1) if home else None,
        "files": {n: d for n, d in files.items()
                  if TARBALL.search(n) and ".debian.tar." not in n and os.path.basename(n) == n},
    }


def upstream(version):
    """Return the upstream part of a Debian version."""
    return re.sub(r"-[^-]*$", "", version.split(":", 1)[-1])


def newest_first(records):
    """Return records sorted by Debian version, newest first."""
    out = []
    for rec in records:
        i = 0
        while i < len(out) and newer(out[i]["version"], rec["version"]):
            i += 1
        out.insert(i, rec)
    return out


def newer(a, b):
    return subprocess.call(["dpkg", "--compare-versions", a, "gt", b]) == 0


def candidates(records, want, any_version):
    """Return the records to try, best first: exact, same upstream, any."""
    ordered = newest_first(records.values())
    if not want:
        return ordered
    exact = [r for r in ordered if r["version"] == want]
    same = [r for r in ordered if r not in exact and upstream(r["version"]) == upstream(want)]
    rest = [r for r in ordered if r not in exact and r not in same]
    return exact + same + (rest if any_version else [])


def digest(path, kind):
    h = hashlib.new(kind)
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def present(rec, mirror):
    """Tell whether all tarballs of a record are in mirror, undamaged."""
    paths = {os.path.join(mirror, n): d for n, d in rec["files"].items()}
    return all(os.path.exists(p) and digest(p, "sha256") == d["sha256"] for p, d in paths.items())


def fetch(apt, name, want, mirror, any_version):
    """Fetch one source package; return the record that was taken."""
    known = apt.records(name)
    tried = [r for r in candidates(known, want, any_version) if r["files"]]
    for rec in tried:
        if present(rec, mirror) or (apt.download(name, rec["version"], mirror) and present(rec, mirror)):
            if want not in ("", rec["version"], upstream(rec["version"])):
                print("%s: %s is not to be had, took %s" % (name, want, rec["version"]), file=sys.stderr)
            return rec
        # An index may name a version whose files the mirror does not hold.
    if not known:
        raise Failed("%s: no such source package" % name)
    there = ", ".join(r["version"] for r in newest_first(known.values()))
    if not tried:
        raise Failed("%s=%s: the indexes have only %s" % (name, want, there))
    raise Failed("%s: listed (%s), but the mirror does not hold the files" % (name, there))


def asked_checksums(profiles):
    """Return {md5sum: (part, url)} of the component profiles in a directory."""
    asked = {}
    for path in sorted(glob.glob(os.path.join(profiles, "component", "*", "*.cfg"))):
        part = os.path.basename(os.path.dirname(path))
        option = dict(re.findall(r"^(url|md5sum|version)[ \t]*=[ \t]*(\S+)", read(path), re.M))
        if "md5sum" in option:
            url = option.get("url", "").replace("${:version}", option.get("version", ""))
            asked[option["md5sum"]] = (part, url)
    return asked


def entry(name, file, info, rec, mirror, asked):
    """Return what the manifest says of one file."""
    path = os.path.join(mirror, file)
    md5 = digest(path, "md5")
    part, url = asked.get(md5, (None, None))
    return {
        "filename": file, "package": name, "version": upstream(rec["version"]),
        "debian_version": rec["version"], "md5": md5, "sha256": info["sha256"],
        "size": info["size"], "homepage": rec["homepage"],
        "profile_part": part, "profile_url": url,
    }


def save(manifest, path):
    """Write the manifest, whole or not at all."""
    with open(path + ".tmp", "w") as f:
        json.dump([manifest[k] for k in sorted(manifest)], f, indent=1)
        f.write("\n")
    os.replace(path + ".tmp", path)


def wanted(args):
    """Yield (name, version or "") of the arguments and of the lists."""
    lines = list(args.names)
    for path in args.list:
        with open(path) as f:
            lines += f.readlines()
    for line in lines:
        item = line.split("#")[0].strip()
        if item:
            name, _, version = item.partition("=")
            yield name.strip(), version.strip()


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME[=VERSION]")
    p.add_argument("-l", "--list", action="append", default=[], help="file with one NAME=VERSION per line; may be repeated")
    p.add_argument("-o", "--out", required=True, metavar="DIR", help="where mirror/ and manifest.json go")
    p.add_argument("--mirror", metavar="URI", help="Debian mirror to ask, instead of the one of this machine's APT")
    p.add_argument("--suite", action="append", help="suite to look in; may be repeated (default: %s)" % " ".join(SUITES))
    p.add_argument("--any-version", action="store_true", help="take another upstream version when the pinned one is gone")
    p.add_argument("--profiles", metavar="DIR", default=os.path.join(HERE, "..", "stack"),
                   help="profiles whose md5sum options the manifest names parts for (default: the test stacks)")
    return p.parse_args()


def run(args):
    mirror = os.path.join(args.out, "mirror")
    os.makedirs(mirror, exist_ok=True)
    asked = asked_checksums(args.profiles)
    apt = Apt(os.path.join(args.out, ".apt"), args.suite or SUITES, args.mirror)
    path = os.path.join(args.out, "manifest.json")
    manifest = {m["filename"]: m for m in json.loads(read(path) or "[]")}
    missing = 0
    for name, want in wanted(args):
        try:
            rec = fetch(apt, name, want, mirror, args.any_version)
        except Failed as err:
            missing += 1
            print(err, file=sys.stderr)
            continue
        for file, info in sorted(rec["files"].items()):
            m = manifest[file] = entry(name, file, info, rec, mirror, asked)
            print("%-16s %-26s %9d %s" % (name, rec["version"], info["size"], file)
                  + ("  (part %s)" % m["profile_part"] if m["profile_part"] else ""))
        save(manifest, path)
    print("%d files, %.1f MB" % (len(manifest), sum(m["size"] for m in manifest.values()) / 1e6))
    return 1 if missing else 0


if __name__ == "__main__":
    try:
        sys.exit(run(arguments()))
    except Failed as err:
        sys.exit("fetch_sources.py: %s" % err)
