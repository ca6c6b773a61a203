"""slapgrid with gobuild as its buildout: one software release, three instances.

    VENV/bin/python flow.py DIRECTORY

VENV is DIRECTORY/venv and has slapos.core; DIRECTORY/gobuild is the program, and
DIRECTORY/software-release has the profiles beside this file.  Each step prints
what it did; the first one that does not do what it should ends the flow with
status 1 and the logs.  All processes that were started end with it.
"""
import contextlib
import glob
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request

import psutil
import slapos.slap
from slapos.grid.svcbackend import _getSupervisordSocketPath, getSupervisorRPC
from slapos.util import dumps

COMPUTER = "local"
WEB = {"port": "18100", "port-end": "18200", "data-port-end": "18300"}
ALONE = {"name": "Bob", "port": "18300", "port-end": "18400"}
PARTITIONS = ["slappart%d" % i for i in range(3)]


class Failed(Exception):
    pass


def check(true, text):
    if not true:
        raise Failed(text)


class Node:
    """A computer with its master."""

    def __init__(self, base):
        self.base = base
        self.slapos = os.path.join(base, "venv/bin/slapos")
        self.config = os.path.join(base, "slapos.cfg")
        self.shim = os.path.join(base, "buildout")
        self.software_root = os.path.join(base, "software")
        self.instance_root = os.path.join(base, "instance")
        self.release = os.path.join(base, "software-release/software.cfg")
        self.software = os.path.join(self.software_root, hashlib.md5(self.release.encode()).hexdigest())
        self.output = os.path.join(base, "commands.log")
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.master = slapos.slap.slap()

    def configure(self):
        for path in (self.software_root, self.instance_root):
            os.mkdir(path)
        with open(self.config, "w") as f:
            f.write(CONFIGURATION.format(self=self, computer=COMPUTER))

    def command(self, *words, statuses=(0,)):
        """Run a command of slapos; return its status and what it wrote."""
        words = [self.slapos, *words, "--cfg", self.config]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.base, timeout=300)
        text = done.stdout.decode(errors="replace")
        with open(self.output, "a") as f:
            f.write("$ %s\n%s\n" % (" ".join(words), text))
        check(done.returncode in statuses, "%s ended with status %d:\n%s" % (" ".join(words[1:-2]), done.returncode, text))
        return done.returncode, text

    def start_master(self):
        log = open(os.path.join(self.base, "proxy.log"), "w")
        self.proxy = subprocess.Popen([self.slapos, "proxy", "start", "--cfg", self.config], stdout=log, stderr=log, cwd=self.base)
        until(lambda: answers(self.url + "/getRunId"), "the master does not answer")
        self.master.initializeConnection(self.url)

    def format(self):
        """Make the partitions, and tell the master of them."""
        for name in PARTITIONS:
            os.mkdir(os.path.join(self.instance_root, name))
            os.chmod(os.path.join(self.instance_root, name), 0o750)
        told = [{"reference": n, "tap": {"name": ""}, "address_list": [{"addr": "127.0.0.1", "netmask": "255.255.255.255"}]} for n in PARTITIONS]
        computer = {"reference": COMPUTER, "address": "127.0.0.1", "netmask": "255.255.255.255", "partition_list": told}
        self.master.registerComputer(COMPUTER).updateConfiguration(dumps(computer))

    def supply(self, state):
        self.master.registerSupply().supply(self.release, COMPUTER, state)

    def request(self, name, kind, parameters, state="started"):
        return self.master.registerOpenOrder().request(self.release, name, parameters, kind, state=state)

    def partitions(self):
        """Return the partitions in use, by the name of their instance."""
        told = self.master.registerComputer(COMPUTER).getComputerPartitionList()
        return {p.getInstanceParameterDict()["instance_title"]: p for p in told if p.getInstanceParameterDict()}

    def path(self, partition, *names):
        return os.path.join(self.instance_root, partition.getId(), *names)

    @contextlib.contextmanager
    def supervisor(self):
        with getSupervisorRPC(_getSupervisordSocketPath(self.instance_root, logging.getLogger())) as rpc:
            yield rpc

    def processes(self):
        """Return the processes of the instances as the supervisor knows them."""
        with self.supervisor() as rpc:
            return {"%(group)s:%(name)s" % p: p for p in rpc.getAllProcessInfo() if p["group"].startswith("slappart")}

    def settle(self, words=("node", "instance")):
        """Run slapgrid until it has nothing to complain of; return the number of
        times.  An instance that wants what another publishes takes some."""
        for times in range(1, 6):
            status, text = self.command(*words, statuses=(0, 1, 2))
            if status == 0:
                return times
            time.sleep(0.5)
        raise Failed("%s does not end well:\n%s" % (" ".join(words), text))

    def stop(self):
        """End the supervisor and the master."""
        with contextlib.suppress(Exception):
            with self.supervisor() as rpc:
                rpc.shutdown()
        if getattr(self, "proxy", None):
            self.proxy.send_signal(signal.SIGTERM)
            self.proxy.wait(10)
        until(lambda: not own_processes(self.base), "processes are left: %s" % own_processes(self.base))


