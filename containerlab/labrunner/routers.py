"""What a node's routing daemon thinks, in one shape for wgospfd, FRR and BIRD.

The kernel's routes are read with `ip` alike for all three, since they are what carries packets.
"""

import dataclasses
import ipaddress
import json
import signal

from .lab import LabError

_PROCESSES = {"wgospfd": ("wgospfd",), "frr": ("ospfd", "zebra", "bfdd"), "bird": ("bird",)}


@dataclasses.dataclass(frozen=True)
class Neighbor:
    """One adjacency. `state` is in lower case, "full" when it is."""

    router_id: str
    interface: str
    state: str


def _json(lab, node, argv):
    result = lab.exec(node, argv)
    if result.status != 0 or not result.out.strip():
        raise LabError(f"{node}: {' '.join(argv)}: {(result.err or result.out).strip() or 'no answer'}")
    return json.loads(result.out)


def _wgospfd_neighbors(lab, node):
    answer = _json(lab, node, ["wgospfctl", "--json", "show", "neighbors"])
    rows = answer["neighbors"]
    return [Neighbor(row["neighbor_router_id"], row["interface"], row["state"].lower()) for row in rows]


def _frr_neighbors(lab, node):
    answer = _json(lab, node, ["vtysh", "-c", "show ip ospf neighbor json"])
    rows = answer.get("neighbors", answer)
    return [Neighbor(router_id, row["ifaceName"].partition(":")[0], row["nbrState"].partition("/")[0].lower())
            for router_id, entries in rows.items() for row in entries]


def _bird_neighbors(lab, node):
    result = lab.exec(node, ["birdc", "-s", "/run/bird/bird.ctl", "show", "ospf", "neighbors"])
    if result.status != 0:
        raise LabError(f"{node}: birdc: {(result.err or result.out).strip()}")
    found = []
    for line in result.out.splitlines():
        words = line.split()
        if len(words) >= 5 and words[0].count(".") == 3:
            found.append(Neighbor(words[0], words[4], words[2].partition("/")[0].lower()))
    return found


_NEIGHBORS = {"wgospfd": _wgospfd_neighbors, "frr": _frr_neighbors, "bird": _bird_neighbors}


def neighbors(lab, router):
    """The adjacencies of a router, as its daemon tells them. Raises LabError while it does not answer."""
    return _NEIGHBORS[router.kind](lab, router.name)


def learned_routes(lab, node):
    """prefix -> set of interfaces, of the unicast routes in a node's main table but those of the kernel's own."""
    found = {}
    for route in _json(lab, node, ["ip", "-json", "-4", "route", "show", "table", "main"]):
        if route.get("protocol") == "kernel" or route.get("type", "unicast") != "unicast":
            continue
        text = "0.0.0.0/0" if route["dst"] == "default" else route["dst"]
        hops = route.get("nexthops", [route])
        found.setdefault(ipaddress.ip_network(text), set()).update(hop["dev"] for hop in hops if "dev" in hop)
    return found


def processes(lab, router):
    """Process ids, inside the node, of the router's daemon."""
    found = []
    for name in _PROCESSES[router.kind]:
        found += [int(word) for word in lab.exec(router.name, ["pidof", name]).out.split()]
    return found


def send(lab, router, number):
    """Sends a signal to the router's daemon and to nothing else."""
    running = processes(lab, router)
    if not running:
        raise LabError(f"{router.name}: {router.kind} is not running")
    lab.exec(router.name, ["kill", f"-{int(number)}", *map(str, running)])


def kill(lab, router):
    """Ends the daemon as a crash would: nothing of it runs afterwards, nothing is tidied up."""
    send(lab, router, signal.SIGKILL)


def start(lab, router):
    """Starts the daemon again."""
    result = lab.exec(router.name, ["/node.sh", "router"])
    if result.status != 0:
        raise LabError(f"{router.name}: {result.err.strip()}")


def log(lab, router):
    """Everything the daemon has said."""
    return lab.exec(router.name, ["cat", "/run/router.log"]).out
