"""Distributions: versions, requirements, finding them, and making them usable."""
import functools
import glob
import importlib
import importlib.metadata as metadata
import os
import platform
import re
import site
import sys

# What recipes name as a requirement and need not have: the bridge itself, and
# tools that build.
PROVIDED = ("zc-buildout", "slapos-buildout", "setuptools", "pip", "wheel")


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# versions (PEP 440)

_version = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)[-_.]?(?:(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?"
    r"(?:-(\d+)|[-_.]?(?:post|rev|r)[-_.]?(\d*))?(?:[-_.]?dev[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$").match
_stages = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_least, _most = (0,), (2,)


def version_key(text):
    """Return what versions are compared by; what is no version is below all."""
    found = _version(text.strip().lower())
    if found is None:
        return (-1, (), _least, _least, _least, (), text)
    epoch, release, stage, number, post1, post2, dev, local = found.groups()
    numbers = [int(n) for n in release.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    post = post1 if post1 is not None else post2
    if stage:
        pre = (1, _stages.get(stage, stage), int(number or 0))
    elif dev is not None and post is None:
        pre = _least
    else:
        pre = _most
    return (int(epoch or 0), tuple(numbers), pre,
            _least if post is None else (1, int(post or 0)),
            _most if dev is None else (1, int(dev or 0)),
            tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"[-_.]", local)) if local else (), "")


def is_version(text):
    return _version(text.strip().lower()) is not None


def _release(text, count):
    numbers = [int(n) for n in re.match(r"v?(?:\d+!)?([\d.]*\d)", text).group(1).split(".")]
    return (numbers + [0] * count)[:count]


def _public(text):
    return text.partition("+")[0]


def satisfies(version, operator, wanted):
    """Report whether a version meets one condition."""
    if operator == "===":
        return version == wanted
    if wanted.endswith(".*"):
        stem = wanted[:-2]
        count = len(stem.rpartition("!")[2].split("."))
        same = version_key(version)[0] == version_key(stem)[0] and _release(version, count) == _release(stem, count)
        return same if operator == "==" else not same
    if "+" not in wanted:
        version = _public(version)
    have, want = version_key(version), version_key(wanted)
    if operator == "~=":
        count = len(re.match(r"v?(?:\d+!)?([\d.]*\d)", wanted).group(1).split(".")) - 1
        return have >= want and _release(version, count) == _release(wanted, count)
    return {"==": have == want, "!=": have != want, "<=": have <= want, ">=": have >= want,
            "<": have < want and (want[2] != _most or have[1] != want[1] or have[2] == _most),
            ">": have > want and (want[3] != _least or have[1] != want[1] or have[3] == _least)}[operator]


# requirements (PEP 508)

_requirement = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(@\s*\S+|\(?[^;()]*\)?)\s*(?:;\s*(.*))?$", re.DOTALL).match
_condition = re.compile(r"\s*(===|==|~=|!=|<=|>=|<|>)\s*([^\s,]+)\s*(?:,|$)").match


class Requirement:
    """A line such as `name[extra] >=1.0; marker`."""

    def __init__(self, text):
        found = _requirement(text)
        if not found:
            raise ValueError("%r is no requirement" % text)
        self.text = text.strip()
        self.name, extras, conditions, marker = found.groups()
        self.project_name, self.key = self.name, canonical(self.name)
        self.checked = False  # a pin that names checksums
        self.extras = tuple(e.strip() for e in (extras or "").split(",") if e.strip())
        self.url, self.specs = "", []
        self.marker = (marker or "").strip()
        conditions = conditions.strip()
        if conditions.startswith("@"):
            self.url = conditions[1:].strip()
            return
        rest = conditions.strip("() \t\n")
        while rest:
            one = _condition(rest)
            if not one:
                raise ValueError("%r is no requirement" % text)
            self.specs.append(one.groups())
            rest = rest[one.end():]

    def accepts(self, version):
        return all(satisfies(version, o, v) for o, v in self.specs)

    def __str__(self):
        extras = "[%s]" % ",".join(self.extras) if self.extras else ""
        return self.name + extras + (" @ " + self.url if self.url else ",".join(o + v for o, v in self.specs))


