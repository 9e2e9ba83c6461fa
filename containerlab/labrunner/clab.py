"""The same verbs by the real containerlab, on the same file.

The containers of a lab are called clab-LAB-NODE. Commands go in through the container engine rather than
`containerlab exec`, which does not pass on a command's exit status.
"""

import os
import shutil
import subprocess

from . import prepare
from .lab import Lab, LabError


class ContainerLab(Lab):
    """A lab of containers; like Lab in all that a user or a check does with it."""

    world = "containerlab"

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
        prepare.prepare(self.plan)
        with self._locked():
            if self._is_alive():
                raise LabError(f"lab {self.name} is up already; `lab down {self.name}` ends it")
            self.state.mkdir(parents=True, exist_ok=True)
            # Before it is deployed: what a deployment that fails leaves is found by `down`.
            self._save()
            self._containerlab("deploy")

    def down(self):
        with self._locked():
            self._containerlab("destroy", "--cleanup")
            self._remove()

    def is_up(self):
        done = subprocess.run(["docker", "ps", "--quiet", "--filter", f"name=^clab-{self.name}-"],
                              capture_output=True, text=True, check=False)
        return len(done.stdout.split()) == len(self.plan.nodes)

    def command(self, node, argv):
        return ["docker", "exec", "--interactive", self._container(node), *argv]

    def environment(self, node):
        """Of the command that reaches into the container; what is inside is the container's own."""
        return dict(os.environ)

    def replace_process(self, node, argv):
        terminal = ["--tty"] if os.isatty(0) else []
        os.execvp("docker", ["docker", "exec", "--interactive", *terminal, self._container(node), *argv])

    def last_words(self, node):
        done = subprocess.run(["docker", "logs", "--tail", "8", self._container(node)], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout
