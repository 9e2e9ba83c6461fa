"""The lab runner itself: strict reading, nothing left behind, nodes that keep apart."""

import os
import pathlib
import signal
import subprocess
import tempfile
import types
import unittest
import unittest.mock

from lab_case import ROOT, LabCase, checks, lab, missing
from labrunner import address_plan, clab, namespaces, prepare, topology

HEAD = """name: small
topology:
  defaults: {kind: linux, image: none, network-mode: none, cmd: sleep infinity}
"""
TWO_NODES = HEAD + """  nodes:
    a: {exec: [ip addr add 192.0.2.1/24 dev eth1], cap-add: [NET_ADMIN], sysctls: {net.ipv4.ip_forward: 1}}
    b:
      exec: [ip addr add 192.0.2.2/24 dev eth1]
      cap-add: [NET_ADMIN]
      env: {WORD: b}
      sysctls: {net.ipv4.ip_forward: 0}   # without it the host's value would be inherited
    alone: {}
  links:
    - {endpoints: ["a:eth1", "b:eth1"], mtu: 1400}
"""


def refusal(text):
    """What reading a topology says against it; fails when it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "t.clab.yml"
        path.write_text(text, encoding="ascii")
        try:
            topology.load(path)
        except topology.TopologyError as error:
            return str(error).replace(str(path), "FILE")
    raise AssertionError("taken without complaint")


class Runner(unittest.TestCase):
    def test_unknown_keys_are_refused_by_name_and_line(self):
        self.assertIn("FILE:5: node a: the lab runner does not know the key 'ports'",
                      refusal(HEAD + "  nodes:\n    a: {ports: ['80:80']}\n"))
        self.assertIn("FILE:4: topology: the lab runner does not know the key 'mgmt'", refusal(HEAD + "  mgmt: {}\n"))
        self.assertIn("FILE:7: a link: the lab runner does not know the key 'labels'",
                      refusal(HEAD + "  nodes:\n    a: {}\n  links:\n    - {labels: {}}\n"))

    def test_what_would_mean_two_things_is_refused(self):
        self.assertIn("FILE:5: node a: kind must be linux", refusal(HEAD + "  nodes:\n    a: {kind: srl}\n"))
        self.assertIn("FILE:5: node a: privileged must be false", refusal(HEAD + "  nodes:\n    a: {privileged: true}\n"))
        self.assertIn("'kind' is given twice", refusal(HEAD + "  nodes:\n    a: {kind: linux, kind: linux}\n"))
        self.assertIn("network-mode: none is missing",
                      refusal("name: x\ntopology:\n  nodes:\n    a: {kind: linux, cmd: sleep 1}\n"))
        self.assertIn("there is no node 'b'",
                      refusal(HEAD + "  nodes:\n    a: {}\n  links:\n    - endpoints: ['a:eth1', 'b:eth1']\n"))
        self.assertIn("already ends another link", refusal(TWO_NODES + "    - endpoints: ['a:eth1', 'b:eth2']\n"))

    def test_what_containerlab_would_replace_is_refused(self):
        for text in ("{env: {A: $HOME}}", "{env: {A: '${B}'}}", "{env: {A: '${B:-c}'}}", "{env: {A: '{{ .Name }}'}}",
                     "{env: {A: __clabNodeName__}}", "{env: {__IMPORT_ENVS: 'true'}}"):
            self.assertIn("to containerlab: a: {env", refusal(HEAD + f"  nodes:\n    a: {text}\n"), text)
        self.assertIn("FILE:5: node a: exec: 'ip addr' stands twice",
                      refusal(HEAD + "  nodes:\n    a: {exec: [ip addr, ip addr]}\n"))

    def test_every_topology_is_valid(self):
        done = subprocess.run([ROOT / "containerlab/lab", "validate"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


class RunnerNodes(unittest.TestCase):
    """Needs namespaces. The state of these labs is a directory of their own, so that they disturb nobody."""

    def setUp(self):
        if missing():
            self.skipTest(missing())
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "small.clab.yml"
        self.path.write_text(TWO_NODES, encoding="ascii")
        self.environment = {**os.environ, "WGOSPF_LAB_STATE": self.folder.name + "/state"}
        self.addCleanup(self.run_lab, "down")

    def run_lab(self, verb, *arguments):
        return subprocess.run([ROOT / "containerlab/lab", verb, self.path, *arguments], capture_output=True, text=True,
                              env=self.environment, check=False, timeout=60)

    def in_node(self, node, *argv):
        return self.run_lab("exec", node, "--", *argv)

    def test_nodes_are_as_the_file_says(self):
        done = self.run_lab("up")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.in_node("a", "ping", "-c", "1", "-W", "5", "192.0.2.2").returncode, 0)
        self.assertEqual(self.in_node("a", "cat", "/sys/class/net/eth1/mtu").stdout, "1400\n")
        self.assertEqual(self.in_node("b", "sh", "-c", "echo $WORD $CLAB_INTFS; hostname").stdout, "b 1\nb\n")
        self.assertEqual(self.in_node("a", "cat", "/proc/sys/net/ipv4/ip_forward").stdout, "1\n")
        self.assertEqual(self.in_node("b", "cat", "/proc/sys/net/ipv4/ip_forward").stdout, "0\n")
        self.assertNotEqual(self.in_node("a", "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward").returncode, 0)
        self.assertNotEqual(self.in_node("alone", "ip", "link", "set", "lo", "down").returncode, 0, "no cap-add there")
        self.assertEqual(self.in_node("a", "touch", "/run/mark").returncode, 0)
        self.assertNotEqual(self.in_node("b", "ls", "/run/mark").returncode, 0, "/run is each node's own")
        self.assertEqual(self.in_node("a", "false").returncode, 1)
        self.assertNotEqual(self.run_lab("up").returncode, 0, "it is up already")

    def marked(self):
        """Processes on this machine that carry the mark of test_everything_ends."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if self.folder.name.encode() + b"-mark" in entry.read_bytes():
                    found.append(int(entry.parent.name))
            except OSError:
                continue
        return found

    def test_everything_ends_with_the_lab(self):
        self.run_lab("up")
        # A process that has left its session and parents behind ends all the same.
        mark = f"sleep 1000 & : {self.folder.name}-mark; wait"
        self.in_node("a", "sh", "-c", f"setsid sh -c '{mark}' >/dev/null 2>&1 &")
        checks.wait_until(lambda: None if self.marked() else "the process is not there", 20)
        self.assertEqual(self.run_lab("down").returncode, 0)
        self.assertEqual(self.marked(), [])
        self.assertEqual(self.run_lab("down").returncode, 0, "down may be repeated")

    def test_a_lab_ends_also_when_its_file_is_broken(self):
        self.assertEqual(self.run_lab("up").returncode, 0)
        self.path.write_text("name: [", encoding="ascii")
        done = self.run_lab("down")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is ended", done.stderr)
        self.path.write_text(TWO_NODES, encoding="ascii")
        self.assertEqual(self.run_lab("up").returncode, 0, "nothing of it is left")

    def test_only_a_living_lab_keeps_its_variables(self):
        self.path.write_text(TWO_NODES.replace("WORD: b", "WORD: '${WORD:=b}'"), encoding="ascii")
        self.environment["WORD"] = "first"
        self.assertEqual(self.run_lab("up").returncode, 0)
        self.environment["WORD"] = "second"
        self.assertEqual(self.in_node("b", "sh", "-c", "echo $WORD").stdout, "first\n")
        state = pathlib.Path(self.environment["WGOSPF_LAB_STATE"]) / "small/lab.json"
        left = state.read_text(encoding="ascii")
        self.assertEqual(self.run_lab("down").returncode, 0)
        state.parent.mkdir()
        state.write_text(left, encoding="ascii")  # as a reboot leaves it: its nodes have ended
        self.assertEqual(self.run_lab("up").returncode, 0)
        self.assertEqual(self.in_node("b", "sh", "-c", "echo $WORD").stdout, "second\n")

    def test_an_interrupted_start_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGKILL):
            self.path.write_text(TWO_NODES.replace("ip addr add 192.0.2.1/24 dev eth1", "sleep 600"), encoding="ascii")
            with subprocess.Popen([ROOT / "containerlab/lab", "up", self.path], env=self.environment,
                                  stderr=subprocess.DEVNULL) as process:
                state = pathlib.Path(self.environment["WGOSPF_LAB_STATE"]) / "small/lab.json"
                checks.wait_until(lambda: None if state.exists() else "the lab does not start", 20)
                process.send_signal(number)
            if number == signal.SIGINT:
                self.assertFalse(state.exists(), "an interrupted `up` takes its nodes down")
            self.assertEqual(self.run_lab("down").returncode, 0)
            self.path.write_text(TWO_NODES, encoding="ascii")
            done = self.run_lab("up")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.run_lab("down").returncode, 0)

    def test_an_interrupt_just_after_a_wait_leaves_nothing(self):
        def wait_then_interrupt(*arguments):
            os.waitpid(*arguments)
            signal.raise_signal(signal.SIGINT)

        marked = f'sh -c "sleep 1000; : {self.folder.name}-mark"'
        self.path.write_text(TWO_NODES.replace("sleep infinity", f"'{marked}'"), encoding="ascii")
        # Only the runner's own waits: subprocess has some, too.
        interrupting = types.SimpleNamespace(**{**vars(os), "waitpid": wait_then_interrupt})
        with unittest.mock.patch.dict(os.environ, self.environment):
            starting = lab.Lab(str(self.path))
            with unittest.mock.patch.object(namespaces, "os", interrupting):
                self.assertRaises(KeyboardInterrupt, starting.up)
        self.assertFalse((starting.state / "lab.json").exists())
        self.assertEqual(self.marked(), [])

    def test_a_missing_bind_and_a_failing_exec_are_told(self):
        self.path.write_text(TWO_NODES.replace("env: {WORD: b}", "binds: ['nothing:/here']"), encoding="ascii")
        self.assertIn("nothing", self.run_lab("up").stderr)
        self.path.write_text(TWO_NODES.replace("192.0.2.2/24", "nonsense"), encoding="ascii")
        self.assertIn("node b: exec: ip addr add nonsense", self.run_lab("up").stderr)


