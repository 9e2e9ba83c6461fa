"""A neighbor that is gone is given up by its signs of life; one that is only hard to hear is not.

In the triangle, hellos every second, a dead interval of four, `patience` as it is by default. What is measured is
printed beside FRR's, measured in the same run. $WGOSPF_LOSS_SECONDS, 60 if it is not set, is how long packets are lost;
in ten minutes of it WireGuard renews its keys several times.
"""

import json
import os
import signal
import statistics
import time
import unittest

from lab_case import LabCase, checks, routers

TUNNEL = ("op1", "op2")
RUNS = 5
# From the last sign of life; the cut comes half a hello interval after it at the median.
PATIENCE = 1.5
EXPECTED = 1.6
RATIO = 0.45
LOSS_SECONDS = int(os.environ.get("WGOSPF_LOSS_SECONDS", "60"))
_gaps = {}


class Cuts(LabCase):
    """The time without an answer when the tunnel that the traffic takes is cut silently."""

    topology = "triangle"
    kind = ""

    def median_gap(self):
        gaps = []
        for _ in range(RUNS):
            cut, _heal = self.cut_and_heal(*TUNNEL)
            gaps.append(cut.gap)
        _gaps[self.kind] = statistics.median(gaps)
        self.say(f"silent cut, {self.kind}: {' '.join(f'{gap:.2f}' for gap in sorted(gaps))} s, "
                 f"median {_gaps[self.kind]:.2f}")
        return _gaps[self.kind]


class CutsOfOurs(Cuts):
    kind = "wgospfd"

    def test_silent_cut(self):
        self.assertLessEqual(self.median_gap(), 3 * EXPECTED)
        for name in TUNNEL:
            self.assertIn("echoes were not answered", routers.log(self.lab, self.routers[name]))


class CutsOfFrr(Cuts):
    kind = "frr"
    variables = {"ROUTER": "frr", "MORE_CAP": "SYS_ADMIN"}

    def test_silent_cut(self):
        frr = self.median_gap()
        if "wgospfd" in _gaps:
            self.say(f"ratio to FRR: {_gaps['wgospfd'] / frr:.2f}")
            self.assertLessEqual(_gaps["wgospfd"] / frr, RATIO)


class NotDead(LabCase):
    """A neighbor that is there is not given up, whatever happens to its packets."""

    topology = "triangle"

    def setUp(self):
        super().setUp()
        checks.wait_until(lambda: None if all((row["liveness"] or {}).get("echo_answers") == "yes" for row in self.rows())
                          else f"it is not known whether all answer: {self.rows()}")
        self.before = self.changes()

    def rows(self):
        return [row for name in TUNNEL for row in self.shown(name)]

    def shown(self, name):
        return json.loads(self.must(name, ["wgospfctl", "--json", "show", "neighbors"]))["neighbors"]

    def changes(self):
        return {(name, row["interface"]): (row["state"], row["state_changes"])
                for name in self.routers for row in self.shown(name)}

    def stays(self):
        self.assertEqual(self.changes(), self.before)

    def lossy(self, percent):
        """Of all datagrams of the tunnel, each way, so many are lost."""
        lost = "table bridge lossy { chain c { type filter hook forward priority 0; " + " ".join(
            f"ip saddr {a} ip daddr {b} numgen random mod 100 < {percent} drop;"
            for a, b in (("203.0.113.1", "203.0.113.2"), ("203.0.113.2", "203.0.113.1"))) + " }; }"
        self.must("inet", ["nft", lost])
        self.addCleanup(self.lab.exec, "inet", ["nft", "delete", "table", "bridge", "lossy"])

    def test_thirty_percent_of_loss_is_no_death(self):
        self.lossy(30)
        end = time.monotonic() + LOSS_SECONDS
        shown = []
        while time.monotonic() < end:
            self.stays()
            shown += [row["liveness"]["loss"] for row in self.rows() if row["interface"] == "wg-op2"]
            time.sleep(1)
        self.say(f"30 % of loss for {LOSS_SECONDS} s: no flap; loss of echoes shown at most {max(shown):.0%}")
        self.assertGreater(max(shown), 0.2)

    def test_a_pause_of_the_process_is_no_death(self):
        for _ in range(5):
            routers.send(self.lab, self.routers["op2"], signal.SIGSTOP)
            time.sleep(1)
            routers.send(self.lab, self.routers["op2"], signal.SIGCONT)
            checks.wait_until(lambda: "op2 is suspect" if any((row["liveness"] or {}).get("suspect") for row in self.rows())
                              else None)
        self.stays()

    def test_another_endpoint_is_no_death(self):
        for port in (41001, 41002, 41003):
            self.must("op2", ["wg", "set", "wg-op1", "listen-port", str(port)])
            checks.wait_until(lambda port=port: None if f":{port}" in self.must("op1", ["wg", "show", "wg-op2", "endpoints"])
                              else f"op1 does not know port {port}")
            self.stays()

    def test_a_dead_process_is_found_by_the_dead_interval(self):
        """Its machine goes on answering; nothing is lost, so nothing is stretched."""
        router = self.routers["op2"]
        with self.ping("op1", "op3"):
            routers.kill(self.lab, router)
            killed = time.monotonic()
            checks.wait_until(lambda: None if not any(row["neighbor_router_id"] == "10.0.0.2" for row in self.shown("op1"))
                              else "op1 keeps op2")
            took = time.monotonic() - killed
            routers.start(self.lab, router)
        self.assertGreater(took, 2.5)
        self.assertLess(took, 3 * 4)
        self.say(f"a dead process whose machine answers is found after {took:.1f} s")

    def test_what_is_known_is_shown(self):
        row = next(row for row in self.shown("op1") if row["interface"] == "wg-op2")
        self.assertIn(row["liveness"]["last_sign"], ("ospf", "echo", "traffic"))
        text = self.must("op1", ["wgospfctl", "show", "neighbors"])
        for heading in ("HEARD", "RTT", "LOSS"):
            self.assertIn(heading, text)
        routers.send(self.lab, self.routers["op2"], signal.SIGSTOP)
        self.addCleanup(routers.send, self.lab, self.routers["op2"], signal.SIGCONT)
        checks.wait_until(lambda: None if "suspect" in self.must("op1", ["wgospfctl", "show", "neighbors"])
                          else "nobody is suspect", 3)


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (CutsOfOurs, CutsOfFrr, NotDead):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
