"""Neighbors that are not ours: FRR or BIRD at every second router of a ring, over WireGuard.

All adjacencies Full, the same routes everywhere, nothing in their logs at warning or above that names one of
our routers, and still so after ten refreshes of our LSAs (shortened by configuration).
"""

import ipaddress
import json
import unittest

from lab_case import LabCase, checks

REFRESH = 6
REFRESHES = 10


class Mixed(LabCase):
    variables = {"LS_REFRESH": str(REFRESH)}

    def ours(self):
        return [router for router in self.routers.values() if router.kind == "wgospfd"]

    def complaints(self):
        """Lines at warning or above, of the others, that name a router of ours: id, address or interface."""
        names = set()
        for router in self.ours():
            names.add(router.router_id)
            names.add(str(router.lan.network))
            names.update(str(tunnel.address.ip) for tunnel in router.tunnels)
            names.update(f"wg-{router.name}" for _ in router.tunnels)
        found = []
        for router in self.routers.values():
            if router.kind != "wgospfd":
                lines = self.must(router.name, ["cat", "/run/router.warnings"]).splitlines()
                found += [f"{router.name}: {line}" for line in lines if any(name in line for name in names)]
        return found

    def sequence_numbers(self):
        """router id -> sequence number of each router-LSA of ours, as another router of ours holds it."""
        wanted = {router.router_id for router in self.ours()}
        asked = self.ours()[0].name
        answer = json.loads(self.must(asked, ["wgospfctl", "--json", "show", "database", "--type", "router"]))
        return {lsa["adv_router"]: lsa["seq_num"] for lsa in answer["lsas"] if lsa["adv_router"] in wanted}

    def state_changes(self):
        found = {}
        for router in self.ours():
            answer = json.loads(self.must(router.name, ["wgospfctl", "--json", "show", "neighbors"]))
            for row in answer["neighbors"]:
                found[router.name, row["interface"]] = row["state_changes"]
        return found

    def test_one_network_and_no_complaint_through_ten_refreshes(self):
        checks.every_lan_reaches_every_lan(self.lab)
        self.assertEqual(self.complaints(), [])
        first, changes = self.sequence_numbers(), self.state_changes()
        self.assertEqual(len(first), len(self.ours()))

        def not_refreshed():
            now = self.sequence_numbers()
            late = [router for router, number in now.items() if number - first[router] < REFRESHES]
            return f"not refreshed {REFRESHES} times: {late}" if late else None

        checks.wait_until(not_refreshed, 3 * REFRESH * REFRESHES, interval=1)
        self.assertEqual(self.state_changes(), changes, "an adjacency moved while LSAs were refreshed")
        self.whole()
        checks.every_lan_reaches_every_lan(self.lab)
        self.assertEqual(self.complaints(), [])

    def test_silent_cut_is_routed_around(self):
        cut, heal = self.cut_and_heal("r1", "r2")
        self.say(f"silent cut: {cut}")
        self.say(f"healed: {heal}")


class MixedFrr(Mixed):
    topology = "mixed-frr"


class MixedBird(Mixed):
    topology = "mixed-bird"


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (MixedFrr, MixedBird):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
