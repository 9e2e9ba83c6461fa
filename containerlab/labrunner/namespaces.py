"""One node of a lab without Docker: its namespaces, what it sees of the host's files, and its init.

A node is a process that is PID 1 of a PID namespace of its own, with network, mount and UTS namespaces beside
it. It sees the host's files under a root of its own: /run, /var/tmp and the directories that binds add are its own,
/proc and /sys show its namespaces and are read-only where a container's are, the rest is the host's. The
node's command runs under that init, with a container's capabilities and those of cap-add. When PID 1 ends
everything in the node ends and the namespaces vanish, so nothing of a node is left outside of that process.

Until `commit` a node dies with the process that started it, however that ends; nothing half-made is left.
"""

import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import struct
import sys

_libc = ctypes.CDLL(None, use_errno=True)

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWPID, _CLONE_NEWNET = 0x20000, 0x4000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_CAPBSET_DROP = 1, 15, 24
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

# Capability numbers (linux/capability.h).
_CAPABILITIES = {name: number for number, name in enumerate(
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
    "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL "
    "SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
    .split())}
# What Docker leaves a container that asks for nothing.
_CONTAINER_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID",
                           "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")


class NodeError(Exception):
    """Why a node could not be made."""


def capabilities(node):
    """Names of the capabilities that a node's processes may have."""
    unknown = [name for name in node.cap_add if name not in _CAPABILITIES]
    if unknown:
        raise NodeError(f"node {node.name}: cap-add: there is no capability {unknown[0]}")
    return sorted({*_CONTAINER_CAPABILITIES, *node.cap_add})


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _mount(source, target, kind=None, flags=0, options=None):
    def encoded(text):
        return None if text is None else os.fsencode(text)

    _check(_libc.mount(encoded(source), encoded(target), encoded(kind), ctypes.c_ulong(flags), encoded(options)),
           f"mount {source} at {target}")


def _bind(source, target, read_only=False):
    _mount(source, target, flags=_MS_BIND | _MS_REC)
    if read_only:
        _mount(None, target, flags=_MS_BIND | _MS_REMOUNT | _MS_RDONLY)


