"""The scripts of slapos.recipe.build sections, and what they may use."""
import linecache
import logging
import os
import shlex
import shutil
import subprocess
import tempfile

import zc.buildout
from gobuild_sections import ask


def call(*args, **kwargs):
    """Run a command with a closed stdin; its failure is an error."""
    kwargs.update(stdin=subprocess.PIPE, close_fds=True)
    process = subprocess.Popen(*args, **kwargs)
    process.stdin.close()
    process.stdin = None
    process.communicate()
    if process.returncode:
        command = args[0] if isinstance(args[0], str) else " ".join(map(str, args[0]))
        raise subprocess.CalledProcessError(process.returncode, command)


def guessworkdir(path):
    """Return the single entry of a directory, or the directory."""
    names = os.listdir(path)
    return os.path.join(path, names[0]) if len(names) == 1 else path


def is_true(value, default=False):
    """Return a boolean that is exactly true or false."""
    if value is None:
        return default
    if value not in ("false", "true"):
        raise zc.buildout.UserError("%r is not a boolean: it must be true or false" % (value,))
    return value == "true"


def rmtree(path):
    """Delete a file or a tree; nothing there is fine."""
    from zc.buildout.rmtree import rmtree as remove

    if os.path.isdir(path) and not os.path.islink(path):
        remove(path)
    elif os.path.lexists(path):
        os.remove(path)


class Script:
    """`self` of the scripts of one section."""

    keep_on_error = False
    mkdir_location = False

    def __init__(self, buildout, name, options):
        self.buildout, self.name, self.options = buildout, name, options
        for which in ("init", "install", "update"):
            setattr(self, which + "_script", options.get(which))
        self.logger = logging.getLogger(name)
        self.cleanup_list = []
        self.keep_on_error = is_true(options.get("keep-on-error"))
        self.maybe_shared = is_true(options.get("shared"))
        self.location = options.get("location")
        self._extra_path = []
        self._get_setup_eggs()

    cleanup_dir_list = cleanup_file_list = property(lambda self: self.cleanup_list)

    def assertNotShared(self, reason):
        if self.maybe_shared:
            raise zc.buildout.UserError("When shared=true, " + reason)

    @property
    def environ(self):
        """The environment of the process with the variables of the section."""
        if "environ" not in self.__dict__.setdefault("_made", {}):
            made = os.environ.copy()
            for key, value in sorted(self._variables().items()):
                try:
                    made[key] = value % os.environ
                except KeyError as err:
                    raise zc.buildout.UserError("the value of %s needs the environment variable %s, which is not set" % (key, err.args[0])) from None
                self.logger.info("[ENV] %s = %s", key, made[key])
            self._made["environ"] = made
        return self._made["environ"]

    @environ.setter
    def environ(self, value):
        self.__dict__.setdefault("_made", {})["environ"] = value

    def _variables(self):
        text = (self.options.get("environment") or "").strip()
        if not text:
            return {}
        if "=" not in text:
            return dict(self.buildout[text].items())
        lines = [line.strip().partition("=") for line in text.splitlines() if line.strip()]
        return {name.strip(): value.strip() for name, _, value in lines}

    def _get_setup_eggs(self):
        specs = [line.strip() for line in (self.options.get("setup-eggs") or "").splitlines() if line.strip()]
        if not specs:
            return
        import gobuild_eggs
        from gobuild_dists import Conflict, Missing, activate
        from gobuild_sections import _bridge

        finder = gobuild_eggs.finder(_bridge, self.buildout)
        try:
            dists = finder.resolve(specs)
        except Missing as err:
            raise zc.buildout.UserError("%s: %s" % (err, "; ".join(finder.tried))) from None
        except Conflict as err:
            raise zc.buildout.UserError(str(err)) from None
        self._extra_path = [d.location for d in dists]
        self.options["setup-eggs"] = "\n".join(sorted(str(d.as_requirement()) for d in dists))
        activate(dists)

    def download(self, *args, **kw):
        """Get a file; without arguments that of the options url and md5sum."""
        import zc.buildout.download

        if not (args or "url" in kw):
            args = self.options["url"], self.options.get("md5sum") or None
        offline = kw.pop("offline", None)
        more = {} if offline is None else {"offline": offline}
        path, temporary = zc.buildout.download.Download(self.buildout.options("buildout"), hash_name=True, **more)(*args, **kw)
        if temporary:
            self.cleanup_list.append(path)
        return path

    def extract(self, path):
        """Unpack an archive into a new directory."""
        directory = tempfile.mkdtemp(self.name.replace(os.sep, "_"))
        self.cleanup_list.append(directory)
        self.logger.debug("Created working directory: %s", directory)
        ask("unpack", archive=os.path.abspath(path), dest=directory)
        return directory

    def pipeCommand(self, command_list_list, *args, **kwargs):
        """Run commands, each with the output of the one before."""
        shown, processes, previous = [], [], None
        kwargs["stdout"] = subprocess.PIPE
        for command in command_list_list:
            if previous is not None:
                kwargs["stdin"] = previous.stdout
            process = subprocess.Popen(command, *args, **kwargs)
            if previous is not None:
                previous.stdout.close()
            shown.append(" ".join(command))
            processes.append(process)
            previous = process
        self.logger.info("Running: %s", " | ".join(shown))
        if previous is not None:
            previous.stdout.close()
        failed = [text for process, text in reversed(list(zip(processes, shown))) if process.wait()]
        if failed:
            raise zc.buildout.UserError("Failed while running:\n  " + "\n  ".join(failed))

    def copyTree(self, origin, destination, ignore_dir_list=()):
        """Copy a directory to a place where nothing is."""
        if os.path.exists(destination):
            raise shutil.Error("Destination already exists: %s" % destination)
        self.logger.info("Copying %r to %r", origin, destination)
        try:
            shutil.copytree(origin, destination, symlinks=True, ignore=lambda directory, names: ignore_dir_list)
        except BaseException:
            self.cleanup_list.append(destination)
            raise

    def applyPatchList(self, patch_string, patch_options=None, patch_binary=None, cwd=None):
        """Apply patches: lines URL [MD5 [OPTIONS]]."""
        options = shlex.split(patch_options or "")
        binary = (patch_binary or "patch").strip()
        for line in (patch_string or "").splitlines():
            words = line.split(None, 2)
            if not words:
                continue
            md5sum = words[1] if len(words) > 1 and words[1].lower() != "unknown" else None
            if len(words) > 2:
                options = words[2].split()
            self.logger.info("Applying patch %r", words[0])
            with open(self.download(words[0], md5sum)) as stdin:
                subprocess.check_call([binary] + options, stdin=stdin, cwd=cwd)

    def _exec(self, script):
        scope = {"call": call, "guessworkdir": guessworkdir, "is_true": is_true, "self": self, "options": self.options}
        location = self.options.get("location")
        if location is not None:
            scope["location"] = location
        linecache.cache[self.name] = (len(script), None, script.splitlines(True), self.name)
        before = os.environ.get("PYTHONEXTRAPATH")
        if self._extra_path:
            os.environ["PYTHONEXTRAPATH"] = os.pathsep.join(self._extra_path + ([before] if before else []))
        try:
            exec(compile(script, self.name, "exec"), scope)
        finally:
            if self._extra_path and before is None:
                os.environ.pop("PYTHONEXTRAPATH", None)
            elif self._extra_path:
                os.environ["PYTHONEXTRAPATH"] = before

    def clean(self, keep):
        for path in self.cleanup_list:
            if os.path.lexists(path):
                if keep:
                    self.logger.info("Left %r as requested", path)
                else:
                    rmtree(path)
        self.cleanup_list = []


