#!/usr/bin/python3
"""Runs in the machine that tests/integration/systemd_test.py boots: the package's units under systemd as PID 1.

This machine is a router, 10.0.0.1, with a tunnel to another one, 10.0.0.2, in a network namespace; that one is a
transient unit, which the package's upgrade does not touch.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kernel_wg import guest  # noqa: E402 pylint: disable=wrong-import-position

# The processor is emulated: what takes a second elsewhere may take ten here.
PATIENCE = 180
UNIT, FAR, INSTANCE = "wgospfd.service", "far.service", "wgospfd@east.service"
ETC = pathlib.Path("/etc/wgospf")
CONFIG = """router-id: 10.0.0.1
defaults: { hello-interval: 2, dead-interval: 20, patience: 10000, cost: COST }
interfaces:
  - { name: wg0, peers: auto }
  - { name: lan0, passive: true }
"""
FAR_CONFIG = """router-id: 10.0.0.2
defaults: { hello-interval: 2, dead-interval: 20, patience: 10000 }
interfaces:
  - { name: wg0, peers: auto }
  - { name: lan0, passive: true }
api: { listen: "unix:/run/far/api.sock" }
rib: { lock-directory: /run/far }
state-directory: /run/far/state
"""
INSTANCE_CONFIG = """router-id: 10.0.0.3
interfaces: [ { name: lan1, passive: true } ]
api: { listen: "unix:/run/wgospf/east.sock" }
rib: { table: 100 }
state-directory: /var/lib/wgospf/east
"""
# Bits of capabilities(7).
NET_ADMIN, NET_RAW = 1 << 12, 1 << 13


def run(line, status=0, **options):
    """Runs a command line; what it says. `status` None: any."""
    done = subprocess.run(line.split() if isinstance(line, str) else line, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, **options)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{line}: status {done.returncode}: {done.stdout}")
    return done.stdout


def wait(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}\n{log()}\n{run('wgospfctl show neighbors', status=None)}")
        time.sleep(0.2)


def log(unit=UNIT):
    return run(f"journalctl --quiet --no-pager --output cat --lines 200 -u {unit}")


def shown(unit, name):
    return run(f"systemctl show --value -p {name} {unit}").strip()


def pid_of(unit=UNIT):
    return int(shown(unit, "MainPID"))


def neighbors():
    text = run("wgospfctl --json show neighbors", status=None)
    return json.loads(text).get("neighbors", []) if text.startswith("{") else []


def is_full():
    return [neighbor["state"] for neighbor in neighbors()] == ["full"]


def routes():
    return run("ip -4 route show proto 89")


def make_network():
    keys = {name: run("wg genkey").strip() for name in ("near", "far")}
    run("ip netns add far")
    run("ip link add eth0 type veth peer name eth0 netns far")
    for name, prefix, other, number in (("near", "", "far", 1), ("far", "ip netns exec far ", "near", 2)):
        key = pathlib.Path(f"/root/{name}.key")
        key.write_text(keys[name], encoding="ascii")
        public = run(["wg", "pubkey"], input=keys[other]).strip()
        for line in (f"ip addr add 203.0.113.{number}/24 dev eth0", "ip link set eth0 up", "ip link set lo up",
                     "ip link add wg0 type wireguard",
                     f"wg set wg0 private-key {key} listen-port 51820 peer {public} endpoint 203.0.113.{3 - number}:51820 "
                     f"allowed-ips 10.99.0.{3 - number}/32",
                     "ip link set wg0 addrgenmode none", f"ip addr add 10.99.0.{number}/24 dev wg0", "ip link set wg0 up",
                     "ip link add lan0 type dummy", f"ip addr add 192.168.{number}.1/24 dev lan0", "ip link set lan0 up",
                     "sysctl -qw net.ipv4.ip_forward=1"):
            run(prefix + line)
    run("ip link add lan1 type dummy")
    run("ip addr add 192.168.3.1/24 dev lan1")
    run("ip link set lan1 up")


def configure(cost=10, text=None):
    (ETC / "wgospfd.yaml").write_text(text or CONFIG.replace("COST", str(cost)), encoding="ascii")


def setUpModule():
    make_network()
    (ETC / "east.yaml").write_text(INSTANCE_CONFIG, encoding="ascii")
    far = pathlib.Path("/run/far")
    far.mkdir()
    (far / "far.yaml").write_text(FAR_CONFIG, encoding="ascii")
    run(f"systemd-run --quiet --unit={FAR} -p NetworkNamespacePath=/run/netns/far -p Type=notify "
        "wgospfd --config /run/far/far.yaml")


class RouteMonitor:
    """What the kernel tells of its routes, from here to told(), in a test."""

    def __init__(self, test):
        self.file = pathlib.Path("/run/routes-told")
        with self.file.open("w", encoding="utf-8") as out:
            self.process = subprocess.Popen(["ip", "monitor", "route"], stdout=out)
        test.addCleanup(lambda: (self.process.kill(), self.process.wait()))
        wait(lambda: self._hears("198.51.100.0/24"), "the kernel tells of its routes")

    def _hears(self, prefix):
        """A route that comes and goes here, and so all that happened before."""
        for verb in ("add", "del"):
            run(f"ip route {verb} {prefix} dev lan0")
        return f"Deleted {prefix}" in self.file.read_text(encoding="utf-8")

    def told(self):
        wait(lambda: self._hears("203.0.113.128/25"), "the kernel tells of its routes")
        return self.file.read_text(encoding="utf-8")


class Service(unittest.TestCase):
    def setUp(self):
        configure()
        run(f"systemctl reset-failed {UNIT}", status=None)
        run(f"systemctl restart {UNIT}")
        wait(is_full, "the neighbor is full")
        wait(lambda: "192.168.2.0/24" in routes(), "its LAN is in the kernel")

    def test_it_has_started_when_it_is_ready(self):
        run(f"systemctl stop {UNIT}")
        self.assertEqual(routes(), "", "a stop removes the routes")
        run(f"systemctl start {UNIT}")
        self.assertEqual(json.loads(run("wgospfctl --json show status"))["router_id"], "10.0.0.1")

    def test_it_may_do_what_it_needs_and_no_more(self):
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid_of()}/status").read_text("utf-8").splitlines()
                      if ":\t" in line)
        for kind in ("CapPrm", "CapEff", "CapBnd"):
            self.assertEqual(int(status[kind], 16), NET_ADMIN | NET_RAW, kind)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"], status["Umask"]), ("1", "2", "0077"))
        limits = pathlib.Path(f"/proc/{pid_of()}/limits").read_text("ascii")
        self.assertRegex(limits, r"Max open files +65536 ")
        self.assertRegex(limits, r"Max realtime priority +1 ")
        self.assertEqual(pathlib.Path(f"/proc/{pid_of()}/oom_score_adj").read_text("ascii"), "-500\n")
        for unit in (UNIT, INSTANCE):
            run(f"systemd-analyze security --no-pager --threshold=30 {unit}")

    def test_the_group_may_use_the_api_and_nobody_else(self):
        def as_nobody(groups):
            return run(f"setpriv --reuid 65534 --regid 65534 {groups} wgospfctl show status", status=None)
        self.assertIn("10.0.0.1", as_nobody("--groups wgospf"))
        self.assertNotIn("10.0.0.1", as_nobody("--clear-groups"))

    def test_a_reload_that_is_refused_fails_and_changes_nothing(self):
        before = pid_of()
        configure(text="interfaces: 5\n")
        self.assertNotEqual(subprocess.run(["systemctl", "reload", UNIT], check=False, stderr=subprocess.DEVNULL).returncode, 0)
        self.assertIn("wgospfd.yaml:1", log())
        self.assertEqual((shown(UNIT, "ActiveState"), pid_of(), is_full()), ("active", before, True))
        configure(cost=77)
        run(f"systemctl reload {UNIT}")
        interfaces = json.loads(run("wgospfctl --json show interfaces"))["interfaces"]
        self.assertEqual({interface["cost"] for interface in interfaces}, {77})
        self.assertEqual(pid_of(), before)

    def test_one_that_hangs_is_started_anew(self):
        before, restarts = pid_of(), int(shown(UNIT, "NRestarts"))
        monitor = RouteMonitor(self)
        os.kill(before, signal.SIGSTOP)
        wait(lambda: pid_of() not in (0, before), "another process")
        wait(is_full, "the neighbor is full again")
        self.assertIn("Watchdog timeout", log())
        self.assertEqual(int(shown(UNIT, "NRestarts")), restarts + 1)
        self.assertNotIn("Deleted 192.168.2.0/24", monitor.told())

    def test_it_is_started_again_however_often_it_fails(self):
        for count in range(1, 8):
            before = pid_of()
            os.kill(before, signal.SIGKILL)
            wait(lambda before=before: pid_of() not in (0, before), f"start {count}")
        wait(lambda: shown(UNIT, "ActiveState") == "active", "it is active")
        self.assertGreaterEqual(int(shown(UNIT, "NRestarts")), 7)

    def test_a_wrong_configuration_is_not_tried_again(self):
        configure(text="interfaces: 5\n")
        self.assertNotEqual(subprocess.run(["systemctl", "restart", UNIT], check=False, stderr=subprocess.DEVNULL).returncode, 0)
        self.assertEqual((shown(UNIT, "ActiveState"), shown(UNIT, "ExecMainStatus"), shown(UNIT, "NRestarts")), ("failed", "2", "0"))

    def test_a_second_signal_ends_it_at_once(self):
        """While it waits for a neighbor that does not acknowledge any more. systemd starts it again: it has failed."""
        run(f"systemctl kill -s STOP {FAR}")
        self.addCleanup(run, f"systemctl kill -s CONT {FAR}")
        before = pid_of()
        os.kill(before, signal.SIGTERM)
        os.kill(before, signal.SIGINT)
        wait(lambda: pid_of() not in (0, before), "another process")
        self.assertIn("ending at once; routes may be left in the kernel", log())
        self.assertRegex(log(), r"status=1/FAILURE")

    def test_an_upgrade_keeps_the_routes(self):
        run(f"systemctl start {INSTANCE}")
        before = {unit: pid_of(unit) for unit in (UNIT, INSTANCE)}
        version = run("dpkg-query -W -f ${Version} wgospfd")
        monitor = RouteMonitor(self)
        run("dpkg -i /srv/later.deb")
        self.assertEqual(run("dpkg-query -W -f ${Version} wgospfd"), version + "+later")
        for unit, pid in before.items():
            self.assertNotIn(pid_of(unit), (0, pid), unit)
            self.assertIn("stopping (SIGUSR1)", log(unit))
        wait(is_full, "the neighbor is full again")
        wait(lambda: json.loads(run("wgospfctl --json show status"))["converged"], "the network is known again")
        self.assertIn("192.168.2.0/24", routes())
        self.assertNotIn("Deleted 192.168.2.0/24", monitor.told())
        # Only at an upgrade.
        self.assertEqual(list(pathlib.Path("/run/systemd/system").glob("wgospfd*")), [])
        run(f"systemctl restart {UNIT}")
        self.assertIn("stopping (SIGTERM)", log().rpartition("stopping (SIGUSR1)")[2])


class Purge(unittest.TestCase):
    """After the service's own tests."""

    def test_purging_ends_what_runs_and_leaves_nothing(self):
        configure()
        for unit in (UNIT, INSTANCE):
            run(f"systemctl start {unit}")
        wait(lambda: "192.168.2.0/24" in routes(), "the other LAN is in the kernel")
        run("tests/fresh/package --purge", cwd="/root/wgospfd")
        self.assertEqual(run("pgrep -a -f ^/usr/bin/wgospfd.*/etc/wgospf", status=1), "")
        self.assertEqual(routes(), "")
        self.assertEqual(run("systemctl list-units --plain --no-legend --state=active wgospfd*"), "")


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite([loader.loadTestsFromTestCase(case) for case in (Service, Purge)])


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2, module=sys.modules[__name__]).result
    print(guest.STATUS_LINE.format(0 if outcome.wasSuccessful() else 1), flush=True)
