#!/usr/bin/python3
"""Metrics of a daemon with a neighbor, as promtool and a real Prometheus read them, and the alert rules tried by it."""

import json
import pathlib
import re
import shutil
import signal
import subprocess

import two_daemons_test
from two_daemons_test import ACTIVE, DEAD, PASSIVE, config, main

RULES = pathlib.Path(__file__).resolve().parents[3] / "packaging/prometheus/wgospf.rules.yml"
METRICS = "metrics: {listen: '127.0.0.1:9586'}\n"
FETCH = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=20) as answer:
    sys.stdout.write(answer.read().decode())
"""


class Metrics(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        for program in ("promtool", "prometheus"):
            if shutil.which(program) is None:
                self.skipTest(f"there is no {program} (packaging/install-deps test)")
        self.a.configure(config([("v0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)], METRICS))

    def fetch(self, url):
        return subprocess.run(self.a.command("python3", "-c", FETCH, url), text=True, capture_output=True, check=True,
                              timeout=30).stdout

    def metrics(self):
        """Name and labels -> value."""
        text = self.fetch("http://127.0.0.1:9586/metrics")
        return {name: float(value) for name, value in re.findall(r"(?m)^(wgospf_[^ \n]+(?: [^ \n]+)*) (\S+)$", text)}

    def test_they_say_what_show_says_and_promtool_likes_their_names(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        self.wait(lambda: self.metrics()["wgospf_converged"] == 1, "the metrics say so")
        metrics, status = self.metrics(), self.a.show("status")
        self.assertEqual(metrics["wgospf_routes"], status["route_count"])
        self.assertEqual(metrics["wgospf_lsdb_lsas"], status["lsdb_size"])
        self.assertEqual(metrics['wgospf_neighbor_full{interface="v0",neighbor="10.0.0.2"}'], 1)
        self.assertEqual(metrics['wgospf_interface_cost{interface="v0"}'], 10)
        self.assertGreater(metrics['wgospf_packets_received_total{interface="v0",type="hello"}'], 0)
        self.assertEqual(metrics['wgospf_adjacency_changes_total{change="formed"}'], 1)
        self.assertEqual(metrics['wgospf_adjacency_changes_total{change="lost"}'], 0)
        self.assertGreater(metrics["wgospf_interface_state_changes_total"], 0)
        self.assertGreater(metrics["wgospf_spf_seconds_total"], 0)
        self.assertGreaterEqual(metrics["wgospf_spf_seconds_total"], metrics["wgospf_spf_longest_seconds"])
        self.assertEqual(metrics["wgospf_api_watchers"], 0)
        text = self.fetch("http://127.0.0.1:9586/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_neighbor_that_is_gone_is_counted_and_so_is_who_watches(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        watch = subprocess.Popen(self.a.command(str(two_daemons_test.BIN / "wgospfctl"), "watch"), stdout=subprocess.DEVNULL)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.terminate)
        self.wait(lambda: self.metrics()["wgospf_api_watchers"] == 1, "the watcher is counted")
        self.b.end()
        self.wait(lambda: self.metrics()['wgospf_adjacency_changes_total{change="lost"}'] == 1, "the loss is counted")
        self.wait(lambda: 'wgospf_neighbor_full{interface="v0",neighbor="10.0.0.2"}' not in self.metrics(), "it is gone",
                  3 * DEAD)
        self.assertEqual(self.metrics()['wgospf_adjacency_changes_total{change="lost"}'], 1)

    def test_dashboard_and_rules_name_what_is_served(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        served = set(re.findall(r"(?m)^# TYPE (\S+)", self.fetch("http://127.0.0.1:9586/metrics")))
        for name in ("wgospf.rules.yml", "wgospf-dashboard.json"):
            named = set(re.findall(r"\bwgospf_[a-z_]+", (RULES.parent / name).read_text()))
            self.assertEqual(named - served, set(), name)

    def test_what_is_off_listens_nowhere_and_a_reload_turns_it_on_and_off(self):
        self.a.configure(config([("v0", ACTIVE)]))
        self.a.start()
        self.wait_for_served(self.a)
        self.assertNotIn("9586", self.a.run("ss -tln"))
        for more, there in ((METRICS, True), ("", False)):
            self.a.configure(config([("v0", ACTIVE)], more))
            self.a.send(signal.SIGHUP)
            self.wait(lambda t=there: ("127.0.0.1:9586" in self.a.run("ss -tln")) == t, f"it listens: {there}")

    def test_a_prometheus_raises_the_alert_of_a_neighbor_that_is_lost(self):
        subprocess.run(["promtool", "check", "rules", str(RULES)], check=True, capture_output=True)
        # The rules as they are shipped, but for their patience.
        rules = re.sub(r"(?m)^(\s+for:).*$", r"\1 0s", RULES.read_text())
        (self.a.folder / "rules.yml").write_text(rules)
        (self.a.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
            "scrape_configs:\n- job_name: wgospf\n  static_configs: [{targets: ['127.0.0.1:9586']}]\n")
        self.start_both()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        prometheus = subprocess.Popen(
            self.a.command("prometheus", f"--config.file={self.a.folder}/prometheus.yml",
                           f"--storage.tsdb.path={self.a.folder}/data", "--web.listen-address=127.0.0.1:9090"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.terminate)

        def alerts():
            answer = json.loads(self.fetch("http://127.0.0.1:9090/api/v1/alerts"))["data"]["alerts"]
            return {alert["labels"]["alertname"] for alert in answer if alert["state"] == "firing"}

        def scraped(query):
            return json.loads(self.fetch(f"http://127.0.0.1:9090/api/v1/query?query={query}"))["data"]["result"]

        self.wait(lambda: scraped("wgospf_neighbor_full"), "Prometheus has scraped", 60)
        self.assertNotIn("WgospfNeighborLost", alerts())
        self.b.end(signal.SIGKILL)
        self.wait(lambda: "WgospfNeighborLost" in alerts(), "the alert", 10 * DEAD)


if __name__ == "__main__":
    main()