CONFIGURATION = """\
[slapos]
software_root = {self.software_root}
instance_root = {self.instance_root}
master_url = {self.url}
computer_id = {computer}
buildout = {self.shim}
root_check = False
software_min_free_space = 100M
instance_min_free_space = 100M
pidfile_software = {self.base}/software.pid
pidfile_instance = {self.base}/instance.pid
pidfile_promise = {self.base}/promise.pid
pidfile_report = {self.base}/report.pid

[slapproxy]
host = 127.0.0.1
port = {self.port}
database_uri = {self.base}/proxy.db
local_software_release_root = /
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(holds, text, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < end, text)
        time.sleep(0.05)


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5).close()
        return True
    except OSError:
        return False


def page(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode().strip()


def own_processes(base):
    """Return the processes that were started from or for the directory."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.pid != os.getpid() and any(base in w for w in words):
            found.append("%d %s" % (process.pid, " ".join(words)))
    return found


def texts(directory, *patterns):
    """Return the files that match, with what is in them."""
    for pattern in patterns:
        for path in glob.glob(os.path.join(directory, pattern), recursive=True, include_hidden=True):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def changed_since(directory, then):
    """Return the files that were written after a time."""
    found = []
    for root, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(root, name)
            if not os.path.islink(path) and os.path.getmtime(path) > then:
                found.append(os.path.relpath(path, directory))
    return sorted(found)


# The steps

def software(node):
    """slapgrid bootstraps gobuild, which builds a software release."""
    release = os.path.dirname(node.release)
    with tarfile.open(os.path.join(release, "greet-1.0.tar.gz"), "w:gz") as tar:
        tar.add(os.path.join(release, "greet"), "greet-1.0")
    subprocess.run([os.path.join(node.base, "gobuild"), "bootstrap", "--shim", node.shim], check=True, stdout=subprocess.DEVNULL)
    node.supply("available")
    node.command("node", "software")
    with open(os.path.join(node.software, "bin/buildout")) as f:
        first = f.readline()
    check(os.path.dirname(first.split()[0]) == "#!" + os.path.dirname(sys.executable), "bin/buildout is not run by the Python of slapgrid: " + first)
    greeting = subprocess.run([os.path.join(node.software, "parts/greet/bin/greet")], input=b"you\n", stdout=subprocess.PIPE, check=True).stdout
    check(greeting == b"Hello you\n", "the compiled program says %r" % greeting)
    check(os.path.exists(os.path.join(node.software, "instance.cfg")), "there is no instance.cfg")


def instances(node):
    """Two instances are asked for; the first asks for a third."""
    node.request("web", "default", dict(WEB, name="Ada"))
    node.request("alone", "data", ALONE)
    times = node.settle()
    check(sorted(node.partitions()) == ["alone", "data", "web"], "the instances are %s" % sorted(node.partitions()))
    return "%d runs of slapgrid" % times


def services(node):
    """The services run under slapgrid's own supervisor, and answer."""
    processes = node.processes()
    with node.supervisor() as rpc:
        supervisor = rpc.getPID()
    running = [p for p in processes.values() if p["name"].startswith("http")]
    check(len(running) == 3, "the services are %s" % sorted(processes))
    for one in running:
        check(one["statename"] == "RUNNING", "%(group)s:%(name)s is %(statename)s" % one)
        check(psutil.Process(one["pid"]).ppid() == supervisor, "%(name)s is no child of the supervisor" % one)
        check(psutil.Process(one["pid"]).uids().real == os.getuid() != 0, "%(name)s runs as another user" % one)
    for name, greeting in (("web", "Hello Ada"), ("alone", "Hello Bob"), ("data", "Hello the data of Ada")):
        url = node.partitions()[name].getConnectionParameter("url")
        until(lambda: answers(url), "%s does not answer at %s" % (name, url))
        check(page(url) == greeting, "%s says %r" % (name, page(url)))


def connection(node):
    """What the instances publish is seen by who has asked for them."""
    got = node.request("web", "default", dict(WEB, name="Ada")).getConnectionParameterDict()
    data = node.partitions()["data"].getConnectionParameterDict()
    check(sorted(got) == ["data-password", "data-url", "password", "url"], "web publishes %s" % sorted(got))
    check((got["data-url"], got["data-password"]) == (data["url"], data["password"]), "web does not know what data publishes")
    check(len({got["password"], got["data-password"]}) == 2, "two instances have one password")
    with open(node.path(node.partitions()["web"], ".slapos-request-transaction-" + node.partitions()["web"].getId())) as f:
        check(f.read().split() == ["data"], "slapgrid does not know what web has asked for")


