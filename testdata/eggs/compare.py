#!/usr/bin/env python3
"""Compare gobuild's zc.recipe.egg with zc.buildout's on real distributions.

Usage: compare.py GOBUILD      (in a Python that has zc.buildout and zc.recipe.egg)

Both install the profile below in a directory of their own, twice: zc.buildout
puts what it has just installed in front of sys.path, and only later in order.
Then each goes on with the eggs directory of the other one, without network. Not
compared, because it differs by design:
 - the text of interpreters (they are run instead);
 - develop-eggs, where pip leaves files that nothing reads;
 - charset_normalizer: zc.buildout takes its wheel for any Python, gobuild that
   for this one, as pip does;
 - where an egg of zc.recipe.egg:custom lies when another part uses it:
   zc.buildout 6 does not find it in develop-eggs, and installs it again.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROFILE = '''\
[buildout]
parts = custom tools plain named relative none
develop = project src-project
audit = off
[versions]
markupsafe = 2.1.5
requests = 2.32.3
idna = <3.8
[custom]
recipe = zc.recipe.egg:custom
egg = markupsafe
include-dirs = include
environment = variables
[variables]
CFLAGS = -DPROJECT=1 -O1
[tools]
recipe = zc.recipe.egg
eggs =
  zc.lockfile
  requests[socks]
  pycodestyle
interpreter = py
[plain]
recipe = zc.recipe.egg
eggs =
  project
  src-project
[named]
recipe = zc.recipe.egg
eggs = project
scripts = hello=hi
entry-points = other=project:other
initialization =
  import os
  os.environ['X'] = '1'
arguments = 1, x=2
extra-paths =
  lib
  /abs
[relative]
recipe = zc.recipe.egg
eggs =
  flake8
  zope.event
relative-paths = true
dependent-scripts = true
[none]
recipe = zc.recipe.egg:eggs
eggs =
  docutils
  sphinx; python_version < "3"
'''
FILES = {
    'project/setup.py': '''from setuptools import setup
setup(name='project', version='1.0', py_modules=['project'], install_requires=['six'],
      entry_points={'console_scripts': ['hello=project:hello', 'bye = project:other']})
''',
    'project/project.py': 'def hello(*a, **k): print("hello", a, k)\ndef other(*a, **k): print("other")\n',
    'src-project/pyproject.toml': '''[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "src-project"
version = "2.0"
[project.scripts]
src-hello = "src_project:hello"
''',
    'src-project/src/src_project/__init__.py': 'def hello(): print("src")\n',
    'include/x.h': '',
}
RUNS = ['bin/hello', 'bin/bye', 'bin/src-hello', 'bin/hi', 'bin/pycodestyle --version', 'bin/flake8 --version',
        'bin/py -c "import requests, socks, sys; print(requests.__version__, len(sys.path) > 3)"']


def make(root, profile=PROFILE):
    for name, text in {**FILES, 'buildout.cfg': profile}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def run(command, root):
    environ = {**os.environ, 'PATH': os.path.dirname(sys.executable) + ':' + os.environ['PATH'], 'HOME': str(root), 'PYTHONDONTWRITEBYTECODE': '1'}
    done = subprocess.run(command, cwd=root, env=environ, shell=isinstance(command, str), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit('%s in %s:\n%s' % (command, root, done.stdout))
    return done.stdout


def scripts(root):
    """The scripts without what differs by design."""
    found = {}
    for path in sorted((root / 'bin').iterdir()):
        text = path.read_text().replace(str(root), 'ROOT').replace('develop-eggs/MarkupSafe', 'eggs/v5/MarkupSafe')
        if path.name == 'py':
            text = text[:text.index(']')]
        found[path.name] = '%o %s' % (path.stat().st_mode, text)
    return found


def eggs(root):
    """What is in the eggs directory: files of each egg, but for those that pip or gobuild write for themselves."""
    own = ('INSTALLER', 'REQUESTED', 'RECORD', 'direct_url.json')
    found = {}
    for egg in sorted((root / 'eggs' / 'v5').iterdir()):
        if not egg.name.startswith(('MarkupSafe-', 'charset_normalizer-')):
            found[egg.name] = sorted(str(p.relative_to(egg)) for p in egg.rglob('*') if p.is_file() and '__pycache__' not in p.parts and p.name not in own and not p.parts[-2:-1] == ('scripts',))
    return found


def differences(what, reference, ours):
    bad = 0
    for name in sorted(set(reference) | set(ours)):
        if reference.get(name) != ours.get(name):
            bad += 1
            print('%s %s:\n--- zc.buildout\n%s\n--- gobuild\n%s' % (what, name, reference.get(name), ours.get(name)))
    return bad


def main():
    gobuild = os.path.abspath(sys.argv[1])
    buildout = os.path.join(os.path.dirname(sys.executable), 'buildout')
    temp = pathlib.Path(os.path.realpath(tempfile.mkdtemp()))
    try:
        reference, ours = make(temp / 'reference'), make(temp / 'ours')
        for _ in range(2):
            run([buildout], reference)
            run([gobuild], ours)
        bad = differences('script', scripts(reference), scripts(ours)) + differences('egg', eggs(reference), eggs(ours))
        bad += differences('output of', {c: run(c, reference).replace('reference', 'ours') for c in RUNS}, {c: run(c, ours) for c in RUNS})
        # Each with the eggs of the other one. A custom egg is built where it is used.
        for command, here, there in ([gobuild, '-o'], temp / 'gobuild-later', reference), ([buildout, '-N'], temp / 'buildout-later', ours):
            make(here, PROFILE.replace('parts = custom ', 'parts = '))
            shutil.copytree(there / 'eggs', here / 'eggs')
            run(command, here)
            bad += differences('script with the eggs of the other one', scripts(there), scripts(here))
        print('%d scripts, %d eggs compared: %d differ' % (len(scripts(ours)), len(eggs(ours)), bad))
        return 1 if bad else 0
    finally:
        shutil.rmtree(temp)


sys.exit(main())
