"""The side of gobuild's bridge that runs in Python: it serves one run.

gobuild asks for work (`do`), and while a recipe works it is asked for what the
recipe wants to know (`ask`).  Both may be nested in the other.  The protocol
is described in docs/bridge.md.
"""
import importlib.util
import json
import linecache
import logging
import os
import sys
import threading
import traceback
import types

PROTOCOL = 1


class Bridge:
    """The conversation with gobuild."""

    def __init__(self, reader, writer, hello):
        self.reader, self.writer, self.hello = reader, writer, hello
        self.lock = threading.RLock()
        self.serial = 0
        self.parts = []  # in work, the innermost last
        self.work = {}  # what `do` can name
        self.mark_text = "\0" + hello["token"]
        self.watch = None  # notes what a recipe writes

    # the conversation

    def send(self, **message):
        self.writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        self.writer.flush()

    def receive(self):
        line = self.reader.readline()
        if not line:
            os._exit(0)  # gobuild is gone
        return json.loads(line)

    def ask(self, what, **fields):
        """Return gobuild's answer, and serve it meanwhile."""
        with self.lock:
            self.serial += 1
            self.send(ask=what, id=self.serial, **fields)
            while True:
                message = self.receive()
                if "do" in message:
                    self.serve(message)
                elif "error" in message:
                    raise self.exception(message["error"])
                else:
                    return message.get("result")

    def note(self, what, **fields):
        """Tell gobuild something that needs no answer."""
        with self.lock:
            self.send(note=what, **fields)

    def exception(self, error):
        """Return what a recipe expects when gobuild refuses something."""
        import zc.buildout
        import zc.buildout.buildout as engine
        import zc.buildout.download as download

        kinds = {"section": engine.MissingSection, "option": engine.MissingOption,
                 "exists": KeyError, "checksum": download.ChecksumError}
        made = kinds.get(error.get("kind"), zc.buildout.UserError)(error.get("text", ""))
        made.gobuild_number = error.get("number", 0)
        return made

    # work

    def loop(self):
        while True:
            self.serve(self.receive())

    def serve(self, message):
        number, part = message["id"], message.get("part", "")
        self.mark("+%d" % number)
        environ = self.set_environ(message.get("environ"))
        self.parts.append(part)
        answer = {}
        try:
            answer["result"] = self.work[message["do"]](**message.get("with", {}))
        except BaseException as err:  # SystemExit of a recipe is no end of the bridge
            answer["error"] = self.failure(err)
        self.parts.pop()
        answer["environ"] = self.changes(environ)
        self.mark("-%d" % number)
        self.send(id=number, **answer)

    @property
    def part(self):
        return self.parts[-1] if self.parts else ""

    def mark(self, text):
        """Divide what is printed: gobuild puts it into the log of the part."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass
        try:
            os.write(2, (self.mark_text + text + "\n").encode())
        except OSError:
            pass

    def failure(self, err):
        """Describe an exception."""
        told = self.describe(err)
        told["line"] = self.line_of(err)
        return told

    def describe(self, err):
        import zc.buildout

        if not isinstance(err, zc.buildout.UserError) and not hasattr(err, "gobuild_error"):
            self.print_trace(err)
        number = getattr(err, "gobuild_number", 0)
        if number:
            return {"number": number}
        told = getattr(err, "gobuild_error", None)
        if told:
            return dict(told)
        if isinstance(err, SystemExit):
            return {"kind": "exit", "text": "the recipe ended the program: sys.exit(%s)" % ", ".join(map(repr, err.args))}
        if isinstance(err, zc.buildout.UserError):
            missing = getattr(err, "gobuild_missing", None)
            if missing:
                return {"kind": "option", "text": str(err), "section": missing[0], "option": missing[1]}
            return {"kind": "user", "text": str(err)}
        lines = traceback.format_exception_only(type(err), err)
        return {"kind": "exception", "text": "".join(lines[-1:]).strip() or type(err).__name__}

    def print_trace(self, err, seen=()):
        """Write the traceback without the frames of the bridge."""
        cause = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
        if cause is not None and id(cause) not in seen:
            self.print_trace(cause, seen + (id(err),))
            sys.stderr.write("The next error came of this one:\n")
        frames = [f for f in traceback.extract_tb(err.__traceback__) if not f.filename.startswith("<gobuild ")]
        if frames:
            sys.stderr.write("Traceback (most recent call last):\n")
        for frame in frames:
            sys.stderr.write('  File "%s", line %s, in %s\n' % (frame.filename, frame.lineno, frame.name))
            if frame.line:
                sys.stderr.write("    %s\n" % frame.line)
        try:
            sys.stderr.write("".join(traceback.format_exception_only(type(err), err)))
        except Exception:  # of a __str__ or so
            sys.stderr.write(type(err).__name__ + "\n")

    def line_of(self, err):
        """Return the line of the section's script where an error came up, or 0."""
        if isinstance(err, SyntaxError) and err.filename == self.part:
            return err.lineno or 0
        lines = [f.lineno for f in traceback.extract_tb(err.__traceback__) if f.filename == self.part]
        return lines[-1] if lines else 0

    # the environment

    def set_environ(self, wanted):
        """Make os.environ what gobuild says; return it as it is now."""
        if wanted is not None:
            for name in [n for n in os.environ if n not in wanted]:
                del os.environ[name]
            for name, value in wanted.items():
                if os.environ.get(name) != value:
                    os.environ[name] = value
        return dict(os.environ)

    def changes(self, before):
        now = dict(os.environ)
        if now == before:
            return None
        return {"set": {k: v for k, v in now.items() if before.get(k) != v},
                "unset": [k for k in before if k not in now]}


