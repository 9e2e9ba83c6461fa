"""The service under systemd as PID 1: a Debian of debootstrap with the package, booted in a virtual machine.

tests/fresh/machine makes the Debian, systemd_guest/inside.py is what runs in it.
"""

import os
import pathlib
import shutil
import subprocess
import unittest

from kernel_wg import guest
from lab_case import ROOT, missing

MACHINE = ROOT / "build/fresh/machine"
PROGRAMS = pathlib.Path(os.environ.get("WGOSPF_BIN", ROOT / "build/release/bin"))


class SystemdGuest(unittest.TestCase):
    def test_the_service_in_a_guest(self):
        if missing():
            self.skipTest(missing())
        for program in ("qemu-system-x86_64", "busybox", "cpio", "depmod", "mke2fs", "debootstrap", "dh"):
            if shutil.which(program) is None:
                self.skipTest(f"there is no {program} (packaging/install-deps test deb fresh)")
        subprocess.run([ROOT / "packaging/build-deb"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "WGOSPF_BUILT": str(PROGRAMS.parent)})
        subprocess.run([ROOT / "tests/fresh/run", "--machine"], check=True, timeout=900)
        status, text = guest.boot(MACHINE, ROOT / "build/kernel-wg", "systemd", 1800)
        print(text[-12000:])
        self.assertEqual(status, 0, "the tests in the guest failed, or the guest did not end by itself")
