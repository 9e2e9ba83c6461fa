#!/usr/bin/python3
"""Two daemons over a tunnel whose peer has several endpoints: names that change, places that are dead, roaming.

Names are answered by a DNS server of this test's own, in the namespace of router a. Where b must not call by itself (it
would roam, and WireGuard would do the work) it has lost a's endpoint, as a site has that was restarted behind a NAT.
"""

import json
import re
import signal
import subprocess
import sys
import time
import unittest

import two_daemons_test
from two_daemons_test import ACTIVE, PASSIVE, config

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45

# Answers what stands in a file, which is read for each query: {"op2.test": {"A": ["10.1.0.2"], "TTL": 1}}. What it was
# asked goes to another file.
SERVER = """
import json, socket, struct, sys
TYPES = {1: "A", 28: "AAAA", 33: "SRV"}
def packed(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\\0"
def data_of(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    priority, weight, port, target = value
    return struct.pack("!HHH", priority, weight, port) + packed(target)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("up", flush=True)
while True:
    query, client = server.recvfrom(4096)
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = TYPES.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")
    question, name = query[12:at + 5], ".".join(labels).lower()
    with open(sys.argv[2], "a") as asked:
        print(name, kind, file=asked)
    records = json.load(open(sys.argv[1]))
    known = records.get(name, {})
    values = known.get(kind, [])
    answer = b"".join(b"\\xc0\\x0c" + struct.pack("!HHIH", {"A": 1, "AAAA": 28, "SRV": 33}[kind], 1,
                      known.get("TTL", 1), len(data_of(kind, value))) + data_of(kind, value) for value in values)
    flags = 0x8180 if known else 0x8183
    server.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, len(values), 0, 0) + question + answer, client)
"""