class _Value(str):
    """A value in a marker; versions compare as such."""

    def _compare(self, other, operator, otherwise):
        if is_version(self) and is_version(other.replace(".*", "")):
            return satisfies(str(self), operator, str(other))
        return otherwise(str(self), str(other))

    def __eq__(self, other):
        return self._compare(other, "==", lambda a, b: a == b)

    def __ne__(self, other):
        return self._compare(other, "!=", lambda a, b: a != b)

    def __lt__(self, other):
        return self._compare(other, "<", lambda a, b: a < b)

    def __le__(self, other):
        return self._compare(other, "<=", lambda a, b: a <= b)

    def __gt__(self, other):
        return self._compare(other, ">", lambda a, b: a > b)

    def __ge__(self, other):
        return self._compare(other, ">=", lambda a, b: a >= b)

    __hash__ = str.__hash__


@functools.lru_cache(None)
def _marker_names(extra):
    release = "%d.%d.%d" % sys.version_info[:3]
    return {name: _Value(value) for name, value in {
        "python_version": "%d.%d" % sys.version_info[:2], "python_full_version": release, "extra": extra,
        "os_name": os.name, "sys_platform": sys.platform, "platform_machine": platform.machine(),
        "platform_system": platform.system(), "platform_release": platform.release(), "platform_version": platform.version(),
        "platform_python_implementation": platform.python_implementation(),
        "implementation_name": sys.implementation.name, "implementation_version": release}.items()}


def holds(marker, extras=()):
    """Report whether a marker holds for one of the extras, or for none."""
    if not marker:
        return True
    text = re.sub(r"\b(os|sys|platform)\.(name|platform|machine|version)\b", r"\1_\2", marker).replace("~=", ">=")
    try:
        code = compile(text, "<marker>", "eval")
    except SyntaxError:
        return True
    for extra in ("",) + tuple(extras):
        try:
            if eval(code, {"__builtins__": {}}, _marker_names(extra)):
                return True
        except Exception:
            return True
    return False


# distributions

class Dist:
    """A distribution that is here."""

    def __init__(self, found, location, develop=False, builtin=False):
        self.metadata_of, self.location, self.develop, self.builtin = found, location, develop, builtin
        said = found.metadata or {"Name": "", "Version": ""}
        self.project_name = said["Name"] or ""
        self.name, self.key = self.project_name, canonical(self.project_name)
        self.version = said["Version"] or "0"
        self.precedence = -1 if develop else 0

    def requires(self, extras=()):
        """Return the requirements that hold for this Python."""
        found = []
        for line in self.metadata_of.requires or []:
            try:
                one = Requirement(line)
            except ValueError:
                continue
            if holds(one.marker, extras):
                one.marker = ""
                found.append(one)
        return found

    def entry_points(self, group):
        """Return the names of a group with the texts that they stand for."""
        return {e.name: e for e in self.metadata_of.entry_points if e.group == group}

    def as_requirement(self):
        return Requirement("%s==%s" % (self.project_name, self.version))

    # what pkg_resources offers of a distribution

    @property
    def parsed_version(self):
        return version_key(self.version)

    @property
    def extras(self):
        return self.metadata_of.metadata.get_all("Provides-Extra") or []

    py_version = "%d.%d" % sys.version_info[:2]

    def egg_name(self):
        return "%s-%s-py%s" % (re.sub(r"[^A-Za-z0-9.]+", "_", self.project_name), self.version.replace("-", "_"), self.py_version)

    def has_metadata(self, name):
        return self.metadata_of.read_text(name) is not None

    def get_metadata(self, name):
        text = self.metadata_of.read_text(name)
        if text is None:
            raise KeyError(name)
        return text

    def get_metadata_lines(self, name):
        lines = (line.strip() for line in self.get_metadata(name).splitlines())
        return (line for line in lines if line and not line.startswith("#"))

    def _get_metadata(self, name):
        return self.get_metadata_lines(name) if self.has_metadata(name) else iter(())

    def _metadata_place(self, name):
        return os.path.join(str(getattr(self.metadata_of, "_path", "")), *name.split("/"))

    def metadata_isdir(self, name):
        return os.path.isdir(self._metadata_place(name))

    def metadata_listdir(self, name):
        return os.listdir(self._metadata_place(name))

    def get_entry_map(self, group=None):
        if group is not None:
            return self.entry_points(group)
        return {g: self.entry_points(g) for g in {e.group for e in self.metadata_of.entry_points}}

    def get_entry_info(self, group, name):
        return self.entry_points(group).get(name)

    def load_entry_point(self, group, name):
        point = self.get_entry_info(group, name)
        if point is None:
            raise ImportError("Entry point %r not found" % ((group, name),))
        return point.load()

    def activate(self, path=None, replace=False):
        activate([self])

    def signature(self):
        """Return what zc.buildout has in the signature of a part."""
        if self.develop:
            return "%s-%s" % (self.project_name, tree_hash(self.location))
        if self.location.endswith(".egg"):
            return os.path.basename(self.location)
        return "%s-%s" % (self.project_name, self.version)

    def __repr__(self):
        return "%s %s (%s)" % (self.project_name, self.version, self.location)

    def __lt__(self, other):
        return (self.key, version_key(self.version)) < (other.key, version_key(other.version))