def run(bridge, buildout, name, location):
    """Run the script called name of the part in work."""
    part = bridge.part
    if name == "init":
        bridge.recipes.pop(part, None)
        bridge.recipes[part] = Script(buildout, part, buildout.options(part))
    made = bridge.recipes[part]
    if location:
        made.location = location
    text = made.options.get(name)
    if not text:
        return
    keep = name == "install" and made.keep_on_error
    os.chdir(bridge.hello["directory"])
    try:
        made._exec(text)
        if name == "install":
            check_promises(made.options.get("slapos_promise"), made.options.get("location") or "")
        keep = False
    finally:
        made.clean(keep)
        os.chdir(bridge.hello["directory"])


def check_promises(text, location):
    """Check that the files are there that a section promises."""
    problems = []
    for line in (text or "").splitlines():
        kind, _, rest = line.strip().partition(":")
        if not kind:
            continue
        words = rest.split()
        path = words[0] if words else ""
        full = os.path.join(location, path)
        if kind in ("file", "statlib"):
            if not os.path.exists(full):
                problems.append("File promise not met for %r" % path)
        elif kind == "directory":
            if not os.path.isdir(full):
                problems.append("Directory promise not met for %r" % path)
        elif kind == "dynlib":
            problems += _library_problems(line.strip(), full, words[1:], location)
        else:
            raise zc.buildout.UserError("Unknown promise %r" % line.strip())
    if problems:
        raise zc.buildout.UserError("Promise not met, found issues:\n  %s\n" % "\n  ".join(problems))


def _library_problems(promise, path, words, location):
    """Return what is not as promised of a shared library."""
    given = dict((w.partition(":")[0], [x for x in w.partition(":")[2].split(",") if x]) for w in words)
    if "linked" not in given:
        raise zc.buildout.UserError("dynlib promise requires 'linked:' parameter.")
    if not os.path.exists(path):
        return ["Dynlib promise file not met %r" % promise]
    wanted = [w.replace("!", location) if w.startswith("!") else w for w in given.get("rpath", [])]
    libraries, rpath = _dynamic(path)
    problems = []
    if sorted(given["linked"]) != libraries:
        problems.append("Promise library list not met (wanted: %r, found: %r)" % (given["linked"], libraries))
    if sorted(wanted) != rpath:
        problems.append("Promise rpath list not met (wanted: %r, found: %r)" % (wanted, rpath))
    return problems


def _dynamic(path):
    """Return the libraries that a library needs, and where they are looked for."""
    told = ask("elf", path=path)
    return sorted(told["needed"]), sorted(p.rstrip("/") for p in told["rpath"])
