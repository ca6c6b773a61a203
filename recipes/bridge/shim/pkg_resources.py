"""What recipes use of pkg_resources, for a Python that has none."""
import importlib
import importlib.resources
import os
import pkgutil
import sys

import gobuild_dists
from gobuild_dists import Requirement as _Requirement

DEVELOP_DIST = -1


class ResolutionError(Exception):
    """Distributions cannot be found, or do not go together."""


class DistributionNotFound(ResolutionError):
    """A distribution is not here."""


class VersionConflict(ResolutionError):
    """A distribution has another version than it must have."""


class PkgResourcesDeprecationWarning(Warning):
    """Never given."""


class Requirement(_Requirement):
    """A requirement with a parser."""

    @staticmethod
    def parse(text):
        return Requirement(str(text))


def parse_requirements(lines):
    lines = lines.splitlines() if isinstance(lines, str) else lines
    return [Requirement(line) for line in (t.strip() for t in lines) if line and not line.startswith("#")]


def declare_namespace(name):
    module = sys.modules[name]
    module.__path__ = pkgutil.extend_path(list(module.__path__), name)


def parse_version(text):
    return gobuild_dists.version_key(text)


def get_distribution(name):
    key = gobuild_dists.canonical(_Requirement(str(name)).name)
    for entry in list(sys.path):
        for dist in gobuild_dists.in_eggs(os.path.dirname(entry), key) if entry.endswith(".egg") else ():
            if dist.location == entry:
                return dist
    for dist in gobuild_dists.installed(key):
        return dist
    raise DistributionNotFound(name)


def require(*names):
    return [get_distribution(n) for n in names]


def iter_entry_points(group, name=None):
    import importlib.metadata

    for dist in importlib.metadata.distributions():
        for point in dist.entry_points:
            if point.group == group and name in (None, point.name):
                yield point


def get_entry_map(dist, group=None):
    dist = get_distribution(dist) if isinstance(dist, str) else dist
    return dist.get_entry_map(group)


def get_entry_info(dist, group, name):
    return get_entry_map(dist, group).get(name)


def load_entry_point(dist, group, name):
    return get_distribution(dist).entry_points(group)[name].load()


def _place(package, name):
    package = package if isinstance(package, str) else package.key
    return os.path.join(os.path.dirname(importlib.import_module(package).__file__), *name.split("/"))


def resource_filename(package, name):
    return _place(package, name)


def resource_string(package, name):
    with open(_place(package, name), "rb") as f:
        return f.read()


def resource_stream(package, name):
    return open(_place(package, name), "rb")


def resource_exists(package, name):
    return os.path.exists(_place(package, name))


def resource_isdir(package, name):
    return os.path.isdir(_place(package, name))


def resource_listdir(package, name):
    return os.listdir(_place(package, name))


class _WorkingSet(object):
    """The distributions that can be imported."""

    @property
    def entries(self):
        return list(sys.path)

    def add_entry(self, entry):
        if entry not in sys.path:
            sys.path.append(entry)
            gobuild_dists.extend_namespaces(entry)

    def find(self, requirement):
        try:
            return get_distribution(requirement.name)
        except DistributionNotFound:
            return None

    def require(self, *names):
        return require(*names)

    def __iter__(self):
        import importlib.metadata

        return iter([gobuild_dists.Dist(d, str(d.locate_file(""))) for d in importlib.metadata.distributions() if d.metadata["Name"]])


working_set = _WorkingSet()
