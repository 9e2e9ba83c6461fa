#!/usr/bin/python3
"""A host in a LAN behind the neighbor, two hops away, has no say (RFC 2328 8.2, deviation D6).

Two daemons over a veth pair, and a host behind the second, which routes for it. The host sends hellos, database
descriptions, requests, updates, flushes and acknowledgements to the link and loopback addresses of both, a thousand
a second, with every combination of their and other router ids and addresses. Nothing may change, and each reason may
be told once an interface. WGOSPF_SOAK in the environment makes it ten seconds instead of two.
"""

import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

import two_daemons_test
from two_daemons_test import ACTIVE, PASSIVE, PATIENCE, config, main

RATE = 1000
SECONDS = 10 if os.environ.get("WGOSPF_SOAK") else 2
HELLO, DESCRIPTION, REQUEST, UPDATE, ACKNOWLEDGMENT = 1, 2, 3, 4, 5
MAX_AGE = 3600
FORGED = "198.51.100.0"


def quad(text):
    return socket.inet_aton(text)


def internet_checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(kind, router, body):
    def header(checksum):
        return struct.pack("!BBH4s4sHH", 2, kind, 24 + len(body), quad(router), bytes(4), checksum, 0)
    return header(internet_checksum(header(0) + body)) + bytes(8) + body


def hello(router, listed):
    body = quad("255.255.255.252") + struct.pack("!HBBI", 1, 2, 1, two_daemons_test.DEAD) + bytes(8)
    return packet(HELLO, router, body + b"".join(quad(one) for one in listed))


def lsa(kind, number, router, sequence, age, body):
    """A whole LSA with its Fletcher checksum."""
    head = struct.pack("!HBB4s4sI", age, 2, kind, quad(number), quad(router), sequence)
    whole = bytearray(head + struct.pack("!HH", 0, 20 + len(body)) + body)
    c0 = c1 = 0
    for byte in whole[2:]:
        c0 = (c0 + byte) % 255
        c1 = (c1 + c0) % 255
    x = ((len(whole) - 2 - 15) * c0 - c1) % 255 or 255
    y = (510 - c0 - x) % 255 or 255
    whole[16], whole[17] = x, y
    return bytes(whole)


def router_body(others):
    """Links to `others`, and the forged prefix as a stub."""
    links = [quad(other) + quad("10.1.0.2") + struct.pack("!BBH", 1, 0, 1) for other in others]
    links.append(quad(FORGED) + quad("255.255.255.0") + struct.pack("!BBH", 3, 0, 1))
    return struct.pack("!BBH", 2, 0, len(links)) + b"".join(links)


def attacks(ids, sequences):
    """Every kind of packet in the name of each router id: [bytes]."""
    external = quad("255.255.255.0") + struct.pack("!I", 1) + bytes(8)
    for router in ids:
        yield hello(router, [])
        yield hello(router, [other for other in ids if other != router])
        yield packet(DESCRIPTION, router, struct.pack("!HBBI", 1500, 0x42, 7, 0xffffff))
        yield packet(DESCRIPTION, router, struct.pack("!HBBI", 1500, 0x42, 0, 1))
        yield packet(REQUEST, router, struct.pack("!I", 1) + quad(ids[0]) + quad(ids[0]))
        yield packet(REQUEST, router, struct.pack("!I", 1) + quad("9.9.9.9") + quad("9.9.9.9"))
        for owner in ids:
            number = sequences.get(owner, 0x80000001)
            forged = lsa(1, owner, owner, number + 100, 1, router_body([o for o in ids if o != owner]))
            flush = lsa(1, owner, owner, number, MAX_AGE, router_body([]))
            flush_newer = lsa(1, owner, owner, number + 200, MAX_AGE, router_body([]))
            asserted = lsa(5, FORGED, owner, 0x80000100, 1, external)
            for one in (forged, flush, flush_newer, asserted):
                yield packet(UPDATE, router, struct.pack("!I", 1) + one)
            yield packet(ACKNOWLEDGMENT, router, forged[:20])