def promises(node):
    """slapgrid runs the promises; one that is broken is found, and named."""
    node.command("node", "promise")
    for partition in node.partitions().values():
        results = dict(texts(node.path(partition), ".slapgrid/promise/result/*.status.json"))
        names = sorted(os.path.basename(p) for p in results)
        check(names == ["page.status.json", "port.status.json"], "the results are %s" % names)
        for path, text in results.items():
            check(b'"failed": false' in text, "%s: %s" % (path, text.decode()))
    alone = node.partitions()["alone"].getId()
    with node.supervisor() as rpc:
        rpc.stopProcess(alone + ":http-on-watch")
    status, text = node.command("node", "promise", statuses=(2,))
    check("page" in text and "refused" in text, "the broken promise is not named:\n" + text)
    with node.supervisor() as rpc:
        rpc.startProcess(alone + ":http-on-watch")
    url = node.partitions()["alone"].getConnectionParameter("url")
    until(lambda: answers(url), "the service does not start again")
    node.command("node", "promise")


def parameters(node):
    """Another parameter changes its instance, and nothing else."""
    before = {n: p.getConnectionParameterDict() for n, p in node.partitions().items()}
    then = time.time()
    node.request("web", "default", dict(WEB, name="Eve"))
    node.settle()
    node.settle()  # a run knows what partitions were asked to be when it began
    for name, greeting in (("web", "Hello Eve"), ("alone", "Hello Bob"), ("data", "Hello the data of Eve")):
        url = before[name]["url"]
        until(lambda: page(url) == greeting, "%s says %r" % (name, page(url)))
    after = {n: p.getConnectionParameterDict() for n, p in node.partitions().items()}
    check(after == before, "connection parameters have changed")
    own = [f for f in changed_since(node.path(node.partitions()["alone"]), then) if not f.startswith((".slap", "var/log/"))]
    check(not own, "alone has changed: %s" % own)


def again(node):
    """A forced run changes no file of an instance."""
    then = time.time()
    start = time.monotonic()
    node.command("node", "instance", "--force", statuses=(0,))
    took = time.monotonic() - start
    for partition in node.partitions().values():
        own = [f for f in changed_since(node.path(partition), then)
               if not f.startswith((".slap", ".gobuild", "var/log/", "buildout.cfg", ".timestamp", "etc/plugin/__", "srv/www/"))]
        check(not own, "%s has changed: %s" % (partition.getId(), own))
    return "%.1f s for three instances" % took


def secrets(node):
    """No password is in a log, a record or a list of processes."""
    passwords = {p.getConnectionParameter("password").encode() for p in node.partitions().values()}
    check(len(passwords) == 3 and all(len(p) >= 8 for p in passwords), "there are no three passwords")
    seen = 0
    for path, text in texts(node.base, "commands.log", "instance/*/.gobuild/**", "instance/*/.installed*", "instance/*/.slapgrid/**", "instance/*/*.log"):
        seen += 1
        check(not any(p in text for p in passwords), "a password is in %s" % path)
    check(seen > 10, "only %d files were looked at" % seen)
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or []).encode()
        check(not any(p in words for p in passwords), "a password is in the arguments of a process")


def destruction(node):
    """Destroyed instances and software leave nothing."""
    node.request("web", "default", dict(WEB, name="Eve"), "destroyed")
    node.request("alone", "data", ALONE, "destroyed")
    for _ in range(4):
        node.command("node", "report")
        if not node.partitions():
            break
    check(not node.partitions(), "these are left: %s" % sorted(node.partitions()))
    check(not node.processes(), "processes are left: %s" % sorted(node.processes()))
    for name in PARTITIONS:
        left = os.listdir(os.path.join(node.instance_root, name))
        check(not left, "%s is left in %s" % (left, name))
    node.supply("destroyed")
    node.command("node", "software")
    check(not os.listdir(node.software_root), "the software is left: %s" % os.listdir(node.software_root))


STEPS = (software, instances, services, connection, promises, parameters, again, secrets, destruction)


def main(base):
    node = Node(os.path.realpath(base))
    start = time.monotonic()
    try:
        node.configure()
        node.start_master()
        node.format()
        for step in STEPS:
            before = time.monotonic()
            more = step(node)
            print("%5.1f s  %s%s" % (time.monotonic() - before, step.__doc__.strip(), " (%s)" % more if more else ""), flush=True)
        node.stop()
    except Exception as err:
        print("failed: %s: %s" % (type(err).__name__, err), file=sys.stderr)
        show_logs(node)
        with contextlib.suppress(Failed):
            node.stop()
        if not isinstance(err, Failed):
            raise
        return 1
    print("%5.1f s  all steps; nothing is left" % (time.monotonic() - start))
    return 0


def show_logs(node):
    for path, text in texts(node.base, "proxy.log", "instance/*/.slapgrid/log/instance.log"):
        print("== %s\n%s" % (path, b"\n".join(text.split(b"\n")[-25:]).decode(errors="replace")), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
