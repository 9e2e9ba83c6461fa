"""A lab in network namespaces: the verbs of `lab`, for one topology file.

What a running lab is stands in a directory under /run/wgospf-lab (or $WGOSPF_LAB_STATE): lab.json with each
node's PID 1 and its start time, so that a number used again by another process is never taken for a node, and
each node's log. `down` needs nothing but that directory and may be repeated.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys

from . import namespaces, prepare, topology

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "containerlab"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabError(Exception):
    """Why a verb failed, in words for the user."""


@dataclasses.dataclass
class Result:
    """How a command in a node ended."""

    status: int
    out: str
    err: str


def find_topology(name):
    """The topology file of a lab: a name in containerlab/, or a path."""
    path = pathlib.Path(name) if name.endswith((".yml", ".yaml")) else FOLDER / f"{name}.clab.yml"
    path = path.absolute()
    if not path.exists():
        known = ", ".join(sorted(file.name[:-len(".clab.yml")] for file in FOLDER.glob("*.clab.yml")))
        raise LabError(f"there is no topology {path} (there are: {known})")
    return path


def state_apart(name):
    """A state directory for labs that meet no other: of this clone, of these programs, for this purpose."""
    whose = hashlib.sha256(f"{REPOSITORY} {os.environ.get('WGOSPF_BIN', '')}".encode()).hexdigest()[:8]
    return f"/run/wgospf-lab-test/{whose}-{name}"


def state_root():
    return pathlib.Path(os.environ.get("WGOSPF_LAB_STATE", "/run/wgospf-lab"))


def underlay_between(plan, first, second):
    """Name of the node through which the underlay between two nodes runs."""
    for name in (first, second):
        if name not in plan.nodes:
            raise LabError(f"{plan.name} has no node {name} (it has: {', '.join(plan.nodes)})")
    shared = plan.linked_to(first) & plan.linked_to(second)
    if first == second or len(shared) != 1:
        raise LabError(f"{first} and {second} have no single node between them at which to cut")
    return shared.pop()


def cut_commands(plan, first, second, way=None):
    """Commands that, run in the node between two, drop all datagrams between them without a word; with `way`, those of
    their "shared" or "dedicated" tunnel."""
    table = cut_table(first, second, way)
    rules = f"add table bridge {table}\nadd chain bridge {table} silence {{ type filter hook forward priority 0; }}\n"
    for source, target in ((first, second), (second, first)):
        here, there = (prepare.underlay_address(plan.nodes[name]) for name in (source, target))
        port = f"udp sport {_port(plan, source, target, way)} " if way else ""
        rules += f"add rule bridge {table} silence ip saddr {here} ip daddr {there} {port}drop\n"
    return ["nft", rules]


def _port(plan, name, peer, way):
    for tunnel in prepare.routers(plan)[name].tunnels:
        if tunnel.peer == peer and tunnel.way == way:
            return tunnel.port
    raise LabError(f"{plan.name}: {name} and {peer} have no {way} tunnel")


def cut_table(first, second, way=None):
    """nftables table that holds a cut; its presence is the cut."""
    return "_".join(["cut", *sorted((first, second)), *([way] if way else [])]).replace("-", "_")


@contextlib.contextmanager
def _uninterrupted():
    """Puts Ctrl-C off until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_time(pid):
    """When a process started, in clock ticks since boot; None when there is none."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


class _Running:
    """What a lab that was built left in its state directory: enough to end it, whatever became of its file."""

    world = "namespaces"

    def __init__(self, name):
        self.name = name
        self.state = state_root() / name
        self._pids = {}

    def down(self):
        """Ends every node and forgets the lab. No error when there is none."""
        with self._locked():
            self._load()
            self._end_nodes()
            self._remove()

    @contextlib.contextmanager
    def _locked(self):
        state_root().mkdir(parents=True, exist_ok=True)
        with open(state_root() / f"{self.name}.lock", "w", encoding="ascii") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise LabError(f"another `lab up` or `lab down` of {self.name} is at work") from None
            yield

    def _saved(self):
        """What lab.json says; empty when the lab is not up."""
        try:
            return json.loads((self.state / "lab.json").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return {}

    def saved_world(self):
        """The world that the lab is up in, None when it is not up."""
        return self._saved().get("world")

    def _load(self):
        """node -> PID 1, or None where that has ended; empty when the lab is not up."""
        saved = self._saved().get("nodes", {})
        self._pids = {name: entry["pid"] if _start_time(entry["pid"]) == entry["start"] else None
                      for name, entry in saved.items()}
        return self._pids

    def _end_nodes(self):
        handles = []
        for name, pid in self._pids.items():
            if pid is None:
                continue
            try:
                handle = os.pidfd_open(pid)
                handles.append(handle)
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self._pids[name] = None
        for handle in handles:
            if not select.select([handle], [], [], 20)[0]:
                sys.stderr.write(f"lab: a node of {self.name} does not end\n")
            os.close(handle)
        self._pids = {}

    def _remove(self, keep_logs=False):
        if keep_logs:
            (self.state / "lab.json").unlink(missing_ok=True)
        else:
            shutil.rmtree(self.state, ignore_errors=True)


def built_from(path):
    """The running labs of a topology file, found without reading it."""
    found = []
    for saved in state_root().glob("*/lab.json"):
        running = _Running(saved.parent.name)
        if running._saved().get("topology") == str(path):  # pylint: disable=protected-access
            found.append(running)
    return found


class Lab(_Running):
    """One lab. `world` says what runs it; labrunner.clab.ContainerLab is the other."""

    def __init__(self, name):
        self.path = find_topology(name)
        self.plan = topology.load(self.path)
        super().__init__(self.plan.name)
        saved = self._saved()
        if saved and self._is_alive():
            # A lab that is up is what it was built as, whatever the environment says by now.
            self.plan = topology.load(self.path, saved["variables"])

    def _is_alive(self):
        return self.saved_world() == "containerlab" or any(self._load().values())

    # --- up and down

    def up(self):
        """Builds the lab; returns when its nodes run, its links are up and every exec: entry has succeeded."""
        folder = prepare.prepare(self.plan)
        for name in prepare.routers(self.plan):
            self.plan.nodes[name].binds.append(topology.Bind(folder / name, "/etc/wgospf", True))
        with self._locked():
            if self._is_alive():
                raise LabError(f"lab {self.name} is up already; `lab down {self.name}` ends it")
            self._remove()
            (self.state / "root").mkdir(parents=True)
            starting = []
            try:
                for node in self.plan.nodes.values():
                    starting.append(namespaces.StartingNode(node, str(self.state / "root"), self.environment(node),
                                                            str(self.log_path(node.name))))
                for node in starting:
                    node.wait_up()
                self._pids = {node.name: node.pid for node in starting}
                self._save()
                self._link()
                for node in starting:
                    node.commit()
                self._run_execs()
            except BaseException:
                with _uninterrupted():
                    for node in starting:
                        node.abandon()
                    self._end_nodes()
                    self._remove(keep_logs=True)
                raise

    def is_up(self):
        pids = self._load()
        return bool(pids) and all(pids.values())

    def log_path(self, node):
        return self.state / f"{node}.log"

    def environment(self, node):
        """What a node's processes find in their environment."""
        binaries = os.environ.get("WGOSPF_BIN", str(REPOSITORY / "build/release/bin"))
        interfaces = self.plan.interfaces(node.name)
        return {"PATH": f"{binaries}:{_SYSTEM_PATH}", "HOME": "/root", "HOSTNAME": node.name,
                "TERM": os.environ.get("TERM", "linux"), "LANG": "C.UTF-8", "CLAB_INTFS": str(len(interfaces)),
                **node.env}

    # --- inside a node

    def command(self, node, argv):
        """Full command line that runs argv in a node, with the node's capabilities."""
        if node not in self.plan.nodes:
            raise LabError(f"{self.name} has no node {node} (it has: {', '.join(self.plan.nodes)})")
        pid = self._pid(node)
        bounding = ",".join(["-all"] + [f"+{name.lower()}" for name in namespaces.capabilities(self.plan.nodes[node])])
        return [shutil.which("nsenter"), "--target", str(pid), "--mount", "--root", "--wd", "--uts", "--net", "--pid",
                "--", "setpriv", "--bounding-set", bounding, "--", *argv]

    def exec(self, node, argv, timeout=60, stdin=""):
        """Runs a command in a node and returns its Result."""
        done = subprocess.run(self.command(node, argv), env=self.environment(self.plan.nodes[node]), input=stdin,
                              capture_output=True, text=True, timeout=timeout, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def popen(self, node, argv, **options):
        """Starts a command in a node."""
        return subprocess.Popen(self.command(node, argv), env=self.environment(self.plan.nodes[node]), text=True,
                                **options)

    def replace_process(self, node, argv):
        """Becomes a command in a node; never returns."""
        command = self.command(node, argv)
        os.execve(command[0], command, self.environment(self.plan.nodes[node]))

    def root_of(self, node):
        """Where this machine sees a node's files."""
        return pathlib.Path(f"/proc/{self._pid(node)}/root")

    def overlay(self, node, path, text):
        """From now on a node finds a text of its own at the path of a file that it has."""
        own = "/run/overlay" + path
        place = self.root_of(node) / own[1:]
        is_new = not place.exists()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="ascii")
        if is_new:
            # Mounting takes more than a node may do.
            inside = [shutil.which("nsenter"), "--target", str(self._pid(node)), "--mount", "--root", "--wd", "--"]
            done = subprocess.run([*inside, "mount", "--bind", own, path], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise LabError(f"{node}: {done.stderr.strip()}")

    # --- the underlay

    def cut(self, first, second, way=None):
        """Drops every datagram between two nodes in the underlay, without a word to either; with `way`, those of their
        "shared" or "dedicated" tunnel alone."""
        middle = underlay_between(self.plan, first, second)
        if self.is_cut(first, second, way):
            return
        program, rules = cut_commands(self.plan, first, second, way)
        self._must(middle, [program, "-f", "-"], rules)

    def heal(self, first, second, way=None):
        """Undoes a cut."""
        if self.is_cut(first, second, way):
            middle = underlay_between(self.plan, first, second)
            self._must(middle, ["nft", "delete", "table", "bridge", cut_table(first, second, way)])

    def is_cut(self, first, second, way=None):
        middle = underlay_between(self.plan, first, second)
        return cut_table(first, second, way) in self._must(middle, ["nft", "list", "tables", "bridge"]).split()

    # --- beneath

    def _must(self, node, argv, stdin=""):
        result = self.exec(node, argv, stdin=stdin)
        if result.status != 0:
            raise LabError(f"{node}: {' '.join(argv)}: {(result.err or result.out).strip()}")
        return result.out

    def _save(self):
        nodes = {name: {"pid": pid, "start": _start_time(pid)} for name, pid in self._pids.items()}
        state = {"world": self.world, "topology": str(self.path), "variables": self.plan.variables, "nodes": nodes}
        (self.state / "lab.json").write_text(json.dumps(state, indent=1), encoding="ascii")

    def _pid(self, node):
        if node not in self._pids:
            self._load()
        pid = self._pids.get(node)
        if node not in self._pids:
            raise LabError(f"lab {self.name} is not up; `lab up {self.name}` builds it")
        if pid is None or _start_time(pid) is None:
            raise LabError(f"node {node} has ended; its last words:\n{self.last_words(node)}")
        return pid

    def words(self, node):
        """What a node's command wrote, and its routing daemon."""
        self._pid(node)
        return self._log_of(node)

    def last_words(self, node):
        """The end of a node's log."""
        return "\n".join("  " + line for line in self._log_of(node).splitlines()[-8:])

    def _log_of(self, node):
        try:
            return self.log_path(node).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "(no log)"

    def _link(self):
        """All veth pairs by one `ip`, each end made in its node at once; then all ends up."""
        lines = ""
        for link in self.plan.links:
            near, far = (f"{interface} mtu {link.mtu} netns {self._pids[node]}" for node, interface in link.ends)
            lines += f"link add {near} type veth peer name {far}\n"
        self._ip(["ip", "-batch", "-"], lines).wait_or_fail()
        running = []
        for name, pid in self._pids.items():
            lines = "".join(f"link set {interface} up\n" for interface in self.plan.interfaces(name))
            running.append(self._ip(["nsenter", "--target", str(pid), "--net", "ip", "-batch", "-"], lines))
        for process in running:
            process.wait_or_fail()

    @staticmethod
    def _ip(argv, lines):
        process = _Ip(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        process.stdin.write(lines)
        process.stdin.close()
        return process

    def _run_execs(self):
        """Every node's exec: entries, in order within a node, the nodes at once."""
        pending = {name: list(node.exec) for name, node in self.plan.nodes.items() if node.exec}
        while pending:
            round_ = {name: (entries[0], self.popen(name, entries[0], stdin=subprocess.DEVNULL,
                                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
                      for name, entries in pending.items()}
            for name, (argv, process) in round_.items():
                out, _ = process.communicate(timeout=60)
                if process.returncode != 0:
                    raise LabError(f"node {name}: exec: {' '.join(argv)}: {out.strip()}")
            pending = {name: entries[1:] for name, entries in pending.items() if entries[1:]}


class _Ip(subprocess.Popen):
    def wait_or_fail(self):
        with self:
            text = self.stdout.read()
        if self.returncode != 0:
            raise LabError(f"{' '.join(self.args)}: {text.strip()}")
