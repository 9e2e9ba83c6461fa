#!/usr/bin/python3
"""`wgospfctl reload` of a daemon that has a neighbor: what it says, what it refuses, what it leaves alone."""

import json
import signal
import subprocess

import two_daemons_test
from two_daemons_test import ACTIVE, BIN, PASSIVE, config, main


class Reload(two_daemons_test.TwoRouters):
    def ctl(self, router, *arguments):
        """Exit status, standard output and standard error of wgospfctl."""
        done = subprocess.run(router.command(str(BIN / "wgospfctl"), *arguments), text=True, capture_output=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_says_what_has_changed_and_leaves_the_rest_alone(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.b).get("state") == "full", "b is Full")
        changes = self.neighbor(self.b)["state_changes"]
        self.assertEqual(self.ctl(self.a, "reload"),
                         (0, "The configuration is what it was; nothing has changed.\n", ""))
        self.a.configure(config([("v0", ACTIVE + ["cost: 77"]), ("lo", PASSIVE)]))
        status, out, err = self.ctl(self.a, "reload")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, "areas[0.0.0.0].interfaces[lan]: removed\n"
                              "areas[0.0.0.0].interfaces[v0].cost: 10 -> 77\n"
                              "The configuration is taken over.\n")
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)
        self.assertEqual(self.neighbor(self.b)["state_changes"], changes, "the adjacency stayed as it was")
        self.assertIn("areas[0.0.0.0].interfaces[v0].cost: 10 -> 77", self.a.log())

    def test_that_is_refused_fails_and_says_where_and_why(self):
        self.start_both()
        self.a.configure("areas: [{area-id: 0.0.0.0, interfaces: [{name: v0, cots: 5}]}]\n")
        status, out, err = self.ctl(self.a, "reload")
        self.assertEqual((status, out), (5, ""))
        self.assertRegex(err, r"^wgospfctl: the configuration is not taken over; the former one stays in force\n"
                              r".*wgospfd.yaml:1:\d+: unknown key \"cots\" in an interface")
        self.a.configure("router-id: 10.9.9.9\n" + config([("v0", ACTIVE)]))
        status, out, err = self.ctl(self.a, "reload")
        self.assertEqual((status, out), (5, ""))
        self.assertIn("router-id cannot be changed while running", err)
        self.assertIn("192.168.1.0/24", self.b.routes())

    def test_the_level_of_the_log_is_set_while_it_runs_and_outlives_a_reload(self):
        self.start_both()
        self.wait_for_route(self.b, "192.168.1.0/24")
        self.assertEqual(self.ctl(self.a, "log-level", "debug")[0], 0)
        self.a.configure(config([("v0", ACTIVE + ["cost: 77"]), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.assertEqual(self.ctl(self.a, "reload")[0], 0)
        status = self.ctl(self.a, "log-level", "error")
        self.assertEqual(status, (0, "The log's level is error now; it was debug.\n", ""))
        self.assertEqual(self.ctl(self.a, "log-level", "configured")[0], 0)
        lines = json.loads(self.ctl(self.a, "show", "log", "--json")[1])["lines"]
        texts = [line["text"] for line in lines]
        self.assertIn("ready, clients are served at unix:/run/wgospf/wgospfd.sock", texts)
        self.assertIn("areas[0.0.0.0].interfaces[v0].cost: 10 -> 77", texts)
        self.assertTrue(any(line["severity"] == "debug" for line in lines), texts)
        for text in texts:
            self.assertIn(text, self.a.log())

    def test_works_while_the_router_waits_for_its_id(self):
        self.a.run("ip addr flush dev lo scope global")
        self.a.configure(config([("v0", ACTIVE)]))
        self.a.start()
        self.wait_for_log(self.a, "waiting for a router id")
        self.wait(lambda: "waiting" in self.a.run(f"{BIN}/wgospfctl show status"), "a serves clients")
        self.a.configure("router-id: 10.0.0.77\n" + config([("v0", ACTIVE)]))
        status, out, err = self.ctl(self.a, "reload", "--json")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(json.loads(out)["changes"],
                         [{"path": "router-id", "kind": "added", "before": "", "after": "10.0.0.77"}])
        self.wait_for_served(self.a)
        self.assertEqual(self.a.show("status")["router_id"], "10.0.0.77")

    # Until it is confirmed

    def wait_for_both(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.b).get("state") == "full", "b is Full")

    def cut_off(self, seconds):
        """a is given a configuration that ends its only adjacency, for a trial; what wgospfctl says."""
        self.a.configure(config([("lan", PASSIVE), ("lo", PASSIVE)]))
        status, out, err = self.ctl(self.a, "reload", "--confirm", f"{seconds}s")
        self.assertEqual((status, err), (0, ""))
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)
        return out

    @staticmethod
    def is_warned(router):
        return any("not confirmed" in text for text in router.show("status")["warnings"])

    def test_a_dry_run_says_what_would_be_lost_and_changes_nothing(self):
        self.wait_for_both()
        self.a.configure(config([("lan", PASSIVE), ("lo", PASSIVE)]))
        status, out, err = self.ctl(self.a, "reload", "--dry-run")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("neighbor 10.0.0.2 on v0 is lost: the interface is removed\n", out)
        self.assertRegex(out, r"\d prefixes have no route any more: .*192\.168\.2\.0/24")
        self.assertRegex(out, r"1 prefixes of this router are not announced any more: 10\.1\.0\.0/30")
        self.assertTrue(out.endswith("Nothing is taken over.\n"), out)
        self.assertIn("192.168.1.0/24", self.b.routes())
        self.a.configure(config([("v0", ACTIVE + ["cost: 5"]), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.assertIn("No neighbor and no route is lost", self.ctl(self.a, "reload", "--dry-run")[1])

    def test_what_nobody_confirms_comes_back_by_itself(self):
        self.wait_for_both()
        out = self.cut_off(3)
        self.assertIn("neighbor 10.0.0.2 on v0 is lost: the interface is removed\n", out)
        self.assertIn("Without \"wgospfctl confirm\" within 3 s the former one comes back.\n", out)
        self.wait_for_route(self.b, "192.168.1.0/24")
        self.assertTrue(self.is_warned(self.a))
        status, _, err = self.ctl(self.a, "confirm")
        self.assertEqual(status, 5)
        self.assertIn("the former one is in force", err)
        # The file is still the one that was not confirmed: it does not run at the next start either.
        self.assertEqual(self.a.end(), 0)
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)
        self.a.start()
        self.wait_for_route(self.b, "192.168.1.0/24")
        # A reload is somebody's will.
        self.assertEqual(self.ctl(self.a, "reload")[0], 0)
        self.wait_for_route(self.b, "192.168.1.0/24", there=False)
        self.wait(lambda: "unconfirmed" not in self.a.run("ls /var/lib/wgospf"), "nothing waits any more")
        self.assertFalse(self.is_warned(self.a))

    def test_what_is_confirmed_stays(self):
        self.wait_for_both()
        self.cut_off(4)
        status, _, err = self.ctl(self.a, "reload")
        self.assertEqual(status, 5)
        self.assertIn("a configuration waits for \"wgospfctl confirm\"", err)
        self.assertEqual(self.ctl(self.a, "confirm"), (0, "The configuration is confirmed, and stays.\n", ""))
        self.assertNotIn("unconfirmed", self.a.run("ls /var/lib/wgospf"))
        # Longer than the trial, by the daemon's own clock.
        before = self.a.show("status")["uptime"]
        self.wait(lambda: self.a.show("status")["uptime"] > before + 5, "more than the time has passed")
        self.assertNotIn("192.168.1.0/24", self.b.routes())
        self.assertEqual(self.a.end(), 0)
        self.a.start()
        self.wait_for_served(self.a)
        self.assertEqual([i["name"] for i in self.a.show("interfaces")["interfaces"]], ["lan", "lo"])

    def test_killed_before_it_is_confirmed_the_former_one_runs_at_the_next_start(self):
        self.wait_for_both()
        self.cut_off(600)
        self.a.end(signal.SIGKILL)
        self.a.start()
        self.wait_for_route(self.b, "192.168.1.0/24")
        self.assertTrue(self.is_warned(self.a))
        # Another file is another matter.
        self.a.end(signal.SIGKILL)
        self.a.configure(config([("v0", ACTIVE + ["cost: 9"]), ("lan", PASSIVE), ("lo", PASSIVE)]))
        self.a.start()
        self.wait(lambda: [i["cost"] for i in self.a.show("interfaces")["interfaces"] if i["name"] == "v0"] == [9],
                  "the file runs")
        self.assertFalse(self.is_warned(self.a))


if __name__ == "__main__":
    main()
