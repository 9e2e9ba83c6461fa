"""All WireGuard peers on one wg0: every peer is a link, and by hand each has its own address alone in its allowed-ips."""

import subprocess
import unittest

from lab_case import DEAD_INTERVAL, SLACK, checks, routers
from shapes_test import Disturbed, Redundant, Shape, Tree

# A second key for the same router is learned from an LSA that has stood for so long.
KEY_LEARNED_AFTER = 40


class Shared(Shape):
    def test_hosts_see_each_others_true_addresses(self):
        for source, (source_host, source_address) in self.hosts.items():
            for target, (target_host, target_address) in self.hosts.items():
                if source == target:
                    continue
                capture = ["timeout", "20", "tcpdump", "-n", "-l", "-c", "1", "-i", "eth1",
                           f"icmp[icmptype] == icmp-echo and src host {source_address}"]
                with self.subTest(f"{source} to {target}"):
                    seen = self.lab.popen(target_host, capture, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                    checks.wait_until(lambda: self.is_unseen(seen, source_host, target_address), 20, interval=0)
                    self.assertIn(f"IP {source_address} > {target_address}", seen.communicate()[0])

    def is_unseen(self, seen, source, address):
        """Sends another ping; says so while none was seen."""
        self.lab.exec(source, ["ping", "-n", "-c", "1", "-W", "1", address])
        return None if seen.poll() is not None else "no ping was seen"


class SharedStar(Disturbed, Tree, Shared):
    topology = "shared-star"
    tunnel = ("r4", "r1")
    restarted = "r1"
    across = ("r2", "r5")


class SharedMesh(Redundant, Shared):
    """Six sites, three links more than they need: where a tunnel is cut the allowed-ips move with the routes."""

    topology = "shared-mesh"
    tunnel = ("r2", "r3")

    def test_what_a_router_says_of_its_peers(self):
        """Each peer is known by its key, with what is sent to it and accepted from it; nothing is by hand but addresses."""
        checks.wait_until(self.keys_not_known, 30)
        for name, router in self.routers.items():
            found = {peer["name"]: peer for peer in self.peers(name)}
            for peer, told in found.items():
                self.assertEqual(told["speaks_for"], self.routers[peer].router_id, f"{peer} at {name}")
            self.assertEqual(set(found), {tunnel.peer for tunnel in router.tunnels}, name)
            for peer, told in found.items():
                with self.subTest(f"{peer} at {name}"):
                    self.assertEqual((told["role"], told["neighbor_state"]), ("router", "full"))
                    self.assertEqual(told["neighbor_router_id"], self.routers[peer].router_id)
                    by_hand = set(told["allowed_ips"]) - set(told["managed_allowed_ips"])
                    self.assertEqual(by_hand, {f"{self.routers[peer].shared_address}/32"})
                    self.assertLessEqual(set(told["routed_prefixes"]), set(told["allowed_ips"]))


class SharedBird(Tree, Shared):
    topology = "shared-bird"
    tunnel = ("r3", "r1")


class SharedOthers(Tree, Shared):
    """A hub whose spokes of ours and of BIRD are on one wg0, and whose FRR spoke has an interface of its own."""

    topology = "shared-others"
    tunnel = ("r4", "r1")


class SharedDedicated(Shared):
    """Two routers that are joined by an interface of their own and by the one that each has for several peers. Hellos go
    to the group on the one and to the peer on the other, costs decide, and either way stands in for the other."""

    topology = "shared-dedicated"
    joined = ("r1", "r2")
    ways = {"wg-r2": "dedicated", "wg0": "shared"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("whole")
        case.whole()
        checks.wait_until(case.keys_not_known, 3 * KEY_LEARNED_AFTER, interval=0.5)

    def set_both_ends(self, dedicated, shared):
        """Both are told in one go: while they have not the same costs what goes one way does not come back, and that is
        not what is measured."""
        first, second = self.joined
        self.write_costs(first, {f"wg-{second}": dedicated, f"wg0/{second}": shared})
        self.write_costs(second, {f"wg-{first}": dedicated, f"wg0/{first}": shared})
        self.read_again(first)
        self.read_again(second)

    def devices_between(self):
        """Over which interfaces the first reaches the second's LAN."""
        first, second = self.joined
        return routers.learned_routes(self.lab, first)[self.routers[second].lan.network]

    def test_cost_decides(self):
        self.addCleanup(self.set_both_ends, 5, 8)
        for dedicated, shared, wanted in ((5, 8, {"wg-r2"}), (12, 8, {"wg0"}), (8, 8, {"wg-r2", "wg0"})):
            with self.subTest(f"dedicated {dedicated}, shared {shared}"):
                with self.ping(*self.joined) as pinger:
                    self.set_both_ends(dedicated, shared)
                    self.whole()
                    pinger.wait_answers(50)
                self.assertEqual(self.devices_between(), wanted)
                checks.every_lan_reaches_every_lan(self.lab)
                self.say(f"costs {dedicated} (dedicated) and {shared} (shared): {pinger.result}")
                self.assertLessEqual(pinger.result.gap, 3 * SLACK)

    def test_the_greater_of_both_costs_counts_on_the_shared_way(self):
        first, second = self.joined
        self.addCleanup(self.set_both_ends, 5, 8)
        self.set_both_ends(10, 8)
        self.whole()
        self.assertEqual(self.devices_between(), {"wg0"})
        self.set_costs(second, {f"wg0/{first}": 14})
        self.whole()
        self.assertEqual(self.devices_between(), {"wg-r2"})

    def test_each_way_stands_in_for_the_other(self):
        for dedicated, shared, used, other in ((5, 8, "wg-r2", "wg0"), (12, 8, "wg0", "wg-r2")):
            with self.subTest(f"{used} is cut"):
                self.addCleanup(self.set_both_ends, 5, 8)
                self.set_both_ends(dedicated, shared)
                self.whole()
                cut, heal = self.cut_way_and_heal(self.ways[used], {other})
                self.say(f"{used} cut: {cut}")
                self.say(f"{used} healed: {heal}")
                self.assertLessEqual(cut.gap, DEAD_INTERVAL + 3 * SLACK)

    def cut_way_and_heal(self, way, left):
        """Cuts one of the two tunnels; `left`: the interfaces that are left. Returns the two Traffics."""
        without = frozenset([frozenset((*self.joined, way))])
        with self.ping(*self.joined) as during_cut:
            self.lab.cut(*self.joined, way)
            self.addCleanup(self.lab.heal, *self.joined, way)
            checks.all_full(self.lab, without=without)
            checks.all_routes(self.lab, without=without)
            during_cut.wait_answers(50)
        self.assertEqual(self.devices_between(), left)
        checks.every_lan_reaches_every_lan(self.lab)
        with self.ping(*self.joined) as during_heal:
            self.lab.heal(*self.joined, way)
            self.whole()
            during_heal.wait_answers(50)
        return during_cut.result, during_heal.result

    def test_with_both_cut_a_third_router_stands_in(self):
        without = frozenset([frozenset(self.joined)])
        with self.ping(*self.joined) as pinger:
            self.lab.cut(*self.joined)
            self.addCleanup(self.lab.heal, *self.joined)
            checks.all_full(self.lab, without=without)
            checks.all_routes(self.lab, without=without)
            pinger.wait_answers(50)
        self.say(f"both cut: {pinger.result}")
        self.assertLessEqual(pinger.result.gap, DEAD_INTERVAL + 1 + 3 * SLACK)  # the two are not noticed at once
        checks.every_lan_reaches_every_lan(self.lab)
        self.lab.heal(*self.joined)
        self.whole()


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (SharedStar, SharedMesh, SharedBird, SharedOthers, SharedDedicated):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
