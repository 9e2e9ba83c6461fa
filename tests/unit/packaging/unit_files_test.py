#!/usr/bin/python3
"""The systemd units: what systemd says of them without running them.

`systemd-analyze` (package systemd) checks a unit offline. What needs systemd as PID 1 is shown by
tests/integration/systemd_test.py.
"""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

UNITS = pathlib.Path(__file__).resolve().parents[3] / "packaging/systemd"
NAMES = ("wgospfd.service", "wgospfd@.service")
MOST_EXPOSED = 30  # tenths


def settings(name):
    """Section.Key -> the values in their order."""
    found, section = {}, ""
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


class UnitFiles(unittest.TestCase):
    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *map(str, arguments)], check=False, text=True, capture_output=True)

    def test_what_an_attacker_could_do_is_little(self):
        for name in NAMES:
            done = self.analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", UNITS / name)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_threshold_finds_a_unit_that_may_do_everything(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "wgospfd.service"
            unit.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
            done = self.analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)
        self.assertNotEqual(done.returncode, 0, done.stdout)

    def test_systemd_understands_every_line(self):
        """The programs need not be there, the words and values must be right."""
        with tempfile.TemporaryDirectory() as folder:
            for name, as_unit in (("wgospfd.service", "wgospfd.service"), ("wgospfd@.service", "wgospfd@east.service")):
                text = (UNITS / name).read_text(encoding="utf-8")
                unit = pathlib.Path(folder) / as_unit
                unit.write_text(re.sub(r"(?m)^(Exec\w+=)\S+", rf"\g<1>{shutil.which('true')}", text), encoding="utf-8")
                done = self.analyze("verify", "--man=no", unit)
                ours = [line for line in (done.stdout + done.stderr).splitlines() if "wgospf" in line]
                self.assertEqual(ours, [])

    def test_it_is_started_again_for_as_long_as_it_takes(self):
        for name in NAMES:
            unit = settings(name)
            self.assertEqual(unit["Unit.StartLimitIntervalSec"], ["0"])
            self.assertEqual(unit["Service.Restart"], ["on-failure"])
            self.assertEqual(unit["Service.RestartPreventExitStatus"], ["2"])

    def test_a_reload_fails_where_it_is_refused(self):
        """Through the API, whose client ends with a status; a signal would not."""
        for name in NAMES:
            self.assertRegex(settings(name)["Service.ExecReload"][0], r"^/usr/bin/wgospfctl .*reload$|^/usr/bin/wgospfctl reload$")

    def test_the_group_of_the_socket_is_made(self):
        made = re.findall(r"(?m)^g (\S+)", (UNITS / "wgospfd.conf").read_text(encoding="utf-8"))
        for name in NAMES:
            self.assertEqual(settings(name)["Service.Group"], made)

    def test_an_instance_differs_in_what_is_its_own(self):
        one, many = (set((UNITS / name).read_text(encoding="utf-8").splitlines()) for name in NAMES)
        keys = {line.partition("=")[0] for line in one ^ many if not line.startswith("#")}
        self.assertEqual(keys, {"Description", "ConditionPathExists", "ExecStart", "ExecReload", "StateDirectory"})


if __name__ == "__main__":
    unittest.main()
