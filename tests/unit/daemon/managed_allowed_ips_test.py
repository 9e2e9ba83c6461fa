#!/usr/bin/python3
"""Two daemons over a tunnel whose allowed-ips they manage: by hand stand 224.0.0.5 and the neighbor's address alone.

LAN to LAN must work, the allowed-ips of a LAN must go with its route, and what somebody else has written must stay,
across a kill as well.
"""

import os
import pathlib
import signal
import subprocess
import time

import two_daemons_test
from two_daemons_test import ACTIVE, PASSIVE, config, main

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45
BY_HAND = {"224.0.0.5/32", "10.2.0.2/32"}
FROM_ROUTES = {"10.0.0.2/32", "192.168.2.0/24"}


class ManagedAllowedIps(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.peer = self.tunnel("10.2.0.{}/30", "224.0.0.5/32,10.2.0.{}/32")
        for router in (self.a, self.b):
            router.configure(config([("wg0", ACTIVE + ["allowed-ips: managed"]), ("lan", PASSIVE), ("more", PASSIVE),
                                     ("lo", PASSIVE)], f"state-directory: {router.folder}/state\n"))
        self.a.start()
        self.b.start()
        self.wait(lambda: "192.168.2.0/24" in self.a.routes(), "a has the route to b's LAN", HANDSHAKES)
        self.wait(lambda: "192.168.1.0/24" in self.b.routes(), "b has the route to a's LAN", HANDSHAKES)

    def allowed(self, peer=None):
        lines = [line.split() for line in self.a.run("wg show wg0 allowed-ips").splitlines()]
        return {line[0]: {prefix for prefix in line[1:] if "." in prefix} for line in lines}.get(peer or self.peer, set())

    def wait_for_allowed(self, expected, peer=None):
        self.wait(lambda: self.allowed(peer) == expected, f"allowed-ips are {sorted(expected)}")

    def stranger(self, allowed):
        """Another peer on a's wg0."""
        key = subprocess.run(["wg", "pubkey"], input=self.a.run("wg genkey"), capture_output=True, text=True,
                             check=True).stdout.strip()
        self.a.run(f"wg set wg0 peer {key} allowed-ips {allowed}")
        return key

    def findings(self):
        [interface] = [i for i in self.a.show("interfaces")["interfaces"] if i["name"] == "wg0"]
        return interface.get("allowed_ips_findings", [])

    def test_nothing_is_written_by_hand(self):
        self.assertEqual(self.a.end(), 0)
        subprocess.run(self.a.command("wg", "set", "wg0", "peer", self.peer, "allowed-ips", ""), check=True)
        self.a.start()
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.allowed(), set())

    def test_lan_to_lan_and_no_longer_than_the_route(self):
        # As the kernel has the route, so the device has the prefix: it is not waited for.
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)
        self.wait(lambda: self.a.run("ping -c 1 -W 1 -I 192.168.1.1 192.168.2.1"), "LAN reaches LAN")
        self.assertEqual(self.findings(), [])
        self.assertEqual([r for r in self.a.show("routes")["routes"] if r.get("findings")], [])
        self.assertNotIn("do not cover", self.a.log())

        self.b.run("ip link set lan down")
        self.wait_for_allowed(BY_HAND | {"10.0.0.2/32"})
        self.assertNotIn("192.168.2.0/24", self.a.routes())
        self.b.run("ip link set lan up")
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)

        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.allowed(), BY_HAND)

    def test_nobody_may_speak_from_a_network_of_our_own(self):
        self.a.run("ip link add near type veth peer name far")
        self.a.run("ip addr add 192.168.77.1/24 dev near")
        self.a.run("ip link set far up")
        self.a.run("ip link set near up")
        self.b.add_lan("more", "192.168.77.254/24")
        self.wait(lambda: "192.168.77.0/24" in str(self.a.show("routes")), "the route to our own network is heard of")
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)
        self.a.run("ip link set near down")  # it can only be there from now on
        self.wait_for_route(self.a, "192.168.77.0/24")
        self.wait_for_allowed(BY_HAND | FROM_ROUTES | {"192.168.77.0/24"})
        self.a.run("ip link set near up")
        self.wait_for_allowed(BY_HAND | FROM_ROUTES)

    def test_a_kill_and_a_restart(self):
        self.a.end(signal.SIGKILL)
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)
        # As `wg-quick save` and `wg syncconf` would write it, with a prefix more.
        mine = "203.0.113.0/24"
        self.a.run(f"wg set wg0 peer {self.peer} allowed-ips {','.join(BY_HAND | FROM_ROUTES | {mine})}")
        self.b.run("ip link set lan down")
        self.a.start()
        self.wait_for_allowed(BY_HAND | {"10.0.0.2/32", mine})
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.allowed(), BY_HAND | {mine})

    def test_renumbered_with_both_addresses_for_a_while(self):
        both = (self.a, 1), (self.b, 2)
        for router, number in both:
            router.run(f"ip addr add 10.3.0.{number}/30 dev wg0")
        for router, number in both:
            self.wait(lambda router=router, number=number: f"10.3.0.{number}/30" in str(router.show("interfaces")),
                      "the second address is known")
        for router, number in both:
            router.run(f"ip addr del 10.2.0.{number}/30 dev wg0")
        self.wait(lambda: self.neighbor(self.a).get("address") == "10.3.0.2"
                  and self.neighbor(self.a).get("state") == "full", "a is Full with b's new address", HANDSHAKES)
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.wait_for_allowed(BY_HAND | FROM_ROUTES | {"10.3.0.2/32"})

    def wireguard_go(self, router):
        """Its process, which is the only one of that name in the router's network."""
        own = os.readlink(f"/proc/{router.init.pid}/ns/net")
        for process in pathlib.Path("/proc").iterdir():
            try:
                if (process / "comm").read_text() == "wireguard-go\n" and os.readlink(process / "ns/net") == own:
                    return int(process.name)
            except OSError:
                pass  # no process, or gone
        return self.fail(f"no wireguard-go in {router.name}")

    def test_an_end_before_the_device_has_been_read(self):
        """What a former run has left is taken back all the same; the device answers a moment late."""
        self.wait_for_allowed(BY_HAND | FROM_ROUTES)
        self.a.end(signal.SIGKILL)
        device = self.wireguard_go(self.a)
        os.kill(device, signal.SIGSTOP)
        self.addCleanup(os.kill, device, signal.SIGCONT)
        begin = len(self.a.log())
        self.a.start()
        self.wait(lambda: "ready, clients are served" in self.a.log()[begin:], "a is ready")
        self.a.send(signal.SIGTERM)
        self.wait(lambda: "stopping (SIGTERM)" in self.a.log()[begin:], "a stops")
        # So long it would take no device that answers at once: only who waits for it is still there.
        time.sleep(0.5)
        os.kill(device, signal.SIGCONT)
        self.assertEqual(self.a.daemon.wait(timeout=30), 0)
        self.assertEqual(self.allowed(), BY_HAND)

    def test_what_is_remembered_is_spoiled(self):
        self.a.end(signal.SIGKILL)
        file = self.a.folder / "state" / "allowed-ips"
        file.write_text(file.read_text().replace("192.168.2.0/24", "192.168.9.0/24"))
        self.a.start()
        self.wait_for_log(self.a, "allowed-ips: its end is missing, or its checksum is another; allowed-ips that a "
                                  "former run has written count as written by hand, and stay")
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)

    def test_nothing_can_be_remembered(self):
        self.assertEqual(self.a.end(), 0)
        text = (self.a.folder / "wgospfd.yaml").read_text()
        self.a.configure(text.replace(f"{self.a.folder}/state", "/run/later/state"))
        self.a.start()
        told = "cannot make the directory /run/later/state"
        self.wait_for_log(self.a, told)
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        self.assertEqual(self.allowed(), BY_HAND)
        self.assertNotIn("192.168.2.0/24", self.a.routes())
        self.a.run("mkdir /run/later")
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.wait_for_log(self.a, "no longer: " + told)
        self.assertEqual(self.allowed(), BY_HAND | FROM_ROUTES)

    def test_somebody_else_at_the_device(self):
        thief = self.stranger("192.168.2.0/24")
        self.wait_for_log(self.a, f"192.168.2.0/24 of peer {self.peer} was given to peer {thief}")
        self.wait_for_allowed(BY_HAND | FROM_ROUTES)
        self.assertEqual(self.allowed(thief), set())

        self.a.run(f"wg set wg0 peer {thief} allowed-ips 192.168.50.0/24")
        self.b.add_lan("more", "192.168.50.1/24")
        conflict = f"192.168.50.0/24 belongs to peer {thief} by hand, and the routes lead to peer {self.peer}"
        self.wait_for_log(self.a, conflict)
        self.wait_for_route(self.a, "192.168.50.0/24")  # which is not kept waiting
        self.assertEqual(self.allowed(thief), {"192.168.50.0/24"})
        self.a.run(f"wg set wg0 peer {thief} remove")
        self.wait_for_allowed(BY_HAND | FROM_ROUTES | {"192.168.50.0/24"})
        self.wait_for_log(self.a, "no longer: allowed-ips of wg0: 192.168.50.0/24 belongs to peer")


if __name__ == "__main__":
    main()
