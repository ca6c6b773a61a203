#!/usr/bin/env python3
"""Checks bills of materials against the published schemas and specifications.

    validate.py GOBUILD [PROFILE...]

installs a small profile with all that a bill can hold, in two directories, and
checks the bills of both; then those of what is installed beside each PROFILE.
The packages are those of requirements.txt.
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

FORMATS = {"cyclonedx": "bom.cdx.json", "spdx": "bom.spdx.json"}
MIT = pathlib.Path(__file__).with_name("MIT.txt").read_text()
NOTICE = """/* This is free software under the terms of the GNU General Public License as
   published by the Free Software Foundation; either version 2 of the License,
   or (at your option) any later version. */
"""
CONFIGURE = """#!/bin/sh
for arg; do case $arg in --prefix=*) prefix=${arg#--prefix=};; esac; done
printf 'all:\\ninstall:\\n\\tmkdir -p %s/lib\\n\\tcp note %s/lib\\n' "$prefix" "$prefix" > Makefile
"""

PROFILE = """
[buildout]
parts = one two odd_näme+x file clone wrapper
[one]
recipe = slapos.recipe.cmmi
url = one-1.2.3.tar.gz
patches = fix.patch ${buildout:directory}/other.patch#%(other)s
patch-options = -p1
[two]
recipe = slapos.recipe.cmmi
url = file://${buildout:directory}/two_7.0+dfsg.orig.tar.gz
environment = ONE=${one:location}
license = (MIT OR Apache-2.0) AND LicenseRef-ours
[odd_näme+x]
recipe = slapos.recipe.build:download-unpacked
url = odd.tar.gz
[file]
recipe = slapos.recipe.build:download
url = note.txt
md5sum = %(note)s
[clone]
recipe = slapos.recipe.build:gitclone
repository = ${buildout:directory}/repository
[wrapper]
recipe = slapos.cookbook:wrapper
command-line = ${two:location}/bin/x
wrapper-path = ${buildout:directory}/bin/x
"""


def archive(path, files):
    with tarfile.open(path, "w") as tar:  # the time in a compressed one would differ
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if name.endswith("configure") else 0o644
            tar.addfile(info, io.BytesIO(data))


def md5(data):
    import hashlib
    return hashlib.md5(data).hexdigest()


def prepare(directory):
    one = {"configure": CONFIGURE, "note": "original\n", "LICENSE": MIT, "deps/a/COPYING": b"\xff\xfe no text that is UTF-8\n",
           "fix.patch": "--- a/note\n+++ b/note\n@@ -1 +1 @@\n-original\n+first\n"}
    archive(directory / "one-1.2.3.tar.gz", {"one-1.2.3/" + name: text for name, text in one.items()})
    archive(directory / "two_7.0+dfsg.orig.tar.gz", {"two-7.0/configure": CONFIGURE, "two-7.0/note": "", "two-7.0/a.c": NOTICE,
                                                     "two-7.0/COPYING": "Terms\x07 of nobody.\n", "two-7.0/LICENSES/MIT.txt": MIT})
    archive(directory / "odd.tar.gz", {"LICENSE-A": MIT, "LICENSE-B": "Other terms.\n", "NOTICE": "By us.\n"})
    other = b"--- a/note\n+++ b/note\n@@ -1 +1 @@\n-first\n+second\n"
    (directory / "other.patch").write_bytes(other)
    (directory / "note.txt").write_text("note\n")
    (directory / "buildout.cfg").write_text(PROFILE % {"other": md5(other), "note": md5(b"note\n")})
    git = ["git", "-c", "user.name=tester", "-c", "user.email=tester@example.com"]
    env = dict(os.environ, GIT_AUTHOR_DATE="2020-01-01T00:00:00Z", GIT_COMMITTER_DATE="2020-01-01T00:00:00Z")
    subprocess.run(["git", "init", "-q", "-b", "main", directory / "repository"], check=True)
    (directory / "repository" / "LICENSE").write_text(MIT)
    subprocess.run(git + ["add", "LICENSE"], cwd=directory / "repository", check=True)
    subprocess.run(git + ["commit", "-qm", "one"], cwd=directory / "repository", check=True, env=env)


def bills(gobuild, directory, profile, output):
    for name, file in FORMATS.items():
        subprocess.run([gobuild, "-c", profile, "sbom", "--format", name, "--output", output / file], cwd=directory, check=True)


def check(what, output):
    """Returns what is wrong with the bills in a directory."""
    text = (output / FORMATS["cyclonedx"]).read_text()
    problems = [f"CycloneDX: {p}" for p in [JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)] if p]
    document = parse_file(str(output / FORMATS["spdx"]))
    problems += [f"SPDX: {m.validation_message} ({m.context.spdx_id})" for m in validate_full_spdx_document(document)]
    components = json.loads(text)["components"]
    print(f"{what}: {len(components)} components, {len(document.packages)} packages, {len(problems)} problems")
    return [f"{what}: {p}" for p in problems]


def own(gobuild, directory):
    """Checks the profile of this file in two directories."""
    outputs = []
    for name in "a", "a-longer-name":
        place, output = directory / name, directory / (name + ".out")
        place.mkdir()
        output.mkdir()
        prepare(place)
        subprocess.run([gobuild, "-q", "-q"], cwd=place, check=True)
        bills(gobuild, place, "buildout.cfg", output)
        outputs.append(output)
    problems = check("own profile", outputs[0])
    for file in FORMATS.values():
        if (outputs[0] / file).read_bytes() != (outputs[1] / file).read_bytes():
            problems.append(f"own profile: {file} differs between two directories")
        if str(directory) in (outputs[0] / file).read_text():
            problems.append(f"own profile: {file} names a directory of this machine")
    by_name = {c["name"]: c for c in json.loads((outputs[0] / FORMATS["cyclonedx"]).read_text())["components"]}
    for part, key, want in [("one", "version", "1.2.3"), ("two", "version", "7.0"), ("one", "type", "library"), ("file", "type", "file")]:
        if by_name[part].get(key) != want:
            problems.append(f"own profile: {key} of {part} is {by_name[part].get(key)}, want {want}")
    if len(by_name["one"]["pedigree"]["patches"]) != 2:
        problems.append("own profile: one has two patches")
    return problems


def main():
    gobuild = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name).resolve()
        problems = own(gobuild, directory)
        for profile in sys.argv[2:]:
            path = pathlib.Path(profile).resolve()
            bills(gobuild, path.parent, path.name, directory)
            problems += check(profile, directory)
    for p in problems:
        print(p, file=sys.stderr)
    sys.exit(bool(problems))


main()
