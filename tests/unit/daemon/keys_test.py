#!/usr/bin/python3
"""Nobody speaks for others: three daemons, a with a tunnel to b and one to c, over wireguard-go.

What the key of each speaks for is learned, kept over a kill, and holds against the other's router id: an adjacency and
routes of the honest one do not move meanwhile.
"""

import re
import signal
import subprocess

import two_daemons_test
from two_daemons_test import ACTIVE, PASSIVE, config, main

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts; then Full, and what makes
# it settled.
LEARNED = 60


class Keys(two_daemons_test.TwoRouters):
    to_b, to_c = "wg-b", "wg-c"
    settings = ()

    def setUp(self):
        super().setUp()
        self.c = self.router("c")
        self.a.run(f"ip link add v1 type veth peer name v1 netns {self.c.init.pid}")
        for router, address in ((self.a, "10.1.1.1/30"), (self.c, "10.1.1.2/30")):
            router.run(f"ip addr add {address} dev v1")
            router.run("ip link set v1 up")
        self.c.run("ip addr add 10.0.0.3/32 dev lo")
        self.c.add_lan("lan", "192.168.3.1/24")
        self.public = {}
        self.make_tunnels()

    def make_tunnels(self):
        self.pair(("wg-b", self.a), ("wg0", self.b), "10.1.0", "10.2.0", 51820)
        self.pair(("wg-c", self.a), ("wg0", self.c), "10.1.1", "10.2.1", 51821)
        self.configure(self.a, ["wg-b", "wg-c"])
        self.configure(self.b, ["wg0"])
        self.configure(self.c, ["wg0"])

    def pair(self, near, far, underlay, inner, port):
        """A tunnel; each end has a key of its own, and everything is allowed."""
        keys = {}
        for device, router in (near, far):
            keys[device, router.name] = self.a.run("wg genkey").strip()
            self.public[device, router.name] = subprocess.run(
                ["wg", "pubkey"], input=keys[device, router.name], capture_output=True, text=True,
                check=True).stdout.strip()
        for number, (device, router), peer in ((1, near, far), (2, far, near)):
            process = subprocess.Popen(router.command("wireguard-go", "-f", device), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.wait(lambda r=router, d=device: d in r.run("wg show interfaces"), "wireguard-go is up")
            key = router.folder / f"key-{device}"
            key.write_text(keys[device, router.name])
            router.run(f"wg set {device} private-key {key} listen-port {port} "
                       f"peer {self.public[peer[0], peer[1].name]} endpoint {underlay}.{3 - number}:{port} "
                       "allowed-ips 0.0.0.0/0")
            router.run(f"ip addr add {inner}.{number}/30 dev {device}")
            router.run(f"ip link set {device} up")

    @staticmethod
    def configure(router, tunnels, more="", settings=()):
        router.configure(config([(name, ACTIVE + list(settings)) for name in tunnels] +
                                [("lan", PASSIVE), ("lo", PASSIVE)], more))

    def peer_of_a(self, link):
        nobody = {"speaks_for": None, "neighbor_router_id": None, "neighbor_state": None, "problems": []}
        return next((p for p in self.a.show("peers")["peers"] if p["link"] == link), nobody)

    def is_known(self, link, router_id):
        return self.peer_of_a(link)["speaks_for"] == router_id

    def learn(self):
        for router in (self.a, self.b, self.c):
            router.start()
        self.wait(lambda: self.is_known(self.to_b, "10.0.0.2"), "b's key is learned", LEARNED)
        self.wait(lambda: self.is_known(self.to_c, "10.0.0.3"), "c's key is learned", LEARNED)

    def honest(self):
        """What must not move: the adjacency with b, and the routes over it."""
        nobody = {"neighbor_router_id": None, "state": None, "state_changes": 0}
        neighbor = next((n for n in self.a.show("neighbors")["neighbors"] if n["interface"] == self.to_b), nobody)
        return neighbor["neighbor_router_id"], neighbor["state"], neighbor["state_changes"], \
            {prefix: line for prefix, line in self.a.routes().items() if prefix in ("10.0.0.2", "192.168.2.0/24")}

    def become(self, router_id):
        """c speaks as another router from now on."""
        self.c.end(signal.SIGKILL)
        self.configure(self.c, ["wg0"], f"router-id: {router_id}\n", self.settings)
        self.c.start()

    def refused(self):
        return [n for n in self.a.show("neighbors")["neighbors"] if n["interface"] == self.to_c and n["state"] == "down"]

    def drops(self, reason):
        found = [d["count"] for d in self.a.show("status")["statistics"]["drops"] if d["reason"] == reason]
        return found[0] if found else 0

    def warnings(self):
        return "\n".join(self.a.show("status")["warnings"])

    def wait_for_refusal(self, reason):
        self.wait(lambda: self.refused() and reason in self.refused()[0]["problem"], f"c is refused: {reason}")
        count = self.drops(reason)
        self.wait(lambda: self.drops(reason) > count + 2, "c goes on, in vain")
        self.wait(lambda: self.peer_of_a(self.to_c)["neighbor_router_id"] == "", "who c was is not heard any more")
        self.assertIn("refused", "\n".join(self.peer_of_a(self.to_c)["problems"]))

    def test_a_key_used_with_the_router_id_of_another_is_refused_and_told(self):
        self.learn()
        before = self.honest()
        self.assertEqual(before[:2], ("10.0.0.2", "full"))
        self.assertEqual(set(before[3]), {"10.0.0.2", "192.168.2.0/24"})
        self.become("10.0.0.2")
        self.wait_for_refusal("other_router_id")
        self.wait(lambda: f"peer {self.to_c} speaks as router 10.0.0.2, and is known as router 10.0.0.3"
                  in self.warnings(),
                  "it is a warning")
        self.assertNotIn("192.168.3.0/24", self.a.routes())
        self.assertEqual(self.honest(), before)
        with self.subTest("what was learned survives a kill"):
            self.a.end(signal.SIGKILL)
            self.a.start()
            self.wait(lambda: self.honest()[1] == "full", "b comes back", LEARNED)
            self.wait_for_refusal("other_router_id")
        with self.subTest("a key that is forgotten is not given the id of others"):
            answer = self.a.run(f"{two_daemons_test.BIN}/wgospfctl forget-key {self.to_c}")
            self.assertEqual(answer, f"Peer {self.public['wg0', 'c']} was known as router 10.0.0.3; "
                                     "it is learned anew.\n")
            self.wait_for_refusal("claimed_router_id")
            self.wait(lambda: re.search(f"peer {self.to_c} speaks as router 10.0.0.2, which is known by "
                                        + re.escape(self.public["wg0", "b"]), self.warnings()), "both are named")
            self.assertEqual(self.honest()[:2], ("10.0.0.2", "full"))
        with self.subTest("but one of its own"):
            self.become("10.0.0.9")
            self.wait(lambda: self.is_known(self.to_c, "10.0.0.9"), "c's new id is learned", LEARNED)
            self.wait_for_route(self.a, "192.168.3.0/24")
            self.wait(lambda: "speaks as" not in self.warnings(), "the warning is over")

    def test_what_is_written_down_comes_before_what_is_learned(self):
        self.learn()
        self.a.configure(config([("wg-b", ACTIVE), ("wg-c", ACTIVE + ["peer-router-id: 10.0.0.2"]), ("lan", PASSIVE),
                                 ("lo", PASSIVE)]))
        self.a.send(signal.SIGHUP)
        self.wait(lambda: self.peer_of_a("wg-b")["neighbor_router_id"] == "", "b's key speaks for the id no more")
        self.wait(lambda: "peer wg-b speaks as router 10.0.0.2, which the configuration gives to" in self.warnings(),
                  "b is refused, and it is told")
        self.assertTrue(self.peer_of_a("wg-c")["written_down"])
        self.assertEqual(subprocess.run(self.a.command(f"{two_daemons_test.BIN}/wgospfctl", "forget-key", "wg-x"),
                                        capture_output=True).returncode, 1)

    def test_a_router_with_two_tunnels_has_two_keys(self):
        """The second one comes later, with an address that the router's own LSA has."""
        self.learn()
        self.pair(("wg-d", self.a), ("wg1", self.b), "10.1.0", "10.2.2", 51830)
        self.configure(self.b, ["wg0", "wg1"])
        self.b.send(signal.SIGHUP)
        self.configure(self.a, ["wg-b", "wg-c", "wg-d"])
        self.a.send(signal.SIGHUP)
        # The LSA has to have stood for half a minute, at both ends.
        self.wait(lambda: self.is_known("wg-d", "10.0.0.2"), "the second key is learned, too", 3 * LEARNED)
        self.wait(lambda: self.peer_of_a("wg-d")["neighbor_state"] == "full", "both are adjacent", 3 * LEARNED)
        self.assertEqual(self.honest()[:2], ("10.0.0.2", "full"))

    def configure_policy(self, prefixes):
        self.a.configure(config([("wg-b", ACTIVE + [f"announces: {{prefixes: [{prefixes}], max-metric: 100}}"]),
                                 ("wg-c", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))

    def kernel_state(self, prefix):
        found = [r for r in self.a.show("routes")["routes"] if r["prefix"] == prefix]
        return (found[0]["kernel_state"], found[0]["kernel_error"]) if found else None

    def test_what_a_site_may_not_announce_is_withheld(self):
        withheld = ("withheld", "router 10.0.0.2 (wg-b) may not announce it")
        self.configure_policy("192.168.2.0/24, 10.0.0.2/32")
        self.b.add_lan("more", "192.168.50.1/24")
        self.b.configure(config([("wg0", ACTIVE), ("lan", PASSIVE), ("more", PASSIVE), ("lo", PASSIVE)]))
        for router in (self.a, self.b):
            router.start()
        self.wait(lambda: "192.168.2.0/24" in self.a.routes(), "what it may announce is a route", LEARNED)
        self.wait(lambda: self.kernel_state("192.168.50.0/24") == withheld, "what it may not is withheld")
        self.assertNotIn("192.168.50.0/24", self.a.routes())
        self.assertIn("router 10.0.0.2 announces what its policy (wg-b) does not allow: 192.168.50.0/24",
                      self.warnings())
        self.assertEqual(self.a.show("status")["kernel"]["withheld"], 1)

        self.configure_policy("192.168.2.0/24, 10.0.0.2/32, 192.168.50.0/24")
        self.a.send(signal.SIGHUP)
        self.wait_for_route(self.a, "192.168.50.0/24")
        self.wait(lambda: "does not allow" not in self.warnings(), "the warning is over")
        self.configure_policy("192.168.50.0/24, 10.0.0.2/32")
        self.a.send(signal.SIGHUP)
        self.wait_for_route(self.a, "192.168.2.0/24", there=False)
        self.wait(lambda: self.kernel_state("192.168.2.0/24") == withheld, "the policy is held against what is there")
        self.assertIn("192.168.50.0/24", self.a.routes())

    def configure_closed(self, prefixes, more=()):
        policy = [f"announces: {{prefixes: [{', '.join(prefixes)}]}}", *more]
        self.a.configure(config([("wg-b", ACTIVE + policy), ("lan", PASSIVE), ("lo", PASSIVE)]))

    def test_a_router_behind_a_key_and_a_part_of_our_lan_are_not_for_it_to_announce(self):
        """c is a router behind b that no key of a's is known for: it might be invented."""
        site = ["192.168.2.0/24", "10.0.0.2/32", "10.3.0.0/30"]
        self.b.run(f"ip link add to-c type veth peer name to-b netns {self.c.init.pid}")
        for router, device, address in ((self.b, "to-c", "10.3.0.1/30"), (self.c, "to-b", "10.3.0.2/30")):
            router.run(f"ip addr add {address} dev {device}")
            router.run(f"ip link set {device} up")
        self.b.run("ip addr add 192.168.1.77/32 dev lan")
        self.configure_closed(site)
        self.b.configure(config([("wg0", ACTIVE), ("to-c", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.c.configure(config([("to-b", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))
        for router in (self.a, self.b, self.c):
            router.start()
        self.wait(lambda: "192.168.2.0/24" in self.a.routes(), "b's LAN is a route", LEARNED)
        self.wait(lambda: self.kernel_state("192.168.3.0/24") ==
                  ("withheld", "router 10.0.0.3 announces it, and wg-b may not lead to it"), "c's is withheld", LEARNED)
        self.assertEqual(self.kernel_state("192.168.1.77/32"),
                         ("withheld", "router 10.0.0.2 announces it, and it is a part of 192.168.1.0/24, which is "
                          "connected at lan"))
        self.assertNotIn("192.168.3.0/24", self.a.routes())
        self.assertNotIn("192.168.1.77", self.a.routes())
        self.assertIn("over wg-b come prefixes of other routers, which it may not lead to: 10.0.0.3/32, 192.168.3.0/24",
                      self.warnings())
        self.configure_closed(site + ["192.168.1.77/32"], ["transit: true"])
        self.a.send(signal.SIGHUP)
        self.wait_for_route(self.a, "192.168.3.0/24")
        self.wait_for_route(self.a, "192.168.1.77")
        self.wait(lambda: "withheld" not in self.warnings(), "the warnings are over")


class KeysOfOneInterface(Keys):
    """The same, where b and c are peers on a's wg0, each a link of its own."""

    to_b, to_c = "wg0/b", "wg0/c"
    settings = ("peers: auto",)
    test_what_is_written_down_comes_before_what_is_learned = None
    test_a_router_with_two_tunnels_has_two_keys = None
    test_what_a_site_may_not_announce_is_withheld = None
    test_a_router_behind_a_key_and_a_part_of_our_lan_are_not_for_it_to_announce = None

    def make_tunnels(self):
        routers, underlay = (self.a, self.b, self.c), {"b": "10.1.0.{}", "c": "10.1.1.{}"}
        for router in routers:
            key = router.folder / "key"
            key.write_text(self.a.run("wg genkey"))
            self.public["wg0", router.name] = subprocess.run(
                ["wg", "pubkey"], input=key.read_text(), capture_output=True, text=True, check=True).stdout.strip()
        for number, router in enumerate(routers, 1):
            process = subprocess.Popen(router.command("wireguard-go", "-f", "wg0"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.wait(lambda r=router: "wg0" in r.run("wg show interfaces"), "wireguard-go is up")
            router.run(f"wg set wg0 private-key {router.folder / 'key'} listen-port 51820")
            for other, peer in enumerate(routers, 1):
                if peer is not router and self.a in (peer, router):
                    far = peer.name if router is self.a else router.name
                    router.run(f"wg set wg0 peer {self.public['wg0', peer.name]} allowed-ips 10.99.0.{other}/32 "
                               f"endpoint {underlay[far].format(2 if router is self.a else 1)}:51820")
            router.run(f"ip addr add 10.99.0.{number}/24 dev wg0")
            router.run("ip link set wg0 up")
            self.configure(router, ["wg0"], settings=self.settings)
        names = ", ".join(f'{{public-key: "{self.public["wg0", name]}", name: {name}}}' for name in ("b", "c"))
        self.configure(self.a, ["wg0"], settings=(*self.settings, f"peer: [{names}]"))

    @staticmethod
    def configure(router, tunnels, more="", settings=()):
        router.configure(config([(name, ACTIVE[1:] + list(settings)) for name in tunnels] +
                                [("lan", PASSIVE), ("lo", PASSIVE)], more))


if __name__ == "__main__":
    main()
