"""The story that ./demo tells: three sites find each other, lose a tunnel, route around it, and get it back."""

import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from labrunner import checks, lab, namespaces, prepare, topology  # noqa: E402 pylint: disable=wrong-import-position

_CUT = frozenset([frozenset(("op1", "op2"))])
_EXPECTED = (lab.LabError, namespaces.NodeError, topology.TopologyError, checks.CheckFailed,
             subprocess.SubprocessError)

_LOOK_AROUND = """
The three sites keep running. Look around:
  containerlab/lab exec triangle op1 -- wgospfctl show status
  containerlab/lab exec triangle op1 -- wgospfctl show path 192.168.37.0/24
  containerlab/lab exec triangle op1 -- wgospfctl watch
  containerlab/lab exec triangle lan1 -- ping 192.168.36.10
  containerlab/lab cut triangle op1 op2       drops all datagrams between op1 and op2
  containerlab/lab heal triangle op1 op2
  containerlab/lab shell triangle op1
  ./demo --clean                              ends it all
"""


def say(text=""):
    print(text, flush=True)


def chapter(text):
    say(f"\n== {text}")


def show(network, node, *argv):
    """Shows a command and what it prints; fails as it fails."""
    say(f"{node}# {' '.join(argv)}")
    result = network.exec(node, list(argv))
    say(result.out.rstrip())
    if result.status != 0:
        raise checks.CheckFailed(f"{node}: {' '.join(argv)}: {result.err.strip()}")


def find_each_other(network):
    chapter("Three sites, op1, op2 and op3, each with a LAN, joined pairwise by WireGuard tunnels")
    begun = time.monotonic()
    network.up()
    tunnels = {router.name: [tunnel.interface for tunnel in router.tunnels]
               for router in prepare.routers(network.plan).values()}
    for name, interfaces in tunnels.items():
        say(f"  {name}: tunnels {', '.join(interfaces)}")
    say("Waiting until all neighbors are Full and every router knows every LAN ...")
    checks.all_full(network)
    checks.all_routes(network)
    say(f"All there {time.monotonic() - begun:.1f} s after the first node was started.")
    chapter("What op1 knows")
    show(network, "op1", "wgospfctl", "show", "neighbors")
    show(network, "op1", "wgospfctl", "show", "routes")
    chapter("A host in op1's LAN reaches one in op2's")
    show(network, "lan1", "ping", "-n", "-c", "3", "-i", "0.2", "192.168.36.10")
    ways = checks.every_lan_reaches_every_lan(network)
    say(f"Every LAN reaches every other ({ways} ways).")


def lose_a_tunnel(network):
    chapter("The tunnel op1-op2 dies silently: its datagrams are dropped on the way, both ends stay up")
    with checks.Pinger(network, "lan1", "192.168.36.10") as pinger:
        network.cut("op1", "op2")
        say("Pinging 100 times a second meanwhile; waiting for the way around by op3 ...")
        checks.all_routes(network, without=_CUT)
        pinger.wait_answers(50)
    say(f"Traffic takes the other way: {pinger.result}.")
    show(network, "op1", "wgospfctl", "show", "path", "192.168.36.0/24")
    say(f"(The dead interval is {prepare.DEAD_INTERVAL} s: so long a silent neighbor is given.)")
    limit = prepare.DEAD_INTERVAL + 0.5
    if pinger.result.gap > limit:
        raise checks.CheckFailed(f"the gap should be at most {limit} s")


def get_it_back(network):
    chapter("The tunnel works again")
    with checks.Pinger(network, "lan1", "192.168.36.10") as pinger:
        network.heal("op1", "op2")
        checks.all_full(network)
        checks.all_routes(network)
        pinger.wait_answers(50)
    say(f"Traffic is back on the direct way: {pinger.result}.")
    if pinger.result.lost:
        raise checks.CheckFailed("packets were lost on the way back")


def main(keep):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    network = lab.Lab("triangle")
    if network.is_up():
        say("The triangle is up already; ./demo --clean ends it.")
        return 1
    kept = False
    try:
        for part in (find_each_other, lose_a_tunnel, get_it_back):
            part(network)
        kept = keep
        say(_LOOK_AROUND if keep else "\nAll of it held. (./demo --keep leaves it running.)")
        return 0
    except _EXPECTED as error:
        print(f"demo: this did not hold: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130
    finally:
        if not kept:
            network.down()


if __name__ == "__main__":
    sys.exit(main("--keep" in sys.argv[1:]))
