"""The triangle on the kernel's own WireGuard, in a virtual machine: LAN to LAN, and a silent cut healed.

The guest runs the same lab runner, the same topology and the same programs as outside.
"""

import os
import shutil
import unittest

from kernel_wg import guest
from lab_case import DEAD_INTERVAL, ROOT, LabCase, checks, missing

# The machine is emulated: what takes 0.1 s outside may take longer there.
EMULATION_SLACK = 1.5


class InGuest(LabCase):
    """Runs inside; KernelWireGuard starts it."""

    topology = "triangle"

    def test_tunnels_are_the_kernels_own(self):
        for router in self.routers.values():
            for tunnel in router.tunnels:
                self.assertIn("wireguard", self.must(router.name, ["ip", "-d", "link", "show", tunnel.interface]))
        checks.every_lan_reaches_every_lan(self.lab)

    def test_silent_cut_is_routed_around(self):
        cut, heal = self.cut_and_heal("op1", "op2")
        self.say(f"silent cut: {cut}")
        self.say(f"healed: {heal}")
        self.assertLessEqual(cut.gap, DEAD_INTERVAL + EMULATION_SLACK)


class KernelWireGuard(unittest.TestCase):
    def test_triangle_in_a_guest(self):
        if missing():
            self.skipTest(missing())
        for program in ("qemu-system-x86_64", "busybox", "cpio", "depmod"):
            if shutil.which(program) is None:
                self.skipTest(f"there is no {program} (packaging/install-deps test)")
        cache = ROOT / "build/kernel-wg"
        settings = " ".join(f"{name}={os.environ[name]}" for name in ("WGOSPF_BIN", "ROUTER", "MORE_CAP")
                            if name in os.environ)
        script = (f"export TMPDIR=/run PATH={os.environ['PATH']} {settings}\ncd {ROOT}\n"
                  f"exec /usr/bin/python3 tests/integration/run.py kernel_wg_test.InGuest\n")
        status, text = guest.run(script, cache, timeout=900)
        print(text[-6000:])
        self.assertEqual(status, 0, "the tests in the guest failed, or the guest did not end by itself")
