#!/usr/bin/python3
"""How long three sites take to find each other, from WireGuard sessions that are up to LANs that reach each other.

In the triangle all three routing daemons are started at the same moment, ours, FRR's and BIRD's in turn, each with a
hello interval of 1 s. Measured from the moment the last one is told to start: the first answered ping from LAN to LAN, and
every kernel holding exactly the routes the topology demands. Medians are printed; what can fail is only the ratio to
FRR in the same run: at most a tenth.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "containerlab"))

from labrunner import checks, lab, prepare, routers  # noqa: E402 pylint: disable=wrong-import-position

RUNS = int(os.environ.get("RUNS", "10"))
RATIO = 0.1
SKIPPED = 77
_INSTALLED = {"wgospfd": "wgospfd", "frr": "/usr/lib/frr/ospfd", "bird": "bird"}
_PROTOCOLS = ("89", "ospf", "bird")


def stop_all(world, everyone):
    """No routing daemon, none of its routes; the tunnels stay."""
    for router in everyone.values():
        if routers.processes(world, router):
            routers.kill(world, router)
        checks.wait_until(lambda router=router: f"{router.name}: {router.kind} does not end"
                          if routers.processes(world, router) else None)
        for protocol in _PROTOCOLS:
            world.exec(router.name, ["ip", "route", "flush", "proto", protocol])


def sessions_up(world, everyone):
    """A WireGuard session on every tunnel, in use a moment ago."""
    for router in everyone.values():
        for tunnel in router.tunnels:
            peer = next(t for t in everyone[tunnel.peer].tunnels if t.peer == router.name)
            checks.wait_until(lambda router=router, peer=peer: None if world.exec(
                router.name, ["ping", "-n", "-c", "1", "-W", "1", str(peer.address.ip)]).status == 0
                else f"{router.name} does not reach {peer.address.ip}")


class Stream:
    """Pings from before the daemons start until the first is answered."""

    def __init__(self, world, source, address):
        self._world, self._source = world, source
        script = f"echo $$; exec ping -D -n -i 0.01 {address}"
        self._process = world.popen(source, ["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._pid = self._process.stdout.readline().strip()

    def end(self):
        """The moment of the first answer, in seconds of the wall clock; None when there was none."""
        self._world.exec(self._source, ["kill", "-INT", self._pid])
        out, _ = self._process.communicate(timeout=30)
        found = re.search(r"^\[([\d.]+)\] \d+ bytes from \S+ icmp_seq=\d+ ttl", out, re.MULTILINE)
        return float(found.group(1)) if found else None


def one_run(world, everyone, hosts):
    """(first packet, all routes), in seconds."""
    stop_all(world, everyone)
    sessions_up(world, everyone)
    names = list(hosts)
    stream = Stream(world, hosts[names[0]][0], hosts[names[-1]][1])
    try:
        starting = []
        for name in everyone:
            began = time.time()  # of the last one, in the end
            starting.append(world.popen(name, ["/node.sh", "router"]))
        for process in starting:
            process.wait(30)
        checks.wait_until(lambda: checks.wrong_routes(world), 120, interval=0.01)
        routed = time.time() - began
        checks.every_lan_reaches_every_lan(world)
    finally:
        answered = stream.end()
    if answered is None:
        raise checks.CheckFailed("no ping was answered")
    return answered - began, routed


def measure(kind):
    """Medians (first packet, all routes) of RUNS runs of one kind of router."""
    os.environ["ROUTER"] = kind
    os.environ["MORE_CAP"] = "SYS_ADMIN" if kind == "frr" else "NET_RAW"
    world = lab.Lab("triangle")
    world.down()
    try:
        world.up()
        everyone = prepare.routers(world.plan)
        checks.all_full(world)
        results = [one_run(world, everyone, prepare.lan_hosts(world.plan)) for _ in range(RUNS)]
    finally:
        world.down()
    packets, routed = zip(*results)
    for name, values in (("first packet", packets), ("all routes", routed)):
        print(f"{kind:8} {name:13} median {statistics.median(values):6.3f} s, least {min(values):6.3f}, "
              f"most {max(values):6.3f} ({RUNS} runs)", flush=True)
    return statistics.median(packets), statistics.median(routed)


def main():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        print("skipped: labs need root and /dev/net/tun")
        return SKIPPED
    medians = {}
    for kind in _INSTALLED:
        if kind != "wgospfd" and subprocess.run(["which", _INSTALLED[kind]], stdout=subprocess.DEVNULL,
                                                check=False).returncode != 0:
            print(f"skipped: {kind} is not installed")
            return SKIPPED
        medians[kind] = measure(kind)
    failed = False
    for index, name in enumerate(("first packet", "all routes")):
        ratio = medians["wgospfd"][index] / medians["frr"][index]
        good = ratio <= RATIO
        failed = failed or not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {ratio:.3f} of FRR's (at most {RATIO})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
