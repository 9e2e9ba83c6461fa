"""Our routers alone, in every shape: triangle, star, chain, ring, full mesh, on real WireGuard tunnels.

Reachability and cuts depend on the shape. What does not is tried in two, one with a second way around and one without.
"""

import ipaddress
import unittest

from lab_case import DEAD_INTERVAL, SLACK, LabCase, checks, routers


class Shape(LabCase):
    """What holds in any shape. `tunnel`: the one that is cut."""

    tunnel = ()

    def test_every_lan_reaches_every_lan(self):
        checks.every_lan_reaches_every_lan(self.lab)


class Disturbed:
    """What does not depend on the shape. `restarted`: a router that others' traffic crosses, or whose own LAN is
    pinged where there is no other."""

    restarted = ""
    across = ()

    def test_interface_deleted_and_made_again(self):
        first, second = self.tunnel
        with self.ping(first, second) as pinger:
            self.recreate_interface(first, second)
            pinger.wait_answers(50)
        self.say(f"interface deleted and made again: {pinger.result}")

    def test_killed_and_restarted(self):
        with self.ping(*self.across) as pinger:
            first_hello = self.kill_and_restart(self.restarted, pinger)
        early = [moment for moment in pinger.result.lost_at if moment < first_hello - 2 * pinger.interval]
        self.assertEqual(early, [], f"lost before the new run's first hello at {first_hello}")
        self.say(f"killed with -9 and restarted: {pinger.result}")

    def test_no_stale_route_after_restart(self):
        """A LAN that vanished while the daemon was dead must not survive in its kernel."""
        router = self.routers[self.restarted]
        other = next(name for name in self.hosts if name != self.restarted)
        prefix = ipaddress.ip_network(self.routers[other].lan.network)
        self.assertIn(prefix, routers.learned_routes(self.lab, router.name))
        routers.kill(self.lab, router)
        self.must(other, ["ip", "link", "set", "eth2", "down"])
        self.addCleanup(self.lab.exec, other, ["ip", "link", "set", "eth2", "up"])
        self.assertIn(prefix, routers.learned_routes(self.lab, router.name))
        routers.start(self.lab, router)
        checks.wait_until(lambda: f"{router.name} still routes {prefix}"
                          if prefix in routers.learned_routes(self.lab, router.name) else None)
        self.must(other, ["ip", "link", "set", "eth2", "up"])
        self.whole()


class Redundant:
    """Shapes with a second way around any tunnel. These measure: no other lab is up meanwhile."""

    may_lose_on_heal = True

    def test_silent_cut_is_routed_around(self):
        cut, heal = self.cut_and_heal(*self.tunnel)
        self.say(f"silent cut: {cut}")
        self.say(f"healed: {heal}")
        self.assertLessEqual(cut.gap, DEAD_INTERVAL + 3 * SLACK)
        if not self.may_lose_on_heal:
            self.assertEqual(heal.lost, 0, str(heal))


class Tree:
    """Shapes without a second way: a cut parts the network, both halves stay whole, and they join again."""

    def test_silent_cut_parts_and_heals(self):
        without = frozenset([frozenset(self.tunnel)])
        with self.ping(*self.tunnel) as pinger:
            self.lab.cut(*self.tunnel)
            self.addCleanup(self.lab.heal, *self.tunnel)
            checks.all_full(self.lab, without=without)
            checks.all_routes(self.lab, without=without)
            self.lab.heal(*self.tunnel)
            self.whole()
            pinger.wait_answers(50)
        self.say(f"cut and healed: {pinger.result}")
        checks.every_lan_reaches_every_lan(self.lab)


class Triangle(Disturbed, Shape):
    topology = "triangle"
    tunnel = ("op1", "op2")
    restarted = "op1"
    across = ("op1", "op3")


class TriangleCut(Redundant, LabCase):
    topology = "triangle"
    tunnel = ("op1", "op2")
    may_lose_on_heal = False


class Star(Disturbed, Tree, Shape):
    topology = "star"
    tunnel = ("r1", "r4")
    restarted = "r1"
    across = ("r2", "r5")


class Chain(Tree, Shape):
    topology = "chain"
    tunnel = ("r2", "r3")


class Ring(Redundant, Shape):
    topology = "ring"
    tunnel = ("r1", "r2")


class Mesh(Redundant, Shape):
    topology = "mesh"
    tunnel = ("r1", "r2")


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (Triangle, TriangleCut, Star, Chain, Ring, Mesh):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
