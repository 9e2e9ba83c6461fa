"""The kernel's own WireGuard, in a virtual machine: the triangle, and a hub with five spokes, all on one wg0 each.

The guest runs the same lab runner, the same topologies and the same programs as outside. By hand it runs any tests of
this folder: kernel_wg_test.py shared_test.SharedMesh shared_test.SharedBird
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
import unittest

from kernel_wg import guest
from lab_case import DEAD_INTERVAL, ROOT, LabCase, checks, lab, missing, prepare
from shapes_test import Tree

# The machine is emulated: what takes 0.1 s outside may take longer there.
EMULATION_SLACK = 1.5
# The daemon reads its devices every two seconds, and `wg` tells whole seconds.
HANDSHAKE_SLACK = 10
PASSED_ON = ("PATH", "WGOSPF_BIN", "ROUTER", "MORE_CAP", "WGOSPF_CHANGES", "WGOSPF_SEED")


class InGuest(LabCase):
    """Runs inside; KernelWireGuard starts it."""

    topology = "triangle"

    def test_tunnels_are_the_kernels_own(self):
        for router in self.routers.values():
            for tunnel in router.tunnels:
                self.assertIn("wireguard", self.must(router.name, ["ip", "-d", "link", "show", tunnel.interface]))
        checks.every_lan_reaches_every_lan(self.lab)

    def test_the_daemon_reads_the_kernels_devices(self):
        for router in self.routers.values():
            def peers_are_told(router=router):
                told = json.loads(self.must(router.name, ["wgospfctl", "--json", "show", "peers"]))
                told_at = time.time()  # the commands below take seconds where a processor is emulated
                devices = {device["interface"]: device for device in told["devices"]}
                peers = {peer["interface"]: peer for peer in told["peers"]}
                for tunnel in router.tunnels:
                    name = tunnel.interface
                    # A field without a value is null, not absent.
                    shown = peers.get(name, {}).get("handshake_age")
                    moment = int(self.must(router.name, ["wg", "show", name, "latest-handshakes"]).split()[1])
                    if shown is None or not moment:
                        return f"{router.name}: handshake of {name}: {shown} s ago; wg: at {moment}"
                    if abs(told_at - shown - moment) > HANDSHAKE_SLACK:  # another one may come in between
                        return f"{router.name}: handshake of {name}: {shown} s ago; wg: {told_at - moment} s"
                    for field, what in (("public_key", "public-key"), ("peer", "peers")):
                        key = self.must(router.name, ["wg", "show", name, what]).strip()
                        shown_key = (devices if field == "public_key" else peers)[name]["public_key"]
                        self.assertEqual(shown_key, key, f"{router.name}: {what} of {name}")
                    self.assertEqual(devices[name]["backend"], "kernel")
                return None
            checks.wait_until(peers_are_told, 60)
            interfaces = json.loads(self.must(router.name, ["wgospfctl", "--json", "show", "interfaces"]))["interfaces"]
            for tunnel in router.tunnels:
                [shown] = [interface for interface in interfaces if interface["name"] == tunnel.interface]
                self.assertTrue(shown["wireguard"], f"{router.name}: {shown}")
                self.assertEqual(shown.get("allowed_ips_findings", []), [], f"{router.name}: {tunnel.interface}")

    def test_silent_cut_is_routed_around(self):
        cut, heal = self.cut_and_heal("op1", "op2")
        self.say(f"silent cut: {cut}")
        self.say(f"healed: {heal}")
        self.assertLessEqual(cut.gap, DEAD_INTERVAL + EMULATION_SLACK)


class AdapterInGuest(unittest.TestCase):
    """Runs inside too: the kernel halves of wgadapter's own tests, which are skipped where there is no such device."""

    def test_kernel_halves(self):
        program = pathlib.Path(os.environ.get("WGOSPF_BIN", ROOT / "build/release/bin")) / "wgadapter_test"
        if not program.exists():
            self.skipTest(f"{program} is not built")
        done = subprocess.run([program, "--gtest_filter=Both/*/kernel"], capture_output=True, text=True, timeout=600,
                              check=False)
        told = done.stdout[-4000:] + done.stderr[-2000:]
        self.assertEqual(done.returncode, 0, told)
        self.assertNotIn("[  SKIPPED ]", done.stdout)
        passed = done.stdout.count("[       OK ]")
        self.assertGreater(passed, 0, told)
        print(f"{passed} tests of wgadapter on the kernel's WireGuard")