def tree_hash(directory):
    """Return a hash of the Python files below a directory."""
    import hashlib

    digest = hashlib.md5()
    for root, dirs, files in os.walk(directory):
        dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d not in ("__pycache__", "CVS", "build", "dist")
                         and not d.endswith((".egg-info", ".dist-info")))
        for name in sorted(files):
            if name.endswith((".py", ".cfg", ".toml", ".txt", ".in")):
                path = os.path.join(root, name)
                digest.update(os.path.relpath(path, directory).encode("utf-8", "surrogateescape"))
                try:
                    with open(path, "rb") as f:
                        digest.update(f.read())
                except OSError:
                    pass
    return digest.hexdigest()


def _info(directory):
    """Return the directories of metadata in a directory."""
    found = []
    for pattern in ("*.dist-info", "*.egg-info", "EGG-INFO"):
        found += sorted(glob.glob(os.path.join(glob.escape(directory), pattern)))
    return found


def _at(info, location, **kind):
    import pathlib

    dist = Dist(metadata.PathDistribution(pathlib.Path(info)), location, **kind)
    return dist if dist.project_name else None


def developed(directory):
    """Return the distributions of a develop-eggs-directory."""
    found = []
    for link in sorted(glob.glob(os.path.join(glob.escape(directory), "*.egg-link"))):
        with open(link) as f:
            lines = f.read().split("\n")
        place = os.path.join(directory, lines[0].strip())
        found += [_at(i, place, develop=True) for i in _info(place) if canonical(os.path.basename(i)).startswith(canonical(os.path.basename(link)[:-9]))]
    found += [_at(i, _root(directory, i), develop=True) for i in _info(directory)]
    return [d for d in found if d]


def _root(directory, info):
    """Return where the code of a develop egg is: metadata says it, or a .pth file."""
    stem = os.path.basename(info).partition("-")[0]
    for path in sorted(glob.glob(os.path.join(glob.escape(directory), "*.pth"))):
        if canonical(stem) in canonical(os.path.basename(path)):
            with open(path) as f:
                for line in f:
                    if os.path.isdir(line.strip()):
                        return line.strip()
    return directory


_eggs = {}  # what was seen of directories of eggs: (time, {key: [path]})


def _paths_of_eggs(directory):
    """Return the paths of the eggs in a directory by the names of their projects."""
    try:
        time = os.stat(directory).st_mtime_ns
    except OSError:
        return {}
    if directory not in _eggs or _eggs[directory][0] != time:
        paths = {}
        for name in sorted(os.listdir(directory)):
            if name.endswith(".egg"):
                paths.setdefault(canonical(name.partition("-")[0]), []).append(os.path.join(directory, name))
        _eggs[directory] = time, paths
    return _eggs[directory][1]


def in_eggs(directory, key):
    """Return the distributions of a project in a directory of eggs."""
    found = []
    for egg in _paths_of_eggs(directory).get(key, ()):
        tag = re.search(r"-py(\d+\.\d+)", os.path.basename(egg))
        if tag and tag.group(1) != "%d.%d" % sys.version_info[:2]:
            continue
        found += [_egg(i, egg) for i in _info(egg)[:1]]
    return [d for d in found if d]


@functools.lru_cache(None)
def _egg(info, location):
    return _at(info, location)


_own_path = tuple(p for p in sys.path if p)  # of the interpreter, before there are eggs


@functools.lru_cache(None)
def _own_infos():
    """Return where the metadata of the interpreter's packages is, by project."""
    found = {}
    for entry in _own_path:
        for info in _info(entry):
            name = os.path.basename(entry if info.endswith("EGG-INFO") else info)
            found.setdefault(canonical(re.split(r"-|\.(?:dist|egg)-info$", name)[0]), []).append((info, entry))
    return found


def installed(key):
    """Return the distributions that this Python finds by itself."""
    found = [_at(info, entry, builtin=True) for info, entry in _own_infos().get(key, ())]
    return [d for d in found if d]


