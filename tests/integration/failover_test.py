"""One wg0 for all peers while tunnels are cut, peers removed and costs changed at random, under traffic between all LANs.

From the moment at which the first router notices, the routers need a time for flooding, calculation and what is written
to devices and kernel; `wgospfctl watch` of all of them tells how long. No pair of LANs may be interrupted for more than
three times that, nor may packets be refused for longer. And whatever peers forge meanwhile: a router lets in no source
from a peer but what that peer's allowed-ips have before the change or after it.

  WGOSPF_CHANGES   so many changes (2)
  WGOSPF_SEED      what they are drawn from (1)
"""

import contextlib
import dataclasses
import ipaddress
import itertools
import os
import random
import time
import unittest

from lab_case import LabCase, checks, prepare
from observed import Flow, Probes, Refusals, Watch

CHANGES = int(os.environ.get("WGOSPF_CHANGES", "2"))
SEED = int(os.environ.get("WGOSPF_SEED", "1"))
TIMES = 3
INTERVAL = 0.02  # of probes; also what is seen late
# A routing of 6 routers needs some hundredths of a second; more than this is no measure for anything.
MOST = 1.0
OBSERVED_AFTER = 1.0  # that nothing changes any more, under traffic
FORGED_PER_SECOND = 100
NOBODYS = "172.31.9.9"
_ROUTING = ("route", "route_removed", "next_hop_set_change", "next_hop_set_removed")


@dataclasses.dataclass
class Step:
    """A change, from `begun` until the next begins. Times are the wall clock's; sets are router -> peer -> networks."""

    text: str
    begun: float
    without: frozenset
    before: dict
    after: dict = None
    settled: float = 0.0


@dataclasses.dataclass
class Took:
    """What the routers say of a step. `detected`: when the first noticed; the others are durations from then on."""

    detected: float
    calculated: float
    written: float


def took(step, watched):
    """`watched`: router -> changes of its Watch, of routers that have ways to each other after the step."""
    def is_detection(kind, data):
        if kind == "neighbor_state_change":
            return "full" in (data["from"], data["to"])
        return kind == "notice" and data["name"] == "lsa_originated"

    within = {name: [change for change in changes if step.begun <= change[0] <= step.settled]
              for name, changes in watched.items()}
    noticed = [when for changes in within.values() for when, kind, _, data in changes if is_detection(kind, data)]
    if not noticed:
        return None
    detected = calculated = written = min(noticed)
    for changes in within.values():
        routing = [(when, generation) for when, kind, generation, _ in changes if kind in _ROUTING]
        if routing:
            last, generation = max(routing)
            calculated = max(calculated, last)
            written = max([written] + [when for when, kind, _, data in changes if kind == "kernel_acknowledged"
                                       and int(data["kernel_generation"]) >= generation][:1])
    return Took(detected, calculated - detected, written - detected)


@dataclasses.dataclass
class Seen:
    """What was observed. `took`: of each step, None where no router told of it. `refused`: (when, router, number) of
    packets refused for their source. `forged`: how many were sent. `let_in`: router -> (when, sender, source)."""

    steps: list
    took: list
    arrivals: object
    refused: list
    forged: int
    let_in: dict


