#!/usr/bin/python3
"""Routes that would carry a tunnel's own packets into the tunnel: a tunnel over a network between two routers, of which
one announces a default route and prefixes that hold the tunnels' endpoints.

    a --- up0, up1 --- net (192.0.2.1, "the Internet") --- up0, up1 --- b          wg0 from a to b, wg1 from a to net

With `underlay: auto` they are used and nothing loops, whatever roams and whichever uplink is taken; with `off` they are
held back, and told. WGOSPF_UNDERLAY_SECONDS says how long endpoints and uplinks change. The tunnels are wireguard-go's,
or with WGOSPF_KERNEL_WG=1 the kernel's.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from two_daemons_test import ACTIVE, BIN, PASSIVE, TwoRouters, config, main

SECONDS = int(os.environ.get("WGOSPF_UNDERLAY_SECONDS", "30"))
HANDSHAKES = 45
KILLS = 10 * SECONDS // 30
KERNEL = os.environ.get("WGOSPF_KERNEL_WG") == "1"
PORT = 51820
# As one of a's tunnel's own datagrams, for `ip route get`.
OWN = f"ipproto udp sport {PORT} dport {PORT}"
# A datagram that loops goes round ten thousand times a second; hellos, updates and pings are some tens.
PACKETS_A_SECOND = 200
# An endpoint that has moved into a route of the common table is seen by what the interface sends, ten times a second,
# or by the next reading of the device, two seconds later.
PACKETS_OF_A_MOVE = 300_000
# What the tunnel sends while it is configured anew: hellos, updates, keepalives and handshakes, but no lap of a loop.
PACKETS_OF_A_CHANGE = 400
COVERING = "203.0.113.0/24"
REDISTRIBUTE = ("redistribute:\n- {source: static, prefixes: [0.0.0.0/0, 192.0.2.0/24]}\n"
                "- {source: connected, prefixes: [203.0.113.0/24, 203.0.114.0/24]}\n")


class Underlay(TwoRouters):
    def setUp(self):
        super().setUp()
        if shutil.which("wg") is None or not (KERNEL or shutil.which("wireguard-go")):
            self.skipTest("there is no wireguard-go or wg (packaging/install-deps test)")
        self.a.run("ip link del v0")
        self.net = self.router("net")
        self.net.run("ip addr add 192.0.2.1/32 dev lo")
        self.net.run("ip addr add 198.18.0.1/32 dev lo")
        for router, networks in ((self.a, ("198.51.100", "198.51.101")), (self.b, ("203.0.113", "203.0.114"))):
            for number, network in enumerate(networks):
                end = f"{router.name}{number}"
                self.net.run(f"ip link add {end} type veth peer name up{number} netns {router.init.pid}")
                self.net.run(f"ip addr add {network}.1/24 dev {end}")
                router.run(f"ip addr add {network}.2/24 dev up{number}")
                self.net.run(f"ip link set {end} up")
                router.run(f"ip link set up{number} up")
            router.run(f"ip route add default via {networks[0]}.1 proto static")
        self.net.run("ip route add 10.2.0.0/24 via 203.0.113.2")
        self.b.run("ip route add 192.0.2.0/24 via 203.0.113.1 proto static")
        self.keys = {}
        self.tunnel_end(self.a, "wg0", 51820, "10.2.0.1/30")
        self.tunnel_end(self.b, "wg0", 51820, "10.2.0.2/30")
        self.connect(self.a, "wg0", self.b, "wg0", "203.0.113.2:51820")
        self.connect(self.b, "wg0", self.a, "wg0", "198.51.100.2:51820")

    def tunnel_end(self, router, name, port, address):
        if KERNEL:
            router.run(f"ip link add {name} type wireguard")
        else:
            # The sockets of all devices of this test are in one folder of each router's own /run.
            process = subprocess.Popen(router.command("wireguard-go", "-f", name), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        self.wait(lambda: name in router.run("wg show interfaces").split(), "wireguard-go is up")
        private = router.run("wg genkey").strip()
        key = router.folder / name
        key.write_text(private)
        self.keys[router.name, name] = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True,
                                                      check=True).stdout.strip()
        router.run(f"wg set {name} private-key {key} listen-port {port}")
        router.run(f"ip addr add {address} dev {name}")
        router.run(f"ip link set {name} up")

    def connect(self, router, name, other, other_name, endpoint):
        router.run(f"wg set {name} peer {self.keys[other.name, other_name]} endpoint {endpoint} "
                   "allowed-ips 0.0.0.0/0 persistent-keepalive 1")

    def begin(self, mode="auto", more=""):
        self.a.configure(config([("wg0", ACTIVE), ("lan", PASSIVE)], f"router-id: 10.0.0.1\nunderlay: {mode}\n{more}"))
        self.b.configure(config([("wg0", ACTIVE), ("lan", PASSIVE)], "router-id: 10.0.0.2\n" + REDISTRIBUTE))
        self.a.start()
        self.b.start()
        self.wait_for_route(self.b, "192.168.1.0/24")
        self.wait(lambda: "192.168.2.0/24" in self.a.routes(), "a has the route to b's LAN", HANDSHAKES)

    def wait_for_route(self, router, prefix, there=True):
        self.wait(lambda: (prefix in router.routes()) == there,
                  f"{router.name} {'has' if there else 'has no'} route {prefix}", HANDSHAKES)

    def apart(self):
        try:
            return set(self.a.routes("table 8957"))
        except subprocess.CalledProcessError:
            return set()  # there is no such table

    def our_rules(self):
        return sorted(re.sub(r" proto \S+", "", line).replace("\t", " ").strip()
                      for line in self.a.run("ip rule show").splitlines() if re.search(" proto (89|wgospf)", line))

    def mark(self, device="wg0"):
        return self.a.run(f"wg show {device} fwmark").strip()

    def sent(self, router=None, device="wg0"):
        [link] = json.loads((router or self.a).run(f"ip -j -s link show {device}"))
        return link["stats64"]["tx"]["packets"]

    def way(self, to, more=""):
        found = re.search(r" dev (\S+)", self.a.run(f"ip route get {to} {more}"))
        return found.group(1) if found else None

    def wait_for_cure(self):
        self.wait(lambda: {"default", COVERING} <= self.apart(), "routes stand apart", HANDSHAKES)

    def kernel_state(self, prefix):
        return next((r for r in self.a.show("routes")["routes"] if r["prefix"] == prefix), {"kernel_state": "unknown"})

    def test_made_used_adopted_repaired_and_taken_back(self):
        self.a.run("ip rule add pref 4000 to 172.31.0.0/16 lookup 77")  # a user's
        before = self.a.run("ip rule show")
        self.begin()
        self.wait_for_cure()
        self.assertEqual(self.mark(), "off")  # nothing is written to the device
        rules = self.our_rules()
        for rule in (f"5192: from all iif lo ipproto udp sport {PORT} goto 5299",
                     "5193: from all to 203.0.113.2 iif lo ipproto udp goto 5299",
                     "5216: from all lookup main suppress_prefixlength 24",
                     "5217: from all lookup 8957 suppress_prefixlength 23",
                     "5264: from all lookup main suppress_prefixlength 0",
                     "5265: from all lookup 8957",
                     "5195: from 198.51.100.2 lookup main", "5195: from 198.51.101.2 lookup main"):
            self.assertIn(rule, rules)
        self.assertNotIn("default", self.a.routes())
        self.assertEqual(self.kernel_state("0.0.0.0/0")["kernel_state"], "installed")

        # What is the tunnel's own goes out of the uplink, all else into the tunnel, and the LANs by the longest prefix.
        self.assertEqual(self.way("203.0.113.2", OWN), "up0")
        self.assertEqual(self.way("203.0.113.99", OWN), "up0")  # by its port
        self.assertEqual(self.way("203.0.113.2", "ipproto udp sport 9 dport 9"), "up0")  # by its endpoint
        self.assertEqual(self.way("203.0.113.99", "ipproto udp sport 9 dport 9"), "wg0")
        self.assertEqual(self.way("203.0.113.2", "ipproto tcp"), "wg0")  # `ip route get` asks for UDP by itself
        self.assertEqual(self.way("192.0.2.77"), "wg0")
        self.assertEqual(self.way("192.168.1.9"), "lan")
        for address in ("192.0.2.1", "198.18.0.1"):
            self.assertEqual(self.way(address), "wg0")
            self.wait(lambda to=address: self.a.run(f"ping -c 1 -W 1 {to}"), "the Internet answers through b")
        # From outside the uplink's address answers, and out of the uplink: what came through b is dropped by net.
        self.net.run("sysctl -qw net.ipv4.conf.all.rp_filter=1")
        self.assertEqual(self.way("198.18.0.1", "from 198.51.100.2"), "up0")
        self.wait(lambda: self.net.run("ping -c 1 -W 1 -I 198.18.0.1 198.51.100.2"), "a's uplink answers")
        self.net.run("sysctl -qw net.ipv4.conf.all.rp_filter=0")

        # Somebody takes a rule.
        self.a.run("ip rule del pref 5264")
        self.wait(lambda: self.our_rules() == rules, "the rule is back")

        # Killed and started again, nothing is made anew.
        self.a.end(signal.SIGKILL)
        self.assertEqual(self.our_rules(), rules)
        self.assertIn("default", self.apart())
        self.a.start()
        self.wait(lambda: self.kernel_state("0.0.0.0/0")["kernel_state"] == "installed", "it is adopted", HANDSHAKES)
        self.assertEqual(self.our_rules(), rules)

        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.apart(), set())
        self.assertEqual(self.a.run("ip rule show"), before)

    def test_configured_anew_nothing_loops(self):
        """`wg syncconf` with neither FwMark nor ListenPort takes both away: the tunnel sends from another port."""
        self.begin()
        self.wait_for_cure()
        self.wait(lambda: self.a.run("ping -c 1 -W 1 192.0.2.1"), "the Internet answers through b")
        file = self.a.folder / "anew"
        key = (self.a.folder / "wg0").read_text().strip()
        for port in ("", f"ListenPort = {PORT}\n", ""):
            file.write_text(f"[Interface]\nPrivateKey = {key}\n{port}[Peer]\nPublicKey = {self.keys['b', 'wg0']}\n"
                            "Endpoint = 203.0.113.2:51820\nAllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 1\n")
            sent = self.sent()
            self.a.run(f"wg syncconf wg0 {file}")
            now = self.a.run("wg show wg0 listen-port").strip()
            rule = f"5192: from all iif lo ipproto udp sport {now} goto 5299"
            self.wait(lambda rule=rule: [r for r in self.our_rules() if r.startswith("5192")] == [rule],
                      "the port has its rule")
            self.assertLess(self.sent() - sent, PACKETS_OF_A_CHANGE, f"port {now}")
        self.wait_for_cure()
        self.wait(lambda: self.a.run("ping -c 1 -W 1 192.0.2.1"), "the Internet answers through b", HANDSHAKES)

    def test_kept_and_cleaned_up(self):
        self.begin()
        self.wait_for_cure()
        rules = self.our_rules()
        kept = subprocess.run(self.a.command(str(BIN / "wgospfd"), "--cleanup"), capture_output=True, text=True,
                              check=False)
        self.assertIn("kept, for a daemon that runs has them", kept.stdout)
        self.assertEqual(self.our_rules(), rules)
        self.a.end(signal.SIGKILL)
        gone = subprocess.run(self.a.command(str(BIN / "wgospfd"), "--cleanup"), capture_output=True, text=True,
                              check=False)
        self.assertEqual(gone.returncode, 0, gone.stdout + gone.stderr)
        self.assertEqual((self.our_rules(), self.apart()), ([], set()))

    def of_others(self):
        """Rules, routes of all tables and allowed-ips at a that are not ours."""
        ours = re.compile(r" proto (89|wgospf)\b")
        lines = [line.strip() for what in ("rule show", "-4 route show table all")
                 for line in self.a.run(f"ip {what}").splitlines() if not ours.search(line) and not line.startswith("\t")]
        [allowed] = self.a.run("wg show wg0 allowed-ips").splitlines()
        return lines, set(allowed.split()[1:]) & self.by_hand

    def test_killed_at_random_moments_what_is_others_is_untouched(self):
        """Others' rules stand before ours (where one stands behind, nothing is put apart), their routes beside ours, and
        their allowed-ips at our peer."""
        for rule in ("pref 100 fwmark 0x77 lookup 77", "pref 4000 to 172.31.0.0/16 lookup 77",
                     "pref 5189 from 172.30.0.1 lookup 77"):
            self.a.run(f"ip rule add {rule}")
        for route in ("172.31.0.0/16 via 198.51.100.1 table 77", "172.31.1.0/24 via 198.51.100.1 proto static",
                      "172.31.2.0/24 via 198.51.100.1 proto ospf metric 30"):
            self.a.run(f"ip route add {route}")
        self.by_hand = {"0.0.0.0/0", "172.31.3.0/24"}
        self.a.run(f"wg set wg0 peer {self.keys['b', 'wg0']} allowed-ips {','.join(self.by_hand)}")
        before = self.of_others()
        more = "router-id: 10.0.0.1\nunderlay: auto\n"
        self.a.configure(config([("wg0", ACTIVE + ["allowed-ips: managed"]), ("lan", PASSIVE)], more))
        self.b.configure(config([("wg0", ACTIVE), ("lan", PASSIVE)], "router-id: 10.0.0.2\n" + REDISTRIBUTE))
        self.b.start()
        seed = random.randrange(1_000_000)
        chance = random.Random(seed)
        for number in range(KILLS):
            self.a.start()
            # Most of it is done within a second or two of the neighbor being Full.
            time.sleep(chance.uniform(0, 4))
            self.a.end(signal.SIGKILL)
            self.assertEqual(self.of_others(), before, f"kill {number} of seed {seed}")
        self.a.start()
        self.wait(lambda: self.kernel_state("0.0.0.0/0")["kernel_state"] == "installed", "the cure is adopted", HANDSHAKES)
        self.wait(lambda: "192.168.2.0/24" in self.a.show("peers")["peers"][0]["managed_allowed_ips"],
                  "allowed-ips are adopted", HANDSHAKES)
        self.wait_for_cure()
        self.assertEqual(self.of_others(), before, f"seed {seed}")
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.of_others(), before, f"seed {seed}")
        self.assertEqual((self.our_rules(), self.apart(), self.a.routes()), ([], set(), {}), f"seed {seed}")
        self.assertEqual(set(self.a.run("wg show wg0 allowed-ips").split()[1:]), self.by_hand, f"seed {seed}")

    def test_a_mark_of_the_users_is_used_and_left_alone(self):
        self.a.run("wg set wg0 fwmark 0x99")
        self.begin()
        self.wait_for_cure()
        self.assertEqual(self.mark(), "0x99")
        self.assertIn("5190: from all fwmark 0x99 goto 5299", self.our_rules())
        self.assertEqual(self.way("203.0.113.2", "mark 0x99"), "up0")
        self.assertEqual(self.a.end(), 0)
        self.assertEqual((self.mark(), self.our_rules()), ("0x99", []))

    def test_off_they_are_held_back_and_told(self):
        self.begin("off")
        told = "it would carry wg0's own packets to 203.0.113.2:51820 into wg0"
        self.wait_for_log(self.a, told, HANDSHAKES)
        self.assertEqual(self.kernel_state(COVERING)["kernel_state"], "held-back")
        self.assertIn(told, self.kernel_state(COVERING)["kernel_error"])
        self.assertIn(told, "".join(self.a.show("status")["warnings"]))
        self.assertEqual((self.apart(), self.our_rules(), self.mark()), (set(), [], "off"))
        self.change_everything()
        self.assertEqual((self.apart(), self.our_rules(), self.mark()), (set(), [], "off"))

    def test_auto_nothing_loops_whatever_changes(self):
        self.begin()
        self.wait_for_cure()
        # A tunnel without OSPF, whose endpoint b announces, keeps its way.
        self.tunnel_end(self.a, "wg1", 51821, "10.3.0.1/30")
        self.tunnel_end(self.net, "wg1", 51821, "10.3.0.2/30")
        # Net answers only: what it sent by itself would come from the address of its link, and a would follow it there.
        self.net.run(f"wg set wg1 peer {self.keys['a', 'wg1']} allowed-ips 0.0.0.0/0")
        self.connect(self.a, "wg1", self.net, "wg1", "192.0.2.1:51821")
        self.wait(lambda: "5192: from all iif lo ipproto udp sport 51821 goto 5299" in self.our_rules(),
                  "wg1's datagrams are known", HANDSHAKES)
        self.wait(lambda: self.a.run("ping -c 1 -W 1 10.3.0.2"), "the tunnel to net works", HANDSHAKES)
        # The log leaves out what comes too often, the stream does not. It is there before the first change: of a loss that
        # it had missed the withdrawn route would be told alone.
        neighbors = self.follow("neighbors", str(BIN / "wgospfctl"), "watch", "--json", "--only", "neighbors")
        self.wait(lambda: '"snapshot_end"' in neighbors.read_text(), "the stream has begun")
        monitor = self.follow("routes", "ip", "monitor", "route")
        moves = self.change_everything()
        # The one network that held no endpoint before; from then on it stands apart.
        self.assertLessEqual(moves, 1)
        self.wait_for_cure()
        withdrawn = sum(line.startswith("Deleted default") and "table 8957" in line
                        for line in monitor.read_text().splitlines())
        changes = [json.loads(line) for line in neighbors.read_text().splitlines()]
        lost = sum(change["kind"] == "neighbor_state_change" and change["data"]["from"] == "full" for change in changes)
        self.assertLessEqual(withdrawn, lost, "no route goes but with the neighbor")
        self.assertEqual(self.kernel_state("0.0.0.0/0")["kernel_state"], "installed")
        self.wait(lambda: self.a.run("ping -c 1 -W 1 192.0.2.1"), "the Internet answers through b", HANDSHAKES)

    def follow(self, name, *command):
        """The file in which is what the command says from now on, in a's namespace."""
        file = self.a.folder / name
        with file.open("w") as out:
            process = subprocess.Popen(self.a.command(*command), stdout=out)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return file

    def change_everything(self):
        """Endpoints roam and uplinks flip, at random; what the tunnels send stays what it is without a loop, but for the
        moment after an endpoint has moved into a route. How many such moments there were."""
        # The uplink that is not taken has a way, too: wireguard-go answers out of the interface at which a datagram came.
        for router, networks in ((self.a, ("198.51.100", "198.51.101")), (self.b, ("203.0.113", "203.0.114"))):
            for number, network in enumerate(networks):
                router.run(f"ip route replace default via {network}.1 dev up{number} proto static metric {1000 + number}")
        chance = random.Random(1)
        begin, sent = time.monotonic(), self.sent()
        last, last_sent = begin, sent
        uplinks = {"a": 0, "b": 0}
        moves = 0
        while time.monotonic() - begin < SECONDS:
            router, networks = chance.choice([(self.a, ("198.51.100", "198.51.101")),
                                              (self.b, ("203.0.113", "203.0.114"))])
            uplinks[router.name] = 1 - uplinks[router.name]
            router.run(f"ip route replace default via {networks[uplinks[router.name]]}.1 proto static")
            if chance.random() < 0.5:
                endpoint = chance.choice(("203.0.113.2", "203.0.114.2"))
                self.a.run(f"wg set wg0 peer {self.keys['b', 'wg0']} endpoint {endpoint}:51820")
            if chance.random() < 0.2:
                port = chance.choice((51820, 51830))
                self.b.run(f"wg set wg0 listen-port {port}")
            time.sleep(chance.uniform(0.5, 2))  # the pace of the changes; nothing is waited for here
            now, now_sent = time.monotonic(), self.sent()
            if (now_sent - last_sent) / (now - last) > PACKETS_A_SECOND:
                moves += 1
                self.assertLess(now_sent - last_sent, PACKETS_OF_A_MOVE, f"{now - begin:.1f} s after the begin")
            last, last_sent = now, now_sent
        for router, network in ((self.a, "198.51.100"), (self.b, "203.0.113")):
            router.run(f"ip route replace default via {network}.1 proto static")
        self.b.run("wg set wg0 listen-port 51820")
        self.a.run(f"wg set wg0 peer {self.keys['b', 'wg0']} endpoint 203.0.113.2:51820")
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full again", HANDSHAKES)
        seconds = time.monotonic() - begin
        print(f"{SECONDS} s of changes: wg0 has sent {(self.sent() - sent) / seconds:.0f} packets a second, with {moves} "
              "moves into a route", file=sys.stderr)
        return moves


if __name__ == "__main__":
    main(may_skip_some=True)
