#!/usr/bin/python3
"""BFD over a real tunnel of wireguard-go: a is ours, b is ours, BIRD, or FRR with its bfdd.

Sessions come up at both ends; when the tunnel is cut and nobody says so, the neighbor is gone long before the dead
interval, at both ends, for the reason that is told; a session that is taken down on purpose is no loss.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import two_daemons_test
from two_daemons_test import ACTIVE, DEAD, PASSIVE, config, main

FRR = pathlib.Path("/usr/lib/frr")
# Calm enough for a process of user space on a busy machine: it is up to a second late before anybody is given up.
BFD = ["bfd: { enabled: true, min-interval: 200000, local-multiplier: 5 }", "patience: off"]
# The dead interval has 4 s, from 3 s after the cut on: who is gone before was not given up by it.
DETECTED = DEAD - 1


class Bfd(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.tunnel("10.2.0.{}/30", "0.0.0.0/0")
        self.configure(self.a, BFD)
        self.configure(self.b, BFD)

    @staticmethod
    def configure(router, settings):
        router.configure(config([("wg0", ACTIVE + settings), ("lan", PASSIVE), ("lo", PASSIVE)]))

    def session(self, router):
        sessions = router.show("bfd")["sessions"]
        return sessions[0] if sessions else {"state": None}

    def wait_for_up(self, router):
        # Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
        self.wait(lambda: self.session(router)["state"] == "up", f"the session of {router.name} is up", 60)

    def cut(self):
        """Nothing comes in over the underlay any more, and nobody is told."""
        for router in (self.a, self.b):
            router.run("nft add table inet cut")
            router.run("nft add chain inet cut input { type filter hook input priority 0 ; }")
        begin = time.monotonic()
        for router in (self.a, self.b):
            router.run("nft add rule inet cut input iifname v0 drop")
        return begin

    def mend(self):
        for router in (self.a, self.b):
            router.run("nft delete table inet cut")

    def assert_lost_at_once(self):
        """a has no route to b's LAN any more; how long that took."""
        begin = self.cut()
        self.wait_for_route(self.a, "192.168.2.0/24", there=False)
        took = time.monotonic() - begin
        self.assertLess(took, DETECTED)
        print(f"{self.id()}: gone {took * 1000:.0f} ms after the cut")
        self.wait_for_log(self.a, "its BFD session went down")
        self.assertRegex(self.a.log(), r"BFD session with 10\.0\.0\.2 \(10\.2\.0\.2\) on wg0: Up -> Down: "
                                       r"(control detection time expired|the neighbor says that it is Down)")


class Ours(Bfd):
    def test_up_cut_and_up_again(self):
        self.start_both()
        for router in (self.a, self.b):
            self.wait_for_up(router)
            self.wait(lambda r=router: self.neighbor(r).get("bfd_state") == "up", "neighbors show it")
        session = self.session(self.a)
        self.assertEqual((session["address"], session["source_address"], session["interface"]),
                         ("10.2.0.2", "10.2.0.1", "wg0"))
        # Once the Poll Sequence is through.
        self.wait(lambda: self.session(self.a)["detection_time"] == 1.0, "200 ms five times are in force")
        self.assertEqual(self.session(self.a)["transmit_interval"], 0.2)
        text = self.a.run(f"{two_daemons_test.BIN}/wgospfctl show bfd")
        self.assertRegex(text, r"wg0 +10\.0\.0\.2 +10\.2\.0\.2 +up +up +\S+ +200 ms +1000 ms +0")
        self.assert_lost_at_once()
        self.wait(lambda: "its BFD session went down" in self.b.log(), "b has lost a, too")
        self.mend()
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.wait_for_up(self.a)

    def test_administratively_down_is_no_loss(self):
        """RFC 5882 4.2: b ends the session by a reload, and the adjacency stays as it was at both ends."""
        self.start_both()
        self.wait_for_up(self.a)
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        changes = self.neighbor(self.a)["state_changes"]
        self.configure(self.b, ["patience: off"])
        self.b.send(two_daemons_test.signal.SIGHUP)
        self.wait_for_log(self.a, "the neighbor says that it is administratively down")
        self.wait(lambda: self.b.show("bfd")["sessions"] == [], "b has no session")
        self.wait(lambda: self.session(self.a)["state"] == "down", "a's is down")
        # As long as a detection time and the dead interval would need.
        self.wait(lambda: self.session(self.a)["state_age"] > DEAD + 1, "time passes")
        self.assertEqual(self.neighbor(self.a)["state_changes"], changes)
        self.assertNotIn("its BFD session went down", self.a.log())
        self.configure(self.b, BFD)
        self.b.send(two_daemons_test.signal.SIGHUP)
        self.wait_for_up(self.a)

    def test_a_new_interval_does_not_take_it_down(self):
        """RFC 5880 6.8.3."""
        self.start_both()
        self.wait_for_up(self.a)
        self.wait_for_up(self.b)
        self.configure(self.b, ["bfd: { enabled: true, min-interval: 400000, local-multiplier: 4 }", "patience: off"])
        self.b.send(two_daemons_test.signal.SIGHUP)
        self.wait(lambda: self.session(self.a)["detection_time"] == 1.6, "four times 400 ms")
        self.wait(lambda: self.session(self.a)["transmit_interval"] == 0.4, "b wants no more")
        self.assertEqual([self.session(router)["down_count"] for router in (self.a, self.b)], [0, 0])

    def test_an_orderly_end_is_no_failure(self):
        self.start_both()
        self.wait_for_up(self.a)
        self.assertEqual(self.b.end(), 0)
        self.wait_for_route(self.a, "192.168.2.0/24", there=False)
        self.assertNotIn("its BFD session went down", self.a.log())


