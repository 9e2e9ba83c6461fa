#!/usr/bin/python3
"""Two daemons over a tunnel: its ends, and their places in the allowed-ips, have the link-local addresses of their keys.

wireguard-go's interface gets a random one of the kernel whenever it comes up, which no allowed-ip could name.
"""

import base64
import hashlib
import ipaddress
import json
import signal
import subprocess

import two_daemons_test
from two_daemons_test import ACTIVE, BIN, PASSIVE, config, main

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45


def derived(key):
    """RFC 4291 section 2.5.6 with the first 64 bits of the SHA-256 of the key."""
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + hashlib.sha256(base64.b64decode(key)).digest()[:8]))


class LinkLocal(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.tunnel("10.2.0.{}/30", "224.0.0.5/32,10.2.0.{}/32")
        self.own = {router.name: derived(router.run("wg show wg0 public-key").strip()) for router in (self.a, self.b)}

    def start(self, *settings):
        for router in (self.a, self.b):
            router.configure(config([("wg0", ACTIVE + list(settings)), ("lan", PASSIVE), ("lo", PASSIVE)],
                                    f"state-directory: {router.folder}/state\n"))
            router.start()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full", HANDSHAKES)

    @staticmethod
    def addresses(router):
        [link] = json.loads(router.run("ip -json -6 addr show dev wg0")) or [{"addr_info": []}]
        return {address["local"] for address in link.get("addr_info", []) if address["local"].startswith("fe80")}

    @staticmethod
    def allowed(router):
        return {prefix for line in router.run("wg show wg0 allowed-ips").splitlines() for prefix in line.split()[1:]
                if ":" in prefix}

    def ping(self, router, other):
        try:
            router.run(f"ping -6 -c 1 -W 1 {self.own[other.name]}%wg0")
        except subprocess.CalledProcessError:
            return False
        return True

    def interface(self, router):
        [interface] = [i for i in router.show("interfaces")["interfaces"] if i["name"] == "wg0"]
        return interface

    def test_the_keys_addresses_reach_each_other_and_again_after_down_and_up(self):
        self.start("allowed-ips: managed")
        for router, other in ((self.a, self.b), (self.b, self.a)):
            self.wait(lambda r=router: self.addresses(r) == {self.own[r.name]}, f"{router.name} has its own alone")
            self.wait(lambda r=router, o=other: self.allowed(r) == {self.own[o.name] + "/128"},
                      f"{router.name} has reserved its peer's")
        self.wait(lambda: self.ping(self.a, self.b), "a reaches b")
        self.wait(lambda: self.interface(self.a)["link_local_address"] == self.own["a"], "a shows its own")
        self.wait(lambda: self.a.show("peers")["peers"][0]["link_local_address"] == self.own["b"], "a shows its peer's")
        self.assertIn(self.own["b"] + "/128", self.a.show("peers")["peers"][0]["managed_allowed_ips"])

        self.a.run("ip link set wg0 down")
        self.wait(lambda: self.addresses(self.a) == set(), "the kernel has taken it away")
        self.a.run("ip link set wg0 up")
        self.wait(lambda: self.addresses(self.a) == {self.own["a"]}, "it is there again, alone")
        self.wait(lambda: self.ping(self.b, self.a), "b reaches a", HANDSHAKES)

    def test_what_is_ours_goes_at_the_end_and_by_cleanup_after_a_kill(self):
        self.start("allowed-ips: managed")
        for router, other in ((self.a, self.b), (self.b, self.a)):
            self.wait(lambda r=router: self.addresses(r) == {self.own[r.name]}, f"{router.name} has its own alone")
            self.wait(lambda r=router, o=other: self.allowed(r) == {self.own[o.name] + "/128"},
                      f"{router.name} has reserved its peer's")
        self.assertEqual(self.a.end(), 0)
        self.assertEqual((self.addresses(self.a), self.allowed(self.a)), (set(), set()))

        self.b.end(signal.SIGKILL)
        self.assertEqual((self.addresses(self.b), self.allowed(self.b)), ({self.own["b"]}, {self.own["a"] + "/128"}))
        said = self.b.run(f"{BIN}/wgospfd --config {self.b.folder}/wgospfd.yaml --cleanup")
        self.assertIn(f"removed the link-local address {self.own['b']} of wg0", said)
        self.assertIn("removed the peers' link-local addresses of wg0", said)
        self.assertEqual((self.addresses(self.b), self.allowed(self.b)), (set(), set()))

    def test_one_by_hand_stays_alone(self):
        self.a.run("ip -6 addr flush dev wg0")
        self.a.run("ip addr add fe80::1/64 dev wg0")
        self.start("allowed-ips: managed")
        self.wait(lambda: self.addresses(self.b) == {self.own["b"]}, "b has its own")
        self.wait(lambda: self.own["b"] + "/128" in self.allowed(self.a), "a has reserved its peer's")
        self.assertEqual(self.addresses(self.a), {"fe80::1"})
        self.assertEqual(self.interface(self.a)["link_local_address"], "")
        # Gone by hand, it lacks one.
        self.a.run("ip addr del fe80::1/64 dev wg0")
        self.wait(lambda: self.addresses(self.a) == {self.own["a"]}, "a has its own")
        self.a.run("ip addr add fe80::1/64 dev wg0")
        self.wait(lambda: self.addresses(self.a) == {"fe80::1"}, "the one by hand is alone again")
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.addresses(self.a), {"fe80::1"})

    def test_it_can_be_switched_off(self):
        before = self.addresses(self.a)
        self.start("allowed-ips: managed", "ipv6-link-local: off")
        self.wait(lambda: "192.168.2.0/24" in self.a.run("wg show wg0 allowed-ips"), "the allowed-ips are managed")
        self.assertEqual((self.addresses(self.a), self.allowed(self.a)), (before, set()))

    def test_where_the_allowed_ips_are_the_users_nothing_is_touched_unless_asked_for(self):
        before = self.addresses(self.a)
        for router, number in ((self.a, 2), (self.b, 1)):
            peer = router.run("wg show wg0 peers").strip()
            router.run(f"wg set wg0 peer {peer} allowed-ips 0.0.0.0/0,fd00::{number}/128")
        self.start()
        self.assertEqual(self.addresses(self.a), before)
        text = (self.a.folder / "wgospfd.yaml").read_text()
        self.a.configure(text.replace("name: wg0", "name: wg0, ipv6-link-local: auto"))
        self.a.send(signal.SIGHUP)
        self.wait(lambda: self.addresses(self.a) == {self.own["a"]}, "a has its own after a reload")
        self.assertEqual(self.allowed(self.a), {"fd00::2/128"})
        self.a.configure(text)
        self.a.send(signal.SIGHUP)
        self.wait(lambda: self.addresses(self.a) == set(), "it is taken back")


if __name__ == "__main__":
    main()
