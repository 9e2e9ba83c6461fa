"""Neighbors that are not ours: FRR or BIRD at every second router of a ring, over WireGuard.

All adjacencies Full, the same routes everywhere, nothing in their logs at warning or above that names one of
our routers, and still so after ten refreshes of our LSAs (shortened by configuration). FRR keeps LSAs
that we flushed for up to a minute; what we say after that counts at once.
"""

import ipaddress
import json
import os
import signal
import time
import unittest

from lab_case import LabCase, checks, routers

REFRESH = 6
REFRESHES = 10
# After an orderly end each prefix is expected back so long after Full, after flaps so long after the last; in
# seconds. Printed; what fails is three times as much. WGOSPF_ROUNDS repeats each, for measuring by hand.
RESTART_PAUSES = (0.1, 2, 10)
BACK_AFTER_FULL = 2
FLAPS, FLAP_INTERVALS = 8, (0.2, 0.7)
BACK_AFTER_FLAPS = 3
BURST_OVER = 11  # without a flap: the next is the first of its burst
MTU, ODD_MTUS = 1420, (1380, 1440)  # of the tunnels; of other routers' ends of the first one's
ROUNDS = int(os.environ.get("WGOSPF_ROUNDS", "1"))


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
        return {lsa["adv_router"]: int(lsa["seq_num"], 0) for lsa in answer["lsas"] if lsa["adv_router"] in wanted}

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

    def with_mtus(self, router, mtus):
        """Sets the MTU of each peer's end, and has the router exchange databases anew with all of them."""
        for peer, mtu in mtus.items():
            self.must(peer, ["ip", "link", "set", f"wg-{router.name}", "mtu", str(mtu)])
        self.restart(router, 0)
        for peer in mtus:
            self.must(peer, ["truncate", "-s", "0", "/run/router.warnings"])

    def restart(self, router, pause):
        """Ends it in order and starts it again after a pause; returns when it is Full on all of its tunnels."""
        routers.send(self.lab, router, signal.SIGTERM)
        checks.wait_until(lambda: f"{router.name}: wgospfd does not end" if routers.processes(self.lab, router)
                          else None)
        time.sleep(pause)
        routers.start(self.lab, router)

        def not_full():
            full = [row for row in routers.neighbors(self.lab, router) if row.state == "full"]
            return None if len(full) == len(router.tunnels) else f"{router.name}: {len(full)} are Full"

        checks.wait_until(not_full, interval=0.01)

    def test_mtus_that_differ_keep_nobody_from_full(self):
        router = self.ours()[0]
        theirs = dict(zip((tunnel.peer for tunnel in router.tunnels), ODD_MTUS))
        self.addCleanup(self.with_mtus, router, dict.fromkeys(theirs, MTU))
        self.with_mtus(router, theirs)

        def not_told():
            answer = json.loads(self.must(router.name, ["wgospfctl", "--json", "show", "neighbors"]))
            told = {row["interface"]: row["problem"] for row in answer["neighbors"]}
            missing = [peer for peer, mtu in theirs.items()
                       if not all(f" {value}" in told.get(f"wg-{peer}", "") for value in (mtu, MTU))]
            return f"{missing} are not told with both MTUs: {told}" if missing else None

        checks.wait_until(not_told)

    def test_silent_cut_is_routed_around(self):
        cut, heal = self.cut_and_heal("r1", "r2")
        self.say(f"silent cut: {cut}")
        self.say(f"healed: {heal}")


class MixedFrr(Mixed):
    topology = "mixed-frr"

    # BIRD keeps MinLSInterval, 5 s, between its own router-LSAs, so that its own links are late after a restart.

    def restart_in_order(self, router, pause):
        """Seconds from Full on all of its tunnels until every kernel has every route again."""
        self.restart(router, pause)
        full = time.monotonic()
        checks.all_routes(self.lab, 3 * BACK_AFTER_FULL)
        return time.monotonic() - full

    def test_an_orderly_restart_is_back_soon_after_full(self):
        router = self.ours()[0]
        for pause in RESTART_PAUSES:
            for _ in range(ROUNDS):
                back = self.restart_in_order(router, pause)
                self.say(f"ended in order, started after {pause} s: every prefix back {back:.2f} s after Full")
        self.assertEqual(self.complaints(), [])

    def test_a_flapping_prefix_is_back_soon_after_the_last_flap(self):
        router = self.ours()[0]
        route = [str(router.external), "via", str(router.external_gateway)]
        for interval in FLAP_INTERVALS * ROUNDS:
            time.sleep(BURST_OVER)
            for _ in range(FLAPS):
                self.must(router.name, ["ip", "route", "del", *route])
                time.sleep(interval)
                self.must(router.name, ["ip", "route", "add", *route])
                last = time.monotonic()
                time.sleep(interval)
            checks.all_routes(self.lab, last + 3 * BACK_AFTER_FLAPS - time.monotonic())
            self.say(f"{FLAPS} flaps, {2 * interval:.1f} s each: back {time.monotonic() - last:.2f} s after the last")
        self.assertEqual(self.complaints(), [])


class MixedBird(Mixed):
    topology = "mixed-bird"


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (MixedFrr, MixedBird):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