class Finder:
    """Finds distributions in the directories of a buildout, and for this Python."""

    def __init__(self, directories, pin, obtain=None):
        # directories: develop-eggs first, then those with eggs.
        self.develop, self.eggs = directories[0], directories[1:]
        self.pin, self.obtain = pin, obtain
        self.verify = None  # gets what has the checksums of a pin
        self.tried = []
        self.developed = None

    def candidates(self, key):
        """Yield what is here, the first is used: develop eggs, newer ones, those of Python."""
        if self.developed is None:
            self.developed = developed(self.develop) if self.develop else []
        yield from (d for d in self.developed if d.key == key)
        for directory in self.eggs:
            yield from sorted(in_eggs(directory, key), key=lambda d: version_key(d.version), reverse=True)
        yield from installed(key)

    def find(self, requirement):
        """Return a distribution for a requirement, or None."""
        pinned = self.pin(requirement.key)
        for dist in self.candidates(requirement.key):
            if dist.develop or (requirement.accepts(dist.version) and (not pinned or pinned.accepts(dist.version))):
                return dist
        return None

    def need(self, requirement):
        """Return a distribution for a requirement; get it if it is not here."""
        dist, pin = self.find(requirement), self.pin(requirement.key)
        if dist is None and requirement.key not in PROVIDED and self.obtain:
            dist = self.obtain(requirement, pin)
        elif dist is not None and self.verify and pin and pin.checked and not dist.develop:
            dist = self.verify(requirement, pin)
        if dist is None and requirement.key not in PROVIDED:
            raise Missing(requirement, self)
        return dist

    def resolve(self, texts):
        """Return the distributions for requirements, with all that they need.

        Their order is that of zc.buildout.  What a package of the interpreter
        requires and has not, its import has to tell: whoever installed it there
        may have left it out on purpose.
        """
        roots = [t if isinstance(t, Requirement) else Requirement(t) for t in texts]
        roots = [r for r in roots if holds(r.marker, r.extras)]
        found, seen, wanted_by = {}, set(), {}
        for requirement in roots:
            self._add(found, requirement, True)
        queue = [(r, True, "") for r in reversed(roots)]
        while queue:
            requirement, must, source = queue.pop(0)
            mark = str(requirement), must
            if mark in seen:
                continue
            seen.add(mark)
            dist = self._add(found, requirement, must)
            if dist is None:
                continue
            if must and not (dist.develop or requirement.accepts(dist.version) or dist.key in PROVIDED):
                raise Conflict(dist, requirement, source, wanted_by.get(dist.key, ""))
            wanted_by.setdefault(dist.key, source)
            name = "%s %s" % (dist.project_name, dist.version)
            queue += [(r, not dist.builtin, name) for r in reversed(dist.requires(requirement.extras))]
        return list(found.values())

    def _add(self, found, requirement, must):
        dist = found.get(requirement.key) or (self.need(requirement) if must else self.find(requirement))
        if dist is not None:
            found.setdefault(requirement.key, dist)
        return dist


class Conflict(Exception):
    """Requirements exclude each other."""

    def __init__(self, dist, requirement, source, other):
        super().__init__("There is a version conflict.\nWe already have: %s %s%s\nbut %s requires %r." % (
            dist.project_name, dist.version, ", which %s requires," % other if other else "", source or "the section", str(requirement)))


class Missing(Exception):
    """A distribution is not here."""

    def __init__(self, requirement, finder):
        super().__init__("there is no egg for the requirement %s" % requirement)
        self.requirement, self.finder = requirement, finder


# sys.path

def activate(dists):
    """Make distributions importable: before what Python has by itself."""
    new = []
    for dist in dists:
        if dist.builtin or dist.location in sys.path:
            continue
        sys.path.insert(len(new), dist.location)
        new.append(dist.location)
    if new:
        importlib.invalidate_caches()
        for path in new:
            extend_namespaces(path)


def use_develop(directory):
    """Make Python read the .pth files of a develop-eggs-directory."""
    if os.path.isdir(directory) and directory not in sys.path:
        before = list(sys.path)
        site.addsitedir(directory)
        added = [p for p in sys.path if p not in before]
        sys.path[:] = [directory] + [p for p in added if p != directory] + before
        importlib.invalidate_caches()


def extend_namespaces(path):
    """Let packages that are imported already be found in a new directory too."""
    for name, module in list(sys.modules.items()):
        paths = getattr(module, "__path__", None)
        if paths is None or not hasattr(paths, "append"):
            continue
        place = os.path.join(path, *name.split("."))
        own = getattr(module, "__file__", None)
        if os.path.isdir(place) and place not in paths and (own is None or _is_namespace(own)):
            paths.append(place)


def _is_namespace(path):
    try:
        with open(path, errors="replace") as f:
            text = f.read(2000)
    except OSError:
        return False
    return "declare_namespace" in text or "extend_path" in text
