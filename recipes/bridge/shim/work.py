"""What gobuild can ask for: recipes, and the scripts of slapos.recipe.build."""
import os

import gobuild_objects
import gobuild_sections
import gobuild_values
from gobuild_dists import PROVIDED, Conflict, Missing, Requirement, activate, use_develop

bridge = buildout = None
_resolved = {}  # the distributions of recipes that were loaded


def install(b):
    """Make the module ready for a process."""
    global bridge, buildout
    bridge = gobuild_sections._bridge = b
    bridge.recipes = {}
    gobuild_values.slapos = b.hello["dialect"] == "slapos"
    import zc.buildout
    import zc.buildout.buildout

    # Recipes import zc.buildout and use what is in it.
    _lazily(zc.buildout, "download", "rmtree", "easy_install", "configparser")
    buildout = gobuild_sections.Buildout()
    b.work = {"init": init, "install": run_install, "update": run_update, "uninstall": uninstall, "script": script,
              "module": gobuild_objects.module, "use": gobuild_objects.use, "slap": slap}


def _lazily(package, *names):
    """Import submodules when somebody wants them."""
    def get(name):
        if name in names:
            import importlib

            return importlib.import_module(package.__name__ + "." + name)
        raise AttributeError("module %r has no attribute %r" % (package.__name__, name))

    package.__getattr__ = get


def _told(kind, text, **more):
    """Return the exception that tells gobuild of a problem in its own words."""
    err = RuntimeError(text)
    err.gobuild_error = dict(more, kind=kind, text=text)
    return err


def load(recipe, group, local=False):
    """Return the class of a recipe, and the distributions that it consists of."""
    import gobuild_eggs

    name, _, entry = recipe.partition(":")
    entry = entry or "default"
    try:
        requirement = Requirement(name)
    except ValueError:
        raise _told("no-recipe", "%r is not the name of an egg" % name, tried=[]) from None
    finder = gobuild_eggs.finder(bridge, buildout, local=local)
    use_develop(finder.develop)
    try:
        dists = _resolved.get(name) or finder.resolve([requirement])
        _resolved[name] = dists
    except Missing as err:
        raise _told("no-recipe", str(err), name=str(err.requirement), tried=finder.tried) from None
    except Conflict as err:
        raise _told("user", str(err)) from None
    activate(dists)
    dist = [d for d in dists if d.key == requirement.key]
    if not dist:
        raise _told("no-recipe", "the egg %s has no recipes" % name, name=name, tried=finder.tried)
    points = dist[0].entry_points(group)
    if entry not in points:
        raise _told("no-entry", "the egg %s %s has no recipe %r" % (dist[0].project_name, dist[0].version, entry),
                    entries=sorted(points), name=name)
    return points[entry].load(), dists


def init(recipe, local=False):
    """Make the recipe object of a section."""
    part = bridge.part
    made, dists = load(recipe, "zc.buildout", local)
    options = buildout.options(part)
    bridge.recipes.pop(part, None)
    bridge.recipes[part] = made(buildout, part, options)
    return {"signature": " ".join(sorted(d.signature() for d in dists if d.key not in PROVIDED)), "updates": hasattr(bridge.recipes[part], "update")}


def run_install():
    return _work("install")


def run_update():
    return _work("update")


def _work(method):
    """Install or update a part; return its paths, and what was written."""
    recipe, options = bridge.recipes[bridge.part], buildout.options(bridge.part)
    call = getattr(recipe, method, None) or recipe.install
    bridge.watch.start()
    try:
        paths = options._call(call)
        return {"paths": _paths(paths), "none": paths is None, "created": _paths(options._created), "wrote": _paths(bridge.watch.stop())}
    except BaseException:
        _undo(options._created or ())
        raise
    finally:
        bridge.watch.stop()
        options._created = None


def _paths(paths):
    """Return what a recipe returned as a list."""
    if paths is None:
        return []
    if isinstance(paths, (str, bytes, os.PathLike)):
        paths = [paths]
    return [bridge.wired(os.fsdecode(p)) for p in paths]


def _undo(paths):
    """Delete what a failed recipe says that it has created."""
    from zc.buildout.rmtree import rmtree

    for path in paths:
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                rmtree(path)
            elif os.path.lexists(path):
                os.remove(path)
        except (OSError, TypeError, ValueError) as err:
            buildout._logger.warning("Couldn't clean up %r: %s", path, err)


def uninstall(recipe, options):
    """Run the uninstall entry of a recipe, if it has one."""
    try:
        run, _ = load(recipe, "zc.buildout.uninstall", local=True)
    except Exception as err:
        if getattr(err, "gobuild_error", None) or isinstance(err, ImportError):
            return {"ran": False}
        raise
    buildout._logger.info("Running uninstall recipe.")
    run(bridge.part, gobuild_sections.Options(buildout, bridge.part, options))
    return {"ran": True}


def script(name, location=None):
    """Run one of the scripts of a slapos.recipe.build section."""
    import gobuild_inline

    bridge.watch.start()
    try:
        gobuild_inline.run(bridge, buildout, name, location)
        return {"wrote": _paths(bridge.watch.stop()) if name != "init" else []}
    finally:
        bridge.watch.stop()


def slap(**call):
    """Ask the master of a partition."""
    import gobuild_slap

    return gobuild_slap.ask(bridge, buildout, **call)
