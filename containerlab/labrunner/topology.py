"""Reads an ordinary containerlab topology, strictly.

Only keys with one meaning in both worlds are taken; any other is an error with its place, because a key that
is skipped in silence would let one file describe two networks. `${NAME:=value}` is replaced by the
environment's NAME or else by the value, as containerlab does.
"""

import copy
import dataclasses
import os
import pathlib
import re
import shlex

import yaml

# The MTU that containerlab gives a link that states none.
DEFAULT_MTU = 9500


class TopologyError(Exception):
    """What is wrong with a topology file, as FILE:LINE: TEXT."""


@dataclasses.dataclass
class Bind:
    """A file or directory of the host (absolute path) that a node sees at `target`."""

    source: pathlib.Path
    target: str
    read_only: bool


@dataclasses.dataclass
class Node:
    """One node, with the topology's defaults merged in. `cmd` and `exec` are argument lists."""

    name: str
    kind: str = ""
    network_mode: str = ""
    image: str = ""
    cmd: list = dataclasses.field(default_factory=list)
    env: dict = dataclasses.field(default_factory=dict)
    binds: list = dataclasses.field(default_factory=list)
    sysctls: dict = dataclasses.field(default_factory=dict)
    exec: list = dataclasses.field(default_factory=list)
    cap_add: list = dataclasses.field(default_factory=list)
    devices: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Link:
    """A veth pair; each end is (node, interface)."""

    ends: tuple
    mtu: int


@dataclasses.dataclass
class Topology:
    """A whole file. `variables`: what stood for each ${NAME:=value}."""

    name: str
    path: pathlib.Path
    nodes: dict
    links: list
    variables: dict

    def interfaces(self, node):
        """Names of the interfaces that links give to a node."""
        return [interface for link in self.links for owner, interface in link.ends if owner == node]

    def linked_to(self, node):
        """Names of the nodes that a link joins to this one."""
        found = set()
        for link in self.links:
            names = [owner for owner, _ in link.ends]
            if node in names:
                found.update(name for name in names if name != node)
        return found