class Prepared(unittest.TestCase):
    """What the routers find in /etc/wgospf."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "t.clab.yml"
        self.path.write_text((ROOT / "containerlab/shared-dedicated.clab.yml").read_text(encoding="ascii"), encoding="ascii")

    def contents(self, folder):
        return {path.name: (path.read_text(encoding="ascii"), path.stat().st_mode & 0o777) for path in folder.iterdir()}

    def test_a_container_writes_what_the_runner_does(self):
        """From what it sees: the lab runner's code and the topology, and ROUTER in its environment."""
        plan = topology.load(self.path, {})
        wanted = prepare.prepare(plan)
        for name, router in prepare.routers(plan).items():
            own = self.folder / f"etc-{name}"
            subprocess.run(["/usr/bin/python3", "-m", "labrunner.prepare", self.path, router.router_id, own], check=True,
                           env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "containerlab"),
                                "PYTHONDONTWRITEBYTECODE": "1", "ROUTER": router.kind})
            self.assertEqual(self.contents(own), self.contents(wanted / name))
            self.assertIn(f"{'wg-r1' if name == 'r4' else 'wg0'}.conf", self.contents(own))

    def test_what_was_edited_stays_and_is_said(self):
        plan = topology.load(self.path, {})
        file = prepare.prepare(plan) / "r1/wgospfd.yaml"
        file.write_text(file.read_text(encoding="ascii").replace("cost: 10", "cost: 20"), encoding="ascii")
        edited = file.read_text(encoding="ascii")
        done = subprocess.run([ROOT / "containerlab/lab", "prepare", self.path], check=True, capture_output=True, text=True)
        self.assertIn(f"{file} was edited and stays as it is", done.stderr)
        self.assertEqual(file.read_text(encoding="ascii"), edited)
        file.unlink()
        done = subprocess.run([ROOT / "containerlab/lab", "prepare", self.path], check=True, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertNotEqual(file.read_text(encoding="ascii"), edited)

    def test_another_daemon_finds_its_own(self):
        self.path.write_text((ROOT / "containerlab/ring.clab.yml").read_text(encoding="ascii"), encoding="ascii")
        for kind, wanted in ("wgospfd", "wgospfd.yaml"), ("bird", "bird.conf"), ("frr", "ospfd.conf"):
            folder = prepare.prepare(topology.load(self.path, {"ROUTER": kind}))
            self.assertIn("10.0.0.1", (folder / "r1" / wanted).read_text(encoding="ascii"))

    def test_what_a_deploy_binds_is_in_the_repository(self):
        """containerlab refuses to deploy where a source of a bind is missing."""
        kept = subprocess.run(["git", "ls-files", "containerlab"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for path in lab.FOLDER.glob("*.clab.yml"):
            for node in topology.load(path, {}).nodes.values():
                for bind in node.binds:
                    self.assertRegex(kept, rf"(?m)^{bind.source.relative_to(ROOT)}(/|$)")

    def test_the_address_plans_are_those_of_the_topologies(self):
        text = (ROOT / "containerlab/README.md").read_text(encoding="utf-8")
        for path in lab.FOLDER.glob("*.clab.yml"):
            plan = topology.load(path, {})
            self.assertIn("\n".join(address_plan.table(plan)), text.partition(f"### {plan.name}\n")[2].partition("\n### ")[0])


FAKES = {"containerlab": """#!/bin/sh
# deploy, destroy: a container each is a file.
echo "containerlab $*" >>"$FAKES/said"
case $1 in
  deploy) touch "$FAKES/clab-small-a" "$FAKES/clab-small-b" "$FAKES/clab-small-alone"; [ ! -e "$FAKES/broken" ] ;;
  destroy) rm -f "$FAKES"/clab-small-* ;;
esac
""", "docker": """#!/bin/sh
echo "docker $*" >>"$FAKES/said"
case "$1 $2" in
  "ps "*) ls "$FAKES" | grep '^clab-small-' || true ;;
  "image inspect") [ ! -e "$FAKES/no-image" ] ;;
  "inspect "*) echo '["PATH=/bin", "WORD=deployed"]' ;;
  "exec "*) echo "in $3 $4" ;;
  "logs "*) echo "the words of $2" ;;
esac
"""}


class ByContainerlab(unittest.TestCase):
    """What `lab` asks of containerlab and of the container engine. Neither is here: programs in their places take note."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("lab needs root")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "small.clab.yml"
        self.path.write_text(TWO_NODES, encoding="ascii")
        self.fakes = self.folder / "fakes"
        self.fakes.mkdir()
        for name, text in FAKES.items():
            (self.fakes / name).write_text(text, encoding="ascii")
            (self.fakes / name).chmod(0o755)
        self.environment = {**os.environ, "WGOSPF_LAB_STATE": f"{self.folder}/state", "FAKES": str(self.fakes),
                            "PATH": f"{self.fakes}:{os.environ['PATH']}"}

    def run_lab(self, verb, *arguments):
        return subprocess.run([ROOT / "containerlab/lab", verb, self.path, *arguments], capture_output=True, text=True,
                              env=self.environment, check=False, timeout=60)

    def said(self):
        return (self.fakes / "said").read_text(encoding="ascii")

    def test_a_lab_that_was_deployed_by_hand_is_found(self):
        subprocess.run([self.fakes / "containerlab", "deploy"], check=True, env=self.environment)
        self.assertEqual(self.run_lab("exec", "a", "--", "true").stdout, "in clab-small-a true\n")
        self.assertEqual(self.run_lab("log", "a").stdout, "the words of clab-small-a\n")
        self.assertEqual(self.run_lab("up", "--with", "containerlab").returncode, 1)
        self.assertEqual(self.run_lab("down").returncode, 0)
        self.assertIn("containerlab destroy --cleanup -t", self.said())
        self.assertEqual(list(self.fakes.glob("clab-*")), [])

    def test_what_it_was_deployed_as_its_containers_know(self):
        subprocess.run([self.fakes / "containerlab", "deploy"], check=True, env=self.environment)
        with unittest.mock.patch.dict(os.environ, self.environment):
            self.assertEqual(clab.ContainerLab(str(self.path)).plan.nodes["b"].env["WORD"], "deployed")

    def test_a_deployment_that_fails_locks_nothing(self):
        (self.fakes / "broken").touch()
        done = self.run_lab("up", "--with", "containerlab")
        self.assertEqual(done.returncode, 1)
        self.assertIn("containerlab deploy failed", done.stderr)
        self.assertEqual(list(self.fakes.glob("clab-*")), [], "what there was of it has gone")
        (self.fakes / "broken").unlink()
        done = self.run_lab("up", "--with", "containerlab")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_missing_image_names_the_command_that_builds_it(self):
        (self.fakes / "no-image").touch()
        self.assertIn("there is no image none here, or no container engine answers: `lab image` builds it",
                      self.run_lab("up", "--with", "containerlab").stderr)
        self.assertNotIn("containerlab deploy", self.said())


class NodeAsInit(unittest.TestCase):
    """In a container node.sh is PID 1, which no signal ends that it does not take: stopping would take minutes."""

    def test_it_ends_when_told_to(self):
        if missing():
            self.skipTest(missing())
        outside = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", ROOT / "containerlab/node.sh", "stay"])
        self.addCleanup(outside.wait)
        self.addCleanup(outside.kill)
        children = pathlib.Path(f"/proc/{outside.pid}/task/{outside.pid}/children")

        def goes_on():
            if outside.poll() is not None:
                return None
            for child in children.read_text(encoding="ascii").split():
                os.kill(int(child), signal.SIGTERM)
            return "it goes on"
        checks.wait_until(goes_on)


class UpAndLog(unittest.TestCase):
    """`lab up` returns when the routing daemons answer, and `lab log` has what they say."""

    def test_the_daemons_answer_and_are_heard(self):
        if missing():
            self.skipTest(missing())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # A daemon that takes its time.
        slow = pathlib.Path(folder.name) / "bird"
        slow.write_text('#!/bin/sh\nsleep 4\nexec /usr/sbin/bird "$@"\n', encoding="ascii")
        slow.chmod(0o755)
        pathlib.Path(folder.name).chmod(0o755)
        environment = {**os.environ, "WGOSPF_LAB_STATE": lab.state_apart(type(self).__name__), "ROUTER": "bird",
                       "WGOSPF_BIN": folder.name}

        def run_lab(*arguments):
            return subprocess.run([ROOT / "containerlab/lab", *arguments], capture_output=True, text=True, env=environment,
                                  check=False, timeout=120)
        self.addCleanup(run_lab, "down", "triangle")
        done = run_lab("up", "triangle")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("op1", "op2", "op3"):
            self.assertIn("main", run_lab("exec", "triangle", name, "--", "birdc", "-s", "/run/bird/bird.ctl", "show", "ospf").stdout)
        checks.wait_until(lambda: None if "Started" in run_lab("log", "triangle", "op1").stdout else "op1 has said nothing")


class CutAndHeal(LabCase):
    """A cut is silent, of two nodes only, and heals. BIRD routes, so that this stands without our daemon."""

    topology = "triangle"
    variables = {"ROUTER": "bird"}

    def test_cut(self):
        underlay = str(self.routers["op2"].underlay.ip)
        other = str(self.routers["op3"].underlay.ip)
        ping = ["ping", "-n", "-c", "1", "-W", "1"]
        self.lab.cut("op1", "op2")
        self.addCleanup(self.lab.heal, "op1", "op2")
        self.assertEqual(self.lab.exec("op1", [*ping, underlay]).status, 1)
        self.assertEqual(self.lab.exec("op1", [*ping, other]).status, 0)
        self.lab.cut("op2", "op1")
        self.lab.heal("op2", "op1")
        self.assertFalse(self.lab.is_cut("op1", "op2"))
        self.must("op1", ["ping", "-n", "-c", "1", "-W", "5", underlay])


if __name__ == "__main__":
    unittest.main()
