#!/usr/bin/python3
"""Two daemons over a tunnel: who is silent, who is only hard to hear, and how a session begins anew.

The cut is a packet filter at both ends' underlay, which drops without a word to WireGuard. Whole networks, beside FRR,
are measured by tests/integration/liveness_test.py.
"""

import signal
import subprocess
import time

import two_daemons_test
from two_daemons_test import ACTIVE, DEAD, PASSIVE, config, main

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45
# Of WireGuard, before it doubts its session.
STALE = 15


class Liveness(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.tunnel("10.2.0.{}/30", "0.0.0.0/0")
        self.start()

    def start(self, *settings):
        for router in (self.a, self.b):
            router.configure(config([("wg0", ACTIVE + list(settings)), ("lan", PASSIVE), ("lo", PASSIVE)],
                                    f"state-directory: {router.folder}/state\n"))
        self.a.start()
        self.b.start()
        self.wait_until_full()

    def wait_until_full(self, patience=HANDSHAKES):
        for router in (self.a, self.b):
            self.wait(lambda router=router: self.neighbor(router) and self.neighbor(router)["state"] == "full",
                      f"{router.name}'s neighbor is full", patience)

    def wait_until_known(self):
        for router in (self.a, self.b):
            self.wait(lambda router=router: self.neighbor(router)["liveness"]["echo_answers"] == "yes",
                      f"{router.name} knows that its neighbor answers")

    @staticmethod
    def neighbor(router):
        found = router.show("neighbors")["neighbors"]
        return found[0] if found else None

    def cut(self):
        for router in (self.a, self.b):
            router.run("nft add table ip cut")
            router.run("nft add chain ip cut input { type filter hook input priority 0 ; }")
            router.run("nft add rule ip cut input iifname v0 drop")

    def heal(self):
        for router in (self.a, self.b):
            router.run("nft delete table ip cut")

    def test_silence_ends_the_neighbor_when_its_patience_is_over(self):
        self.wait_until_known()
        self.cut()
        begin = time.monotonic()
        self.wait(lambda: self.neighbor(self.a) is None, "a gives b up", 3 * DEAD)
        took = time.monotonic() - begin
        self.assertLess(took, DEAD - 1, "not by the dead interval, which is at least three seconds away")
        self.wait_for_log(self.a, "echoes were not answered")
        self.assertIn("KillNbr", self.a.log())
        self.assertNotIn("192.168.2.0/24", self.a.routes())
        print(f"given up {took:.2f} s after the cut")
        self.heal()
        begin = time.monotonic()
        self.wait_until_full()
        print(f"full again {time.monotonic() - begin:.2f} s after it was healed")

    def test_a_pause_of_the_process_ends_nothing(self):
        self.wait_until_known()
        before = self.neighbor(self.a)["state_changes"]
        for _ in range(3):
            self.b.send(signal.SIGSTOP)
            self.wait(lambda: self.neighbor(self.a)["liveness"]["suspect"], "b is suspect", 3)
            time.sleep(1)  # the pause itself, beyond the patience since the last hello
            self.b.send(signal.SIGCONT)
            self.wait(lambda: not self.neighbor(self.a)["liveness"]["suspect"], "b is heard again")
        self.assertEqual(self.neighbor(self.a)["state_changes"], before)
        self.assertEqual(self.neighbor(self.a)["state"], "full")

    def test_a_neighbor_that_answers_no_echo_has_the_dead_interval(self):
        self.b.run("sysctl -qw net.ipv4.icmp_echo_ignore_all=1")
        self.b.end(signal.SIGKILL)
        self.wait(lambda: self.neighbor(self.a) is None, "a loses b", 3 * DEAD)
        self.b.start()
        self.wait_until_full()
        self.wait_for_log(self.a, "answers no ICMP echo")
        self.assertEqual(self.neighbor(self.a)["liveness"]["echo_answers"], "no")
        self.cut()
        begin = time.monotonic()
        self.wait(lambda: self.neighbor(self.a) is None, "a gives b up", 3 * DEAD)
        self.assertGreater(time.monotonic() - begin, DEAD - 1.5)
        self.wait_for_log(self.a, "InactivityTimer")

    def test_off_is_the_dead_interval_after_a_reload(self):
        self.wait_until_known()
        for router in (self.a, self.b):
            router.configure(config([("wg0", ACTIVE + ["patience: off"]), ("lan", PASSIVE), ("lo", PASSIVE)],
                                    f"state-directory: {router.folder}/state\n"))
            router.send(signal.SIGHUP)
            self.wait(lambda router=router: self.neighbor(router)["liveness"] is None, "nobody is followed any more")
        self.cut()
        self.wait(lambda: self.neighbor(self.a) is None, "a gives b up", 3 * DEAD)
        self.wait_for_log(self.a, "InactivityTimer")

    def test_a_peer_that_has_lost_session_and_endpoint_is_back_before_wireguard_doubts(self):
        """With a preshared key, which must be there afterwards."""
        self.wait_until_known()
        public = {router.name: router.run("wg show wg0 public-key").strip() for router in (self.a, self.b)}
        shared = self.a.folder / "shared"
        shared.write_text(subprocess.run(["wg", "genpsk"], capture_output=True, text=True, check=True).stdout)
        for router, peer in ((self.a, "b"), (self.b, "a")):
            router.run(f"wg set wg0 peer {public[peer]} preshared-key {shared} persistent-keepalive 30")
        before = self.peer(self.a)
        self.b.run(f"wg set wg0 peer {public['a']} remove")
        self.b.run(f"wg set wg0 peer {public['a']} preshared-key {shared} allowed-ips 0.0.0.0/0")
        begin = time.monotonic()
        # It may be back before it is given up, where its own WireGuard shakes hands.
        self.wait(lambda: "is made again" in self.a.log() or self.a.log().count("-> full") > 1, "b is lost, or back")
        self.wait_until_full()
        took = time.monotonic() - begin
        print(f"full {took:.2f} s after b lost its session and a's endpoint")
        self.assertLess(took, STALE - 3)
        self.assertEqual(self.peer(self.a), before)

    @staticmethod
    def peer(router):
        """Key, preshared key, endpoint, allowed-ips, keepalive."""
        words = router.run("wg show wg0 dump").splitlines()[1].split("\t")
        return words[0:4] + words[7:8]


if __name__ == "__main__":
    main()
