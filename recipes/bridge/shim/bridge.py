"""The side of gobuild's bridge that runs in Python: it serves one run.

gobuild asks for work (`do`), and while a recipe works it is asked for what the
recipe wants to know (`ask`).  Both may be nested in the other.  The protocol
is described in docs/bridge.md.
"""
import atexit
import importlib.util
import json
import linecache
import logging
import os
import re
import sys
import threading
import traceback
import types

PROTOCOL = 1
MOST = 64 << 20  # bytes of a message


class Bridge:
    """The conversation with gobuild.

    Who has the turn may talk: a question with its answer is one piece.  While
    an order is worked on the turn is free, so that threads of a recipe may ask.
    """

    def __init__(self, reader, writer, hello):
        self.reader, self.writer, self.hello = reader, writer, hello
        self.turn = threading.Condition(threading.Lock())
        self.serial = 0
        self.orders = []  # (number, part) of those in work, the innermost last
        self.work = {}  # what `do` can name
        self.mark_text = "\0" + hello["token"]
        self.marks = _away(2)  # a recipe may close or replace descriptor 2
        self.streams = sys.stdout, sys.stderr
        self.watch = None  # notes what a recipe writes
        self.guard = None  # hears of an end that is none of its business
        self.forked = False

    def leave(self):
        """Take no part in the conversation: this is a process that a recipe has forked."""
        self.forked, self.orders = True, []
        self.turn = threading.Condition(threading.Lock())
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (self.reader.fileno(), self.writer.fileno(), self.marks, self.guard):
            os.dup2(nothing, fd, inheritable=False)
        os.close(nothing)

    # the conversation

    def send(self, **message):
        line = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        if len(line) > MOST:
            raise ValueError("gobuild takes no message of %d bytes: %d are the most" % (len(line), MOST))
        try:
            self.writer.write(line)
            self.writer.flush()
        except OSError as err:
            self.print("The conversation with gobuild is over: %s. Has the recipe closed descriptors that are not its own?\n" % err)
            os._exit(1)

    def receive(self):
        """Return the next message; without one gobuild is gone."""
        line = self.reader.readline()
        if line:
            return json.loads(line)
        if self.orders:
            os._exit(0)
        os.write(self.guard, b"x")
        threading._shutdown()
        atexit._run_exitfuncs()  # what recipes want to do at the end
        self.flush()
        os._exit(0)

    def ask(self, what, **fields):
        """Return gobuild's answer, and serve it meanwhile."""
        with self.turn:
            if not self.orders:
                raise RuntimeError("a forked process cannot ask gobuild" if self.forked else "nobody can ask gobuild when no recipe is at work")
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
        with self.turn:
            if self.orders:
                self.send(note=what, **fields)

    def exception(self, error):
        """Return what a recipe expects when gobuild refuses something."""
        import zc.buildout
        import zc.buildout.buildout as engine

        kinds = {"section": engine.MissingSection, "option": engine.MissingOption, "exists": KeyError}
        kind = kinds.get(error.get("kind"), zc.buildout.UserError)
        if error.get("kind") == "checksum":
            kind = zc.buildout.download.ChecksumError
        made = kind(error.get("text", ""))
        made.gobuild_number = error.get("number", 0)
        return made

    # work

    def loop(self):
        while True:
            message = self.receive()
            with self.turn:
                self.serve(message)

    def serve(self, message):
        """Carry out an order.  Who calls this has the turn."""
        order = message["id"], message.get("part", "")
        if not self.orders:
            self.restore_streams()
        self.mark("+%d" % order[0])
        environ, place = self.set_environ(message.get("environ")), self.enter()
        self.orders.append(order)
        turn = self.turn
        turn.release()
        try:
            answer = self.carry_out(message)
        finally:
            turn.acquire()
        while self.orders[-1] is not order:  # a thread has asked, and its answer needs work
            self.turn.wait()
        self.orders.pop()
        self.turn.notify_all()
        if self.orders:
            self.enter(place)
        answer["environ"] = self.changes(environ)
        self.mark("-%d" % order[0])
        try:
            self.send(id=order[0], **answer)
        except (TypeError, ValueError) as err:  # what the recipe has returned is no message
            self.send(id=order[0], error=self.failure(err))

    def carry_out(self, message):
        try:
            answer = {"result": self.work[message["do"]](**message.get("with", {}))}
            status = 0
        except BaseException as err:  # SystemExit of a recipe is no end of the bridge
            answer = {"error": self.failure(err)}
            status = _status(err)
        if self.forked:  # and has come back out of the recipe
            self.flush()
            os._exit(status & 255)
        return answer

    def enter(self, directory=None):
        """Go to a directory, by default that of the buildout; return where we were."""
        try:
            before = os.getcwd()
        except OSError:
            before = None
        try:
            os.chdir(directory or self.hello["directory"])
        except OSError:
            pass
        return before

    @property
    def part(self):
        return self.orders[-1][1] if self.orders else ""

    def restore_streams(self):
        """Make standard output and error what they were before other recipes."""
        for fd in (1, 2):
            try:
                same = os.path.sameopenfile(fd, self.marks)
            except OSError:
                same = False
            if not same:
                os.dup2(self.marks, fd)
        self.streams = tuple(open(fd, "w", closefd=False, buffering=1, errors="backslashreplace") if s.closed else s
                             for fd, s in zip((1, 2), self.streams))
        sys.stdout, sys.stderr = self.streams

    def print(self, text):
        """Write into the log of the part."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except Exception:
            self.write_mark(text)

    def write_mark(self, text):
        text = text.encode("utf-8", "backslashreplace")
        try:
            while text:
                text = text[os.write(self.marks, text):]
        except OSError:
            pass

    def flush(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass

    def mark(self, text):
        """Divide what is printed: gobuild puts it into the log of the part."""
        self.flush()
        self.write_mark(self.mark_text + text + "\n")

    def failure(self, err):
        """Describe an exception."""
        try:
            told = self.describe(err)
            told["line"] = self.line_of(err)
        except Exception:  # of its __str__, or so
            told = {"kind": "exception", "text": type(err).__name__}
        return {k: printable(v) if isinstance(v, str) else v for k, v in told.items()}

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
            self.print("The next error came of this one:\n")
        frames = [f for f in traceback.extract_tb(err.__traceback__) if not f.filename.startswith(("<gobuild ", "<frozen importlib."))]
        while frames and frames[0].filename.startswith(_importing):  # of the recipe itself
            del frames[0]
        if frames:
            self.print("Traceback (most recent call last):\n")
        for frame in frames:
            self.print('  File "%s", line %s, in %s\n' % (frame.filename, frame.lineno, frame.name))
            if frame.line:
                self.print("    %s\n" % frame.line)
        try:
            self.print("".join(traceback.format_exception_only(type(err), err)))
        except Exception:  # of a __str__ or so
            self.print(type(err).__name__ + "\n")

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
            wanted = {unwired(name): value for name, value in wanted.items()}
            for name in [n for n in os.environ if n not in wanted]:
                del os.environ[name]
            for name, value in wanted.items():
                value = unwired(value)
                if os.environ.get(name) != value:
                    os.environ[name] = value
        return dict(os.environ)

    wired = staticmethod(lambda text: wired(text))

    def changes(self, before):
        now = dict(os.environ)
        if now == before:
            return None
        return {"set": {wired(k): wired(v) for k, v in now.items() if before.get(k) != v},
                "unset": [wired(k) for k in before if k not in now]}


def _away(fd):
    """Return a copy of a descriptor at a number that recipes do not close by chance."""
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200)


def _status(err):
    """Return the exit status of a process that an exception ends."""
    code = err.code if isinstance(err, SystemExit) else 1
    return 0 if code is None else code if isinstance(code, int) else 1


_importing = (importlib.__path__[0] + os.sep,)


# Bytes that are not UTF-8 stand in messages as NUL and two digits: neither paths
# nor variables can have a NUL.

def wired(text):
    return re.sub("[\udc80-\udcff]", lambda m: "\0%02x" % (ord(m.group()) - 0xdc00), text)


def unwired(text):
    return re.sub("\0([0-9a-f]{2})", lambda m: chr(0xdc00 + int(m.group(1), 16)), text) if "\0" in text else text


def printable(text):
    """Return a text without what cannot be sent."""
    return text.encode("utf-8", "backslashreplace").decode()


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
        self.bridge.print("%s: %s\n" % (self.bridge.part, text))
        for least, name in self.LEVELS:
            if record.levelno >= least:
                self.bridge.note("say", level=name, text=printable(text))
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
        if not isinstance(path, (str, bytes)) or len(self.paths) >= self.MOST:
            return
        try:
            path = os.path.abspath(os.fsdecode(path))
        except (OSError, ValueError):
            return
        if os.path.dirname(path) not in self.paths:  # else it goes with its directory
            self.paths[path] = True


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


def guard(bridge):
    """Start a process that ends all that recipes have started when gobuild is gone.

    This one cannot: the kernel kills it then.
    """
    ended, alive = os.pipe()
    if os.fork():
        os.close(ended)
        bridge.guard = _away(alive)
        os.close(alive)
        return
    try:
        for fd in (alive, 0, 1, 2, bridge.marks, bridge.reader.fileno()):
            os.close(fd)
        _keep_guard(bridge.writer.fileno(), ended)
    finally:
        os._exit(0)


def _keep_guard(writer, ended):
    import select
    import signal

    poll = select.poll()
    poll.register(writer, 0)  # POLLERR: gobuild reads no more
    poll.register(ended, select.POLLIN)
    found = dict(poll.poll())
    if found.get(ended, 0) & select.POLLIN:
        return  # this is the end of the run
    if ended in found:  # the process was killed: by gobuild, or with it
        poll.unregister(ended)
        found = dict(poll.poll(10000))
    if writer in found:
        os.killpg(os.getpgrp(), signal.SIGKILL)


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
    guard(bridge)
    os.register_at_fork(after_in_child=bridge.leave)
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