class Failover(LabCase):
    variables = {"WG_LOG": "verbose"}

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.sets, _ = self.settled_sets()

    def tearDown(self):
        super().tearDown()
        for name in self.routers:
            if self.lab.plan.nodes[name].env.pop("COSTS", None):
                self.set_costs(name, {})

    # --- changes

    def steps(self, first):
        """What is done, as (text, what is done, tunnels that do not work after it), from the kind of number `first` on."""
        kinds = itertools.islice(itertools.cycle((self.cut, self.change_cost, self.remove_peer)), first, first + CHANGES)
        return itertools.chain.from_iterable(kind(*self.a_tunnel()) for kind in kinds)

    def a_tunnel(self):
        name = self.random.choice(sorted(self.routers))
        return name, self.random.choice([tunnel.peer for tunnel in self.routers[name].tunnels])

    def cut(self, name, peer):
        self.addCleanup(self.lab.heal, name, peer)
        yield f"{name}-{peer} cut", lambda: self.lab.cut(name, peer), frozenset([frozenset((name, peer))])
        yield f"{name}-{peer} healed", lambda: self.lab.heal(name, peer), frozenset()

    def remove_peer(self, name, peer):
        device = prepare.SHARED_DEVICE
        told = next(told for told in self.peers(name) if told["name"] == peer)
        add = ["wg", "set", device, "peer", told["public_key"], "endpoint", told["endpoint"], "allowed-ips",
               f"{self.routers[peer].shared_address}/32"]
        self.addCleanup(self.lab.exec, name, add)
        yield (f"{peer} removed at {name}",
               lambda: self.must(name, ["wg", "set", device, "peer", told["public_key"], "remove"]),
               frozenset([frozenset((name, peer))]))
        yield f"{peer} added at {name}", lambda: self.must(name, add), frozenset()

    def change_cost(self, name, peer):
        cost = self.random.randint(11, 40)  # the other end's is 10, and the greater counts
        interface = f"{prepare.SHARED_DEVICE}/{peer}"
        yield f"{name}: cost {cost} to {peer}", lambda: self.set_costs(name, {interface: cost}), frozenset()

    def run_step(self, text, change, without):
        step = Step(text, time.time(), without, self.sets)
        change()
        # Seldom: what is asked takes processor time from what is measured.
        checks.wait_until(lambda: checks.not_full(self.lab, without) or checks.wrong_routes(self.lab, without), interval=0.5)
        step.after, step.settled = self.settled_sets()
        self.sets = step.after
        return step

    # --- allowed-ips

    def settled_sets(self):
        """The sets of all routers, once they have stayed the same for a while, and since when they were."""
        sets, since = self.planned_sets(), time.time()

        def changed():
            nonlocal sets, since
            time.sleep(OBSERVED_AFTER)
            former, sets = sets, self.planned_sets()
            if sets != former:
                since = time.time()
                return "allowed-ips still change"
            return None

        checks.wait_until(changed)
        return sets, since

    def planned_sets(self):
        """router -> peer -> IPv4 networks of its allowed-ips, once these are what the routes lead to it and its own address,
        to whichever peer the route to that leads."""
        sets = {}

        def problem():
            for name in self.routers:
                told = {peer["public_key"]: peer for peer in self.peers(name)}
                found, pinned = {}, {ipaddress.ip_network(f"{self.routers[peer['name']].shared_address}/32")
                                     for peer in told.values()}
                for line in self.must(name, ["wg", "show", prepare.SHARED_DEVICE, "allowed-ips"]).splitlines():
                    key, *prefixes = line.split()
                    if key not in told:
                        return f"{name} knows nothing of peer {key}"
                    peer = told[key]["name"]
                    found[peer] = {ipaddress.ip_network(prefix) for prefix in prefixes if "." in prefix}
                    wanted = {ipaddress.ip_network(prefix) for prefix in told[key]["routed_prefixes"]} - pinned
                    wanted.add(ipaddress.ip_network(f"{self.routers[peer].shared_address}/32"))
                    if found[peer] != wanted:
                        return f"{name}: {peer} has {sorted(found[peer])}, should have {sorted(wanted)}"
                sets[name] = found
            return None

        checks.wait_until(problem, 30, interval=0.2)
        return sets

    # --- what is observed

    def disturbed(self, first, forge):
        """Makes changes, from the kind of number `first` on."""
        with contextlib.ExitStack() as stack:
            watches = {}
            for name in self.routers:
                watches[name] = Watch(self.lab, name)
                stack.callback(watches[name].end)
            forging = self.routers if forge else {}
            listeners = self.start_flows(stack, {name: ("listen",) for name in forging})
            forgers = self.start_flows(stack, {name: self.forgery_of(name) for name in forging})
            refusals = Refusals(self.lab, self.routers, prepare.SHARED_DEVICE)
            stack.callback(refusals.end)
            probes = Probes(self.lab, self.hosts, INTERVAL)
            stack.callback(probes.end)
            steps = [self.run_step(*step) for step in self.steps(first)]
            watched = {name: watch.changes() for name, watch in watches.items()}
            return Seen(steps, [took(step, {name: watched[name] for name in self.together(step)}) for step in steps],
                        probes.end(), refusals.end(),
                        sum(flow.end()["sent"] for flow in forgers.values()),
                        {name: flow.end() for name, flow in listeners.items()})

    def together(self, step):
        """Routers that have ways to each other after a step: most of them."""
        return max((checks.reachable(self.lab.plan, name, step.without) for name in self.routers), key=len)

    def start_flows(self, stack, arguments):
        flows = {}
        for name, words in arguments.items():
            flows[name] = Flow(self.lab, name, *words)
            stack.callback(flows[name].end)
        for flow in flows.values():
            flow.wait_ready()
        return flows

    def forgery_of(self, name):
        """What a router sends to each of its peers: from addresses of all other routers and LANs, and from nobody's."""
        targets = [str(self.routers[tunnel.peer].shared_address) for tunnel in self.routers[name].tunnels]
        others = [router for router in self.routers.values() if router.name != name]
        sources = [NOBODYS, *(router.router_id for router in others), *(str(router.shared_address) for router in others),
                   *(address for other, (_, address) in self.hosts.items() if other != name)]
        return "forge", name, FORGED_PER_SECOND, ",".join(targets), ",".join(sources)

    # --- what must hold

    def check_interruptions(self, seen):
        """No pair that has a way after a step is interrupted for too long after it was noticed."""
        self.assertEqual(seen.arrivals.strange, {}, "packets came from addresses that no host has")
        longest = dict.fromkeys(range(len(seen.steps)), 0.0)
        too_long = []
        for pair, runs in seen.arrivals.interruptions().items():
            for begun, last in runs:
                number = max((n for n, step in enumerate(seen.steps) if step.begun <= last + INTERVAL), default=None)
                self.assertIsNotNone(number, f"{pair} lost packets before anything was changed")
                step, noticed = seen.steps[number], seen.took[number]
                if pair[1] not in checks.reachable(self.lab.plan, pair[0], step.without):
                    continue
                after = last + INTERVAL - max(noticed.detected, begun) if noticed else last - begun
                longest[number] = max(longest[number], after)
                if after > self.limit(noticed):
                    too_long.append(f"{step.text}: {' to '.join(pair)} for {after:.3f} s after it was noticed")
        for number, (step, noticed) in enumerate(zip(seen.steps, seen.took)):
            self.say(f"{step.text}: {self.in_words(step, noticed)}; interrupted for {1000 * longest[number]:.0f} ms at most")
        self.assertEqual(too_long, [], f"{seen.arrivals.sent} packets sent")

    @staticmethod
    def limit(noticed):
        """What is sent or seen by an interval is not known more exactly at either end."""
        return (TIMES * noticed.written if noticed else 0.0) + 2 * INTERVAL

    @staticmethod
    def in_words(step, noticed):
        if noticed is None:
            return "nobody noticed"
        return (f"noticed after {noticed.detected - step.begun:.2f} s, flooding and calculation "
                f"{1000 * noticed.calculated:.0f} ms, written {1000 * noticed.written:.0f} ms after it was noticed")

    def check_took(self, seen):
        """The measure is one: all was noticed, and the routers were done soon."""
        for step, noticed in zip(seen.steps, seen.took):
            self.assertTrue(noticed or "cost" in step.text, f"{step.text}: no router tells of it")
            self.assertLess(noticed.written if noticed else 0, MOST, f"{step.text}: {self.in_words(step, noticed)}")

    def test_interruptions_and_refusals_end_when_routers_are_done(self):
        seen = self.disturbed(0, forge=False)
        self.check_interruptions(seen)
        self.check_took(seen)
        late = []
        for when, name, number in seen.refused:
            step, noticed = max(((step, noticed) for step, noticed in zip(seen.steps, seen.took)
                                 if step.begun <= when), key=lambda pair: pair[0].begun, default=(None, None))
            if noticed is None or when > noticed.detected + self.limit(noticed):
                late.append(f"{number} at {name}, {when - step.begun if step else 0:.3f} s after {step and step.text}")
        self.say(f"{sum(number for _, _, number in seen.refused)} packets were refused for their source")
        self.assertEqual(late, [], "refused when all was done")

    def test_no_forged_source_is_let_in(self):
        """...but those that the peer's allowed-ips have before a change or after it, while it lasts."""
        seen = self.disturbed(1, forge=True)
        accepted, wrong = 0, []
        for name, packets in seen.let_in.items():
            for when, sender, source in packets:
                accepted += 1
                allowed = self.allowed_at(seen.steps, when, name, sender)
                if not any(ipaddress.ip_address(source) in network for network in allowed):
                    wrong.append(f"{name} let in {source} from {sender}")
        self.say(f"{seen.forged} packets forged, {accepted} of them from sources that may come that way")
        self.assertEqual(sorted(set(wrong)), [])
        refused = sum(number for _, _, number in seen.refused)
        self.assertGreater(accepted, 0, "the listeners hear nothing")
        self.assertGreater(refused, 0, "nothing was refused")
        self.check_interruptions(seen)

    @staticmethod
    def allowed_at(steps, when, name, sender):
        """Before a step what it began with, while it lasts both, and after it what it ended with."""
        allowed = set(steps[0].before[name].get(sender, ()))
        for step in steps:
            if when >= step.begun:
                allowed = step.after[name].get(sender, set())
                if when <= step.settled:
                    allowed = allowed | step.before[name].get(sender, set())
        return allowed


class FailoverStar(Failover):
    topology = "shared-star"


class FailoverMesh(Failover):
    topology = "shared-mesh"


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (FailoverStar, FailoverMesh):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
