"""Routers with one wg0 each, whose underlay is a bridge in the namespace of one of them: what tests of them share."""

import os
import shutil
import subprocess
import tempfile

import two_daemons_test


class Sites(two_daemons_test.TwoRouters):
    """No router is there yet. `a` and `b`, of which the logs are shown, are to be set."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("namespaces need root")
        if shutil.which("wireguard-go") is None or shutil.which("wg") is None:
            self.skipTest("there is no wireguard-go or wg (packaging/install-deps test)")
        self.scratch = tempfile.mkdtemp(prefix="wgospf-sites-")
        self.addCleanup(shutil.rmtree, self.scratch)
        self.keys = {}  # public ones, by the router's name

    def site(self, name, number):
        """A router with 10.99.0.NUMBER on its wg0, which listens and has no peer, and 10.0.0.NUMBER on its loopback."""
        router = self.router(name)
        router.run(f"ip addr add 10.0.0.{number}/32 dev lo")
        process = subprocess.Popen(router.command("wireguard-go", "-f", "wg0"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait(lambda: "wg0" in router.run("wg show interfaces"), "wireguard-go is up")
        key = router.folder / "key"
        key.write_text(router.run("wg genkey"))
        self.keys[name] = subprocess.run(["wg", "pubkey"], input=key.read_text(), capture_output=True, text=True,
                                         check=True).stdout.strip()
        router.run(f"wg set wg0 private-key {key} listen-port 51820")
        router.run(f"ip addr add 10.99.0.{number}/24 dev wg0")
        router.run("ip link set wg0 up")
        return router

    @staticmethod
    def bridge(at):
        """The underlay, 10.1.0.0/24, in which `at` has the first address."""
        at.run("ip link add u0 type bridge")
        at.run("ip addr add 10.1.0.1/24 dev u0")
        at.run("ip link set u0 up")

    @staticmethod
    def plug(at, router, number):
        """The router into the bridge of `at`, with 10.1.0.NUMBER."""
        at.run(f"ip link add to{number} type veth peer name u0 netns {router.init.pid}")
        at.run(f"ip link set to{number} master u0 up")
        router.run(f"ip addr add 10.1.0.{number}/24 dev u0")
        router.run("ip link set u0 up")