class Bird(Bfd):
    def test_interoperation(self):
        if shutil.which("bird") is None:
            self.skipTest("there is no bird (packaging/install-deps test)")
        file = self.b.folder / "bird.conf"
        file.write_text("log stderr all;\nrouter id 10.0.0.2;\nprotocol device {}\n"
                        "protocol kernel { ipv4 { import none; export where source ~ [RTS_OSPF]; }; }\n"
                        'protocol bfd { interface "wg0" { min rx interval 200 ms; min tx interval 200 ms; '
                        "idle tx interval 1 s; multiplier 5; }; }\n"
                        "protocol ospf v2 { ipv4 { import all; }; area 0 {\n"
                        f'  interface "wg0" {{ type ptp; hello 1; dead {DEAD}; bfd on; }};\n'
                        '  interface "lan" { stub yes; }; interface "lo" { stub yes; };\n}; }\n')
        self.b.run("mkdir /run/bird")
        with (self.b.folder / "log").open("w") as log:
            bird = subprocess.Popen(self.b.command("bird", "-f", "-c", str(file), "-s", "/run/bird/bird.ctl"), stderr=log)
        self.addCleanup(bird.wait)
        self.addCleanup(bird.kill)
        self.a.start()
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.wait_for_up(self.a)
        self.wait(lambda: re.search(r"10\.2\.0\.1 +wg0 +Up ", self.b.run(
            "birdc -s /run/bird/bird.ctl show bfd sessions")), "BIRD's is up")
        self.assert_lost_at_once()
        self.mend()
        self.wait_for_up(self.a)


class Frr(Bfd):
    def test_interoperation(self):
        if not (FRR / "bfdd").exists():
            self.skipTest("there is no FRR (packaging/install-deps test)")
        self.b.run("install -d -o frr -g frr /run/frr")
        configurations = {
            "zebra": "",
            "bfdd": "bfd\n profile fast\n  detect-multiplier 5\n  receive-interval 200\n  transmit-interval 200\n",
            "ospfd": "interface wg0\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf hello-interval 1\n"
                     f" ip ospf dead-interval {DEAD}\n ip ospf bfd\n ip ospf bfd profile fast\n"
                     "interface lan\n ip ospf area 0\n ip ospf passive\nrouter ospf\n ospf router-id 10.0.0.2\n",
        }
        for daemon, text in configurations.items():
            file = pathlib.Path(self.scratch) / f"{daemon}.conf"
            file.write_text(f"log stdout\n{text}")
            file.chmod(0o644)
            with (self.b.folder / "log").open("a") as log:
                process = subprocess.Popen(self.b.command(str(FRR / daemon), "-f", str(file)), stdout=log, stderr=log)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            if daemon == "zebra":
                self.wait(lambda: self.b.run("test -S /run/frr/zserv.api") == "", "zebra is there")
        pathlib.Path(self.scratch).chmod(0o755)
        self.a.start()
        self.wait_for_route(self.a, "192.168.2.0/24")
        self.wait_for_up(self.a)

        def peers():
            return json.loads(subprocess.run(
                self.b.command("vtysh", "-c", "show bfd peers json"), check=True, text=True, capture_output=True).stdout)
        self.wait(lambda: [peer["status"] for peer in peers()] == ["up"], "bfdd's is up")
        self.assert_lost_at_once()
        self.mend()
        self.wait_for_up(self.a)


if __name__ == "__main__":
    if shutil.which("wireguard-go") is None or shutil.which("nft") is None:
        print("there is no wireguard-go or nft (packaging/install-deps test)")
        sys.exit(77)
    main()