class Endpoints(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.join("v1", ("10.3.0.1/30", "10.3.0.2/30"))
        self.key_of_b = self.tunnel("10.2.0.{}/30", "0.0.0.0/0")
        self.key_of_a = self.a.run("wg show wg0 public-key").strip()
        self.answers = self.a.folder / "answers"
        self.asked = self.a.folder / "asked"
        self.asked.touch()
        self.name("op2.test", A=["10.1.0.2"])
        (self.a.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self.a.run(f"mount --bind {self.a.folder}/resolv.conf /etc/resolv.conf")
        server = subprocess.Popen(self.a.command(sys.executable, "-c", SERVER, str(self.answers), str(self.asked)),
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.kill(), server.wait(), server.stdout.close()))
        self.assertEqual(server.stdout.readline(), "up\n")

    def name(self, name, **records):
        known = json.loads(self.answers.read_text()) if self.answers.exists() else {}
        known[name] = records
        new = self.answers.with_suffix(".new")
        new.write_text(json.dumps(known))
        new.rename(self.answers)

    def start(self, endpoints, *options):
        listed = ", ".join(f'"{endpoint}"' for endpoint in endpoints)
        for router, more in ((self.a, [f"endpoints: [{listed}]"]), (self.b, [])):
            router.configure(config([("wg0", ACTIVE + more), ("lan", PASSIVE), ("lo", PASSIVE)],
                                    f"state-directory: {router.folder}/state\n"))
        self.a.start(*options)
        self.b.start()

    def wait_until_full(self):
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a's neighbor is full", HANDSHAKES)

    def wait_until_known(self):
        """It is judged by echoes, not by the dead interval."""
        self.wait_until_full()
        self.wait(lambda: self.neighbor(self.a)["liveness"]["echo_answers"] == "yes", "a knows that b answers")

    def questions(self):
        return self.asked.read_text().count("op2.test A\n")

    def peer(self):
        return self.a.show("peers")["peers"][0]

    def states(self):
        return {row["endpoint"]: row["state"] for row in self.peer()["endpoint_candidates"]}

    def endpoint(self):
        return self.a.run("wg show wg0 endpoints").split()[1]

    def forget_a(self):
        """b cannot call any more."""
        self.b.run(f"wg set wg0 peer {self.key_of_a} remove")
        self.b.run(f"wg set wg0 peer {self.key_of_a} allowed-ips 0.0.0.0/0")

    def sought(self):
        return re.findall(r"is sought at (\S+)$", self.a.log(), re.MULTILINE)

    def wait_until_back(self, endpoint, since):
        self.wait(lambda: self.endpoint() == endpoint, f"a has b at {endpoint}", HANDSHAKES)
        self.wait(lambda: self.a.run("ping -c 1 -W 1 10.2.0.2"), "the tunnel is back", HANDSHAKES)
        print(f"the tunnel is back {time.monotonic() - since:.2f} s after it was cut")
        self.wait_until_full()

    def silence_b(self):
        """It answers, and calls nobody: its daemon remembers where a was."""
        self.b.run("nft add table ip passive")
        self.b.run("nft add chain ip passive output { type filter hook output priority 0 ; }")
        self.b.run("nft add rule ip passive output udp sport 51820 ct direction original drop")

    def move_b(self):
        """Another address instead of the one that a knows, from which b does not call."""
        self.silence_b()
        self.forget_a()
        self.b.run("ip addr del 10.1.0.2/30 dev v0")
        self.b.run("ip addr add 10.1.0.6/24 dev v0")
        self.a.run("ip addr add 10.1.0.5/24 dev v0")
        return time.monotonic()

    def test_a_name_that_changes_its_address(self):
        self.name("op2.test", A=["10.1.0.2"], TTL=5)
        self.start(["op2.test:51820"], "--log-level", "debug")
        self.wait_until_known()
        before, since = self.questions(), time.monotonic()
        self.wait(lambda: time.monotonic() > since + 6, "the answer's time is over")
        self.assertEqual(self.questions(), before, "who is heard is not asked for again")
        self.name("op2.test", A=["10.1.0.6"], TTL=60)
        cut = self.move_b()
        self.wait_until_back("10.1.0.6:51820", cut)
        self.assertEqual(self.sought()[0], "10.1.0.6:51820", "the new address was known when the patience was over")
        self.assertEqual(self.questions(), before + 1, "one resolution")
        self.wait_for_log(self.a, "the WireGuard peer wg0 is at 10.1.0.6:51820 (op2.test:51820)")
        self.assertEqual(self.states(), {"10.1.0.6:51820": "in use"})
        self.assertIn("answered there first", self.peer()["endpoint_reason"])

    def test_a_dead_endpoint_is_left_for_the_one_that_answers(self):
        # 10.1.0.3 is nobody's. The last one answers echoes, so that it comes before that.
        self.start(["10.1.0.2:51820", "10.1.0.3:51820", "10.3.0.2:51820"], "--log-level", "debug")
        self.wait_until_known()
        self.assertEqual(self.states(), {"10.1.0.2:51820": "in use", "10.1.0.3:51820": "not tried",
                                         "10.3.0.2:51820": "not tried"})
        for router in (self.a, self.b):
            router.run("nft add table ip cut")
            router.run("nft add chain ip cut input { type filter hook input priority 0 ; }")
            router.run("nft add rule ip cut input iifname v0 drop")
        self.wait_until_back("10.3.0.2:51820", time.monotonic())
        self.assertEqual(self.sought()[0], "10.3.0.2:51820")
        self.assertEqual(self.states()["10.3.0.2:51820"], "in use")
        self.assertEqual(self.states()["10.1.0.2:51820"], "no answer")
        text = self.a.run(f"{two_daemons_test.BIN}/wgospfctl show peers --wide")
        self.assertRegex(text, r"endpoint 10\.3\.0\.2:51820 in use, \d+\.\d ms")
        self.assertIn("the peer answered there first", text)

    def test_roaming_is_respected(self):
        self.start(["10.1.0.2:51820", "10.3.0.2:51820"])
        self.wait_until_full()
        self.b.run("wg set wg0 listen-port 41001")
        self.wait(lambda: self.endpoint() == "10.1.0.2:41001", "b has roamed", HANDSHAKES)
        changes = self.neighbor(self.a)["state_changes"]
        for _ in range(3):
            received = self.peer()["rx_bytes"]
            self.wait(lambda received=received: self.peer()["rx_bytes"] > received, "b is heard")
        self.assertEqual(self.endpoint(), "10.1.0.2:41001")
        self.assertEqual(self.neighbor(self.a)["state_changes"], changes)
        self.assertNotIn("is sought", self.a.log())
        self.assertEqual(self.states()["10.1.0.2:41001"], "in use")
        self.assertIn("roamed", self.peer()["endpoint_reason"])

    def test_a_way_into_the_tunnel_itself_is_passed_over(self):
        self.a.run(f"wg set wg0 peer {self.key_of_b} remove")
        self.a.run(f"wg set wg0 peer {self.key_of_b} allowed-ips 0.0.0.0/0")
        self.forget_a()
        self.a.run("ip route add 198.51.100.0/24 dev wg0")
        self.start(["198.51.100.2:51820", "[2001:db8::2]:51820", "10.1.0.2:51820"])
        self.wait_until_full()
        self.assertEqual(self.endpoint(), "10.1.0.2:51820")
        rows = {row["endpoint"]: row for row in self.peer()["endpoint_candidates"]}
        # The echoes that the last one answers bring it before the others; they are looked at when it is lost.
        self.b.end(signal.SIGKILL)
        self.b.run("ip link set v0 down")
        self.wait(lambda: {row["state"] for row in self.peer()["endpoint_candidates"][:2]} == {"passed over"},
                  "both are passed over", HANDSHAKES)
        rows = {row["endpoint"]: row["reason"] for row in self.peer()["endpoint_candidates"]}
        self.assertIn("leads into the tunnel itself (wg0)", rows["198.51.100.2:51820"])
        self.assertIn("the kernel knows no way", rows["[2001:db8::2]:51820"])
        # Neither was ever given to the device.
        self.assertNotIn("198.51.100.2", self.endpoint())

    def test_a_service_with_both_families(self):
        self.a.run(f"wg set wg0 peer {self.key_of_b} remove")
        self.a.run(f"wg set wg0 peer {self.key_of_b} allowed-ips 0.0.0.0/0")
        self.forget_a()
        self.name("_wireguard._udp.op2.test", SRV=[[10, 0, 51820, "op2.test"], [20, 0, 4, "other.test"]])
        self.name("op2.test", A=["10.1.0.2", "127.0.0.1", "224.0.0.5"], AAAA=["2001:db8::2"])
        self.name("other.test", A=["10.3.0.9"])
        self.start(["srv:_wireguard._udp.op2.test", "nobody.test:51820"])
        self.wait_until_full()
        self.assertEqual(self.endpoint(), "10.1.0.2:51820")
        rows = self.peer()["endpoint_candidates"]
        places = {row["endpoint"]: row["origin"] for row in rows}
        self.assertEqual(places, {"10.1.0.2:51820": "srv:_wireguard._udp.op2.test",
                                  "[2001:db8::2]:51820": "srv:_wireguard._udp.op2.test",
                                  "10.3.0.9:4": "srv:_wireguard._udp.op2.test", "": "nobody.test:51820"})
        self.assertEqual(rows[-1]["state"], "not known")
        self.wait_for_log(self.a, "the endpoint nobody.test:51820 has no address")

    def test_a_server_that_is_silent_holds_up_nothing(self):
        """Hellos go out, and what is known is tried."""
        (self.a.folder / "resolv.conf").write_text("nameserver 10.3.0.2\n")
        self.b.run("nft add table ip mute")
        self.b.run("nft add chain ip mute input { type filter hook input priority 0 ; }")
        self.b.run("nft add rule ip mute input udp dport 53 drop")
        self.start(["op2.test:51820", "10.3.0.2:51820"])
        self.wait_until_known()
        changes = self.neighbor(self.b)["state_changes"]
        self.wait_for_log(self.a, "the endpoint op2.test:51820 has no address", HANDSHAKES)
        self.assertEqual(self.neighbor(self.b)["state_changes"], changes)
        cut = self.move_b()
        self.wait_until_back("10.3.0.2:51820", cut)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    PROGRAM = unittest.main(verbosity=2, exit=False)
    if not PROGRAM.result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if PROGRAM.result.skipped else 0)
