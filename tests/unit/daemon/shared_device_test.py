#!/usr/bin/python3
"""A hub with three spokes, one wg0 each: every WireGuard peer is a link (`peers: auto`).

By hand each peer has its own address alone in its allowed-ips. The underlay is a bridge in the hub's namespace.
"""

import os
import subprocess
import sys
import time

import sites
from two_daemons_test import DEAD, PASSIVE, config, main

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45
# Peers that come and go are known within two seconds.
READ = 3 * 2
HELLOS_WHEN_AWAKE = 3

# Counts packets of OSPF that come in, a line for each.
COUNTER = """
import socket
heard = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
print("hears", flush=True)
while True:
    packet, source = heard.recvfrom(65535)
    print(source[0], flush=True)
"""

# Hellos of router 10.0.0.2 with a wrong interval, to the hub: 20,000 a second, or as many as the machine can; a line with
# the rate of each second.
FLOOD_RATE = 20_000
FLOOD = f"""
import socket, struct, time
def hello(check):
    head = struct.pack(">BBH4s4sHH8x", 2, 1, 44, bytes([10, 0, 0, 2]), bytes(4), check, 0)
    return head + struct.pack(">4sHBBI4s4s", bytes(4), 7, 2, 1, 28, bytes(4), bytes(4))
total = sum(struct.unpack(">22H", hello(0)))
while total > 0xffff:
    total = (total & 0xffff) + (total >> 16)
packet = hello(~total & 0xffff)
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
begin, sent, told = time.monotonic(), 0, 0
while True:
    passed = time.monotonic() - begin
    if passed >= told + 1:
        told += 1
        print(int(sent / passed), flush=True)
    if sent > passed * {FLOOD_RATE}:
        time.sleep(0.002)
        continue
    for _ in range(50):
        out.sendto(packet, ("10.99.0.1", 0))
    sent += 50
"""


