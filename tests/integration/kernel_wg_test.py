"""The triangle on the kernel's own WireGuard, in a virtual machine: LAN to LAN, and a silent cut healed.

The guest runs the same lab runner, the same topology and the same programs as outside.
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import time
import unittest

from kernel_wg import guest
from lab_case import DEAD_INTERVAL, ROOT, LabCase, checks, lab, missing, prepare

# The machine is emulated: what takes 0.1 s outside may take longer there.
EMULATION_SLACK = 1.5
# The daemon reads its devices every two seconds, and `wg` tells whole seconds.
HANDSHAKE_SLACK = 10


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


class KernelWireGuard(unittest.TestCase):
    def test_triangle_in_a_guest(self):
        if missing():
            self.skipTest(missing())
        for program in ("qemu-system-x86_64", "busybox", "cpio", "depmod"):
            if shutil.which(program) is None:
                self.skipTest(f"there is no {program} (packaging/install-deps test)")
        # The guest shares the files of the topology with labs out here, but no lock: keys are made before it starts.
        prepare.prepare(lab.Lab(InGuest.topology).plan)
        cache = ROOT / "build/kernel-wg"
        settings = " ".join(f"{name}={shlex.quote(os.environ[name])}"
                            for name in ("PATH", "WGOSPF_BIN", "ROUTER", "MORE_CAP") if name in os.environ)
        run = "/usr/bin/python3 tests/integration/run.py kernel_wg_test"
        # 77 is "something was skipped": in here nothing may be.
        script = (f"export TMPDIR=/run {settings}\ncd {shlex.quote(str(ROOT))}\n"
                  f"{run}.AdapterInGuest || exit\nexec {run}.InGuest\n")
        status, text = guest.run(script, cache, timeout=1100)
        print(text[-6000:])
        self.assertEqual(status, 0, "the tests in the guest failed, or the guest did not end by itself")