class StarInGuest(Tree, LabCase):
    """Runs inside; KernelShared starts it. All peers on one wg0."""

    topology = "shared-star"
    tunnel = ("r4", "r1")

    def test_allowed_ips_follow_the_routes(self):
        for router in self.routers.values():
            self.assertIn("wireguard", self.must(router.name, ["ip", "-d", "link", "show", prepare.SHARED_DEVICE]))
        checks.every_lan_reaches_every_lan(self.lab)
        spoke = self.must("r2", ["wg", "show", prepare.SHARED_DEVICE, "allowed-ips"]).split()[1:]
        for name, router in self.routers.items():
            if name != "r2":
                self.assertIn(str(router.lan.network), spoke, f"r2 reaches the LAN of {name} by its only peer")


def run_in_guest(topologies, tests, timeout):
    """Runs tests of this folder, one after the other until one fails. Returns (status, everything said)."""
    # The guest shares the files of the topologies with labs out here, but no lock: keys are made before it starts.
    for topology in topologies:
        prepare.prepare(lab.Lab(topology).plan)
    settings = {"WGOSPF_SLACK": str(EMULATION_SLACK / 3), "TMPDIR": "/run",
                **{name: os.environ[name] for name in PASSED_ON if name in os.environ}}
    lines = [f"cd {shlex.quote(str(ROOT))}", *(f"export {name}={shlex.quote(value)}" for name, value in settings.items()),
             *(f"/usr/bin/python3 tests/integration/run.py {test} || exit" for test in tests)]
    return guest.run("\n".join(lines) + "\n", ROOT / "build/kernel-wg", tests[0], timeout)


class KernelGuest(unittest.TestCase):
    def run_all(self, topologies, tests, timeout):
        if missing():
            self.skipTest(missing())
        for program in ("qemu-system-x86_64", "busybox", "cpio", "depmod"):
            if shutil.which(program) is None:
                self.skipTest(f"there is no {program} (packaging/install-deps test)")
        status, text = run_in_guest(topologies, tests, timeout)
        print(text[-6000:])
        # 77 is "something was skipped": inside nothing may be.
        self.assertEqual(status, 0, "the tests in the guest failed, or the guest did not end by itself")


class KernelWireGuard(KernelGuest):
    def test_triangle_in_a_guest(self):
        self.run_all([InGuest.topology], ["kernel_wg_test.AdapterInGuest", "kernel_wg_test.InGuest"], 1100)


class KernelShared(KernelGuest):
    def test_shared_star_in_a_guest(self):
        self.run_all([StarInGuest.topology], ["kernel_wg_test.StarInGuest"], 1800)


class KernelLabs(KernelGuest):
    """The other labs with many peers on one wg0, whole."""

    def test_bird_in_a_guest(self):
        self.run_all(["shared-bird"], ["shared_test.SharedBird"], 1400)

    def test_bird_and_frr_in_a_guest(self):
        self.run_all(["shared-others"], ["shared_test.SharedOthers"], 1400)

    def test_shared_and_dedicated_in_a_guest(self):
        self.run_all(["shared-dedicated"], ["shared_test.SharedDedicated"], 1400)

    def test_a_mesh_in_a_guest(self):
        self.run_all(["shared-mesh"], ["shared_test.SharedMesh"], 1400)


def main(tests):
    topologies = [path.name[:-len(".clab.yml")] for path in sorted(lab.FOLDER.glob("*.clab.yml"))]
    status, text = run_in_guest(topologies, tests, 3600)
    print(text)
    return 1 if status is None else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
