#!/usr/bin/python3
"""Two daemons over a veth pair: what the program itself does, from its start to its end.

Each runs in a network and mount namespace of its own with a private /run. No tunnels and no topology here:
whole networks are built by containerlab/lab (tests/integration). WGOSPF_BIN names the folder of the programs.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ.get("WGOSPF_BIN", "build/bin")).resolve()
DEAD = 4
PATIENCE = 3 * DEAD


def config(areas, more=""):
    lines = ["areas:", "- area-id: 0.0.0.0", "  interfaces:"]
    for name, settings in areas:
        lines.append("  - {" + ", ".join([f"name: {name}"] + settings) + "}")
    return "\n".join(lines) + "\n" + more


ACTIVE = ["interface-type: point-to-point", "hello-interval: 1", f"dead-interval: {DEAD}"]
PASSIVE = ["passive: true"]


# A neighbor in a namespace that says hello every half second, and that it hears 10.0.0.1, whatever happens. Before
# each hello go hundreds of empty acknowledgements, so that the hellos do not lie at the front of a socket.
HELLO_SENDER = f"""
import socket, struct, time
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.1.0.2"))
sender.bind(("10.1.0.2", 0))
def packet(kind, body):
    def packed(checksum):
        return struct.pack("!BBH4s4sHH8x", 2, kind, 24 + len(body), socket.inet_aton("10.0.0.2"), bytes(4), checksum,
                           0) + body
    total = sum(struct.unpack(f"!{{12 + len(body) // 2}}H", packed(0)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return packed(total ^ 0xffff)
hello = packet(1, struct.pack("!4sHBBI4s4s4s", socket.inet_aton("255.255.255.252"), 1, 2, 1, {DEAD}, bytes(4), bytes(4),
                              socket.inet_aton("10.0.0.1")))
while True:
    for _ in range(400):
        sender.sendto(packet(5, b""), ("224.0.0.5", 0))
    sender.sendto(hello, ("224.0.0.5", 0))
    time.sleep(0.5)
"""


class Router:
    """A namespace, and the daemon in it."""

    def __init__(self, name, scratch):
        self.name = name
        self.folder = pathlib.Path(scratch) / name
        self.folder.mkdir()
        self.daemon = None
        self.log_file = self.folder / "log"
        self.init = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "sh", "-c",
                                      "mount --make-rprivate / && mount -t tmpfs tmpfs /run && "
                                      f"mount -t tmpfs tmpfs /var/lib && hostname {name} && echo up && exec sleep infinity"], stdout=subprocess.PIPE, text=True)
        if self.init.stdout.readline() != "up\n":
            raise RuntimeError("no namespace")
        self.run("ip link set lo up")
        for key in ("all", "default"):
            self.run(f"sysctl -qw net.ipv4.conf.{key}.rp_filter=0")
        self.run("sysctl -qw net.ipv4.ip_forward=1")

    def command(self, *arguments):
        return ["nsenter", "-t", str(self.init.pid), "-n", "-m", "-u", "-r", "-w", *arguments]

    def run(self, line):
        return subprocess.run(self.command(*line.split()), check=True, text=True, capture_output=True).stdout

    def add_lan(self, name, address):
        """An interface with carrier: a veth pair whose other end leads nowhere."""
        self.run(f"ip link add {name} type veth peer name {name}-end")
        self.run(f"ip addr add {address} dev {name}")
        for end in (name, f"{name}-end"):
            self.run(f"ip link set {end} up")

    def configure(self, text):
        (self.folder / "wgospfd.yaml").write_text(text)

    def start(self, *options, environment=None, stderr=None, umask=-1):
        """With standard error in the log unless it is to be the file descriptor `stderr`."""
        with self.log_file.open("a") as log:
            self.daemon = subprocess.Popen(
                self.command(str(BIN / "wgospfd"), "--config", str(self.folder / "wgospfd.yaml"), *options),
                stderr=log if stderr is None else stderr, env={**os.environ, **(environment or {})}, umask=umask)

    def send(self, number):
        self.daemon.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Ends the daemon and gives its exit status."""
        self.send(number)
        status = self.daemon.wait(timeout=30)
        self.daemon = None
        return status

    def log(self):
        return self.log_file.read_text()

    def show(self, what):
        return json.loads(self.run(f"{BIN}/wgospfctl show {what} --json"))

    def routes(self, more=""):
        """prefix -> the rest of the line, of our routes in the kernel."""
        lines = self.run(f"ip -4 route show proto 89 {more}").splitlines()
        return {line.split()[0]: line for line in lines if not line.startswith("\t")}

    def close(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.init.kill()
        self.init.wait()
        self.init.stdout.close()


class TwoRouters(unittest.TestCase):
    """Two routers that share v0, ready to be started, and what tests of them wait for."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("namespaces need root")
        self.scratch = tempfile.mkdtemp(prefix="wgospf-two-")
        self.addCleanup(shutil.rmtree, self.scratch)
        self.a = self.router("a")
        self.b = self.router("b")
        self.join("v0")
        for router, own in ((self.a, "1"), (self.b, "2")):
            router.run(f"ip addr add 10.0.0.{own}/32 dev lo")
            router.add_lan("lan", f"192.168.{own}.1/24")
            router.configure(config([("v0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))

    def router(self, name):
        router = Router(name, self.scratch)
        self.addCleanup(router.close)
        return router

    def tearDown(self):
        if any(test is self for test, _ in self._outcome.result.failures + self._outcome.result.errors):
            for router in (self.a, self.b):
                print(f"--- log of {router.name}\n{router.log() if router.log_file.exists() else ''}")
        for router in (self.a, self.b):
            if router.log_file.exists():
                self.assertNotIn("Sanitizer", router.log())

    def join(self, name, addresses=("10.1.0.1/30", "10.1.0.2/30")):
        self.a.run(f"ip link add {name} type veth peer name {name} netns {self.b.init.pid}")
        for router, address in zip((self.a, self.b), addresses):
            if address:
                router.run(f"ip addr add {address} dev {name}")
            router.run(f"ip link set {name} up")

    def wait(self, condition, what, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while True:
            try:
                if condition():
                    return
            except (subprocess.CalledProcessError, json.JSONDecodeError):
                pass  # the daemon may not be there yet
            if time.monotonic() > deadline:
                self.fail(f"waited in vain: {what}")
            time.sleep(0.02)

    def wait_for_log(self, router, text, patience=PATIENCE):
        self.wait(lambda: text in router.log(), f"{router.name} logs {text!r}", patience)

    def wait_for_route(self, router, prefix, there=True):
        self.wait(lambda: (prefix in router.routes()) == there,
                  f"{router.name} {'has' if there else 'has no'} route {prefix}")

    def start_both(self):
        self.a.start()
        self.b.start()
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.wait_for_route(self.b, "192.168.1.0/24")

    def wait_for_served(self, router):
        self.wait(lambda: router.show("status")["router_id"], f"{router.name} serves clients")

    def wait_for_hellos(self, router, count):
        """Waits for `count` further hellos on v0."""
        def hellos():
            return [i["received"]["hello"] for i in router.show("interfaces")["interfaces"] if i["name"] == "v0"][0]
        before = hellos()
        self.wait(lambda: hellos() >= before + count, f"{router.name} hears {count} more hellos", PATIENCE + count)

    def tunnel(self, address, allowed="224.0.0.5/32,10.2.0.0/24,10.0.0.0/24"):
        """wg0 between a and b over v0, by wireguard-go; `allowed` is written with the peer's number. b's key."""
        if shutil.which("wireguard-go") is None or shutil.which("wg") is None:
            self.skipTest("there is no wireguard-go or wg (packaging/install-deps test)")
        keys = {router.name: self.a.run("wg genkey").strip() for router in (self.a, self.b)}
        public = {name: subprocess.run(["wg", "pubkey"], input=key, capture_output=True, text=True,
                                       check=True).stdout.strip() for name, key in keys.items()}
        for router, number, peer in ((self.a, 1, self.b), (self.b, 2, self.a)):
            process = subprocess.Popen(router.command("wireguard-go", "-f", "wg0"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.wait(lambda r=router: "wg0" in r.run("wg show interfaces"), "wireguard-go is up")
            key = router.folder / "key"
            key.write_text(keys[router.name])
            router.run(f"wg set wg0 private-key {key} listen-port 51820 peer {public[peer.name]} "
                       f"endpoint 10.1.0.{3 - number}:51820 allowed-ips {allowed.format(3 - number)}")
            router.run(f"ip addr add {address.format(number)} dev wg0")
            router.run("ip link set wg0 up")
            router.configure(config([("wg0", ACTIVE), ("lo", PASSIVE)]))
        return public["b"]

    def neighbor(self, router):
        neighbors = router.show("neighbors")["neighbors"]
        return neighbors[0] if neighbors else {}


class TwoDaemons(TwoRouters):
    def test_full_and_routes_then_an_orderly_end(self):
        self.start_both()
        self.assertRegex(self.a.log(), r"neighbor 10.0.0.2 on v0: \w+ -> full \(\w+: databases are \w+\)")
        self.assertIn(" nhid ", self.a.routes()["192.168.2.0/24"])
        self.assertIn("10.0.0.2", self.a.routes())
        begin = time.monotonic()
        self.assertEqual(self.b.end(), 0)
        self.wait_for_route(self.a, "192.168.2.0/24", there=False)
        self.assertLess(time.monotonic() - begin, DEAD - 0.5, "a did not wait for the dead interval")
        self.assertEqual(self.b.routes(), {})
        self.assertEqual(self.b.run("ip nexthop show proto 89"), "")
        self.assertEqual(self.a.end(signal.SIGINT), 0)

    def test_a_stall_longer_than_the_dead_interval_ends_no_adjacency(self):
        """What the sockets held when the process goes on is read before its timers fire."""
        sender = subprocess.Popen(self.b.command(sys.executable, "-c", HELLO_SENDER))
        self.addCleanup(lambda: (sender.kill(), sender.wait()))
        self.a.start()
        self.wait(lambda: self.neighbor(self.a).get("state") == "exstart", "a hears the neighbor and is heard")
        for _ in range(3):
            self.a.send(signal.SIGSTOP)
            time.sleep(1.5 * DEAD)  # the stall itself; nothing is waited for here
            self.a.send(signal.SIGCONT)
            self.wait_for_hellos(self.a, 3)
        self.assertNotIn("-> down", self.a.log())
        self.assertEqual(self.neighbor(self.a)["state"], "exstart")

    def told(self, router, monitor, prefix):
        """Whether a route that comes and goes here is in a monitor's file, and so all that happened before."""
        for verb in ("add", "del"):
            router.run(f"ip route {verb} {prefix} dev v0")
        return f"Deleted {prefix}" in monitor.read_text()

    def test_keep_routes_and_adoption(self):
        """By option, or by the signal that an upgrade sends."""
        self.b.start()
        for option, number in (["--keep-routes"], signal.SIGTERM), ([], signal.SIGUSR1):
            self.a.start(*option)
            self.wait_for_route(self.a, "192.168.2.0/24")
            self.wait(lambda: self.neighbor(self.b).get("state") == "full", "b is full, too")
            told = self.a.folder / f"routes-told-{number}"
            with told.open("w") as out:
                monitor = subprocess.Popen(self.a.command("ip", "monitor", "route"), stdout=out)
            self.addCleanup(lambda monitor=monitor: (monitor.kill(), monitor.wait()))
            self.wait(lambda told=told: self.told(self.a, told, "198.51.100.0/24"), "the kernel's changes are told")
            self.assertEqual(self.a.end(number), 0)
            self.wait_for_route(self.b, "192.168.1.0/24", there=False)  # it has left in order
            self.a.start()
            self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is full again")
            self.wait_for_route(self.b, "192.168.1.0/24")
            self.wait(lambda told=told: self.told(self.a, told, "203.0.113.0/24"), "the last of them is told")
            self.assertNotIn("Deleted 192.168.2.0/24", told.read_text())
            # A stale route of ours goes when the new run knows better, not before.
            self.a.end(signal.SIGUSR1)
            self.b.run("ip link set lan down")
            self.a.start()
            self.wait_for_route(self.a, "192.168.2.0/24", there=False)
            self.assertIn("10.0.0.2", self.a.routes())
            self.b.run("ip link set lan up")
            self.assertEqual(self.a.end(), 0)
            self.assertEqual(self.a.routes(), {})

    def test_a_second_signal_ends_at_once(self):
        """While it waits for a neighbor that does not acknowledge any more."""
        self.start_both()
        self.b.send(signal.SIGSTOP)
        self.addCleanup(self.b.send, signal.SIGCONT)
        self.a.send(signal.SIGTERM)
        self.assertEqual(self.a.end(signal.SIGINT), 1)
        self.assertIn("ending at once; routes may be left in the kernel", self.a.log())
        self.assertIn("192.168.2.0/24", self.a.routes())

    def test_a_second_daemon_is_refused(self):
        self.start_both()
        second = subprocess.run(self.a.command(str(BIN / "wgospfd"), "--config", str(self.a.folder / "wgospfd.yaml")),
                                capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("table-254.lock", second.stderr)
        self.assertEqual(self.a.show("status")["router_id"], "10.0.0.1")

    def test_a_second_daemon_with_another_table_is_refused_before_it_speaks(self):
        self.start_both()
        before = self.neighbor(self.b)
        other = self.a.folder / "other.yaml"
        other.write_text(config([("v0", ACTIVE)], "rib: {table: 7}\n"))
        second = subprocess.run(self.a.command(str(BIN / "wgospfd"), "--config", str(other)), capture_output=True,
                                text=True, timeout=30, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another process listens on /run/wgospf/wgospfd.sock", second.stderr)
        # What it might have said has come once b has heard the first one's next hellos.
        self.wait_for_hellos(self.b, 2)
        self.assertEqual(self.neighbor(self.b)["state_changes"], before["state_changes"])
        self.assertEqual(self.neighbor(self.b)["state"], "full")

    def test_nobody_reads_the_log_any_more(self):
        reader, writer = os.pipe()
        self.a.start(stderr=writer)
        os.close(writer)
        self.b.start()
        self.wait_for_route(self.a, "192.168.2.0/24")
        os.close(reader)
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.a.routes(), {})

    def test_nobody_reads_the_log_which_is_full(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.a.start("--log-level", "debug", stderr=writer)
        self.b.start()
        self.wait_for_route(self.b, "192.168.1.0/24")
        os.close(writer)
        # Another open file of the same pipe, so that only this one does not wait.
        filler = os.open(f"/proc/self/fd/{reader}", os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, filler)

        def full():
            try:
                while os.write(filler, b"x"):
                    pass
            except BlockingIOError:
                return True
            return False
        self.wait(full, "the pipe is full")
        changes = self.neighbor(self.b)["state_changes"]
        for _ in range(3):
            self.a.send(signal.SIGHUP)  # has something to tell
        self.wait_for_hellos(self.b, 2 * DEAD)
        self.assertEqual(self.neighbor(self.b)["state_changes"], changes)
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.a.routes(), {})

    def test_permissions_whatever_the_umask(self):
        self.a.start(umask=0o077)
        self.wait_for_served(self.a)
        self.assertEqual(self.a.run("stat -c %a /run/wgospf /run/wgospf/wgospfd.sock").split(), ["750", "660"])

    def test_reload_applies_the_difference(self):
        self.a.add_lan("more", "192.168.11.1/24")
        self.start_both()
        self.wait(lambda: self.neighbor(self.b).get("state") == "full", "b is Full")
        changes = self.neighbor(self.b)["state_changes"]

        self.a.configure("areas: [{area-id: 0.0.0.0, interfaces: [{name: v0, cots: 5}]}]\n")
        self.a.send(signal.SIGHUP)
        self.wait_for_log(self.a, "unknown key \"cots\" in an interface; did you mean \"cost\"?")
        self.wait_for_log(self.a, "the former one stays in force")

        self.a.configure("router-id: 10.9.9.9\n" + config([("v0", ACTIVE)], "rib: {table: 7}\n"))
        self.a.send(signal.SIGHUP)
        self.wait_for_log(self.a, "router-id cannot be changed while running")
        self.wait_for_log(self.a, "rib.table cannot be changed while running")
        self.assertIn("192.168.1.0/24", self.b.routes())

        self.a.configure(config([("v0", ACTIVE + ["cost: 77"]), ("more", PASSIVE), ("lo", PASSIVE)]))
        self.a.send(signal.SIGHUP)
        self.wait_for_route(self.b, "192.168.11.0/24")
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)
        self.wait(lambda: [i["cost"] for i in self.a.show("interfaces")["interfaces"] if i["name"] == "v0"] == [77],
                  "the new cost")
        self.assertEqual(self.neighbor(self.b)["state_changes"], changes, "the adjacency stayed as it was")

        self.a.configure(config([("more", PASSIVE)]))
        self.a.send(signal.SIGHUP)
        self.wait(lambda: self.neighbor(self.b).get("state") != "full", "b loses the neighbor")
        self.a.configure(config([("v0", ACTIVE), ("more", PASSIVE)]))
        self.a.send(signal.SIGHUP)
        self.wait_for_route(self.b, "192.168.11.0/24")

    def reload(self, router, text):
        """Waits until the daemon has taken the configuration over."""
        done = "the configuration is taken over"
        before = router.log().count(done)
        router.configure(text)
        router.send(signal.SIGHUP)
        self.wait(lambda: router.log().count(done) > before, f"{router.name} takes the configuration over")

    def test_an_interface_that_a_reload_adds_again_is_what_it_is_now(self):
        self.a.add_lan("more", "192.168.11.1/24")
        self.start_both()
        self.reload(self.a, config([("v0", ACTIVE), ("lo", PASSIVE)]))
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)
        self.assertIn("interface lan: point-to-point -> down (removed from the configuration)", self.a.log())
        self.a.run("ip link del lan")
        self.reload(self.a, config([("v0", ACTIVE), ("lan", PASSIVE), ("more", PASSIVE), ("lo", PASSIVE)]))
        self.assertEqual({i["name"]: i["link_up"] for i in self.a.show("interfaces")["interfaces"]},
                         {"v0": True, "lan": False, "more": True, "lo": True})
        self.wait_for_route(self.b, "192.168.11.0/24")  # of the same router-LSA, or of a later one
        self.assertNotIn("192.168.1.0/24", self.b.routes())

    def test_an_interface_that_a_reload_adds_again_is_greeted_at_once(self):
        slow = ["interface-type: point-to-point", "hello-interval: 100", "dead-interval: 400"]
        for router in (self.a, self.b):
            router.configure(config([("v0", slow), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.start_both()
        self.reload(self.a, config([("lan", PASSIVE), ("lo", PASSIVE)]))
        self.wait_for_log(self.a, "full -> down (KillNbr: the interface was removed from the configuration)")
        self.wait_for_route(self.a, "192.168.2.0/24", there=False)
        # b answers the farewell with a hello, and further ones only after its limit of rate.
        self.wait(lambda: self.neighbor(self.b)["state_age"] > 0.5, "b has been without a for a while")
        self.reload(self.a, config([("v0", slow), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.wait_for_route(self.a, "192.168.2.0/24")  # patience is a fraction of the hello interval

    def test_redistribution(self):
        self.a.configure(config([("v0", ACTIVE)],
                                "redistribute: [{source: static, metric: 33, prefixes: [{prefix: 198.51.100.0/22, "
                                "ge: 24, le: 24}]}, {source: connected}, {source: table, table: 100}]\n"))
        self.a.run("ip route add blackhole 198.51.100.0/24 proto static")
        self.a.run("ip route add blackhole 203.0.113.0/24 proto static")
        self.a.start()
        self.b.start()
        self.wait_for_route(self.b, "198.51.100.0/24")
        self.wait_for_route(self.b, "192.168.1.0/24")
        self.a.run("ip route add 198.51.101.0/24 dev lan proto boot")
        self.a.run("ip route add 203.0.114.0/24 dev lan table 100")
        self.wait_for_route(self.b, "198.51.101.0/24")
        self.wait_for_route(self.b, "203.0.114.0/24")
        self.a.run("ip route del 198.51.100.0/24")
        self.wait_for_route(self.b, "198.51.100.0/24", there=False)
        routes = {r["prefix"]: r for r in self.b.show("routes")["routes"]}
        self.assertEqual(routes["198.51.101.0/24"]["path_type"], "external-2")
        self.assertEqual(routes["198.51.101.0/24"]["type2_metric"], 33)
        self.assertNotIn("203.0.113.0/24", routes)
        # What a learned from b must not come back as an external of a.
        externals = self.b.show("database --type as-external")["lsas"]
        self.assertNotIn("192.168.2.0", [lsa["lsa_id"] for lsa in externals])
        self.a.configure(config([("v0", ACTIVE)]))
        self.a.send(signal.SIGHUP)
        self.wait_for_route(self.b, "198.51.101.0/24", there=False)
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)

    def test_an_interface_comes_later_and_again(self):
        self.a.run("ip link del v0")
        self.a.start()
        self.b.start()
        self.wait_for_log(self.a, "interface v0 does not exist; it is used when it appears")
        for _ in range(2):
            self.join("v0")
            self.wait_for_route(self.a, "192.168.2.0/24")
            self.wait_for_route(self.b, "192.168.1.0/24")
            # Gone and back in one moment, under another ifindex.
            self.a.run("ip link del v0")
        self.join("v0")
        self.wait_for_route(self.a, "192.168.2.0/24")

    def test_an_interface_is_replaced_under_its_index(self):
        self.start_both()
        number = json.loads(self.a.run("ip -j link show v0"))[0]["ifindex"]
        # Both in one moment, as the daemon sees it: it is stopped meanwhile.
        for _ in range(3):
            self.a.send(signal.SIGSTOP)
            self.a.run("ip link del v0")
            self.a.run(f"ip link add v0 index {number} type veth peer name v0 netns {self.b.init.pid}")
            for router, address in ((self.a, "10.1.0.1/30"), (self.b, "10.1.0.2/30")):
                router.run(f"ip addr add {address} dev v0")
                router.run("ip link set v0 up")
            self.wait(lambda: self.neighbor(self.b).get("state") != "full", "b has lost the neighbor")
            self.a.send(signal.SIGCONT)
            self.wait(lambda: self.neighbor(self.b).get("state") == "full", "b is Full")
            self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
            self.wait_for_route(self.a, "192.168.2.0/24")

    def test_unnumbered(self):
        self.a.run("ip link del v0")
        self.join("u0", addresses=(None, None))
        for router in (self.a, self.b):
            router.configure(config([("u0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.start_both()
        self.assertIn("src 10.0.0.1", self.a.routes()["192.168.2.0/24"])
        self.assertIn("src 10.0.0.2", self.b.routes()["192.168.1.0/24"])
        self.a.run("ping -c 1 -W 5 192.168.2.1")

    def test_unnumbered_behind_a_reverse_path_filter(self):
        self.a.run("ip link del v0")
        self.join("u0", addresses=(None, None))
        for router in (self.a, self.b):
            router.configure(config([("u0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.a.run("sysctl -qw net.ipv4.conf.u0.rp_filter=2")
        self.a.start()
        self.b.start()
        warning = "interface u0 is unnumbered, and with rp_filter 2 the kernel drops in silence"
        self.wait_for_log(self.a, warning)
        self.assertNotIn("192.168.2.0/24", self.a.routes())
        self.a.run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u0.rp_filter=0")
        self.wait_for_log(self.a, "no longer: " + warning)
        self.wait_for_route(self.a, "192.168.2.0/24")

    def test_forwarding_that_is_off(self):
        self.a.run("sysctl -qw net.ipv4.ip_forward=0")
        self.start_both()
        self.assertEqual(self.b.run("sysctl -n net.ipv4.ip_forward"), "1\n")
        warning = ('the kernel does not forward what comes in on v0, lan, and drops it: '
                   '"sysctl -w net.ipv4.ip_forward=1"')
        self.wait_for_log(self.a, warning)
        self.assertNotIn("does not forward", self.b.log())
        self.a.run("sysctl -qw net.ipv4.ip_forward=1")
        self.wait_for_log(self.a, "no longer: " + warning)

    def test_a_table_that_no_rule_looks_up(self):
        self.a.configure(config([("v0", ACTIVE)], "rib: {table: 7}\n"))
        self.a.start()
        self.wait_for_log(self.a, "no routing rule looks up table 7: its routes have no effect")
        self.a.run("ip rule add table 7")
        self.wait_for_log(self.a, "no longer: no routing rule looks up table 7")

    def findings(self, router):
        [interface] = [i for i in router.show("interfaces")["interfaces"] if i["name"] == "wg0"]
        return [(f["problem"], f.get("address")) for f in interface.get("allowed_ips_findings", [])]

    def test_allowed_ips_that_never_covered_the_neighbor(self):
        peer = self.tunnel("10.2.0.{}/30")
        self.a.run(f"wg set wg0 peer {peer} allowed-ips 224.0.0.5/32")
        self.a.start()
        # Handshakes that both ends begin at once can leave one way without keys until WireGuard begins another.
        self.wait(lambda: self.b.run("wg show wg0 latest-handshakes").split()[-1] != "0", "they have shaken hands")
        self.b.start()
        self.wait_for_log(self.a, "no allowed-ips on wg0 cover the neighbour 10.2.0.2")
        self.assertEqual(self.findings(self.a), [("not-covered", "10.2.0.2")])
        self.a.run(f"wg set wg0 peer {peer} allowed-ips 224.0.0.5/32,10.2.0.2/32")
        self.wait_for_log(self.a, "no longer: interface wg0: no allowed-ips on wg0 cover the neighbour 10.2.0.2")
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        # Now there are routes, and what is missing for them.
        self.wait(lambda: self.findings(self.a) == [("routes-not-covered", "")], "the neighbor's loopback is missing")
        self.a.run(f"wg set wg0 peer {peer} allowed-ips 224.0.0.5/32,10.2.0.2/32,10.0.0.2/32")
        self.wait(lambda: self.findings(self.a) == [], "nothing is missing")

    def test_allowed_ips_that_no_longer_cover_the_neighbor(self):
        peer = self.tunnel("10.2.0.{}/24")
        self.a.start()
        self.b.start()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        self.assertEqual(self.findings(self.a), [])
        self.a.run(f"wg set wg0 peer {peer} allowed-ips 224.0.0.5/32")
        self.wait_for_log(self.a, "no allowed-ips on wg0 cover the neighbour 10.2.0.2")
        self.wait(lambda: self.neighbor(self.a) == {}, "a loses the neighbor")
        # With the neighbor its routes go, and what was missing for them.
        self.wait(lambda: self.findings(self.a) == [("not-covered", "10.2.0.2")], "the neighbor alone is told")
        self.assertNotIn("no longer: interface wg0", self.a.log())

    def wait_for_no_router_id(self):
        """A daemon that has nothing to make a router id of."""
        self.a.run("ip addr flush dev lo scope global")
        self.a.start()
        self.wait_for_log(self.a, "waiting for a router id")

    def test_the_api_answers_while_there_is_no_router_id(self):
        self.wait_for_no_router_id()
        status = self.a.show("status")
        self.assertEqual(status["router_id"], "")
        self.assertIn('waiting for a router id: there is no "router-id" in the configuration', status["warnings"][0])
        refused = subprocess.run(self.a.command(str(BIN / "wgospfctl"), "show", "routes"), capture_output=True,
                                 text=True, timeout=30, check=False)
        self.assertEqual(refused.returncode, 7)
        self.assertIn("the router does not run yet: it waits for a router id", refused.stderr)

    def test_an_api_that_cannot_be_opened_never_stops_routing(self):
        self.a.configure(config([("v0", ACTIVE), ("lan", PASSIVE)], "api: {listen: 'unix:/run/later/run/api.sock'}\n"))
        self.start_both()
        self.wait_for_log(self.a, "the API is not served, which is tried again: api.listen: cannot make the directory")
        self.a.run("mkdir /run/later")
        self.wait_for_log(self.a, "no longer: the API is not served")
        self.assertIn("api.sock", self.a.run("ls /run/later/run"))

    def test_a_kill_during_the_start_leaves_nothing_behind(self):
        for delay in (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08):
            self.a.start()
            time.sleep(delay)  # no condition to wait for: any moment will do
            self.a.end(signal.SIGKILL)
        self.start_both()
        left = self.a.run("ls -A /run/wgospf").split()
        # The locks are of table main and of the one that stands apart, which is read at every start.
        self.assertEqual([name for name in left if not name.endswith(("table-254.lock", "table-8957.lock"))],
                         ["wgospfd.sock"])

    def test_a_reload_brings_the_router_id(self):
        self.wait_for_no_router_id()
        self.a.configure("areas: 5\n")
        self.a.send(signal.SIGHUP)
        self.wait_for_log(self.a, "the former one stays in force")
        self.a.configure(config([("v0", ACTIVE)], "rib: {metric: 50}\n"))
        self.a.send(signal.SIGHUP)
        self.wait_for_log(self.a, "the configuration is taken over")
        self.a.configure("router-id: 10.0.0.77\n" + config([("v0", ACTIVE)], "rib: {table: 7}\n"))
        self.a.send(signal.SIGHUP)
        self.wait_for_served(self.a)
        self.assertEqual(self.a.show("status")["router_id"], "10.0.0.77")
        self.assertEqual(self.a.show("status")["kernel"]["table"], 7)
        self.assertIn("table-7.lock", self.a.run("ls /run/wgospf"))

    def test_an_end_while_waiting_for_a_router_id(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.wait_for_no_router_id()
            self.assertEqual(self.a.end(number), 0)
            self.a.log_file.unlink()

    def test_the_loopback_gets_an_address_later(self):
        self.wait_for_no_router_id()
        self.a.run("ip addr add 10.0.0.9/32 dev lo")
        self.wait_for_served(self.a)
        self.assertEqual(self.a.show("status")["router_id"], "10.0.0.9")

    def test_tells_the_service_manager(self):
        path = str(self.a.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(PATIENCE)
            self.a.start(environment={"NOTIFY_SOCKET": path})
            self.assertIn("READY=1", listener.recv(1000).decode())
            self.assertEqual(self.a.show("status")["router_id"], "10.0.0.1")  # ready means served
            self.a.send(signal.SIGHUP)
            self.assertIn("RELOADING=1", listener.recv(1000).decode())
            self.assertIn("READY=1", listener.recv(1000).decode())
            self.assertEqual(self.a.end(), 0)
            self.assertIn("STOPPING=1", listener.recv(1000).decode())

    def test_tells_the_service_manager_that_it_does_not_hang(self):
        path = str(self.a.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(PATIENCE)

            def hear(text):
                while text not in listener.recv(1000).decode():
                    pass

            self.a.start(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1500000"})
            hear("READY=1")
            for _ in range(3):
                hear("WATCHDOG=1")
            self.assertEqual(self.a.end(), 0)
            self.a.start(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "1"})
            hear("READY=1")
            listener.settimeout(1.5)  # the time in which it would be ended
            self.assertRaises(TimeoutError, listener.recv, 1000)

    def test_the_command_line(self):
        def wgospfd(*arguments):
            return subprocess.run([str(BIN / "wgospfd"), *arguments], capture_output=True, text=True, timeout=30,
                                  check=False)
        good = str(self.a.folder / "wgospfd.yaml")
        self.assertEqual(wgospfd("--config", good, "--check").returncode, 0)
        bad = self.a.folder / "bad.yaml"
        bad.write_text("areas: 5\n")
        for options in (["--check"], []):
            result = wgospfd("--config", str(bad), *options)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stderr, f"{bad}:1:8: areas must be a list, not \"5\"\n")
        self.assertEqual(wgospfd("--log-level", "loud").returncode, 2)
        self.assertEqual(wgospfd("--version").stdout, "wgospfd 0.1.0\n")


def main(may_skip_some=False):
    """Runs the tests of the program that calls it. Exit status 77: skipped, all of them if some may be."""
    sys.dont_write_bytecode = True
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    is_skipped = len(result.skipped) == result.testsRun if may_skip_some else result.skipped
    sys.exit(77 if is_skipped else 0)


if __name__ == "__main__":
    main()
