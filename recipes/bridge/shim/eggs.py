"""Eggs: those that are here are found here, gobuild gets the others."""
import os

from gobuild_dists import Finder, Requirement, canonical, developed  # noqa: F401  easy_install uses the last
from gobuild_sections import ask

fetched = []  # directories that gobuild has put eggs into


def value(key, default=""):
    found = ask("get", section="buildout", key=key)
    return default if found is None else found


def path_of(bridge, key):
    text = value(key)
    return os.path.normpath(os.path.join(bridge.hello["directory"], text)) if text else ""


def as_requirement(key, text):
    """Return what a pin demands; it may be a version, and more may stand behind it."""
    text, _, sums = (text or "").partition("#")
    words = text.split()
    if not words:
        return None
    first = words[0] if words[0][0] not in "<>=!~" else text.partition(";")[0].strip()
    try:
        pin = Requirement(key + (first if first[0] in "<>=!~" else "==" + first.partition(":")[0]))
    except ValueError:
        return None
    pin.checked = bool(sums)
    return pin


def pins(versions):
    """Return the function that tells the pin of a distribution."""
    known = {}

    def pin(key):
        if not known:
            known.update({canonical(name): versions[name] for name in versions})
            known[""] = ""
        return as_requirement(key, known.get(key))

    return pin


def finder(bridge, buildout, local=False, develop=None, eggs=None, versions=None):
    """Return what finds eggs as the profile says; local ones only with local."""
    develop = develop or path_of(bridge, "develop-eggs-directory")
    own = eggs or path_of(bridge, "eggs-directory")
    found = Finder([develop, own] + [d for d in fetched if d != own], pins(buildout.versions if versions is None else versions))
    found.tried = ["develop eggs in %s" % develop, "eggs in %s" % own, "the packages of %s" % bridge.hello["python"]]
    if local:
        return found

    def obtain(requirement, pinned):
        told = ask("egg", text=str(requirement), dest=eggs or "",
                   versions=None if versions is None else {k: str(v) for k, v in dict(versions).items()})
        if "missing" in told:
            found.tried.append(told["missing"])
            return None
        for location in told["locations"]:
            directory = os.path.dirname(location)
            if location.endswith(".egg") and directory not in found.eggs:
                found.eggs.append(directory)
                fetched.append(directory)
        return found.find(requirement)

    found.verify = obtain
    if buildout.offline:
        found.tried.append("nothing else, as the run is offline: one without -o gets eggs by find-links and index")
    else:
        found.obtain = obtain
    return found
