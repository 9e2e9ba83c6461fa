"""The same verbs by the real containerlab, on the same file.

The containers of a lab are called clab-LAB-NODE. Commands go in through the container engine rather than
`containerlab exec`, which does not pass on a command's exit status.
"""

import json
import os
import shutil
import subprocess

from .lab import Lab, LabError


def _docker(*arguments):
    """What the container engine says; None when there is none, or it refuses."""
    if shutil.which("docker") is None:
        return None
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout if done.returncode == 0 else None


def containers(name):
    """Names of the containers of a lab, whoever has deployed it."""
    return (_docker("ps", "--all", "--filter", f"label=containerlab={name}", "--format", "{{.Names}}") or "").split()


class ContainerLab(Lab):
    """A lab of containers; like Lab in all that a user or a check does with it."""

    world = "containerlab"

    def __init__(self, name):
        super().__init__(name)
        if not self._saved():
            self._read_variables()

    def _is_alive(self):
        return bool(containers(self.name))

    def _read_variables(self):
        """Of a lab that was deployed by hand: what stood for the file's variables, its containers know."""
        for node in self.plan.nodes.values() if self._is_alive() else []:
            told = _docker("inspect", "--format", "{{json .Config.Env}}", self._container(node.name))
            for key, _, value in (text.partition("=") for text in json.loads(told or "[]")):
                if key in node.env:
                    node.env[key] = value

    def _containerlab(self, *arguments):
        """Runs containerlab, which says on standard error how it goes on."""
        if shutil.which("containerlab") is None:
            raise LabError("containerlab is not installed (https://containerlab.dev/install); "
                           "without --with containerlab the lab runs in network namespaces")
        environment = {**os.environ, "CLAB_VERSION_CHECK": "disable"}
        done = subprocess.run(["containerlab", *arguments, "-t", str(self.path)], env=environment, check=False,
                              stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise LabError(f"containerlab {arguments[0]} failed, for the reason above")

    def _container(self, node):
        if node not in self.plan.nodes:
            raise LabError(f"{self.name} has no node {node} (it has: {', '.join(self.plan.nodes)})")
        return f"clab-{self.name}-{node}"

    def up(self):
        for image in sorted({node.image for node in self.plan.nodes.values()}):
            if _docker("image", "inspect", image) is None:
                raise LabError(f"there is no image {image} here, or no container engine answers: `lab image` builds it")
        with self._locked():
            if self._is_alive():
                raise LabError(f"lab {self.name} is up already; `lab down {self.name}` ends it")
            self.state.mkdir(parents=True, exist_ok=True)
            # Before it is deployed: who is killed leaves what `down` finds.
            self._save()
            try:
                self._containerlab("deploy")
            except BaseException:
                self._end()
                raise

    def _end(self):
        """What is there of it, which may be less than all."""
        self._containerlab("destroy", "--cleanup")
        self._remove()

    def down(self):
        with self._locked():
            self._end()

    def is_up(self):
        running = _docker("ps", "--quiet", "--filter", f"label=containerlab={self.name}") or ""
        return len(running.split()) == len(self.plan.nodes)

    def command(self, node, argv):
        return ["docker", "exec", "--interactive", self._container(node), *argv]

    def environment(self, node):
        """Of the command that reaches into the container; what is inside is the container's own."""
        return dict(os.environ)

    def replace_process(self, node, argv):
        terminal = ["--tty"] if os.isatty(0) else []
        os.execvp("docker", ["docker", "exec", "--interactive", *terminal, self._container(node), *argv])

    def words(self, node):
        done = subprocess.run(["docker", "logs", self._container(node)], check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.stdout
