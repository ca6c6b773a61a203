"""zc.buildout.easy_install as recipes import it."""
import logging
import os
import shutil
import subprocess
import sys

import gobuild_eggs
import zc.buildout
from gobuild_dists import Conflict, Missing, Requirement, canonical, holds
from gobuild_sections import _bridge, ask

logger = logging.getLogger("zc.buildout.easy_install")
is_win32 = sys.platform == "win32"
realpath = os.path.realpath


class MissingDistribution(zc.buildout.UserError):
    """A distribution cannot be found."""

    def __init__(self, requirement, tried):
        super().__init__("Couldn't find a distribution for %r (%s)." % (str(requirement), "; ".join(tried)))


class VersionConflict(zc.buildout.UserError):
    """Two requirements exclude each other."""


class IncompatibleConstraintError(zc.buildout.UserError):
    """A pinned version does not meet a requirement."""


IncompatibleVersionError = IncompatibleConstraintError

_settings = {"versions": {}, "index": "", "cache": None, "from_cache": False, "final": True, "links": True, "picked": True, "required": False}


def _setting(name, value):
    old = _settings[name]
    if value is not None:
        _settings[name] = value
    return old


def default_versions(versions=None):
    return _setting("versions", versions) or dict(_buildout().versions)


def index_url(value=None):
    return _setting("index", value) or ask("get", section="buildout", key="index") or ""


def download_cache(path=-1):
    if path == -1:
        return ask("get", section="buildout", key="download-cache")
    return _setting("cache", path)


def install_from_cache(value=None):
    return _setting("from_cache", value)


def prefer_final(value=None):
    return _setting("final", value)


def use_dependency_links(value=None):
    return _setting("links", value)


def allow_picked_versions(value=None):
    return _setting("picked", value)


def store_required_by(value=None):
    return _setting("required", value)


def get_picked_versions():
    return {}, {}


def clear_index_cache():
    pass


def _buildout():
    import gobuild_work

    return gobuild_work.buildout


class WorkingSet(object):
    """Distributions that go together."""

    def __init__(self, dists=()):
        self._dists = list(dists)

    def __iter__(self):
        return iter(self._dists)

    def __len__(self):
        return len(self._dists)

    def __contains__(self, dist):
        return any(d.key == dist.key for d in self._dists)

    @property
    def entries(self):
        return list(dict.fromkeys(d.location for d in self._dists))

    @property
    def by_key(self):
        return {d.key: d for d in self._dists}

    def find(self, requirement):
        return self.by_key.get(canonical(requirement.name if hasattr(requirement, "name") else str(requirement)))

    def add(self, dist, *args, **kw):
        if dist not in self:
            self._dists.append(dist)

    def add_entry(self, entry):
        pass

    def require(self, *specs):
        found = [self.find(Requirement(str(s))) for s in specs]
        return [d for d in found if d is not None]

    resolve = require


def sort_working_set(ws, eggs_dir, develop_eggs_dir):
    """Return the distributions of a working set, develop eggs first and eggs next."""
    developed = {os.path.realpath(d.location) for d in gobuild_eggs.developed(develop_eggs_dir)}
    eggs = os.path.join(eggs_dir, "")

    def rank(dist):
        if os.path.realpath(dist.location) in developed:
            return 0
        return 1 if os.path.join(dist.location, "").startswith(eggs) else 2

    return WorkingSet(sorted(ws, key=rank))