class _Root:
    """The node's root: the host's top level bound one by one into a tmpfs, so that more can be added."""

    def __init__(self, path):
        self.path = path
        self._own = {"/"}
        self._covered = 0
        _mount("lab", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
        for entry in sorted(os.scandir("/"), key=lambda entry: entry.name):
            inside = os.path.join(path, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), inside)
            elif entry.is_dir() and entry.name not in ("proc", "sys", "run"):
                os.mkdir(inside)
                _bind(entry.path, inside)
        for name in ("proc", "sys", "run", "tmp", "dev"):
            os.makedirs(self.inside(name), exist_ok=True)

    def inside(self, path):
        return os.path.join(self.path, path.lstrip("/"))

    def _make_own(self, directory):
        """Turns a directory of the host into one of the node with the same entries, to which more can be added."""
        if directory in self._own:
            return
        original = self.inside(f"/.host{self._covered}")
        self._covered += 1
        os.mkdir(original)
        _bind(self.inside(directory), original)
        _mount("lab", self.inside(directory), "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
        for name in os.listdir(original):
            os.symlink(f"{original[len(self.path):]}/{name}", os.path.join(self.inside(directory), name))
        self._own.add(directory)

    def add(self, bind):
        """Mounts a bind; what is missing on the way to its target is made in the node alone."""
        if not bind.source.exists():
            raise NodeError(f"there is no {bind.source}")
        done = "/"
        parts = [part for part in bind.target.split("/") if part]
        for index, part in enumerate(parts):
            path = os.path.join(done, part)
            if not os.path.exists(self.inside(path)):
                self._make_own(done)
                if index < len(parts) - 1 or bind.source.is_dir():
                    os.mkdir(self.inside(path))
                    self._own.add(path)
                else:
                    pathlib.Path(self.inside(path)).touch()
            done = path
        _bind(str(bind.source), self.inside(bind.target), bind.read_only)

    def mount_system(self, sysctls):
        """/run, /proc, /sys and the state directory of the node. Sysctls are written first: afterwards /proc/sys is read-only."""
        _mount("lab", self.inside("/run"), "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
        if not os.path.islink("/var/run"):
            os.makedirs(self.inside("/var/run"), exist_ok=True)
            _bind(self.inside("/run"), self.inside("/var/run"))
        # FRR keeps state there under its process ids, which every node counts anew.
        _mount("lab", self.inside("/var/tmp"), "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
        # What wgospfd remembers from one run to the next.
        state = self.inside("/var/lib/wgospf")
        if not os.path.isdir(state):
            self._make_own("/var/lib")
            os.mkdir(state)
        _mount("lab", state, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=750")
        _mount("proc", self.inside("/proc"), "proc")
        _mount("sysfs", self.inside("/sys"), "sysfs", _MS_RDONLY)
        for name, value in sysctls.items():
            path = self.inside("/proc/sys/" + name.replace(".", "/"))
            try:
                pathlib.Path(path).write_text(value, encoding="ascii")
            except OSError as error:
                raise NodeError(f"sysctl {name}={value}: {error.strerror}") from None
        _bind(self.inside("/proc/sys"), self.inside("/proc/sys"), read_only=True)


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _say(text):
    os.write(2, f"lab: {text}\n".encode())


def _run_init(node, environment):
    """Starts the node's command, reaps whatever ends, and ends with the command."""
    command = os.fork()
    if command == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        try:
            os.execvpe(node.cmd[0], node.cmd, environment)
        except OSError as error:
            _say(f"cannot run {node.cmd[0]}: {error.strerror}")
        os._exit(127)
    return command


def _reap(command, name):
    while True:
        pid, status = os.wait()
        if pid == command:
            _say(f"the command of node {name} ended with status {os.waitstatus_to_exitcode(status)}")
            os._exit(1)


def _be_node(node, root_path, environment, channel):
    """PID 1 of the node, from the first mount to the end."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _libc.prctl(_PR_SET_NAME, b"lab-init")
    socket.sethostname(node.name)
    _mount(None, "/", flags=_MS_REC | _MS_PRIVATE)
    root = _Root(root_path)
    root.mount_system(node.sysctls)
    for bind in node.binds:
        root.add(bind)
    os.chroot(root_path)
    os.chdir("/")
    for device in node.devices:
        if not os.path.exists(device):
            raise NodeError(f"there is no {device} on this machine")
    _loopback_up()
    for name in _CAPABILITIES.keys() - set(capabilities(node)):
        _libc.prctl(_PR_CAPBSET_DROP, _CAPABILITIES[name], 0, 0, 0)
    command = _run_init(node, environment)
    channel.sendall(b"up\n")
    if channel.recv(16) != b"commit\n":
        os._exit(1)
    _libc.prctl(_PR_SET_PDEATHSIG, 0)
    channel.sendall(b"committed\n")
    channel.close()
    _reap(command, node.name)


def _guarded(work, channel):
    """Runs a child's work; a failure is told through the channel. Never returns."""
    try:
        work()
    except (OSError, NodeError) as error:
        channel.sendall(f"failed: {error}\n".encode())
    except BaseException as error:  # pylint: disable=broad-except
        channel.sendall(f"failed: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(1)


class StartingNode:
    """A node between its start and `commit`. `pid` is its PID 1 as seen from outside."""

    def __init__(self, node, root_path, environment, log_path):
        self.name = node.name
        self.pid = None
        self._channel, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        self._keeper = os.fork()
        if self._keeper == 0:
            self._channel.close()
            _guarded(lambda: self._keep(node, root_path, environment, log_path, theirs), theirs)
        theirs.close()

    @staticmethod
    def _keep(node, root_path, environment, log_path, channel):
        """The keeper: stands between this process and the node, since only a fork enters a PID namespace."""
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        own = channel.fileno()
        os.closerange(3, own)
        os.closerange(own + 1, 4096)
        os.set_inheritable(own, False)
        _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWPID | _CLONE_NEWNET), "unshare")
        pid = os.fork()
        if pid == 0:
            _guarded(lambda: _be_node(node, root_path, environment, channel), channel)
        channel.sendall(f"pid {pid}\n".encode())
        channel.close()
        os.waitpid(pid, 0)

    def wait_up(self):
        """Blocks until the node's command runs. Raises NodeError with the node's own words when it cannot."""
        text = b""
        while b"up\n" not in text or b"pid " not in text:
            chunk = self._channel.recv(4096)
            text += chunk
            if b"failed: " in text or not chunk:
                reason = text.decode(errors="replace").partition("failed: ")[2].strip() or "it ended at once"
                raise NodeError(f"node {self.name}: {reason}")
        first = [line for line in text.decode().splitlines() if line.startswith("pid ")]
        self.pid = int(first[0].split()[1])

    def commit(self):
        """From now on the node lives on its own."""
        self._channel.sendall(b"commit\n")
        if self._channel.recv(64) != b"committed\n":
            raise NodeError(f"node {self.name} ended while the lab came up")
        self._end_keeper()

    def abandon(self):
        """Ends a node that was not committed."""
        self._end_keeper()

    def _end_keeper(self):
        # Forgotten first: interrupted after the wait, its number may be another process's by the next call. Interrupted
        # before it, the keeper ends with this process.
        keeper, self._keeper = self._keeper, None
        self._channel.close()
        if keeper is not None:
            os.kill(keeper, signal.SIGKILL)
            os.waitpid(keeper, 0)