def send(order):
    """In the host's namespace: the packets in turn, RATE a second, for SECONDS. Prints how many went out."""
    packets = list(attacks(order["ids"], order["sequences"]))
    wanted = [(source, target, one) for one in packets for source in order["sources"]
              for target in order["targets"]]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        begin = time.monotonic()
        sent = refused = 0
        while sent < RATE * order["seconds"]:
            ahead = begin + sent / RATE - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            # A stride that shares no factor with their number, so that a short run has all kinds, too.
            source, target, one = wanted[sent * 7919 % len(wanted)]
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(one), 0, 0, 64, 89, 0, quad(source),
                                 quad(target))
            try:
                raw.sendto(header + one, (target, 0))
            except OSError:
                refused += 1
            sent += 1
    print(json.dumps({"sent": sent - refused, "combinations": len(wanted)}))


class TwoHops(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.host = self.router("host")
        self.b.run(f"ip link add far type veth peer name eth0 netns {self.host.init.pid}")
        self.b.run("ip addr add 192.168.9.1/24 dev far")
        self.b.run("ip link set far up")
        self.host.run("ip addr add 192.168.9.9/24 dev eth0")
        self.host.run("ip link set eth0 up")
        self.host.run("ip route add default via 192.168.9.1")
        self.b.configure(config([("v0", ACTIVE), ("lan", PASSIVE), ("far", PASSIVE), ("lo", PASSIVE)]))

    def state(self, router):
        """What must not change: adjacencies, the database, the table and the kernel's routes."""
        neighbors = [(n["neighbor_router_id"], n["address"], n["state"], n["state_changes"])
                     for n in router.show("neighbors")["neighbors"]]
        database = sorted((l["type"], l["lsa_id"], l["adv_router"], l["seq_num"], l["checksum"])
                          for l in router.show("database")["lsas"])
        status = router.show("status")
        return {"neighbors": neighbors, "database": database, "generation": status["generation"],
                "originated": status["statistics"]["lsas_originated"], "routes": router.routes()}

    def drops(self, router):
        interface = next(i for i in router.show("interfaces")["interfaces"] if i["name"] == "v0")
        return {drop["reason"]: drop["count"] for drop in interface["drops"]}

    def settle(self):
        """Until two looks, longer apart than LSAs are throttled for, see the same."""
        before = None
        deadline = time.monotonic() + 10 * PATIENCE
        while time.monotonic() < deadline:
            now = [self.state(router) for router in (self.a, self.b)]
            if now == before:
                return now
            before = now
            time.sleep(3)
        self.fail(f"no rest: {before}")

    def test_nothing_changes(self):
        self.start_both()
        self.wait(lambda: "192.168.9.0/24" in self.a.routes(), "a has no route to the host's LAN")
        self.wait(lambda: self.host.run("ping -c 1 -W 1 10.1.0.1"), "the host does not reach a")
        before = self.settle()
        logged = {router.name: len(router.log()) for router in (self.a, self.b)}
        sequences = {l["adv_router"]: int(str(l["seq_num"]), 0) & 0xffffffff
                     for l in self.a.show("database")["lsas"] if l["type"] == "router"}
        order = {"ids": ["10.0.0.1", "10.0.0.2", "10.0.0.7"], "sequences": sequences, "seconds": SECONDS,
                 "sources": ["192.168.9.9", "10.1.0.1", "10.1.0.2", "10.0.0.1", "10.0.0.2", "192.168.9.1"],
                 "targets": ["10.1.0.1", "10.1.0.2", "10.0.0.1"]}
        done = subprocess.run(self.host.command(sys.executable, str(pathlib.Path(__file__).resolve()),
                                                "--send", json.dumps(order)),
                              check=True, text=True, capture_output=True)
        print(done.stdout, end="")
        time.sleep(0.5)  # what is under way arrives
        self.assertEqual(before, [self.state(router) for router in (self.a, self.b)])
        drops = self.drops(self.a)
        for reason in ("unicast_hello", "not_the_neighbor", "another_address", "bad_destination"):
            self.assertGreater(drops.get(reason, 0), 0, f"{reason} did not come up: {drops}")
        for router in (self.a, self.b):
            told = [line for line in router.log()[logged[router.name]:].splitlines() if "was not used" in line]
            reasons = [line.split("was not used: ")[1].split()[0] for line in told]
            self.assertEqual(len(reasons), len(set(reasons)), told)
        self.assertNotIn("duplicate", self.a.log()[logged["a"]:])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--send"]:
        send(json.loads(sys.argv[2]))
    else:
        main()