class SharedDevice(sites.Sites):
    def setUp(self):
        super().setUp()
        self.numbers = {}
        self.hub = self.site("hub", 1)
        self.bridge(self.hub)
        self.spokes = [self.spoke(number) for number in (2, 3, 4)]
        for spoke in self.spokes:
            self.peer(self.hub, spoke)
            self.peer(spoke, self.hub)

    def tearDown(self):
        self.a, self.b = self.hub, self.spokes[0]
        super().tearDown()

    def site(self, name, number):
        router = super().site(name, number)
        self.numbers[name] = number
        router.add_lan("lan", f"192.168.{number}.1/24")
        self.configure(router)
        return router

    def spoke(self, number):
        spoke = self.site(f"spoke{number}", number)
        self.plug(self.hub, spoke, number)
        return spoke

    def configure(self, router, more=(), hello=1, dead=DEAD):
        wg0 = ["peers: auto", f"peer-defaults: {{ hello-interval: {hello}, dead-interval: {dead} }}", *more]
        router.configure(config([("wg0", wg0), ("lan", PASSIVE), ("lo", PASSIVE)],
                                f"state-directory: {router.folder}/state\n"))

    def peer(self, at, other):
        """`other` becomes a peer at `at`."""
        number = self.numbers[other.name]
        at.run(f"wg set wg0 peer {self.keys[other.name]} endpoint 10.1.0.{number}:51820 allowed-ips 10.99.0.{number}/32")

    def all(self):
        return [self.hub, *self.spokes]

    def link(self, other):
        """The link's name where it has none in the configuration."""
        return "wg0/" + self.keys[other.name][:8]

    def neighbors(self, router):
        """interface -> state."""
        return {n["interface"]: n["state"] for n in router.show("neighbors")["neighbors"]}

    def interface(self, router, name):
        found = [i for i in router.show("interfaces")["interfaces"] if i["name"] == name]
        return found[0] if found else None

    def allowed(self, at, other):
        lines = [line.split() for line in at.run("wg show wg0 allowed-ips").splitlines()]
        return {line[0]: {prefix for prefix in line[1:] if "." in prefix} for line in lines}.get(self.keys[other.name], set())

    def start_all(self):
        for router in self.all():
            router.start()
        for router in self.all():
            for other in self.all():
                if other is not router:
                    lan = f"192.168.{self.numbers[other.name]}.0/24"
                    self.wait(lambda r=router, p=lan: p in r.routes(), f"{router.name} has a route to {lan}", HANDSHAKES)

    def count_ospf(self, router):
        """A function that tells how many OSPF packets have come to the namespace since."""
        counter = subprocess.Popen(router.command(sys.executable, "-u", "-c", COUNTER), stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (counter.kill(), counter.wait(), counter.stdout.close()))
        counter.stdout.readline()  # what comes before it hears would not be counted
        os.set_blocking(counter.stdout.fileno(), False)
        heard = []

        def count():
            heard.extend(iter(counter.stdout.readline, ""))
            return len(heard)
        return count

    def test_lan_to_lan_with_each_peers_own_address_by_hand(self):
        self.start_all()
        self.assertEqual(self.neighbors(self.hub), {self.link(spoke): "full" for spoke in self.spokes})
        for spoke in self.spokes:
            self.assertEqual(self.neighbors(spoke), {self.link(self.hub): "full"})
        for router in self.all():
            for other in self.all():
                if router is not other:
                    one, two = self.numbers[router.name], self.numbers[other.name]
                    self.wait(lambda r=router, a=one, b=two: r.run(f"ping -c 1 -W 1 -I 192.168.{a}.1 192.168.{b}.1"),
                              f"{router.name}'s LAN reaches {other.name}'s")
        # As narrow as the routes: what is behind the peer, and nothing else.
        for spoke in self.spokes:
            number = self.numbers[spoke.name]
            self.assertEqual(self.allowed(self.hub, spoke),
                             {f"10.99.0.{number}/32", f"10.0.0.{number}/32", f"192.168.{number}.0/24"})
        interfaces = {i["name"]: i for i in self.hub.show("interfaces")["interfaces"]}
        self.assertTrue(interfaces["wg0"]["passive"])
        self.assertEqual(interfaces[self.link(self.spokes[0])]["peer_address"], "10.99.0.2")
        self.assertEqual([name for name, i in interfaces.items() if i.get("allowed_ips_findings") or i.get("problems")],
                         [])
        self.assertEqual(self.hub.show("status")["warnings"], [])

    def test_a_peer_is_added_and_removed(self):
        for router in self.all():
            self.configure(router, hello=5, dead=60)
        late = self.spokes[2]
        self.hub.run(f"wg set wg0 peer {self.keys[late.name]} remove")
        for router in self.all():
            router.start()
        early = {self.link(spoke): "full" for spoke in self.spokes[:2]}
        self.wait(lambda: self.neighbors(self.hub) == early, "the hub is Full with two", HANDSHAKES)
        self.assertIsNone(self.interface(self.hub, self.link(late)))

        self.peer(self.hub, late)
        self.wait(lambda: self.interface(self.hub, self.link(late)), "the new peer is a link", READ)
        self.wait(lambda: self.neighbors(self.hub) == {**early, self.link(late): "full"}, "all are Full", HANDSHAKES)
        self.wait_for_route(self.hub, "192.168.4.0/24")

        self.hub.run(f"wg set wg0 peer {self.keys[late.name]} remove")
        self.wait(lambda: not self.interface(self.hub, self.link(late)), "the link is gone", READ)
        self.assertEqual(self.neighbors(self.hub), early)
        self.wait_for_route(self.hub, "192.168.4.0/24", there=False)
        self.wait(lambda: "192.168.4.0/24" not in self.spokes[0].routes(), "and with it its LAN")

    def test_a_stock_peer_is_left_asleep(self):
        stock = self.spokes[0]
        count = self.count_ospf(stock)
        self.hub.start()
        for spoke in self.spokes[1:]:
            spoke.start()
        self.wait(lambda: count() == HELLOS_WHEN_AWAKE, "it gets three hellos")
        self.wait(lambda: self.interface(self.hub, self.link(stock))["peer_asleep"], "it is left asleep")
        # Long enough for the handshake that follows not to be taken for an answer to the last of them.
        self.wait_for_more_hellos(8)
        self.assertEqual(count(), HELLOS_WHEN_AWAKE)

        # It has forgotten the session and calls.
        self.assertNotEqual(self.handshake(stock), 0)
        before = self.handshake(stock)
        stock.run(f"wg set wg0 peer {self.keys['hub']} remove")
        self.wait(lambda: time.time() > before + 1, "the clock of handshakes goes on")
        self.peer(stock, self.hub)
        self.wait(lambda: stock.run("ping -c 1 -W 1 10.99.0.1"), "it calls", HANDSHAKES)
        self.assertGreater(self.handshake(stock), before)
        self.wait(lambda: count() == 2 * HELLOS_WHEN_AWAKE, "it gets three more", READ + DEAD)
        self.wait_for_more_hellos(4)
        self.assertEqual(count(), 2 * HELLOS_WHEN_AWAKE)
        self.assertEqual(self.hub.show("status")["warnings"], [])

    def handshake(self, other):
        lines = [line.split() for line in self.hub.run("wg show wg0 latest-handshakes").splitlines()]
        return int(dict(lines)[self.keys[other.name]])

    def wait_for_more_hellos(self, intervals):
        """So many hello intervals pass, as counted at a link that is awake."""
        def sent():
            return self.interface(self.hub, self.link(self.spokes[1]))["sent"]["hello"]
        before = sent()
        self.wait(lambda: sent() >= before + intervals, "hellos go on elsewhere", 3 * intervals + DEAD)

    def test_who_floods_keeps_no_others_from_being_heard(self):
        self.start_all()
        flooder, others = self.spokes[0], self.spokes[1:]
        rates = []
        flood = subprocess.Popen(flooder.command(sys.executable, "-u", "-c", FLOOD), stdout=subprocess.PIPE, text=True)
        os.set_blocking(flood.stdout.fileno(), False)
        self.addCleanup(lambda: (flood.kill(), flood.wait(), flood.stdout.close()))
        self.wait_for_more_hellos(3 * DEAD)
        rates.extend(int(line) for line in flood.stdout)
        lost = [line for line in self.hub.log().splitlines()
                if "full ->" in line and any(self.link(spoke) in line for spoke in others)]
        self.assertEqual(lost, [])
        for spoke in others:
            self.assertEqual(self.neighbors(spoke), {self.link(self.hub): "full"})
        self.assertTrue(rates)
        print(f"a peer sent {rates[-1]} hellos a second; the others stayed Full", file=sys.stderr)

    def test_who_was_a_router_is_remembered(self):
        self.start_all()
        spoke = self.spokes[0]
        routers = self.hub.folder / "state" / "routers"
        self.wait(lambda: all(self.keys[s.name] in routers.read_text() for s in self.spokes), "all are noted")
        self.assertEqual(spoke.end(), 0)
        count = self.count_ospf(spoke)
        self.hub.end(9)
        self.hub.start()
        self.wait(lambda: count() > 2 * HELLOS_WHEN_AWAKE, "hellos go to it although it does not answer", HANDSHAKES)

    def test_a_client_has_no_say(self):
        client = self.spokes[0]
        entry = f"{{ public-key: \"{self.keys[client.name]}\", name: phone, role: client }}"
        self.configure(self.hub, [f"peer: [{entry}]"])
        for router in self.all():
            router.start()
        others = {self.link(spoke): "full" for spoke in self.spokes[1:]}
        self.wait(lambda: others.items() <= self.neighbors(self.hub).items(), "the others are Full", HANDSHAKES)
        self.wait_for_log(self.hub, "router 10.0.0.2 is a client, as the configuration says")
        self.wait_for_more_hellos(2)
        # Who was refused is shown, as long as it was heard of late: never as more than down.
        states = self.neighbors(self.hub)
        self.assertEqual(states.pop("wg0/phone", "down"), "down")
        self.assertEqual(states, others)
        self.assertNotIn("192.168.2.0/24", self.hub.routes())

    def test_a_peer_whose_address_nothing_tells(self):
        odd = self.spokes[0]
        self.hub.run(f"wg set wg0 peer {self.keys[odd.name]} allowed-ips 10.99.0.2/31")
        self.hub.start()
        self.wait_for_log(self.hub, f"OSPF cannot run to peers of wg0: peer {self.keys[odd.name][:8]} "
                                    f"({self.keys[odd.name]}): no host route among its allowed-ips tells")
        self.hub.run(f"wg set wg0 peer {self.keys[odd.name]} allowed-ips 10.99.0.2/32")
        self.wait(lambda: self.interface(self.hub, self.link(odd)), "it is a link now", READ)
        self.wait_for_log(self.hub, "no longer: OSPF cannot run to peers of wg0")


if __name__ == "__main__":
    main()
