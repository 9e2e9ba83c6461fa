"""What must hold in a lab, waited for with a deadline, never with a bare sleep.

NAME.check.py beside a topology calls these; so do ./demo and the integration tests. What the routes must be
is computed here from the topology alone, so that no routing daemon is asked whether it is right.
"""

import dataclasses
import heapq
import importlib.util
import ipaddress
import re
import subprocess
import tempfile
import time

from . import prepare, routers
from .lab import LabError

# Deadlines are generous multiples of what is expected: a slow machine is no defect.
PATIENCE = 60.0


class CheckFailed(Exception):
    """What does not hold, in words."""


def wait_until(problem, timeout=PATIENCE, interval=0.05):
    """Calls `problem` until it returns nothing; CheckFailed with its last words when the time is up."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            text = problem()
        except LabError as error:
            text = str(error)
        if not text:
            return
        if time.monotonic() > deadline:
            raise CheckFailed(f"{text} (waited {timeout:.0f} s)")
        time.sleep(interval)


def daemons_answer(lab, timeout=PATIENCE):
    """Waits until the routing daemon of every router answers."""
    for router in prepare.routers(lab.plan).values():
        # What it says of its neighbors does not matter yet: it raises while there is no answer.
        wait_until(lambda router=router: routers.neighbors(lab, router) and None, timeout)


# --- adjacencies


def _works(name, tunnel, without):
    """`without`: frozensets of two names, of which no tunnel works, or of these and "shared" or "dedicated"."""
    ends = (name, tunnel.peer)
    return frozenset(ends) not in without and frozenset((*ends, tunnel.way)) not in without


def _wanted_neighbors(everyone, router, without):
    return {(everyone[tunnel.peer].router_id, tunnel.interface if router.kind == "wgospfd" else tunnel.device)
            for tunnel in router.tunnels if _works(router.name, tunnel, without)}


def not_full(lab, without=frozenset()):
    """Says which adjacencies are not as they should be: Full on every tunnel but those in `without`."""
    everyone = prepare.routers(lab.plan)
    for router in everyone.values():
        full = {(neighbor.router_id, neighbor.interface) for neighbor in routers.neighbors(lab, router)
                if neighbor.state == "full"}
        wanted = _wanted_neighbors(everyone, router, without)
        if full != wanted:
            return f"{router.name}: Full are {sorted(full) or 'none'}, should be {sorted(wanted)}"
    return None


def all_full(lab, timeout=PATIENCE, without=frozenset()):
    """Waits until exactly the tunnels that work carry a Full adjacency. `without`: see _works()."""
    wait_until(lambda: not_full(lab, without), timeout)


# --- routes


def _cost(everyone, name, tunnel):
    """Of one direction. The ends of a shared device use the greater of what both are given."""
    if not tunnel.is_shared:
        return tunnel.cost
    return max(tunnel.cost, *(back.cost for back in everyone[tunnel.peer].tunnels if back.is_shared and back.peer == name))


def _distances(everyone, start, without):
    """router -> (cost of the way from start, set of first interfaces)."""
    found = {}
    queue = [(0, start, ())]
    while queue:
        distance, name, first = heapq.heappop(queue)
        known, interfaces = found.get(name, (distance, set()))
        if distance > known or (name in found and interfaces.issuperset(first)):
            continue
        found[name] = (distance, interfaces.union(first))
        for tunnel in everyone[name].tunnels:
            if _works(name, tunnel, without):
                heapq.heappush(queue, (distance + _cost(everyone, name, tunnel), tunnel.peer, first or (tunnel.device,)))
    return found


def reachable(plan, start, without=frozenset()):
    """Routers that a router has a way to, itself included."""
    return set(_distances(prepare.routers(plan), start, without))


def wanted_routes(plan, start, without=frozenset()):
    """prefix -> set of interfaces: what a router's kernel must hold beside its connected prefixes.

    A tunnel's prefix is advertised by both ends, at the cost of their interfaces; on a shared device it is the own
    address, at none.
    """
    everyone = prepare.routers(plan)
    distances = _distances(everyone, start, without)
    best = {}
    for name, (distance, first) in distances.items():
        router = everyone[name]
        offers = [(tunnel.prefix, distance if tunnel.is_shared else distance + tunnel.cost)
                  for tunnel in router.tunnels if tunnel.prefix]
        # Advertised by one router alone: the way to it is the way to that router.
        alone = [ipaddress.ip_network(router.router_id), router.external, router.lan and router.lan.network]
        offers += [(prefix, distance) for prefix in alone if prefix]
        for prefix, offered in offers:
            known = best.get(prefix)
            if known is None or offered < known[0]:
                best[prefix] = (offered, set(first))
            elif offered == known[0]:
                best[prefix] = (offered, known[1] | first)
    return {prefix: first for prefix, (_, first) in best.items() if first}


def wrong_routes(lab, without=frozenset()):
    """Says which router's kernel differs from what the topology demands: no route less, no route more."""
    everyone = prepare.routers(lab.plan)
    for router in everyone.values():
        own = {prefix for prefix in router.interfaces().values() if prefix}
        own.add(ipaddress.ip_network(router.router_id))
        wanted = {prefix: first for prefix, first in wanted_routes(lab.plan, router.name, without).items()
                  if prefix not in own}
        if router.external:
            wanted[router.external] = {"eth2"}
        found = routers.learned_routes(lab, router.name)
        if router.kind == "bird":  # it installs its own stub networks, too
            found = {prefix: first for prefix, first in found.items() if prefix not in own}
        for prefix in sorted(wanted.keys() | found.keys()):
            if wanted.get(prefix) != found.get(prefix):
                return (f"{router.name}: the route to {prefix} is by {_names(found.get(prefix))}, "
                        f"should be by {_names(wanted.get(prefix))}")
    return None


