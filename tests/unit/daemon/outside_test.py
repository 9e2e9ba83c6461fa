#!/usr/bin/python3
"""What is done to a running daemon from outside, by those who use it and those who should not.

Two daemons in namespaces of their own, as in two_daemons_test.py.
"""

import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import time
import unittest

from two_daemons_test import ACTIVE, BIN, PASSIVE, TwoRouters, config, main

LEARNED = "192.168.2.0/24"
SOCKET = "/run/wgospf/wgospfd.sock"


class FromOutside(TwoRouters):
    def status_text(self):
        return self.a.run(f"{BIN}/wgospfctl show status")

    @unittest.skipIf("undefined" in os.environ.get("WGOSPF_SANITIZE", ""),
                     "UBSan's check of a virtual call needs a descriptor itself, and calls the object broken without")
    def test_clients_that_use_up_the_descriptors_do_not_end_the_api(self):
        self.start_both()
        process = self.a.daemon.pid
        limit = len(os.listdir(f"/proc/{process}/fd")) + 30
        resource.prlimit(process, resource.RLIMIT_NOFILE, (limit, limit))
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])
        for _ in range(60):
            clients.append(socket.socket(socket.AF_UNIX))
            clients[-1].connect(f"/proc/{self.a.init.pid}/root{SOCKET}")
        self.wait_for_log(self.a, "clients do not reach the API, which is opened anew: accepting a client failed; where "
                                  "it was for want of file descriptors, raise their limit")
        # Those that came first are sent away.
        self.wait(lambda: "1 full" in self.status_text(), "the API answers")
        self.wait_for_log(self.a, "no longer: clients do not reach the API")
        self.assertNotIn("-> down", self.a.log())

    def test_a_removed_socket_is_back(self):
        self.start_both()
        self.a.run(f"rm -r {pathlib.Path(SOCKET).parent}")
        self.wait_for_log(self.a, "opened anew: its socket was removed or replaced")
        self.wait(lambda: "1 full" in self.status_text(), "the API answers")

    def test_a_configuration_that_cannot_be_read_twice_or_never_ends(self):
        text = config([("v0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)])
        pipe = self.a.folder / "wgospfd.yaml"
        pipe.unlink()
        os.mkfifo(pipe)
        self.a.start()
        pipe.write_text(text)  # waits for the reader
        self.b.start()
        self.wait_for_route(self.a, LEARNED)
        before = self.neighbor(self.b)["state_changes"]
        self.a.send(signal.SIGHUP)
        self.wait_for_log(self.a, f"{pipe}: cannot be read: it is no regular file, and is read at the start only")
        pipe.unlink()
        self.wait_for_hellos(self.a, 2)
        self.assertEqual(self.neighbor(self.b)["state_changes"], before)
        pipe.symlink_to("/dev/zero")
        endless = subprocess.run([str(BIN / "wgospfd"), "--config", str(pipe), "--check"], capture_output=True,
                                 text=True, timeout=30, check=False)
        self.assertEqual((endless.returncode, endless.stderr.strip()),
                         (2, f"{pipe}: cannot be read: it holds more than 16 MiB, which no configuration does"))

    def test_next_hops_need_no_route_of_the_kernels_to_the_neighbor(self):
        for router, own in ((self.a, "1"), (self.b, "2")):
            router.run("ip addr flush dev v0")
            router.run(f"ip addr add 10.1.0.{own}/30 dev v0 noprefixroute")
        self.start_both()
        self.a.run("ip nexthop flush proto 89")
        self.wait(lambda: self.a.show("status")["kernel"].get("drifts", 0) > 0, "it is noticed")
        self.wait_for_route(self.a, LEARNED)
        self.a.run("ping -I 192.168.1.1 -c 1 -W 5 192.168.2.1")
        self.assertNotIn("refused", self.a.log())

    def test_one_address_at_both_ends_of_a_tunnel(self):
        self.tunnel("10.2.0.{}/30")
        self.b.run("ip addr flush dev wg0")
        self.b.run("ip addr add 10.2.0.1/30 dev wg0")
        self.a.start()
        self.b.start()
        problem = "router 10.0.0.2 says hello on wg0 from 10.2.0.1, which is an address of this router too"
        self.wait_for_log(self.a, problem, 60)
        self.assertIn(problem, self.a.run(f"{BIN}/wgospfctl show interfaces"))
        self.b.run("ip addr flush dev wg0")
        self.b.run("ip addr add 10.2.0.2/30 dev wg0")
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full", 60)
        self.wait_for_log(self.a, "no longer: " + problem)

    @unittest.skipIf(shutil.which("nft") is None, "there is no nft (packaging/install-deps test)")
    def test_a_packet_filter_that_drops_hellos_is_told(self):
        self.start_both()
        for line in ("add table ip t", "add chain ip t c { type filter hook input priority 0; }",
                     "add rule ip t c ip protocol 89 drop"):
            subprocess.run(self.a.command("nft", line), check=True)
        problem = "router 10.0.0.2 says hello on v0 from 10.1.0.2, and the kernel drops that in silence"
        self.wait_for_log(self.a, problem, 60)
        self.a.run("nft delete table ip t")
        self.wait_for_route(self.a, LEARNED)
        self.wait_for_log(self.a, "no longer: " + problem)

    def test_reloads_without_end_do_not_fill_the_log(self):
        self.a.start()
        self.wait_for_served(self.a)
        taken = "the configuration is taken over"
        for text, line in ((config([("v0", ACTIVE)]), taken), ("areas: 5\n", "areas must be a list")):
            self.a.configure(text)
            for _ in range(300):
                self.a.send(signal.SIGHUP)
                time.sleep(0.002)  # so that not all become one signal
            self.wait_for_log(self.a, line)
        self.wait_for_log(self.a, "more messages of the kind configuration", 30)
        self.assertLess(len(self.a.log().splitlines()), 200)
        self.assertLessEqual(self.a.log().count(taken), 4)


if __name__ == "__main__":
    main(may_skip_some=True)
