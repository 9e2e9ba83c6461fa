#!/usr/bin/python3
"""What wgospfd costs when nothing happens, with many peers on one interface: processor time at rest.

The WireGuard device is a tun interface and a control socket that this script serves, and the script answers for every
peer behind it: hellos, an exchange in which it has nothing, acknowledgements. So the daemon, the kernel and the control
protocol are real, and a thousand neighbors are Full on one machine. Nothing is announced by the peers. With 200 peers
WireGuard is real, too: each has a wireguard-go of its own, and the script answers behind its interface.

  at_rest.py            at rest for twenty seconds with 200 real peers, with 250 and with 1000, and what that is of a
                        core, which is meant to be less than two percent. Status 1 when four times the peers cost more
                        than GROWTH times as much: what grows with their square costs sixteen times; or when the real
                        ones cost more than REAL_GROWTH times what as many others do
  at_rest.py real       the first alone
  at_rest.py peers N    the device and its peers, in the namespace where it is run
  at_rest.py tunnels N KEY HUB   real peers of that key at that address
"""

import contextlib
import fcntl
import os
import pathlib
import selectors
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/unit/daemon"))
sys.dont_write_bytecode = True

FEW, MANY = 250, 1000
GROWTH = 6
REAL = 200
REAL_GROWTH = 3
HUB_UPLINK, PEERS_UPLINK = "10.1.0.1", "10.1.0.2"
# Each wireguard-go has an inotify instance, of which a user has 128.
OF_ONE_USER, FIRST_USER = 100, 61000
REST = 20  # seconds that are measured, twice the hello-interval
# After the last neighbor is Full something follows for a while: keys are learned, echoes sent (check_pace.h).
SETTLED = 60
HELLO, DEAD = 10, 40
HUB_ID, HUB = "10.255.255.254", "10.99.0.1"  # greater than every peer's id: the hub is the master of each exchange
OPTIONS = 2
DAEMON = "wgospfd"


