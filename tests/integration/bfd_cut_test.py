"""A tunnel is cut silently, with BFD every 50 ms: how long the LANs at its ends do not reach each other.

Ours, FRR with bfdd and BIRD, one after the other on the same machine. Printed; what fails is our median beside FRR's
of the same run, when chance does not explain the difference: where within its interval a packet is cut is a matter of
some 40 ms for both. $RUNS, 6 if it is not set, is how often each is cut; $WGOSPF_SHAPES, triangle if it is not set,
names the topologies: triangle, ring, grid, mesh.
"""

import json
import math
import os
import statistics
import unittest

from lab_case import LabCase, checks, routers

# What is cut in each topology; there is another way in all.
TUNNELS = {"triangle": ("op1", "op2"), "ring": ("r1", "r2"), "grid": ("r4", "r5"), "mesh": ("r1", "r2")}
SHAPES = os.environ.get("WGOSPF_SHAPES", "triangle").split()
RUNS = int(os.environ.get("RUNS", "6"))
# Standard errors of the difference of two medians.
CHANCE = 2.5
# 150 ms and what the kernel and the probes take.
EXPECTED = 0.3
_gaps = {}


def standard_error(gaps):
    """Of the median of a sample."""
    return 1.2533 * statistics.stdev(gaps) / math.sqrt(len(gaps))


class Cuts(LabCase):
    kind = ""
    variables = {"BFD": "50"}

    def median_gap(self):
        self.wait_for_sessions()
        gaps = []
        for _ in range(RUNS):
            cut, _heal = self.cut_and_heal(*TUNNELS[self.topology])
            gaps.append(cut.gap)
            self.wait_for_sessions()
        _gaps[self.topology, self.kind] = gaps
        median = statistics.median(gaps)
        self.say(f"silent cut with BFD, {self.kind}: {' '.join(f'{gap * 1000:.0f}' for gap in sorted(gaps))} ms, "
                 f"median {median * 1000:.0f}")
        return median

    def wait_for_sessions(self):
        """Until every session is up: what is cut before is not measured."""
        for name, router in self.routers.items():
            checks.wait_until(lambda name=name, expected=len(router.tunnels): None if self.sessions(name) == expected
                              else f"{name}: BFD is not up", 60)

    def sessions(self, name):
        raise NotImplementedError


class BfdCutsOfOurs(Cuts):
    kind = "wgospfd"

    def sessions(self, name):
        return [row["state"] for row in json.loads(self.must(name, ["wgospfctl", "--json", "show", "bfd"]))["sessions"]
                ].count("up")

    def test_silent_cut(self):
        self.assertLessEqual(self.median_gap(), 3 * EXPECTED)
        for name in TUNNELS[self.topology]:
            self.assertIn("its BFD session went down", routers.log(self.lab, self.routers[name]))


class BfdCutsOfFrr(Cuts):
    kind = "frr"
    variables = {"BFD": "50", "ROUTER": "frr", "MORE_CAP": "SYS_ADMIN"}

    def sessions(self, name):
        return [peer["status"] for peer in json.loads(self.must(name, ["vtysh", "-c", "show bfd peers json"]))].count("up")

    def test_silent_cut(self):
        frr = self.median_gap()
        measured = _gaps.get((self.topology, "wgospfd"))
        if measured:
            ours = statistics.median(measured)
            chance = CHANCE * math.hypot(standard_error(measured), standard_error(_gaps[self.topology, "frr"]))
            self.say(f"ratio to FRR with bfdd: {ours / frr:.2f}; chance explains {chance * 1000:.0f} ms")
            self.assertLessEqual(ours - frr, chance)


class BfdCutsOfBird(Cuts):
    kind = "bird"
    variables = {"BFD": "50", "ROUTER": "bird"}

    def sessions(self, name):
        return self.must(name, ["birdc", "-s", "/run/bird/bird.ctl", "show", "bfd", "sessions"]).count(" Up ")

    def test_silent_cut(self):
        self.median_gap()


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for shape in SHAPES:
        for case in (BfdCutsOfOurs, BfdCutsOfFrr, BfdCutsOfBird):
            of_shape = type(f"{case.__name__}{shape.capitalize()}", (case,), {"topology": shape, "__module__": __name__})
            suite.addTests(loader.loadTestsFromTestCase(of_shape))
    return suite
