#!/usr/bin/python3
"""The quick start as it stands in docs/quick-start.md, its files and commands taken from there, between three sites.

Each site is a namespace; they meet on a bridge, which stands for the Internet. Only what a reader has to fill in is put
in: keys, addresses, endpoints.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import two_daemons_test
from two_daemons_test import BIN

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs/quick-start.md"
TEXT = PAGE.read_text(encoding="utf-8")
# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45
MOST_LINES = 8
FIRST_LAN = 35  # op1's is 192.168.35.0/24, and so on


def block(language):
    [text] = re.findall(rf"(?ms)^```{language}\n(.*?)^```", TEXT)
    return text


def commands(heading):
    [text] = re.findall(rf"(?ms)^## \d+\. {heading}\n.*?^```sh\n(.*?)^```", TEXT)
    return text.splitlines()


class QuickStart(two_daemons_test.TwoRouters):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("namespaces need root")
        if shutil.which("wireguard-go") is None or shutil.which("wg-quick") is None:
            self.skipTest("there is no wireguard-go or wg-quick (packaging/install-deps test)")
        self.scratch = tempfile.mkdtemp(prefix="wgospf-quick-")
        self.addCleanup(shutil.rmtree, self.scratch)
        self.internet = self.router("internet")
        self.internet.run("ip link add u0 type bridge")
        self.internet.run("ip link set u0 up")
        self.keys = {}
        self.a, self.b = self.site(1), self.site(2)

    def site(self, number):
        """A machine with an uplink, a LAN and a key; nothing of ours is set up yet."""
        site = self.router(f"op{number}")
        self.internet.run(f"ip link add to{number} type veth peer name u0 netns {site.init.pid}")
        self.internet.run(f"ip link set to{number} master u0 up")
        site.run(f"ip addr add 10.1.0.{number}/24 dev u0")
        site.run("ip link set u0 up")
        site.add_lan("br-lan", f"192.168.{FIRST_LAN + number - 1}.1/24")
        private = site.run("wg genkey").strip()
        public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()
        self.keys[number] = (private, public)
        return site

    def set_up(self, site, number, peers):
        """Sections 2 to 4 of the page."""
        interface, peer = block("ini").split("\n\n")
        interface = interface.replace("PrivateKey = ...", f"PrivateKey = {self.keys[number][0]}")
        interface = interface.replace("10.99.0.1/24", f"10.99.0.{number}/24")
        parts = [interface]
        for other in peers:
            part = peer.replace("PublicKey = ...", f"PublicKey = {self.keys[other][1]}")
            part = part.replace("10.99.0.2/32", f"10.99.0.{other}/32")
            parts.append(part.replace("op2.example.net", f"10.1.0.{other}"))
        (site.folder / "wg0.conf").write_text("\n\n".join(parts), encoding="utf-8")
        site.configure(block("yaml"))
        self.assertIn("wg-quick up wg0", commands("Start"))
        site.run(f"wg-quick up {site.folder}/wg0.conf")
        self.addCleanup(subprocess.run, site.command("ip", "link", "del", "wg0"), check=False, capture_output=True)
        site.start()

    def reaches(self, site, number, other):
        """From LAN to LAN."""
        site.run(f"ping -n -c 1 -W 1 -I 192.168.{FIRST_LAN + number - 1}.1 192.168.{FIRST_LAN + other - 1}.1")
        return True

    def wait_for_all(self, sites):
        for number, site in sites.items():
            for other in sites:
                if other != number:
                    self.wait(lambda s=site, n=number, o=other: self.reaches(s, n, o),
                              f"op{number} reaches the LAN of op{other}", HANDSHAKES)

    def test_two_sites_and_a_third(self):
        lines = [line for line in block("yaml").splitlines() if line.strip()]
        self.assertLessEqual(len(lines), MOST_LINES)
        self.set_up(self.a, 1, [2])
        self.set_up(self.b, 2, [1])
        sites = {1: self.a, 2: self.b}
        self.wait_for_all(sites)
        for command in commands("Look"):
            program, *words = shlex.split(command)
            self.a.run(f"{BIN / program} {' '.join(words)}")

        [allowed] = re.findall(r"`wg set wg0 peer KEY allowed-ips\s+(\S+)`", TEXT)
        third = self.site(3)
        for site in sites.values():
            site.run(f"wg set wg0 peer {self.keys[3][1]} allowed-ips {allowed}")
        self.set_up(third, 3, [1, 2])
        self.wait_for_all({**sites, 3: third})


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    PROGRAM = unittest.main(verbosity=2, exit=False)
    if not PROGRAM.result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if PROGRAM.result.skipped else 0)
