"""What the integration tests share: a lab that is up for the tests of a class, and what is done to it.

The labs are containerlab/*.clab.yml, run by containerlab/labrunner; there is no other harness. Every wait has
a deadline of several times what is expected, and the lab goes down however the tests end.
"""

import atexit
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "containerlab"))

from labrunner import checks, lab, prepare, routers  # noqa: E402 pylint: disable=wrong-import-position

DEAD_INTERVAL = prepare.DEAD_INTERVAL
# What a silent cut is expected to cost beside the dead interval: flooding, calculation, the kernel. Printed; what
# fails is three times as much. More where the machine is emulated.
SLACK = float(os.environ.get("WGOSPF_SLACK", "0.1"))
_VARIABLES = ("ROUTER", "MORE_CAP", "LS_REFRESH", "WG_LOG", "BFD")


def missing():
    """Why no lab can run here, None when it can."""
    if os.geteuid() != 0:
        return "labs need root"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    return None


class LabCase(unittest.TestCase):
    """`topology` names the lab. It is built once for the class; each test begins and ends with it whole."""

    topology = ""
    variables = {}

    @classmethod
    def setUpClass(cls):
        reason = missing()
        if reason:
            raise unittest.SkipTest(reason)
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(cls.variables)
        # A lab of the class's own: one that a user keeps running is not touched, what that one is built as does not
        # count, and classes may run side by side.
        os.environ["WGOSPF_LAB_STATE"] = lab.state_apart(cls.__name__)
        lab.Lab(cls.topology).down()
        cls.lab = lab.Lab(cls.topology)
        atexit.register(cls.lab.down)
        cls.addClassCleanup(cls.lab.down)
        cls.lab.up()
        cls.routers = prepare.routers(cls.lab.plan)
        cls.hosts = prepare.lan_hosts(cls.lab.plan)
        cls.addClassCleanup(cls.end_in_order)

    @classmethod
    def end_in_order(cls):
        """Asks every daemon of ours to end: all do, within their time, and none has a word to say of a sanitizer."""
        ours = [router for router in cls.routers.values() if router.kind == "wgospfd"]
        for router in ours:
            routers.send(cls.lab, router, signal.SIGTERM)
        for router in ours:
            checks.wait_until(lambda router=router: f"{router.name}: wgospfd does not end"
                              if routers.processes(cls.lab, router) else None)
            text = routers.log(cls.lab, router)
            for words in ("Sanitizer", "runtime error"):
                if words in text:
                    raise checks.CheckFailed(f"{router.name}: {text[-4000:]}")

    def setUp(self):
        self.whole()

    def tearDown(self):
        if self.failures_so_far():
            self.tell_everything()

    def failures_so_far(self):
        return any(error for _, error in getattr(self._outcome, "errors", [])) or not self._outcome.success

    def tell_everything(self):
        """What someone who reads only the test's output wants to know of a failure."""
        for router in self.routers.values():
            print(f"--- {router.name}", routers.log(self.lab, router)[-4000:], sep="\n")

    def whole(self):
        """Every adjacency Full, every kernel as the topology demands."""
        checks.all_full(self.lab)
        checks.all_routes(self.lab)

    def say(self, text):
        print(f"{self.topology}: {text}", flush=True)

    def ping(self, source, target):
        """A stream of pings from a LAN's host to another's; the LANs are named by their routers."""
        return checks.Pinger(self.lab, self.hosts[source][0], self.hosts[target][1])

    # --- what is done to a lab

    def cut_and_heal(self, first, second):
        """Cuts a tunnel silently and heals it, under traffic between its ends. Returns the two Traffics."""
        without = frozenset([frozenset((first, second))])
        with self.ping(first, second) as during_cut:
            self.lab.cut(first, second)
            self.addCleanup(self.lab.heal, first, second)
            checks.all_routes(self.lab, without=without)
            checks.all_full(self.lab, without=without)
            during_cut.wait_answers(50)
        with self.ping(first, second) as during_heal:
            self.lab.heal(first, second)
            self.whole()
            during_heal.wait_answers(50)
        return during_cut.result, during_heal.result

    def set_costs(self, name, costs):
        """Has a router of ours read a configuration with other costs, interface -> cost; the plan is so from now on, too."""
        self.write_costs(name, costs)
        self.read_again(name)

    def read_again(self, name):
        routers.send(self.lab, self.routers[name], signal.SIGHUP)

    def write_costs(self, name, costs):
        environment = self.lab.plan.nodes[name].env
        known = dict(text.split("=") for text in environment.get("COSTS", "").split())
        known.update({interface: str(cost) for interface, cost in costs.items()})
        environment["COSTS"] = " ".join("=".join(item) for item in known.items())
        self.lab.overlay(name, "/etc/wgospf/wgospfd.yaml", prepare.configuration(self.lab.plan, name))

    def peers(self, name):
        return json.loads(self.must(name, ["wgospfctl", "--json", "show", "peers"]))["peers"]

    def keys_not_known(self):
        """Says which key is not known yet to speak for a router: a second one for the same router takes half a minute, in
        which the tunnel must not go."""
        for name, router in self.routers.items():
            if router.kind == "wgospfd":
                unknown = [peer["name"] for peer in self.peers(name) if not peer["speaks_for"]]
                if unknown:
                    return f"{name} has not learned what the keys of {unknown} speak for"
        return None

    def recreate_interface(self, name, peer):
        """Deletes the WireGuard interface of a router to a peer and makes it again, under a new ifindex. One that is
        shared is for a router whose only peer there this is."""
        interface = next(tunnel.device for tunnel in self.routers[name].tunnels if tunnel.peer == peer)
        before = self.ifindex(name, interface)
        self.must(name, ["ip", "link", "del", interface])
        checks.all_full(self.lab, without=frozenset([frozenset((name, peer))]))
        self.must(name, ["/node.sh", "shared"] if interface == prepare.SHARED_DEVICE else ["/node.sh", "tunnel", peer])
        self.assertNotEqual(self.ifindex(name, interface), before)
        self.whole()

    def ifindex(self, name, interface):
        return int(self.must(name, ["cat", f"/sys/class/net/{interface}/ifindex"]))

    def must(self, name, argv):
        result = self.lab.exec(name, argv)
        self.assertEqual(result.status, 0, f"{name}: {argv}: {result.err or result.out}")
        return result.out

    def kill_and_restart(self, name, pinger):
        """Kills a router's daemon with -9 and starts it again, within the dead interval, under traffic.

        Returns when its new run said its first hello, in seconds of the wall clock, as a neighbor heard it.
        """
        router = self.routers[name]
        neighbor, interface, tunnel = self._a_numbered_neighbor(router)
        routers.kill(self.lab, router)
        killed = time.monotonic()
        pinger.wait_answers(100)
        capture = ["tcpdump", "-n", "-tt", "-l", "-c", "1", "-i", interface, f"proto 89 and src host {tunnel}"]
        with tempfile.NamedTemporaryFile("r", encoding="ascii") as words:
            with open(words.name, "w", encoding="ascii") as writing:
                listener = self.lab.popen(neighbor, capture, stdout=subprocess.PIPE, stderr=writing)
            checks.wait_until(lambda: None if "listening" in pathlib.Path(words.name).read_text(encoding="ascii")
                              else "tcpdump is not ready", 20)
        routers.start(self.lab, router)
        self.assertLess(time.monotonic() - killed, DEAD_INTERVAL, "the restart came too late to be one")
        out, _ = listener.communicate(timeout=30)
        first_hello = float(re.match(r"[\d.]+", out).group(0))
        self.whole()
        pinger.wait_answers(50)
        return first_hello

    def _a_numbered_neighbor(self, router):
        """A neighbor, its interface to the router, and the address that the router speaks from there."""
        tunnel = next((tunnel for tunnel in router.tunnels if tunnel.address), router.tunnels[0])
        interface = tunnel.device if tunnel.is_shared else f"wg-{router.name}"
        return tunnel.peer, interface, tunnel.address.ip if tunnel.address else router.router_id