class Installer(object):
    """Finds and gets distributions."""

    def __init__(self, dest=None, links=(), index=None, executable=sys.executable, always_unzip=None, path=None,
                 newest=True, versions=None, use_dependency_links=None, allow_hosts=("*",), check_picked=True, allow_unknown_extras=False):
        self._dest, self._links, self._index, self._path = dest, list(links or ()), index, list(path or ())
        self._newest, self._versions = newest, versions

    def _finder(self):
        path = list(self._path)
        develop = path.pop(0) if path else None
        finder = gobuild_eggs.finder(_bridge, _buildout(), local=self._dest is None, develop=develop, eggs=self._dest, versions=self._versions)
        finder.eggs += [p for p in path if p not in finder.eggs]
        return finder

    def install(self, specs, working_set=None):
        finder = self._finder()
        try:
            dists = finder.resolve(specs)
        except Missing as err:
            raise MissingDistribution(err.requirement, finder.tried) from None
        except Conflict as err:
            raise VersionConflict(str(err)) from None
        if working_set is not None:
            for dist in dists:
                working_set.add(dist)
        return WorkingSet(dists)

    def build(self, spec, build_ext):
        return build(spec, self._dest, build_ext)


def install(specs, dest, links=(), index=None, executable=sys.executable, always_unzip=None, path=None, working_set=None,
            newest=True, versions=None, use_dependency_links=None, allow_hosts=("*",), include_site_packages=None,
            allowed_eggs_from_site_packages=None, check_picked=True, allow_unknown_extras=False):
    """Return the working set for requirements; get what is missing into dest."""
    return Installer(dest, links, index, path=path, newest=newest, versions=versions).install(specs, working_set)


def working_set(specs, executable=sys.executable, path=None, include_site_packages=None, allowed_eggs_from_site_packages=None, **kw):
    """Return the working set for requirements that are here."""
    return install(specs, None, path=path)


def develop(setup, dest, build_ext=None, executable=sys.executable):
    """Make a develop egg of a project in dest; return its link."""
    made = ask("develop", path=os.path.abspath(os.path.expanduser(setup)), dest=dest, options=_pairs(build_ext))
    return made[0] if made else ""


def build(spec, dest, build_ext, links=(), index=None, executable=sys.executable, path=None, newest=True, versions=None,
          allow_hosts=("*",)):
    """Build a distribution with options of build_ext, as an egg in dest."""
    return [ask("build-egg", text=spec, dest=dest, options=_pairs(build_ext))]


def _pairs(build_ext):
    return [[str(k), str(v)] for k, v in (build_ext or {}).items()]


def call_subprocess(args, **kw):
    if subprocess.call(args, **kw) != 0:
        raise Exception("Failed to run command:\n%s" % repr(args)[1:-1])


def get_subprocess_output(args, **kw):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)
    if done.returncode:
        raise Exception("Failed to run command:\n%s" % repr(args)[1:-1])
    return done.stdout.decode()


def _safe_arg(arg):
    return arg


def _execute_permission():
    mask = os.umask(0)
    os.umask(mask)
    return 0o777 & ~mask


def _rm(*paths):
    for path in paths:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)


# scripts

script_header = "#!%(python)s"

relative_paths_setup = """
import os

join = os.path.join
base = os.path.dirname(os.path.abspath(os.path.realpath(__file__)))
"""

_path_lines = """
import sys
sys.path[0:0] = [
  %(path)s,
  ]
"""

script_template = script_header + "\n%(relative_paths_setup)s" + _path_lines + """%(initialization)s
import %(module_name)s

if __name__ == '__main__':
    sys.exit(%(module_name)s.%(attrs)s(%(arguments)s))
"""

py_script_template = script_header + "\n%(relative_paths_setup)s" + """
import sys

sys.path[0:0] = [
  %(path)s
  ]
%(initialization)s

def main(args):
    command, module, interactive = None, None, not args
    while args and args[0].startswith('-') and args[0] != '-':
        word = args.pop(0)
        if word == '--':
            break
        while word.startswith('-') and len(word) > 1:
            letter, rest = word[1], word[2:]
            if letter in 'cm':
                value = rest or args.pop(0)
                if letter == 'c':
                    command = value
                else:
                    module = value
                word = ''
            elif letter == 'i':
                interactive = True
                word = '-' + rest
            else:
                word = '-' + rest
        if command is not None or module is not None:
            break
    if command is not None:
        sys.argv = ['-c'] + args
        exec(command, globals())
    elif module is not None:
        import runpy
        sys.argv = [module] + args
        runpy.run_module(module, {}, '__main__', alter_sys=True)
    elif args:
        sys.argv = args
        globals()['__file__'] = args[0]
        with open(args[0], 'rb') as f:
            exec(compile(f.read(), args[0], 'exec'), globals())
    if interactive:
        import code
        code.interact(banner='', local=globals())


if __name__ == '__main__':
    main(sys.argv[1:])
"""