class _Reader:
    """Walks composed YAML nodes, so that every complaint knows its line."""

    def __init__(self, path):
        self.path = path

    def fail(self, node, text):
        raise TopologyError(f"{self.path}:{node.start_mark.line + 1}: {text}")

    def mapping(self, node, what, known):
        """key -> YAML node; `known` None allows every key (names chosen by the author of the file)."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"{what} must be a mapping")
        found = {}
        for key, value in node.value:
            name = key.value
            if known is not None and name not in known:
                self.fail(key, f"{what}: the lab runner does not know the key '{name}' (it knows {', '.join(known)})")
            if name in found:
                self.fail(key, f"{what}: '{name}' is given twice")
            found[name] = value
        return found

    def text(self, node, what):
        """A scalar exactly as written."""
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, f"{what} must be a single value")
        return node.value

    def texts(self, node, what):
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, f"{what} must be a list")
        return [self.text(item, what) for item in node.value]

    def table(self, node, what):
        return {key: self.text(value, f"{what}: {key}") for key, value in self.mapping(node, what, None).items()}

    def command(self, node, what):
        text = self.text(node, what)
        try:
            words = shlex.split(text)
        except ValueError as error:
            self.fail(node, f"{what}: {error}: {text}")
        if not words:
            self.fail(node, f"{what} is empty")
        return words

    def only(self, node, what, wanted, why):
        """A key of which one value alone is understood."""
        if self.text(node, what) != wanted:
            self.fail(node, f"{what} must be {wanted}: {why}")
        return wanted


_NODE_KEYS = ("kind", "image", "cmd", "env", "binds", "sysctls", "exec", "cap-add", "devices", "privileged",
              "network-mode", "restart-policy")


def _read_bind(reader, node, text):
    parts = text.split(":")
    if len(parts) == 3 and parts[2] not in ("ro", "rw"):
        reader.fail(node, f"binds: '{parts[2]}' is neither ro nor rw: {text}")
    if len(parts) not in (2, 3) or not parts[1].startswith("/"):
        reader.fail(node, f"binds: wanted SOURCE:/TARGET or SOURCE:/TARGET:ro, found: {text}")
    source = pathlib.Path(os.path.normpath(reader.path.parent / parts[0]))
    return Bind(source, parts[1], len(parts) == 3 and parts[2] == "ro")


def _read_node(reader, what, yaml_node, base):
    """A node from its mapping on top of `base`: single values replace, lists and tables add."""
    result = copy.deepcopy(base)
    for key, value in reader.mapping(yaml_node, what, _NODE_KEYS).items():
        label = f"{what}: {key}"
        if key == "kind":
            result.kind = reader.only(value, label, "linux", "other kinds need containerlab")
        elif key == "privileged":
            reader.only(value, label, "false", "nodes get the capabilities of cap-add and no others")
        elif key == "network-mode":
            result.network_mode = reader.only(value, label, "none", "a lab has its own links only")
        elif key == "restart-policy":
            reader.only(value, label, "no", "a node whose command ends has ended")
        elif key == "image":
            result.image = reader.text(value, label)
        elif key == "cmd":
            result.cmd = reader.command(value, label)
        elif key == "env":
            result.env.update(reader.table(value, label))
        elif key == "sysctls":
            result.sysctls.update(reader.table(value, label))
        elif key == "binds":
            result.binds += [_read_bind(reader, value, text) for text in reader.texts(value, label)]
        elif key == "exec":
            reader.texts(value, label)
            for item in value.value:
                command = reader.command(item, label)
                if command in result.exec:
                    reader.fail(item, f"{label}: '{item.value}' stands twice, which containerlab runs once")
                result.exec.append(command)
        else:
            merged = result.cap_add if key == "cap-add" else result.devices
            merged += [text for text in reader.texts(value, label) if text not in merged]
    return result


def _read_link(reader, yaml_node, nodes, taken):
    keys = reader.mapping(yaml_node, "a link", ("endpoints", "mtu"))
    if "endpoints" not in keys:
        reader.fail(yaml_node, "a link needs endpoints: [\"NODE:INTERFACE\", \"NODE:INTERFACE\"]")
    texts = reader.texts(keys["endpoints"], "endpoints")
    if len(texts) != 2:
        reader.fail(keys["endpoints"], f"a link has two endpoints, not {len(texts)}")
    ends = []
    for text in texts:
        node, _, interface = text.partition(":")
        if node not in nodes:
            reader.fail(keys["endpoints"], f"endpoint {text}: there is no node '{node}'")
        if not re.fullmatch(r"eth[1-9][0-9]*", interface):
            reader.fail(keys["endpoints"], f"endpoint {text}: the interface must be eth1, eth2, and so on")
        if (node, interface) in taken:
            reader.fail(keys["endpoints"], f"endpoint {text} already ends another link")
        taken.add((node, interface))
        ends.append((node, interface))
    mtu = DEFAULT_MTU
    if "mtu" in keys:
        text = reader.text(keys["mtu"], "mtu")
        if not text.isdigit() or not 68 <= int(text) <= 65535:
            reader.fail(keys["mtu"], f"mtu must be a number from 68 to 65535, not {text}")
        mtu = int(text)
    return Link(tuple(ends), mtu)


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):=([^}$]*)\}")
# What containerlab puts something else for, each with a word on what it is there.
_REPLACED = {"$": "a variable (only ${NAME:=value} is known here)", "{{": "a template", "__clab": "a magic variable",
             "__IMPORT_ENVS": "the caller's environment"}


def _refuse_replaced(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        rest = _VARIABLE.sub("", line)
        for words, meaning in _REPLACED.items():
            if words in rest:
                raise TopologyError(f"{path}:{number}: '{words}' is {meaning} to containerlab: {line.strip()}")


def _compose(path, environment, variables):
    def value(match):
        return variables.setdefault(match.group(1), environment.get(match.group(1)) or match.group(2))

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TopologyError(f"{path}: {error.strerror}") from None
    try:
        _refuse_replaced(path, text)
        root = yaml.compose(_VARIABLE.sub(value, text))
    except yaml.YAMLError as error:
        raise TopologyError(f"{path}: {error}") from None
    if root is None:
        raise TopologyError(f"{path}:1: the file is empty")
    return root


def _read_nodes(reader, parts):
    defaults = Node("")
    if "defaults" in parts:
        defaults = _read_node(reader, "defaults", parts["defaults"], defaults)
    nodes = {}
    for name, yaml_node in reader.mapping(parts["nodes"], "nodes", None).items():
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,9}", name):
            reader.fail(yaml_node, f"node {name}: wanted at most ten of a-z, 0-9 and -, beginning with a letter")
        node = _read_node(reader, f"node {name}", yaml_node, dataclasses.replace(defaults, name=name))
        for key, given in (("kind: linux", node.kind), ("network-mode: none", node.network_mode), ("cmd", node.cmd)):
            if not given:
                reader.fail(yaml_node, f"node {name}: {key} is missing")
        nodes[name] = node
    return nodes


def load(path, environment=None):
    """Topology of the file at `path`. Raises TopologyError, naming the place, for what is wrong in it."""
    path = pathlib.Path(path).absolute()
    variables = {}
    root = _compose(path, os.environ if environment is None else environment, variables)
    reader = _Reader(path)
    top = reader.mapping(root, "the file", ("name", "topology"))
    for key in ("name", "topology"):
        if key not in top:
            reader.fail(root, f"'{key}' is missing")
    name = reader.text(top["name"], "name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        reader.fail(top["name"], f"name must be of a-z, 0-9 and -, not '{name}'")
    parts = reader.mapping(top["topology"], "topology", ("defaults", "nodes", "links"))
    if "nodes" not in parts:
        reader.fail(top["topology"], "topology: 'nodes' is missing")
    nodes = _read_nodes(reader, parts)
    taken = set()
    links = []
    if "links" in parts:
        if not isinstance(parts["links"], yaml.SequenceNode):
            reader.fail(parts["links"], "links must be a list")
        links = [_read_link(reader, link, nodes, taken) for link in parts["links"].value]
    return Topology(name, path, nodes, links, variables)