class Handler(logging.Handler):
    """Puts messages into the log of the part, and those of note on the screen."""

    LEVELS = ((logging.WARNING, "warning"), (logging.INFO, "info"))

    def __init__(self, bridge):
        super().__init__()
        self.bridge = bridge

    def emit(self, record):
        try:
            text = self.format(record)
        except Exception:
            text = str(record.msg)
        if record.name not in (self.bridge.part, "root", "zc.buildout"):
            text = "%s: %s" % (record.name, text)
        if record.levelno != logging.INFO:
            text = "%s: %s" % (record.levelname, text)
        try:
            sys.stderr.write("%s: %s\n" % (self.bridge.part, text))
        except Exception:
            pass
        for least, name in self.LEVELS:
            if record.levelno >= least:
                self.bridge.note("say", level=name, text=text)
                break


class Watch:
    """Notes the paths that this process writes, for parts that write elsewhere."""

    MOST = 1000

    def __init__(self):
        self.paths = None
        sys.addaudithook(self.hook)

    def start(self):
        self.paths = {}

    def stop(self):
        paths, self.paths = self.paths or {}, None
        return [p for p in paths if os.path.lexists(p)]

    def hook(self, event, args):
        if self.paths is None:
            return
        if event == "open":
            flags = args[2] or 0
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
                self.add(args[0])
        elif event == "os.mkdir":
            self.add(args[0])
        elif event in ("os.rename", "os.link", "os.symlink"):
            self.add(args[1])

    def add(self, path):
        if isinstance(path, (str, bytes)) and len(self.paths) < self.MOST:
            try:
                self.paths[os.path.abspath(os.fsdecode(path))] = True
            except (OSError, ValueError):
                pass


class Sources:
    """Imports the modules that gobuild has sent."""

    def __init__(self, sources):
        self.sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        package = any(other.startswith(name + ".") for other in self.sources)
        return importlib.util.spec_from_loader(name, self, is_package=package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__spec__.name
        source, place = self.sources[name], "<gobuild %s.py>" % name
        linecache.cache[place] = (len(source), None, source.splitlines(True), place)
        exec(compile(source, place, "exec"), module.__dict__)


def watch_parent(writer):
    """End, with all that recipes have started, when gobuild is gone."""
    import select
    import signal

    poll = select.poll()
    poll.register(writer, 0)  # POLLERR: nobody reads any more

    def wait():
        poll.poll()
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def start(reader, writer, hello):
    """Set up the process and serve until gobuild is gone."""
    sources = hello.pop("modules")
    sys.meta_path.insert(0, Sources({n: s for n, s in sources.items() if n != "pkg_resources"}))
    sys.meta_path.append(Sources({"pkg_resources": sources["pkg_resources"]}))
    sys.path[:] = [p for p in sys.path if p]
    namespace = types.ModuleType("zc")
    namespace.__path__ = [p for p in (os.path.join(entry, "zc") for entry in sys.path) if os.path.isdir(p)]
    sys.modules["zc"] = namespace
    bridge = Bridge(reader, writer, hello)
    for fd in (reader.fileno(), writer.fileno()):
        os.set_inheritable(fd, False)
    watch_parent(writer)
    root = logging.getLogger()
    root.addHandler(Handler(bridge))
    root.setLevel(max(hello.get("level", logging.INFO), 1))
    logging.captureWarnings(False)
    os.chdir(hello["directory"])
    bridge.watch = Watch()
    import gobuild_work

    gobuild_work.install(bridge)
    bridge.send(hello="recipes", protocol=PROTOCOL, version="%d.%d.%d" % sys.version_info[:3], executable=sys.executable)
    bridge.loop()
