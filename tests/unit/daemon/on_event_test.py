#!/usr/bin/python3
"""`on-event` and `watch --since` of a daemon as it is: what is run, what it has not, and where one goes on."""

import ctypes
import http.server
import json
import pathlib
import signal
import socket
import subprocess
import threading

import two_daemons_test
from two_daemons_test import ACTIVE, BIN, DEAD, PASSIVE, config, main

# Each event as a line, with what the kernel lets the command do.
SCRIPT = """#!/bin/sh
read -r event
set -- $(sed -n 's/^CapEff:\\s*//p; s/^CapBnd:\\s*//p; s/^NoNewPrivs:\\s*//p' /proc/self/status)
printf '%s\\t%s %s %s\\n' "$event" "$1" "$2" "$3" >> {out}
echo seen
"""


class OnEvent(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        self.out = self.a.folder / "events"
        script = self.a.folder / "hook"
        script.write_text(SCRIPT.format(out=self.out))
        script.chmod(0o755)
        self.hook = f"on-event:\n- kinds: [neighbor-state-change]\n  command: {script}\n"

    def configure(self, more):
        self.a.configure(config([("v0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)], more))

    def events(self):
        """(event, what it may) of each line."""
        if not self.out.exists():
            return []
        lines = [line.split("\t") for line in self.out.read_text().splitlines()]
        return [(json.loads(event), may) for event, may in lines]

    def states(self):
        return [event["data"]["to"] for event, _ in self.events()]

    def test_a_command_sees_a_neighbor_come_and_go_and_may_nothing(self):
        self.configure(self.hook)
        self.start_both()
        self.wait(lambda: "full" in self.states(), "the command has seen Full")
        self.b.end()
        self.wait(lambda: self.states()[-1:] == ["down"], "the command has seen the neighbor go", 3 * DEAD)
        states = self.states()
        self.assertLess(states.index("full"), len(states) - 1)
        for event, may in self.events():
            self.assertEqual(may.split(), ["0" * 16, "0" * 16, "1"])
            self.assertEqual((event["kind"], event["router_id"], event["hostname"], event["data"]["interface"]),
                             ("neighbor_state_change", "10.0.0.1", "a", "v0"))
        full = next(event for event, _ in self.events() if event["data"]["to"] == "full")
        self.assertEqual(full["data"]["neighbor_router_id"], "10.0.0.2")
        self.wait_for_log(self.a, "says: seen")
        self.assertEqual(self.a.show("status")["warnings"], [])

    def test_a_hook_that_hangs_or_is_not_there_holds_up_nobody_and_is_told(self):
        more = self.hook + ("- {kinds: [neighbor-state-change], command: [/bin/sleep, '1000'], time-limit: 1}\n"
                            "- {kinds: [neighbor-state-change], command: /nonexistent/hook}\n")
        self.configure(more)
        self.start_both()
        self.wait(lambda: "full" in self.states(), "the command has seen Full")

        def warnings():
            return "\n".join(self.a.show("status")["warnings"])
        self.wait(lambda: "/bin/sleep had not ended after 1 s and was killed" in warnings(), "the limit is told")
        self.assertIn("/nonexistent/hook cannot be run", warnings())
        self.assertEqual(self.a.log().count("/nonexistent/hook cannot be run"), 1)
        # A reload without them takes the warnings along.
        self.configure(self.hook)
        self.a.run(f"{BIN}/wgospfctl reload")
        self.wait(lambda: "on-event" not in warnings(), "no entry, no warning")
        self.assertEqual(self.a.end(), 0)

    def test_a_url_is_posted_to(self):
        bodies = []

        class Taker(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        listener = []

        def listen():
            # This thread alone goes to the namespace of the daemon; its socket stays there.
            with open(f"/proc/{self.a.init.pid}/ns/net", encoding="ascii") as namespace:
                if ctypes.CDLL(None).setns(namespace.fileno(), 0x40000000) == 0:
                    listener.append(socket.create_server(("127.0.0.1", 8087)))

        thread = threading.Thread(target=listen)
        thread.start()
        thread.join()
        server = http.server.HTTPServer(("127.0.0.1", 0), Taker, bind_and_activate=False)
        server.socket.close()
        server.socket = listener[0]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.configure("on-event: [{kinds: interface-state-change, url: 'http://127.0.0.1:8087/x'}]\n")
        self.start_both()
        self.a.run("ip link set v0 down")
        self.wait(lambda: bodies and bodies[-1]["data"]["to"] == "down", "the server was told")
        self.assertEqual(bodies[-1]["data"]["reason"], "link down")

    def test_the_journal_gets_what_a_message_is_about_in_fields(self):
        # Where the daemon looks for it; the folder is the namespace's own.
        place = pathlib.Path(f"/proc/{self.a.init.pid}/root/run/systemd/journal")
        place.mkdir(parents=True)
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        journal.bind(str(place / "socket"))
        self.a.log_file.touch()
        status = self.a.log_file.stat()
        self.a.start(environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        self.b.start()
        entries = []

        def heard(**wanted):
            while True:
                try:
                    lines = journal.recv(65536, socket.MSG_DONTWAIT).decode().splitlines()
                except BlockingIOError:
                    break
                entries.append(dict(line.split("=", 1) for line in lines))
            return [entry for entry in entries if wanted.items() <= entry.items()]

        self.wait(lambda: heard(WGOSPF_EVENT="neighbor_full", WGOSPF_INTERFACE="v0", WGOSPF_STATE="full",
                                WGOSPF_NEIGHBOR="10.0.0.2"), "the journal has heard of Full")
        self.wait(lambda: self.neighbor(self.a).get("hostname") == "b", "a knows the name of b")
        self.b.end(signal.SIGKILL)
        self.wait(lambda: heard(WGOSPF_STATE="down", WGOSPF_NEIGHBOR_NAME="b"), "the journal has the name", 3 * DEAD)
        lost = heard(WGOSPF_STATE="down")[-1]
        self.assertEqual(lost["PRIORITY"], "4")
        self.assertEqual(lost["SYSLOG_IDENTIFIER"], "wgospfd")
        self.assertTrue(lost["MESSAGE"].startswith("neighbor 10.0.0.2 on v0: full -> down"), lost)
        self.assertNotIn("neighbor 10.0.0.2", self.a.log())
        kept = self.a.run(f"{BIN}/wgospfctl show log")
        self.assertIn(lost["MESSAGE"] + "\n", kept)
        self.assertNotIn("WGOSPF_", kept)

    def test_a_hosts_file_has_routers_by_the_hostnames_they_announce(self):
        self.start_both()

        def lines():
            return self.a.run(f"{BIN}/wgospfctl hosts").splitlines()
        self.wait(lambda: "10.0.0.2\tb" in lines(), "b has the address that its router id is")
        self.assertEqual([line for line in lines() if line.endswith("\tb")], ["10.0.0.2\tb"])
        self.assertIn("10.1.0.1\ta", lines())

    def watch(self, *arguments):
        """The lines of a watch that does not follow, and its status."""
        done = subprocess.run(
            self.a.command(str(BIN / "wgospfctl"), "watch", "--no-follow", "--json", *arguments), text=True,
            capture_output=True, check=False, timeout=30)
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode

    def test_a_watch_goes_on_where_it_was_and_a_restart_is_a_gap(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        self.wait(lambda: self.neighbor(self.a).get("hostname") == "b", "a knows the name of b")
        lines, status = self.watch()
        self.assertEqual((status, lines[-1]["kind"]), (0, "snapshot_end"))
        self.b.end()
        self.wait(lambda: not self.neighbor(self.a), "b is gone", 3 * DEAD)
        lines, status = self.watch("--since", lines[-1]["cursor"], "--only", "neighbors,routes")
        kinds = [line["kind"] for line in lines]
        self.assertEqual((status, kinds[-1]), (0, "snapshot_end"))
        self.assertTrue({"neighbor_state_change", "route_removed"} <= set(kinds) and "neighbor" not in kinds, kinds)
        cursors = [int(line["cursor"].split("-")[1]) for line in lines]
        self.assertEqual(cursors, sorted(cursors))
        cursor = lines[-1]["cursor"]
        self.a.end()
        self.a.start()
        self.wait_for_served(self.a)
        lines, status = self.watch("--since", cursor)
        self.assertEqual((status, lines[0]["kind"], lines[0]["data"]),
                         (1, "gap", {"since": cursor, "reason": "another-run"}))
        self.assertEqual(self.watch("--since", "nonsense")[1], 2)


if __name__ == "__main__":
    main()