def _entry_points(reqs, ws):
    """Return (name, module, attributes) for what is to get a script."""
    points = []
    for one in reqs:
        if not isinstance(one, str):
            points.append(tuple(one))
            continue
        requirement = Requirement(one)
        if not holds(requirement.marker):
            continue
        dist = ws.find(requirement)
        if dist is None:
            raise ValueError("Could not find requirement %r in working set." % requirement.name)
        for name, point in dist.entry_points("console_scripts").items():
            module, _, attrs = point.value.partition(":")
            points.append((name, module.strip(), attrs.partition("[")[0].strip()))
    return points


def scripts(reqs, working_set, executable=sys.executable, dest=None, scripts=None, extra_paths=(), arguments="",
            interpreter=None, initialization="", relative_paths=False):
    """Write the scripts of distributions; return their paths."""
    if isinstance(reqs, str):
        raise TypeError("Expected iterable of requirements or entry points, got string.")
    ws = working_set
    path = [realpath(p) for p in dict.fromkeys([d.location for d in ws] + list(extra_paths))]
    generated, names = [], []
    if initialization:
        initialization = "\n" + initialization + "\n"
    for name, module, attrs in _entry_points(reqs, ws):
        names.append(name)
        target = name if scripts is None else scripts.get(name)
        if target is None:
            continue
        target = os.path.join(dest, target)
        shown, setup = _relative_path_and_setup(target, path, relative_paths)
        generated += _create_script(script_template % {
            "python": _safe_arg(executable), "path": shown, "module_name": module, "attrs": attrs, "arguments": arguments,
            "initialization": initialization, "relative_paths_setup": setup}, target)
    for name in sorted(set(scripts or ()) - set(names)):
        logger.warning("Could not generate script '%s' as it is not defined in the egg entry points.", name)
    if interpreter:
        target = os.path.join(dest, interpreter)
        shown, setup = _relative_path_and_setup(target, path, relative_paths)
        generated += _create_script(py_script_template % {
            "python": _safe_arg(executable), "path": shown + "," if shown else "", "relative_paths_setup": setup,
            "initialization": initialization}, target, "interpreter")
    return generated


def _create_script(contents, dest, kind="script"):
    try:
        with open(dest) as f:
            same = f.read() == contents
    except (OSError, ValueError):
        same = False
    if not same:
        with open(dest, "w") as f:
            f.write(contents)
        os.chmod(dest, _execute_permission())
        logger.info("Generated %s %r.", kind, dest)
    return [dest]


def _relative_path_and_setup(sname, path, relative_paths):
    if not relative_paths:
        return repr(path)[1:-1].replace(", ", ",\n  "), ""
    sname = os.path.abspath(sname)
    setup = relative_paths_setup
    depth = len(os.path.relpath(os.path.dirname(sname), relative_paths).split(os.sep))
    if os.path.dirname(sname) == os.path.abspath(relative_paths):
        depth = 0
    setup += "base = os.path.dirname(base)\n" * depth
    return ",\n  ".join(_relativitize(p, sname, relative_paths) for p in path), setup


def _relativitize(path, script, relative_paths):
    if path == relative_paths:
        return "base"
    if path.startswith(os.path.join(relative_paths, "")):
        return "join(base, %r)" % os.path.relpath(path, relative_paths)
    return repr(path)
