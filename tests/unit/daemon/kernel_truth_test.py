#!/usr/bin/python3
"""What wgospfctl shows of routes is what the kernel does with them, whatever others do to it.

Two daemons in namespaces of their own, as in two_daemons_test.py.
"""

import signal
import subprocess

from two_daemons_test import ACTIVE, BIN, PASSIVE, TwoRouters, config, main

LEARNED = "192.168.2.0/24"


class KernelTruth(TwoRouters):
    def shown(self, prefix=LEARNED):
        """The last column of `show routes`; "" when there is no such route."""
        table = self.a.run(f"{BIN}/wgospfctl show routes").splitlines()
        column = table[0].find("KERNEL")
        return "".join(line[column:] for line in table if line.split()[0] == prefix)

    def wait_for_shown(self, text, prefix=LEARNED):
        self.wait(lambda: self.shown(prefix) == text, f"show routes: {text}")

    def status(self):
        return self.a.run(f"{BIN}/wgospfctl show status")

    def wait_for_status(self, *texts):
        self.wait(lambda: all(text in self.status() for text in texts), f"show status: {texts}")

    def wait_for_good(self):
        self.wait_for_shown("installed")
        self.wait(lambda: ", converged" in self.status() and "not in the kernel" not in self.status(), "converged")
        self.assertIn(LEARNED, self.a.routes())

    def test_what_others_flush_is_back_each_time(self):
        self.start_both()
        self.wait_for_good()
        for time in range(9):
            flush = ["ip nexthop flush proto 89", f"ip route del {LEARNED} proto 89",
                     "ip route del 10.0.0.2/32 proto 89"][time % 3]
            drifts = self.a.show("status")["kernel"].get("drifts", 0)
            self.a.run(flush)
            self.wait(lambda n=drifts: self.a.show("status")["kernel"].get("drifts", 0) > n, "it is noticed")
            self.wait_for_good()
        self.assertNotIn("refused", self.a.log())
        self.assertEqual(self.a.log().count("changed what is ours"), 1, "one line, not one each time")

    def test_while_a_rival_keeps_a_route_away_it_is_said_so(self):
        self.start_both()
        self.wait_for_good()
        rival = subprocess.Popen(
            self.a.command("sh", "-c", f"while :; do ip route del {LEARNED} proto 89; done"),
            stderr=subprocess.DEVNULL)
        try:
            self.wait_for_shown("missing: not in the kernel, where it is being put")
            self.wait_for_status("not converged", "1 route is not in the kernel")
        finally:
            rival.kill()
            rival.wait()
        self.wait_for_good()

    def test_who_holds_a_prefix_is_named(self):
        self.start_both()
        self.wait_for_good()
        self.a.run(f"ip route add {LEARNED} dev lan metric 50 proto dhcp")
        self.wait_for_shown("hidden: by a route on lan of another program (proto dhcp, metric 50)")
        self.wait_for_status("1 route is hidden by another program's")
        self.a.run(f"ip route del {LEARNED} metric 50")
        self.wait_for_good()

        self.a.add_lan("eth5", "192.168.2.99/24")
        self.wait_for_shown("hidden: connected on eth5, where OSPF does not run")
        self.assertNotIn(LEARNED, self.a.routes())
        # Without a carrier the LAN is reached through the other router on it, if the kernel is to.
        self.a.run("ip link set eth5-end down")
        self.wait_for_route(self.a, LEARNED)
        cure = "net.ipv4.conf.eth5.ignore_routes_with_linkdown=1"
        self.wait_for_shown(f"hidden: by the kernel's own route on eth5, which has no carrier: \"sysctl -w {cure}\" "
                            "has the kernel use ours then")
        self.a.run(f"sysctl -qw {cure}")
        self.a.run("ip link set eth5-end up")
        self.a.run("ip link set eth5-end down")
        self.wait_for_good()
        self.assertIn("dev v0", self.a.run("ip route get 192.168.2.1"))
        self.a.run("ip link del eth5")
        self.wait_for_good()

    def test_the_far_end_of_an_address_is_held_by_its_interface(self):
        self.start_both()
        self.wait_for_shown("installed", "10.0.0.2/32")
        self.a.run("ip addr add 10.77.0.1 peer 10.0.0.2/32 dev lan")
        self.wait_for_shown("hidden: the far end of the address on lan", "10.0.0.2/32")
        self.a.run("ip addr del 10.77.0.1 peer 10.0.0.2/32 dev lan")
        self.wait_for_shown("installed", "10.0.0.2/32")
        self.assertIn("10.0.0.2", self.a.routes())

    def test_an_exchanged_loopback_address_is_no_error(self):
        self.a.run("ip link del v0")
        self.join("u0", addresses=(None, None))
        for router in (self.a, self.b):
            router.configure(config([("u0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.start_both()
        for before, now in (("10.0.0.1", "10.0.0.11"), ("10.0.0.11", "10.0.0.1")):
            self.a.run(f"ip addr add {now}/32 dev lo")
            self.a.run(f"ip addr del {before}/32 dev lo")
            self.wait(lambda source=now: f"src {source}" in self.a.routes().get(LEARNED, ""), f"source {now}")
            self.wait_for_good()
        self.assertNotIn("refused", self.a.log())
        self.assertNotIn("changed what is ours", self.a.log())

    def test_a_neighbor_that_is_unplugged_is_no_error(self):
        self.start_both()
        for _ in range(3):
            self.b.run("ip link set v0 down")
            self.wait_for_route(self.a, LEARNED, there=False)
            self.b.run("ip link set v0 up")
            self.wait_for_good()
        self.assertNotIn("refused", self.a.log())

    def kill(self, router):
        router.send(signal.SIGKILL)
        router.daemon.wait()
        router.daemon = None

    def cleanup(self, router):
        return subprocess.run(router.command(str(BIN / "wgospfd"), "--cleanup"), capture_output=True, text=True,
                              timeout=30, check=False)

    def test_another_table_and_metric_after_a_kill(self):
        self.start_both()
        self.kill(self.a)
        self.assertIn(LEARNED, self.a.routes())
        areas = [("v0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)]
        self.a.configure(config(areas, "rib: {metric: 50}\n"))
        self.a.start()
        self.wait(lambda: "metric 50" in self.a.routes().get(LEARNED, ""), "the new metric")
        self.wait(lambda: "metric 110" not in self.a.run("ip route show table all"), "the old one is gone")
        self.wait_for_good()
        self.kill(self.a)
        self.a.run("ip rule add table 7")
        self.a.configure(config(areas, "rib: {table: 7}\n"))
        self.a.start()
        self.wait(lambda: LEARNED in self.a.routes("table 7"), "the new table")
        self.wait(lambda: self.a.routes() == {}, "nothing is left in the old one")
        self.wait_for_log(self.a, "removed what a former run left: 2 routes of table 254, metric 50")
        self.assertEqual(self.a.end(), 0)
        self.assertEqual(self.a.run("ip nexthop show proto 89"), "")

    def test_cleanup_removes_all_and_says_what(self):
        self.start_both()
        running = self.cleanup(self.a)
        self.assertEqual(running.stdout, "kept, for a daemon that runs has them: 2 routes of table 254, metric 110; "
                                         "1 group and 1 next hop\n")
        self.kill(self.a)
        self.assertEqual(len(self.a.routes()), 2)
        result = self.cleanup(self.a)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "removed 2 routes of table 254, metric 110; 1 group and 1 next hop\n", ""))
        self.assertEqual(self.a.routes(), {})
        self.assertEqual(self.a.run("ip nexthop show proto 89"), "")
        self.assertEqual(self.cleanup(self.a).stdout, "nothing of wgospfd is in the kernel\n")

    def test_without_the_capability_to_change_routes_it_does_not_start(self):
        for more in ([], ["--cleanup"]):
            refused = subprocess.run(
                self.a.command("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", str(BIN / "wgospfd"),
                               "--config", str(self.a.folder / "wgospfd.yaml"), *more),
                capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("CAP_NET_ADMIN is missing", refused.stderr)
            self.assertIn("run this program as root", refused.stderr)


if __name__ == "__main__":
    main(may_skip_some=True)
