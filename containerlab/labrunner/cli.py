"""The command line of `lab`."""

import argparse
import os
import subprocess
import sys

from . import checks, clab, image, lab, namespaces, prepare, topology

_EXPECTED = (lab.LabError, namespaces.NodeError, topology.TopologyError, checks.CheckFailed,
             subprocess.SubprocessError, OSError)


def open_lab(name, world=None):
    """The lab of a topology, in the world asked for, else in the one that it is up in, whoever has deployed it there."""
    found = lab.Lab(name)
    world = world or found.saved_world() or ("containerlab" if clab.containers(found.name) else None)
    return clab.ContainerLab(name) if world == "containerlab" else found


def end_lab(name, world=None):
    """Ends a lab, also one whose file cannot be read any more."""
    try:
        open_lab(name, world).down()
    except topology.TopologyError as error:
        running = lab.built_from(lab.find_topology(name))
        if not running or any(one.saved_world() == "containerlab" for one in running):
            raise
        print(f"lab: {error}; the lab that was built from it is ended", file=sys.stderr)
        for one in running:
            one.down()


def _parser():
    parser = argparse.ArgumentParser(
        prog="lab", description="Runs containerlab topologies in network namespaces, or hands them to containerlab.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, text, *, world=False, positional=()):
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("name", metavar="NAME", help="a topology: containerlab/NAME.clab.yml, or a path")
        for argument, metavar in positional:
            sub.add_argument(argument, metavar=metavar)
        if world:
            sub.add_argument("--with", dest="world", choices=("namespaces", "containerlab"), help="what runs it")
        return sub

    ends = (("first", "NODE"), ("second", "NODE"))
    verb("up", "builds the lab, and waits until its routing daemons answer", world=True)
    verb("check", "waits until the lab is as NAME.check.py says, or tells what is not", world=True)
    for name, text in (("cut", "drops all datagrams between two nodes in the underlay, silently"), ("heal", "undoes a cut")):
        verb(name, text, positional=ends).add_argument("--only", choices=("shared", "dedicated"),
                                                       help="the tunnel over wg0, or over an interface of its own")
    verb("shell", "a shell in a node", positional=(("node", "NODE"),))
    run = verb("exec", "runs a command in a node: lab exec NAME NODE -- COMMAND", positional=(("node", "NODE"),))
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    verb("log", "what a node's command wrote, and its routing daemon", positional=(("node", "NODE"),))
    verb("down", "ends the lab and everything in it", world=True)
    verb("prepare", "writes only the routers' configurations, and says where")
    verbs.add_parser("validate", help="reads every topology of this folder and says what is wrong")
    built = verbs.add_parser("image", help="builds the container image of the routers (wgospf/router)")
    built.add_argument("--debootstrap", action="store_true", help="make the base image here instead of pulling it")
    return parser


def _run(arguments):
    if arguments.verb == "image":
        image.build(debootstrap=arguments.debootstrap)
        return 0
    if arguments.verb == "validate":
        for path in sorted(lab.FOLDER.glob("*.clab.yml")):
            plan = topology.load(path)
            prepare.routers(plan)
            print(f"{plan.name}: {len(plan.nodes)} nodes, {len(plan.links)} links")
        return 0
    if arguments.verb == "prepare":
        print(prepare.prepare(lab.Lab(arguments.name).plan))
        return 0
    if arguments.verb == "down":
        end_lab(arguments.name, arguments.world)
        return 0
    found = open_lab(arguments.name, getattr(arguments, "world", None))
    if arguments.verb == "up":
        found.up()
        checks.daemons_answer(found)
    elif arguments.verb == "check":
        checks.run_file(found)
    elif arguments.verb in ("cut", "heal"):
        getattr(found, arguments.verb)(arguments.first, arguments.second, arguments.only)
    elif arguments.verb == "log":
        print(found.words(arguments.node), end="")
    elif arguments.verb == "shell":
        found.replace_process(arguments.node, ["bash"])
    else:
        command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
        if not command:
            raise lab.LabError("lab exec NAME NODE -- COMMAND: the command is missing")
        found.replace_process(arguments.node, command)
    return 0


def main(argv):
    arguments = _parser().parse_args(argv)
    if os.geteuid() != 0 and arguments.verb not in ("prepare", "validate"):
        print("lab: namespaces and interfaces need root", file=sys.stderr)
        return 1
    try:
        return _run(arguments)
    except _EXPECTED as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