def address(peer):
    return f"10.99.{1 + peer // 250}.{1 + peer % 250}"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Peers:
    """Everybody behind the device; each is known by its address, which is its router id, too."""

    def __init__(self, count):
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, 0x400454ca, struct.pack("16sH22x", b"wg0", 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
        self.keys = {}  # public key -> [allowed-ips], as hexadecimal digits
        for peer in range(count):
            self.keys[os.urandom(31).hex() + "40"] = [address(peer) + "/32"]
        self.started = int(time.time())
        self.bytes = 0

    # The control socket -----------------------------------------------------------------------------------------

    def answer(self, request):
        lines = request.split("\n")
        if lines[0] == "get=1":
            return self.listing()
        key = None
        for line in lines[1:]:
            name, _, value = line.partition("=")
            if name == "public_key":
                key = value
            elif name == "replace_allowed_ips":
                self.keys[key] = []
            elif name == "remove":
                self.keys.pop(key, None)
            elif name == "allowed_ip":
                if value.startswith("-"):
                    return "errno=-22\n\n"
                for allowed in self.keys.values():
                    if value in allowed:
                        allowed.remove(value)
                self.keys.setdefault(key, []).append(value)
        return "errno=0\n\n"

    def listing(self):
        self.bytes += 100
        out = ["private_key=" + "40" * 32, "listen_port=51820"]
        for number, (key, allowed) in enumerate(self.keys.items()):
            out += [f"public_key={key}", "preshared_key=" + "00" * 32, "protocol_version=1",
                    f"endpoint=192.0.2.{1 + number % 250}:51820", f"last_handshake_time_sec={self.started}",
                    "last_handshake_time_nsec=0", f"tx_bytes={self.bytes}", f"rx_bytes={self.bytes}",
                    "persistent_keepalive_interval=0"]
            out += [f"allowed_ip={prefix}" for prefix in allowed]
        return "\n".join(out) + "\nerrno=0\n\n"

    # OSPF -------------------------------------------------------------------------------------------------------

    def send(self, source, kind, body):
        ospf = struct.pack("!BBH4s4sHH8s", 2, kind, 24 + len(body), source, bytes(4), 0, 0, bytes(8)) + body
        # The authentication field is not part of the sum, and zero here.
        ospf = ospf[:12] + struct.pack("!H", checksum(ospf)) + ospf[14:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(ospf), 0, 0, 1, 89, 0, source, socket.inet_aton(HUB))
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        try:
            self.put(source, ip + ospf)
        except BlockingIOError:
            pass  # it is said again

    def put(self, _source, packet):
        os.write(self.tun, packet)

    def take(self, packet):
        if len(packet) < 44 or packet[9] != 89 or struct.unpack("!H", packet[6:8])[0] & 0x1fff:
            return  # not OSPF, or a later fragment, which holds no header of an LSA here
        me, ospf = packet[16:20], packet[20:]
        kind, body = ospf[1], ospf[24:]
        if kind == 1:
            mask, interval, _, _, dead = struct.unpack("!4sHBBI", body[:12])
            self.send(me, 1, struct.pack("!4sHBBI4s4s4s", mask, interval, OPTIONS, 1, dead, bytes(4), bytes(4), ospf[4:8]))
        elif kind == 2:
            mtu, _, _, sequence = struct.unpack("!HBBI", body[:8])
            self.send(me, 2, struct.pack("!HBBI", mtu, OPTIONS, 0, sequence))
        elif kind == 4:
            headers, at = b"", 4
            for _ in range(struct.unpack("!I", body[:4])[0]):
                header = body[at:at + 20]
                if len(header) < 20:
                    break
                headers += header
                at += struct.unpack("!H", header[18:20])[0]
            self.send(me, 5, headers)

    def serve(self):
        os.makedirs("/run/wireguard", exist_ok=True)
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        control.bind("/run/wireguard/wg0.sock")
        control.listen()
        print("up", flush=True)
        with selectors.DefaultSelector() as selector:
            selector.register(self.tun, selectors.EVENT_READ, self.take_all)
            selector.register(control, selectors.EVENT_READ, lambda: self.accept(control, selector))
            while True:
                for key, _ in selector.select():
                    key.data()

    def take_all(self):
        for _ in range(256):
            try:
                self.take(os.read(self.tun, 65536))
            except BlockingIOError:
                return

    def accept(self, control, selector):
        connection = control.accept()[0]
        text = [""]

        def read():
            data = connection.recv(1 << 20)
            if not data:
                selector.unregister(connection)
                connection.close()
                return
            text[0] += data.decode()
            while "\n\n" in text[0]:
                request, text[0] = text[0].split("\n\n", 1)
                connection.sendall(self.answer(request).encode())
        selector.register(connection, selectors.EVENT_READ, read)


class Tunnels(Peers):
    """Everybody again, each with an interface p0, p1, ... of a wireguard-go of its own, in this namespace."""

    def __init__(self, count, hub_key, hub):
        os.makedirs("/run/wireguard", exist_ok=True)
        os.chmod("/run/wireguard", 0o777)
        os.mknod("/run/tun", stat.S_IFCHR, os.stat("/dev/net/tun").st_rdev)
        os.chmod("/run/tun", 0o666)
        subprocess.run(["mount", "--bind", "/run/tun", "/dev/net/tun"], check=True)  # in this namespace alone
        self.interfaces, self.keys = {}, []
        processes = [subprocess.Popen(["setpriv", f"--reuid={FIRST_USER + peer // OF_ONE_USER}", "--clear-groups",
                                       "--inh-caps=+net_admin", "--ambient-caps=+net_admin", "wireguard-go", "-f", f"p{peer}"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for peer in range(count)]
        for peer, process in enumerate(processes):
            name = f"p{peer}"
            wait(lambda name=name: os.path.exists(f"/run/wireguard/{name}.sock"), f"{name} is up", 60)
            if process.poll() is not None:
                raise RuntimeError(f"wireguard-go of {name} has ended")
            private = subprocess.run(["wg", "genkey"], check=True, text=True, capture_output=True).stdout
            self.keys.append(subprocess.run(["wg", "pubkey"], input=private, check=True, text=True,
                                            capture_output=True).stdout.strip())
            subprocess.run(["wg", "set", name, "private-key", "/dev/stdin", "listen-port", str(20000 + peer), "peer", hub_key,
                            "endpoint", f"{hub}:51820", "allowed-ips", "0.0.0.0/0"], input=private, check=True, text=True)
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
            heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
            heard.bind((name, 0x0800))
            heard.setblocking(False)
            self.interfaces[socket.inet_aton(address(peer))] = heard

    def put(self, source, packet):
        self.interfaces[source].send(packet)

    def serve(self):
        print("\n".join([*self.keys, "up"]), flush=True)
        with selectors.DefaultSelector() as selector:
            for own, heard in self.interfaces.items():
                selector.register(heard, selectors.EVENT_READ, own)
            while True:
                for key, _ in selector.select():
                    packet = key.fileobj.recv(65536)
                    if packet[16:20] == key.data:
                        self.take(packet)


def processor_time(pid):
    """Seconds of each thread: all, by the scheduler, and in clock ticks those in the program and in the kernel."""
    used = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        ticks = [int(fields[at]) / os.sysconf("SC_CLK_TCK") for at in (11, 12)]
        used[task.name] = [int((task / "schedstat").read_text().split()[0]) / 1e9] + ticks
    return used


def difference(before, after):
    """Seconds of all threads; the three that used most, in words."""
    used = {task: [now - then for now, then in zip(times, before.get(task, [0, 0, 0]))]
            for task, times in after.items()}
    most = sorted(used.values(), reverse=True)[:3]
    return sum(times[0] for times in used.values()), ", ".join(f"{user:.2f} + {system:.2f}" for _, user, system in most)


def full_count(router):
    return router.show("status")["full_count"]


def wait(condition, what, patience):
    deadline = time.monotonic() + patience
    while True:
        try:
            if condition():
                return
        except (subprocess.CalledProcessError, ValueError):
            pass  # the daemon may not be there yet
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def measured(router, count):
    """Processor time of the daemon in REST seconds with so many neighbors, and of which threads."""
    router.run(f"ip addr add {HUB}/16 dev wg0")
    router.run("ip link set wg0 mtu 1420 txqueuelen 20000 up")
    router.configure(f"router-id: {HUB_ID}\nstate-directory: {router.folder}/state\ninterfaces:\n"
                     f"  - {{name: wg0, peers: auto, hello-interval: {HELLO}, dead-interval: {DEAD}}}\n")
    router.start()
    pid = subprocess.run(["pgrep", "-P", str(router.daemon.pid)], capture_output=True, text=True, check=False).stdout
    pid = int(pid.split()[0]) if pid.split() else router.daemon.pid
    wait(lambda: full_count(router) == count, f"{count} neighbors are Full", 180)
    wait(lambda: all(n["retransmission_list"] == 0 for n in router.show("neighbors")["neighbors"]),
         "all is acknowledged", 180)
    time.sleep(SETTLED)
    before = processor_time(pid)
    time.sleep(REST)
    used = difference(before, processor_time(pid))
    if full_count(router) != count:
        raise RuntimeError("neighbors were lost meanwhile")
    return used


def at_rest(count, scratch):
    """With a WireGuard device that this script plays."""
    import two_daemons_test  # pylint: disable=import-outside-toplevel
    with contextlib.ExitStack() as stack:
        router = two_daemons_test.Router(f"hub{count}", scratch)
        stack.callback(router.close)
        peers = started(stack, router, "peers", count)
        if peers.stdout.readline() != "up\n":
            raise RuntimeError("no tun device")
        return measured(router, count)


def at_rest_with_tunnels(count, scratch):
    """With a real device, and a real one behind each of its peers."""
    import two_daemons_test  # pylint: disable=import-outside-toplevel
    with contextlib.ExitStack() as stack:
        router = two_daemons_test.Router("hub", scratch)
        stack.callback(router.close)
        others = two_daemons_test.Router("others", scratch)
        stack.callback(others.close)
        for setting in ("net.ipv4.ip_forward=0", "net.ipv6.conf.default.disable_ipv6=1"):
            others.run(f"sysctl -qw {setting}")
        router.run(f"ip link add u0 type veth peer name u0 netns {others.init.pid}")
        for end, own in ((router, HUB_UPLINK), (others, PEERS_UPLINK)):
            end.run(f"ip addr add {own}/24 dev u0")
            end.run("ip link set u0 up")
        device = subprocess.Popen(router.command("wireguard-go", "-f", "wg0"), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        stack.callback(device.wait)
        stack.callback(device.kill)
        wait(lambda: "wg0" in router.run("wg show interfaces"), "wireguard-go is up", 20)
        private = router.run("wg genkey").strip()
        public = subprocess.run(["wg", "pubkey"], input=private, check=True, text=True, capture_output=True).stdout.strip()
        peers = started(stack, others, "tunnels", count, public, HUB_UPLINK)
        text = f"[Interface]\nPrivateKey = {private}\nListenPort = 51820\n"
        for peer in range(count):
            text += (f"[Peer]\nPublicKey = {peers.stdout.readline().strip()}\nAllowedIPs = {address(peer)}/32\n"
                     f"Endpoint = {PEERS_UPLINK}:{20000 + peer}\n")
        if peers.stdout.readline() != "up\n":
            raise RuntimeError("the peers have no tunnels")
        (router.folder / "wg0.conf").write_text(text)
        router.run(f"wg setconf wg0 {router.folder}/wg0.conf")
        return measured(router, count)


def started(stack, router, *arguments):
    """This script as peers, in a namespace, until the stack ends; with it ends everything that it has started."""
    peers = subprocess.Popen(router.command(sys.executable, os.path.abspath(__file__), *map(str, arguments)),
                             stdout=subprocess.PIPE, text=True, start_new_session=True)

    def end():
        os.killpg(peers.pid, signal.SIGKILL)
        peers.wait()
        peers.stdout.close()

    stack.callback(end)
    return peers


def main(only_real):
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        print("skipped: needs root and /dev/net/tun")
        return 77
    scratch = tempfile.mkdtemp(prefix="wgospf-rest-")
    try:
        real = at_rest_with_tunnels(REAL, scratch)
        used = {} if only_real else {count: at_rest(count, scratch) for count in (FEW, MANY)}
    finally:
        shutil.rmtree(scratch)
    for count, (seconds, threads), words in [(REAL, real, "real peers"),
                                             *((count, figures, "peers") for count, figures in used.items())]:
        print(f"{count} {words}, hello-interval {HELLO} s: {seconds:.2f} s of processor time in {REST} s, "
              f"{100 * seconds / REST:.2f} % of a core, {1e6 * seconds / REST / count:.1f} us a second and peer; "
              f"threads, program + kernel: {threads}")
    if only_real:
        return 0
    good = True
    for ratio, most, words in ((used[MANY][0] / used[FEW][0], GROWTH, f"{MANY} peers cost {{}} times what {FEW} do"),
                               (real[0] / REAL / (used[FEW][0] / FEW), REAL_GROWTH, "a real peer costs {} times what another does")):
        is_good = ratio <= most
        good = good and is_good
        print(f"{'ok  ' if is_good else 'FAIL'} {words.format(f'{ratio:.1f}')} (at most {most})")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["peers"]:
        Peers(int(sys.argv[2])).serve()
    if sys.argv[1:2] == ["tunnels"]:
        Tunnels(int(sys.argv[2]), *sys.argv[3:]).serve()
    sys.exit(main(sys.argv[1:2] == ["real"]))
