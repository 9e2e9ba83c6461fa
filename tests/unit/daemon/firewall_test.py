#!/usr/bin/python3
"""Two daemons over a tunnel, one behind a packet filter of nftables that drops what it does not let pass.

Each of what must be open is closed in turn, by nft: that is named, and what `wgospfctl firewall --nft` prints cures it.
"""

import shutil
import subprocess

import two_daemons_test
from two_daemons_test import ACTIVE, BIN, PASSIVE, config, main

# Handshakes that both ends begin at once can take as long as three of WireGuard's attempts.
HANDSHAKES = 45
# The rules are looked at every two seconds, and read with a rest of twenty times what that takes.
NOTICED = 15
RULES = """
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmp type echo-request accept
    iifname "v0" udp dport 51820 accept comment "wireguard"
    iifname "wg*" meta l4proto 89 accept comment "ospf"
    iifname "wg*" udp dport 3784 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "lan" oifname "wg0" accept comment "out"
    iifname "wg0" oifname "lan" accept comment "in"
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
"""


class Firewall(two_daemons_test.TwoRouters):
    def setUp(self):
        super().setUp()
        if shutil.which("nft") is None:
            self.skipTest("there is no nft (packaging/install-deps test)")
        self.tunnel("10.2.0.{}/30", "0.0.0.0/0")
        for router in (self.a, self.b):
            router.configure(config([("wg0", ACTIVE), ("lan", PASSIVE), ("lo", PASSIVE)],
                                    f"state-directory: {router.folder}/state\n"))
        self.nft_file(RULES)
        self.a.start()
        self.b.start()
        self.wait(lambda: "192.168.2.0/24" in self.a.routes(), "a has the route to b's LAN", HANDSHAKES)
        self.wait(lambda: self.states().get(("ospf", "wg0", "")) == "open", "the rules are known", NOTICED)

    def nft_file(self, text):
        subprocess.run(self.a.command("nft", "-f", "-"), input=text, text=True, check=True)

    def nft(self, text):
        subprocess.run(self.a.command("nft", text), check=True)

    def handle(self, comment):
        for line in self.a.run("nft -a list ruleset").splitlines():
            if f'comment "{comment}"' in line:
                return line.rpartition("handle ")[2]
        return self.fail(f"no rule {comment}")

    def states(self):
        answer = self.ctl("--json")
        return {(opening["kind"], opening["in_interface"], opening["out_interface"]): opening["state"]
                for opening in two_daemons_test.json.loads(answer)["openings"]}

    def ctl(self, *options):
        return self.a.run(" ".join([f"{BIN}/wgospfctl", "firewall", *options]))

    def problems(self):
        [interface] = [i for i in self.a.show("interfaces")["interfaces"] if i["name"] == "wg0"]
        return " ".join(interface["problems"])

    def open_as_it_says(self):
        script = self.ctl("--nft")
        # The last ones of it, for TCP's segments, need an expression that not every kernel has.
        subprocess.run(self.a.command("sh"), input=script, text=True, check=False, capture_output=True)

    def wait_for_named(self, what):
        self.wait(lambda: f"the packet filter drops {what}" in self.problems(), f"{what!r} is named", NOTICED)
        self.assertTrue(any(what in warning for warning in self.a.show("status")["warnings"]))

    def wait_for_nothing(self):
        self.wait(lambda: "packet filter" not in self.problems(), "nothing is named", NOTICED)

    def test_all_that_must_be_open_is(self):
        self.assertEqual(set(self.states().values()), {"open"})
        self.assertEqual(self.problems(), "")
        self.assertIn("protocol 89 in on wg0 (OSPF)", self.ctl())

    def test_the_port_on_the_uplink(self):
        self.nft('insert rule inet filter input iifname "v0" udp dport 51820 drop')
        self.wait_for_named("UDP port 51820 coming in on v0 by chain input of table inet filter (rule")
        self.assertEqual(self.states()["wireguard", "v0", ""], "closed")
        self.open_as_it_says()
        self.wait_for_nothing()
        self.assertEqual(self.states()["wireguard", "v0", ""], "open")

    def test_the_port_for_peers_that_call_first(self):
        self.nft(f"delete rule inet filter input handle {self.handle('wireguard')}")
        self.wait(lambda: self.states()["wireguard", "v0", ""] == "closed-to-new", "it is noticed", NOTICED)
        self.assertEqual(self.problems(), "")  # a calls b itself
        self.open_as_it_says()
        self.wait(lambda: self.states()["wireguard", "v0", ""] == "open", "it is open", NOTICED)

    def test_ospf_on_the_tunnel(self):
        self.nft(f"delete rule inet filter input handle {self.handle('ospf')}")
        self.wait_for_named("protocol 89 (OSPF) coming in on wg0 by chain input of table inet filter (policy)")
        self.wait(lambda: "192.168.2.0/24" not in self.a.routes(), "a hears nothing any more")
        self.open_as_it_says()
        self.wait_for_nothing()
        self.wait_for_route(self.a, "192.168.2.0/24")

    def test_forwarding_both_ways(self):
        for comment, where in (("out", "from lan to wg0"), ("in", "from wg0 to lan")):
            self.nft(f"delete rule inet filter forward handle {self.handle(comment)}")
            self.wait_for_named(f"forwarding {where} by chain forward of table inet filter (policy)")
            self.open_as_it_says()
            self.wait_for_nothing()

    def test_what_cannot_be_decided_is_no_alarm(self):
        self.nft("insert rule inet filter input meta mark 7 drop")
        self.wait(lambda: self.states()["ospf", "wg0", ""] == "unknown", "it is noticed", NOTICED)
        self.assertEqual(self.problems(), "")


if __name__ == "__main__":
    main()