def _names(interfaces):
    return ", ".join(sorted(interfaces)) if interfaces else "nothing"


def all_routes(lab, timeout=PATIENCE, without=frozenset()):
    """Waits until every kernel holds exactly the routes that the topology demands."""
    wait_until(lambda: wrong_routes(lab, without), timeout)


# --- reachability


def every_lan_reaches_every_lan(lab, timeout=PATIENCE):
    """Pings from each LAN's host to each other's, and to what is behind it. Waits until all succeed in one round."""
    hosts = prepare.lan_hosts(lab.plan)
    targets = [*hosts.values(), *prepare.addresses_behind(lab.plan).items()]

    def problem():
        running = []
        for source, _ in hosts.values():
            for target, address in targets:
                if target != source:
                    running.append((f"{source} does not reach {address} of {target}",
                                    lab.popen(source, ["ping", "-n", "-c", "1", "-W", "2", address],
                                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
        failed = [text for text, ping in running if ping.wait() != 0]
        return "; ".join(failed)

    wait_until(problem, timeout)
    return len(targets) * (len(hosts) - 1)


@dataclasses.dataclass
class Traffic:
    """What became of a stream of pings. `gap`: the longest time without an answer, in seconds. `lost_at`:
    when the lost ones were sent, about; `first`: when the first answer came (None without any); in seconds of the
    wall clock."""

    sent: int
    gap: float
    lost_at: list
    first: object

    @property
    def lost(self):
        return len(self.lost_at)

    def __str__(self):
        return f"{self.lost} of {self.sent} packets lost, longest time without an answer {self.gap:.2f} s"


class Pinger:
    """A stream of pings between two nodes, for the time of a `with` block; `result` tells afterwards.

    The block begins when the first one is answered or, with `begin` STARTED, when ping runs.
    """

    ANSWERED, STARTED = " time=", "pid "

    def __init__(self, lab, source, address, interval=0.01, begin=ANSWERED):
        self._lab, self._source, self.interval, self._begin = lab, source, interval, begin
        self._output = tempfile.NamedTemporaryFile("r", encoding="ascii")
        script = f"echo pid $$; exec ping -n -D -i {interval} {address}"
        # The file is opened twice: an offset shared with ping would make it write where this reads.
        with open(self._output.name, "a", encoding="ascii") as writing:
            self._process = lab.popen(source, ["sh", "-c", script], stdout=writing)
        self.result = None

    def _lines(self):
        self._output.seek(0)
        return self._output.read().splitlines()

    def __enter__(self):
        wait_until(lambda: None if self._count_lines(self._begin) else "no ping is answered", 20)
        return self

    def __exit__(self, kind, error, trace):
        pid = re.match(r"pid (\d+)", self._lines()[0]).group(1)
        # SIGINT makes ping print its counts; a packet in flight gets its time first.
        self._lab.exec(self._source, ["kill", "-INT", pid])
        self._process.wait(timeout=20)
        self.result = self._count()
        self._output.close()

    def answered(self):
        """How many pings have been answered so far."""
        return self._count_lines(self.ANSWERED)

    def _count_lines(self, words):
        return sum(words in line for line in self._lines())

    def wait_answers(self, number, timeout=PATIENCE):
        """Waits for so many further answers."""
        target = self.answered() + number
        wait_until(lambda: None if self.answered() >= target else "pings are not answered", timeout)

    def _count(self):
        answers = {}
        sent = 0
        for line in self._lines():
            found = re.match(r"\[([\d.]+)\].*icmp_seq=(\d+).*time=", line)
            if found:
                answers.setdefault(int(found.group(2)), float(found.group(1)))
            found = re.match(r"(\d+) packets transmitted", line)
            if found:
                sent = int(found.group(1))
        # The last one may still have been on its way when ping was told to stop.
        if sent and sent not in answers:
            sent -= 1
        lost_at = []
        last_number, last_time = 0, min(answers.values(), default=0.0)
        for number in sorted(answers):
            step = (answers[number] - last_time) / (number - last_number)
            lost_at += [last_time + step * (lost - last_number) for lost in range(last_number + 1, number)]
            last_number, last_time = number, answers[number]
        lost_at += [last_time + self.interval * (lost - last_number) for lost in range(last_number + 1, sent + 1)]
        times = sorted(answers.values())
        gap = max((later - earlier for earlier, later in zip(times, times[1:])), default=float("inf"))
        return Traffic(sent, gap, lost_at, min(times, default=None))


# --- the check beside a topology


def run_file(lab):
    """Runs NAME.check.py: its function check(lab), which raises CheckFailed for what does not hold."""
    path = lab.path.with_name(lab.path.name.replace(".clab.yml", ".check.py"))
    if not path.exists():
        raise CheckFailed(f"there is no {path}")
    spec = importlib.util.spec_from_file_location("check_of_" + lab.name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.check(lab)


def whole(lab, say=print):
    """The check of every topology of routers with LANs: adjacencies, routes, reachability."""
    begun = time.monotonic()
    if not lab.is_up():
        raise CheckFailed(f"lab {lab.name} is not up, or one of its nodes has ended: see `lab log {lab.name} NODE`")
    all_full(lab)
    say(f"{lab.name}: all adjacencies Full")
    all_routes(lab)
    say(f"{lab.name}: every router has exactly the routes that the topology demands")
    pairs = every_lan_reaches_every_lan(lab)
    say(f"{lab.name}: every LAN reaches every other ({pairs} ways), {time.monotonic() - begun:.1f} s")
