#!/usr/bin/python3
"""Two daemons over a tunnel whose underlay carries 1380 bytes and drops larger datagrams without a word.

Hosts on the LANs of both speak TCP with each other. Inside the tunnel 1320 bytes would fit, of which WireGuard fills
1312 and no more while the MTU is larger.
"""

import json
import signal
import subprocess
import sys

import two_daemons_test
from two_daemons_test import ACTIVE, PASSIVE, config, main

MTU, UNDERLAY, PASSES = 1420, 1380, 1312
# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45
# A search waits for what does not come back: three tries of four sizes, a second and a half each at most.
SEARCH = 60
BYTES = 200_000
SERVER = f"""
import socket
with socket.create_server(("0.0.0.0", 7)) as server:
    print("up", flush=True)
    connection = server.accept()[0]
    connection.settimeout(30)
    left = {BYTES}
    while left > 0 and (data := connection.recv(65536)):
        left -= len(data)
    print("came" if left == 0 else "left", flush=True)
"""
CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], 7), timeout=10) as connection:
    connection.sendall(bytes(int(sys.argv[2])))
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)
"""


class TunnelMtu(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.narrow_underlay()
        self.tunnel("10.2.0.{}/30", "0.0.0.0/0")
        self.hosts = {}
        for router, own in ((self.a, 1), (self.b, 2)):
            router.run(f"ip link set wg0 mtu {MTU}")
            host = self.hosts[router.name] = self.router("h" + router.name)
            router.run(f"ip link set lan-end netns {host.init.pid}")
            host.run(f"ip addr add 192.168.{own}.2/24 dev lan-end")
            host.run("ip link set lan-end up")
            host.run(f"ip route add default via 192.168.{own}.1")
            router.run("ip link set lan up")

    def narrow_underlay(self):
        """v0 of both leads to a bridge whose ports carry less than their ends."""
        middle = self.middle = self.router("u")
        self.a.run("ip link del v0")
        middle.run("ip link add bridge0 type bridge")
        middle.run("ip link set bridge0 up")
        for router, own in ((self.a, 1), (self.b, 2)):
            router.run(f"ip link add v0 type veth peer name to-{router.name} netns {middle.init.pid}")
            router.run(f"ip addr add 10.1.0.{own}/30 dev v0")
            router.run("ip link set v0 up")
            middle.run(f"ip link set to-{router.name} mtu {UNDERLAY} master bridge0")
            middle.run(f"ip link set to-{router.name} up")

    def start(self, *settings):
        for router in (self.a, self.b):
            router.configure(config([("wg0", ACTIVE + list(settings)), ("lan", PASSIVE), ("lo", PASSIVE)],
                                    f"state-directory: {router.folder}/state\n"))
        self.a.start()
        self.b.start()
        self.wait(lambda: "192.168.2.0/24" in self.a.routes(), "a has the route to b's LAN", HANDSHAKES)
        self.wait(lambda: "192.168.1.0/24" in self.b.routes(), "b has the route to a's LAN", HANDSHAKES)

    def interface(self, router):
        [interface] = [i for i in router.show("interfaces")["interfaces"] if i["name"] == "wg0"]
        return interface

    def problems(self, router):
        return " ".join(self.interface(router)["problems"])

    @staticmethod
    def mtu(router):
        return json.loads(router.run("ip -json link show dev wg0"))[0]["mtu"]

    def wait_for_mtu(self, router, mtu):
        self.wait(lambda: self.mtu(router) == mtu, f"{router.name}'s wg0 has MTU {mtu}", SEARCH)

    def transfer(self, within):
        """Whether so many bytes get from host to host in that time, seconds."""
        server = subprocess.Popen(self.hosts["b"].command(sys.executable, "-c", SERVER), stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(server.stdout.readline(), "up\n")
            client = self.hosts["a"].command(sys.executable, "-c", CLIENT, "192.168.2.2", str(BYTES))
            subprocess.run(client, timeout=within, capture_output=True, check=True)
            return server.stdout.readline() == "came\n"
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
            return False
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_without_auto_tcp_hangs_and_the_finding_says_why(self):
        self.start()
        self.wait(lambda: "packets of more than" in self.problems(self.a), "a tells what vanishes", SEARCH)
        said = self.problems(self.a)
        for part in (f"packets of more than {PASSES} bytes do not get to 10.2.0.2 and back, and its MTU is {MTU}",
                     f"ip link set wg0 mtu {PASSES}", "mtu: auto"):
            self.assertIn(part, said)
        self.assertEqual(self.interface(self.a)["path_mtu"], PASSES)
        self.assertIn(said, self.a.show("status")["warnings"])
        self.assertFalse(self.transfer(5))

        # The cure that the finding names.
        for router in (self.a, self.b):
            router.run(f"ip link set wg0 mtu {PASSES}")
        self.assertTrue(self.transfer(30))
        self.wait(lambda: self.problems(self.a) == "", "a has nothing to say any more", SEARCH)
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.mtu(self.a), PASSES)  # the user's

    def test_with_auto_tcp_works_and_the_mtu_is_given_back(self):
        self.start("mtu: auto")
        for router in (self.a, self.b):
            self.wait_for_mtu(router, PASSES)
        self.assertTrue(self.transfer(30))
        self.wait(lambda: self.interface(self.a)["mtu"] == PASSES, "a shows the MTU")
        self.assertEqual(self.problems(self.a), "")
        self.assertEqual(self.interface(self.a)["path_mtu"], PASSES)

        self.a.end(signal.SIGKILL)
        self.assertEqual(self.mtu(self.a), PASSES)
        self.a.start()
        self.wait(lambda: self.interface(self.a)["path_mtu"] == PASSES, "the next run has asked, too", SEARCH)
        self.assertEqual(self.mtu(self.a), PASSES)
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.mtu(self.a), MTU)
        # What somebody else has set meanwhile is theirs.
        self.b.run("ip link set wg0 mtu 1300")
        self.wait(lambda: self.interface(self.b)["mtu"] == 1300, "b hears of it")
        self.assertEqual(self.b.end(), 0)
        self.assertEqual(self.mtu(self.b), 1300)

    def test_ipv6_keeps_its_least_mtu(self):
        for router in (self.a, self.b):
            router.run("ip addr add fd00::1/128 dev wg0")
        self.limit(1280)
        self.start("mtu: auto")
        self.wait_for_mtu(self.a, 1280)
        self.wait(lambda: "The MTU cannot be less than 1280, which IPv6 needs" in self.problems(self.a),
                  "a tells that this is still too much", SEARCH)
        self.assertIn("fd00::1", self.a.run("ip -6 addr show dev wg0"))

    def limit(self, underlay):
        for router in (self.a, self.b):
            self.middle.run(f"ip link set to-{router.name} mtu {underlay}")


if __name__ == "__main__":
    main()
