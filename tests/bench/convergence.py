#!/usr/bin/python3
"""How long three sites take to find each other, from WireGuard sessions that are up to LANs that reach each other.

In the triangle all three routing daemons are started at the same moment, each with a hello interval of 1 s: first
ours, alone, then FRR's and BIRD's, which mostly wait, side by side in a lab each. Measured from the moment the last one is told to start: the first answered ping from LAN to LAN, and
every kernel holding exactly the routes the topology demands. Medians are printed; what can fail is only the ratio to
FRR in the same run: at most a tenth.
"""

import multiprocessing
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "containerlab"))

from labrunner import checks, lab, prepare, routers  # noqa: E402 pylint: disable=wrong-import-position

# Fewer of those that take long and are steady; $RUNS of all in their place.
_RUNS = {"wgospfd": 5, "frr": 3, "bird": 3}
RATIO = 0.1
SKIPPED = 77
_INSTALLED = {"wgospfd": "wgospfd", "frr": "/usr/lib/frr/ospfd", "bird": "bird"}
# Ours, OSPF of FRR, its next hops (zebra), BIRD's: by number, since `ip nexthop` does not know the names.
_PROTOCOLS = ("89", "188", "11", "12")


def stop_all(world, everyone):
    """No routing daemon, none of its routes; the tunnels stay."""
    for router in everyone.values():
        if routers.processes(world, router):
            routers.kill(world, router)
    for router in everyone.values():
        checks.wait_until(lambda router=router: f"{router.name}: {router.kind} does not end"
                          if routers.processes(world, router) else None)
        for protocol in _PROTOCOLS:
            # Routes through nexthop objects go with these; `ip route flush` alone is refused them by the kernel.
            for kind in ("nexthop", "route"):
                world.exec(router.name, ["ip", kind, "flush", "proto", protocol])
        checks.wait_until(lambda router=router: left_over(world, router))


def left_over(world, router):
    """What a former run has left in a router's kernel, in words; None when its routes are the connected ones."""
    left = routers.learned_routes(world, router.name)
    return f"{router.name} still routes {', '.join(map(str, left))}" if left else None


def sessions_up(world, everyone):
    """A WireGuard session on every tunnel, in use a moment ago."""
    for router in everyone.values():
        for tunnel in router.tunnels:
            peer = next(t for t in everyone[tunnel.peer].tunnels if t.peer == router.name)
            checks.wait_until(lambda router=router, peer=peer: None if world.exec(
                router.name, ["ping", "-n", "-c", "1", "-W", "1", str(peer.address.ip)]).status == 0
                else f"{router.name} does not reach {peer.address.ip}")


def one_run(world, everyone, hosts):
    """(first packet, all routes), in seconds."""
    stop_all(world, everyone)
    sessions_up(world, everyone)
    names = list(hosts)
    pings = checks.Pinger(world, hosts[names[0]][0], hosts[names[-1]][1], begin=checks.Pinger.STARTED)
    with pings:
        starting = []
        first_began = time.time()
        for name in everyone:
            began = time.time()  # of the last one, in the end
            starting.append(world.popen(name, ["/node.sh", "router"]))
        for process in starting:
            process.wait(30)
        checks.wait_until(lambda: checks.wrong_routes(world), 120, interval=0.01)
        routed = time.time() - began
        checks.every_lan_reaches_every_lan(world)
        pings.wait_answers(1)
    if pings.result.first < first_began:
        raise checks.CheckFailed("LANs reached each other with no routing daemon")
    return pings.result.first - began, routed


def measure(kind):
    """Medians (first packet, all routes) of some runs of one kind of router."""
    runs = int(os.environ.get("RUNS", _RUNS[kind]))
    os.environ["WGOSPF_LAB_STATE"] = lab.state_apart(f"convergence-{kind}")
    os.environ["ROUTER"] = kind
    os.environ["MORE_CAP"] = "SYS_ADMIN" if kind == "frr" else "NET_RAW"
    lab.Lab("triangle").down()
    world = lab.Lab("triangle")
    try:
        world.up()
        everyone = prepare.routers(world.plan)
        checks.all_full(world)
        results = [one_run(world, everyone, prepare.lan_hosts(world.plan)) for _ in range(runs)]
    finally:
        world.down()
    packets, routed = zip(*results)
    for name, values in (("first packet", packets), ("all routes", routed)):
        print(f"{kind:8} {name:13} median {statistics.median(values):6.3f} s, least {min(values):6.3f}, "
              f"most {max(values):6.3f} ({runs} runs)", flush=True)
    return statistics.median(packets), statistics.median(routed)


def measure_beside(kind, seconds, told):
    """In a process of its own."""
    signal.alarm(seconds)
    told.put((kind, measure(kind)))


def measure_side_by_side(kinds, seconds):
    """kind -> medians. Raises CheckFailed when one has none."""
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()
    running = [context.Process(target=measure_beside, args=(kind, seconds, told)) for kind in kinds]
    for process in running:
        process.start()
    for process in running:
        process.join()
    medians = {}
    while not told.empty():
        kind, values = told.get()
        medians[kind] = values
    for kind in kinds:
        if kind not in medians:
            raise checks.CheckFailed(f"{kind} was not measured")
    return medians


def end(_number, _frame):
    """Out of time: the lab goes down with the exception."""
    raise TimeoutError("the benchmark took too long")


def main():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        print("skipped: labs need root and /dev/net/tun")
        return SKIPPED
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    signal.signal(signal.SIGALRM, end)
    for kind in _INSTALLED:
        if kind != "wgospfd" and subprocess.run(["which", _INSTALLED[kind]], stdout=subprocess.DEVNULL,
                                                check=False).returncode != 0:
            print(f"skipped: {kind} is not installed")
            return SKIPPED
    signal.alarm(seconds // 2)
    medians = {"wgospfd": measure("wgospfd")}
    signal.alarm(0)
    medians.update(measure_side_by_side(["frr", "bird"], seconds // 2))
    failed = False
    for index, name in enumerate(("first packet", "all routes")):
        ratio = medians["wgospfd"][index] / medians["frr"][index]
        good = ratio <= RATIO
        failed = failed or not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {ratio:.3f} of FRR's (at most {RATIO})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
