"""Writes the configurations of a topology's routers: what each finds in /etc/wgospf.

The lab runner writes them under containerlab/.lab/NAME/NODE and binds them. A container has no such bind and writes its
own when it starts:

  python3 -m labrunner.prepare TOPOLOGY ROUTER-ID FOLDER

What a router is stands once, in its node's `env`:

  ROUTER       wgospfd, frr or bird
  ROUTER_ID    its router id, also a /32 on its loopback
  UNDERLAY     its address (with length) on eth1, where its tunnels' datagrams travel
  LAN          its address on eth2, if it has a LAN
  TUNNELS      PEER=ADDRESS/LENGTH or PEER=unnumbered, separated by blanks: one WireGuard interface wg-PEER each
  SHARED       ADDRESS/LENGTH PEER PEER...: one WireGuard interface wg0 with all these peers on it, each of which has
               the other's own address alone in its allowed-ips
  COSTS        INTERFACE=COST, separated by blanks: of tunnels, wg-PEER or wg0/PEER, that do not cost 10
  EXTERNAL     PREFIX=ADDRESS: a static route by a host in its LAN, which it redistributes
  WG_LOG       what wireguard-go writes into /run/INTERFACE.log: error, or verbose
  LS_REFRESH   seconds between refreshes of its own LSAs (wgospfd only)
  BFD          milliseconds between BFD packets on its tunnels, of which three may be missing; 0: no BFD

A host in a LAN has instead ADDRESS (with length, on eth1), GATEWAY and, when a prefix is behind it, an address of
that, BEHIND.

From that come each tunnel's wg-PEER.conf, wg0.conf and the daemon's own configuration.
"""

import base64
import dataclasses
import fcntl
import functools
import hashlib
import ipaddress
import json
import os
import pathlib
import subprocess
import sys

from .topology import TopologyError, load

HELLO_INTERVAL = 1
DEAD_INTERVAL = 4
_FIRST_PORT = 51820
SHARED_DEVICE = "wg0"
COST = 10
_SHARED_PORT = 51819
KINDS = ("wgospfd", "frr", "bird")
_FRR_LOG = "log stdout informational\nlog file /run/router.warnings warnings\n"


@dataclasses.dataclass
class Tunnel:
    """One end of a tunnel. `address` is None when unnumbered. `interface`: what wgospfd calls the link over it, which
    behind a peer of the shared device has the peer's name, too."""

    peer: str
    interface: str
    address: object
    port: int
    cost: int = COST

    @property
    def way(self):
        """Two routers may be joined both ways."""
        return "shared" if self.is_shared else "dedicated"

    @property
    def device(self):
        """As the kernel, and any other daemon, calls it."""
        return self.interface.partition("/")[0]

    @property
    def is_shared(self):
        return "/" in self.interface

    @property
    def prefix(self):
        """What is announced of it: on a shared device the own address (RFC 2328 12.4.1.4), else the subnet."""
        if self.address is None:
            return None
        return ipaddress.ip_network(self.address.ip) if self.is_shared else self.address.network


@dataclasses.dataclass
class Router:
    """A node that routes. Addresses are ipaddress interfaces; `lan` may be None, `external` is a network or None."""

    name: str
    kind: str
    router_id: str
    underlay: object
    lan: object
    tunnels: list
    external: object
    external_gateway: str
    refresh: object
    bfd: int = 0

    @property
    def shared_address(self):
        """Its own on the shared device, None without one."""
        return next((tunnel.address.ip for tunnel in self.tunnels if tunnel.is_shared), None)

    def interfaces(self):
        """interface -> announced prefix (None: unnumbered) of everything that it routes for."""
        found = {tunnel.interface: tunnel.prefix for tunnel in self.tunnels}
        if self.lan:
            found["eth2"] = self.lan.network
        return found


def folder(plan):
    """Where everything of a topology is written: beside it, or in $WGOSPF_LAB_FILES."""
    return pathlib.Path(os.environ.get("WGOSPF_LAB_FILES", plan.path.parent / ".lab")) / plan.name


def underlay_address(node):
    """A node's address in the underlay, without the length."""
    if "UNDERLAY" not in node.env:
        raise TopologyError(f"node {node.name} has no UNDERLAY in its env")
    return node.env["UNDERLAY"].partition("/")[0]


def _interface(plan, node, key):
    text = node.env[key].partition(" ")[0]
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        raise TopologyError(f"{plan.path}: node {node.name}: env {key}: '{text}' is no address/length") from None


def _tunnels(plan, node):
    result = []
    for number, text in enumerate(node.env.get("TUNNELS", "").split()):
        peer, _, address = text.partition("=")
        where = f"{plan.path}: node {node.name}: env TUNNELS: {text}"
        if peer not in plan.nodes or "TUNNELS" not in plan.nodes[peer].env:
            raise TopologyError(f"{where}: there is no router {peer}")
        own = None
        if address != "unnumbered":
            try:
                own = ipaddress.ip_interface(address)
            except ValueError:
                raise TopologyError(f"{where}: wanted PEER=ADDRESS/LENGTH or PEER=unnumbered") from None
        result.append(Tunnel(peer, f"wg-{peer}", own, _FIRST_PORT + number))
    result += _shared(plan, node)
    _set_costs(plan, node, {tunnel.interface: tunnel for tunnel in result})
    return result


def _set_costs(plan, node, tunnels):
    for text in node.env.get("COSTS", "").split():
        interface, _, cost = text.partition("=")
        if interface not in tunnels or not cost.isdigit() or not 1 <= int(cost) <= 65535:
            raise TopologyError(f"{plan.path}: node {node.name}: env COSTS: {text}: wanted INTERFACE=COST, an interface "
                                f"of {', '.join(tunnels)}")
        tunnels[interface].cost = int(cost)


def _shared(plan, node):
    if "SHARED" not in node.env:
        return []
    own = _interface(plan, node, "SHARED")
    peers = node.env["SHARED"].split()[1:]
    for peer in peers:
        if peer not in plan.nodes or "SHARED" not in plan.nodes[peer].env:
            raise TopologyError(f"{plan.path}: node {node.name}: env SHARED: there is no router {peer} with SHARED")
    return [Tunnel(peer, f"{SHARED_DEVICE}/{peer}", own, _SHARED_PORT) for peer in peers]


def _external(plan, node):
    """(network, gateway) of EXTERNAL, (None, "") without it."""
    if "EXTERNAL" not in node.env:
        return None, ""
    prefix, _, gateway = node.env["EXTERNAL"].partition("=")
    try:
        return ipaddress.ip_network(prefix), str(ipaddress.ip_address(gateway))
    except ValueError:
        raise TopologyError(f"{plan.path}: node {node.name}: env EXTERNAL: wanted PREFIX=ADDRESS, found "
                            f"{node.env['EXTERNAL']}") from None


def routers(plan):
    """name -> Router of all nodes that route. Raises TopologyError where the two ends of a tunnel disagree."""
    found = {}
    for node in plan.nodes.values():
        if "ROUTER_ID" not in node.env:
            continue
        for key in ("ROUTER", "UNDERLAY"):
            if key not in node.env:
                raise TopologyError(f"{plan.path}: node {node.name}: env {key} is missing")
        if "TUNNELS" not in node.env and "SHARED" not in node.env:
            raise TopologyError(f"{plan.path}: node {node.name}: env TUNNELS and SHARED are missing")
        if node.env["ROUTER"] not in KINDS:
            raise TopologyError(f"{plan.path}: node {node.name}: ROUTER is {node.env['ROUTER']}, not {' or '.join(KINDS)}")
        lan = _interface(plan, node, "LAN") if "LAN" in node.env else None
        found[node.name] = Router(node.name, node.env["ROUTER"], node.env["ROUTER_ID"],
                                  _interface(plan, node, "UNDERLAY"), lan, _tunnels(plan, node),
                                  *_external(plan, node), node.env.get("LS_REFRESH"),
                                  int(node.env.get("BFD", "0")))
    for router in found.values():
        for tunnel in router.tunnels:
            back = [other for other in found[tunnel.peer].tunnels
                    if other.peer == router.name and other.is_shared == tunnel.is_shared]
            network = tunnel.address and tunnel.address.network
            if len(back) != 1 or (back[0].address and back[0].address.network) != network:
                raise TopologyError(f"{plan.path}: the tunnel of {router.name} to {tunnel.peer} has no counterpart "
                                    f"in {network or 'unnumbered'} there")
    return found


def lan_hosts(plan):
    """router -> (host node, host address) of the hosts in the routers' LANs."""
    found = {}
    for name, router in routers(plan).items():
        for node in plan.nodes.values():
            if router.lan and node.name in plan.linked_to(name) and "ADDRESS" in node.env:
                found[name] = (node.name, node.env["ADDRESS"].partition("/")[0])
    return found


def addresses_behind(plan):
    """Host node -> address behind it, of those that have a prefix behind them."""
    return {node.name: node.env["BEHIND"].partition("/")[0] for node in plan.nodes.values() if "BEHIND" in node.env}


def _run(argv, stdin=""):
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout.strip()


def _write(path, text, mode=0o644):
    """In one step, and only what changes: another lab of the same topology may be reading."""
    if path.exists() and path.read_text(encoding="ascii") == text:
        return
    new = path.with_name(path.name + ".new")
    with open(new, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, mode)) as handle:
        handle.write(text)
    new.replace(path)


def _private_key(plan, name, device):
    """Of the names alone, so that each node knows the public keys of all: for labs, which keep no secrets."""
    key = bytearray(hashlib.sha256(f"wgospf lab {plan.name} {name} {device}".encode()).digest())
    key[0] &= 0b11111000
    key[31] = key[31] & 0b01111111 | 0b01000000
    return base64.b64encode(key).decode()


@functools.lru_cache(maxsize=None)
def _public_key(private_key):
    return _run(["wg", "pubkey"], private_key)


def _wireguard_conf(private_key, tunnel, peer_key, endpoint):
    return (f"[Interface]\nPrivateKey = {private_key}\nListenPort = {tunnel.port}\n\n"
            f"[Peer]\nPublicKey = {peer_key}\nEndpoint = {endpoint}\nAllowedIPs = 0.0.0.0/0, ::/0\n")


def _shared_conf(private_key, peers):
    """`peers`: (key, endpoint, allowed-ips) of each."""
    text = f"[Interface]\nPrivateKey = {private_key}\nListenPort = {_SHARED_PORT}\n"
    for key, endpoint, allowed_ips in peers:
        text += f"\n[Peer]\nPublicKey = {key}\nEndpoint = {endpoint}\nAllowedIPs = {allowed_ips}\n"
    return text


def _wgospfd_shared_yaml(router, keys):
    """`keys`: peer -> its public key."""
    text = (f"      - name: {SHARED_DEVICE}\n        peers: auto\n        peer-defaults:\n          cost: {COST}\n"
            f"          hello-interval: {HELLO_INTERVAL}\n          dead-interval: {DEAD_INTERVAL}\n        peer:\n")
    for tunnel in router.tunnels:
        if tunnel.is_shared:
            text += f'          - public-key: "{keys[tunnel.peer]}"\n            name: {tunnel.peer}\n'
            text += "" if tunnel.cost == COST else f"            cost: {tunnel.cost}\n"
    return text


def _wgospfd_yaml(router, shared_keys):
    text = f"router-id: {router.router_id}\n"
    if router.refresh:
        text += f"ls-refresh-time: {router.refresh}\n"
    text += "areas:\n  - area-id: 0.0.0.0\n    interfaces:\n      - name: lo\n        passive: true\n"
    if shared_keys:
        text = "state-directory: /run/wgospf-state\n" + text + _wgospfd_shared_yaml(router, shared_keys)
    for tunnel in router.tunnels:
        if tunnel.is_shared:
            continue
        text += (f"      - name: {tunnel.interface}\n        interface-type: point-to-point\n        cost: {tunnel.cost}\n"
                 f"        hello-interval: {HELLO_INTERVAL}\n        dead-interval: {DEAD_INTERVAL}\n")
        if router.bfd:
            text += f"        bfd: {{ enabled: true, min-interval: {1000 * router.bfd} }}\n"
    if router.lan:
        text += "      - name: eth2\n        passive: true\n        cost: 10\n"
    if router.external:
        text += f"redistribute:\n  - source: static\n    prefixes: [{router.external}]\n"
    return text


def _frr_conf(router):
    text = f"hostname {router.name}\n{_FRR_LOG}"
    for tunnel in router.tunnels:
        text += (f"interface {tunnel.interface}\n ip ospf area 0\n ip ospf network point-to-point\n"
                 f" ip ospf hello-interval {HELLO_INTERVAL}\n ip ospf dead-interval {DEAD_INTERVAL}\n"
                 f" ip ospf cost {tunnel.cost}\n" + (" ip ospf bfd\n ip ospf bfd profile lab\n" if router.bfd else ""))
    if router.lan:
        text += "interface eth2\n ip ospf area 0\n ip ospf passive\n ip ospf cost 10\n"
    text += f"interface lo\n ip ospf area 0\nrouter ospf\n ospf router-id {router.router_id}\n"
    return text + (" redistribute kernel\n" if router.external else "")


def _bird_conf(router, everyone):
    text = (f'log stderr all;\nlog "/run/router.warnings" {{ warning, error, fatal, bug, remote, auth }};\n'
            f"router id {router.router_id};\nprotocol device {{}}\n"
            "protocol kernel { ipv4 { import none; export where source ~ [RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2]; }; "
            "}\n"
            + (f"protocol bfd {{ interface \"wg-*\" {{ interval {router.bfd} ms; multiplier 3; }}; }}\n" if router.bfd else "") +
            "protocol ospf v2 main {\n  ipv4 { import all; export where source = RTS_STATIC; };\n  area 0 {\n"
            '    interface "lo" { stub yes; cost 1; };\n')
    neighbors = [str(everyone[tunnel.peer].shared_address) for tunnel in router.tunnels if tunnel.is_shared]
    if neighbors:
        text += (f'    interface "{SHARED_DEVICE}" {{ type ptmp; hello {HELLO_INTERVAL}; dead {DEAD_INTERVAL}; cost {COST}; '
                 f"neighbors {{ {' '.join(f'{address};' for address in neighbors)} }}; }};\n")
    for tunnel in router.tunnels:
        if tunnel.is_shared:
            continue
        text += (f'    interface "{tunnel.interface}" {{ type ptp; hello {HELLO_INTERVAL}; dead {DEAD_INTERVAL}; '
                 f"cost {tunnel.cost}; {'bfd on; ' if router.bfd else ''}}};\n")
    if router.lan:
        text += '    interface "eth2" { stub yes; cost 10; };\n'
    text += "  };\n}\n"
    if router.external:
        text += f"protocol static {{ ipv4; route {router.external} via {router.external_gateway}; }}\n"
    return text


def _daemon_files(router, everyone, shared_keys):
    if router.kind == "wgospfd":
        return {"wgospfd.yaml": _wgospfd_yaml(router, shared_keys)}
    if any(tunnel.address is None for tunnel in router.tunnels):
        raise TopologyError(f"node {router.name}: unnumbered tunnels are written for wgospfd only")
    if router.kind == "frr" and router.shared_address:
        raise TopologyError(f"node {router.name}: FRR of Debian 12 has no links by unicast; give it TUNNELS")
    if router.kind == "frr":
        return {"zebra.conf": f"hostname {router.name}\n{_FRR_LOG}", "ospfd.conf": _frr_conf(router),
                "bfdd.conf": f"hostname {router.name}\n{_FRR_LOG}bfd\n profile lab\n  detect-multiplier 3\n"
                             f"  receive-interval {router.bfd or 300}\n  transmit-interval {router.bfd or 300}\n"}
    return {"bird.conf": _bird_conf(router, everyone)}


def configuration(plan, name):
    """What a router of wgospfd is configured with."""
    return files(plan, name)["wgospfd.yaml"][0]


def files(plan, name):
    """name -> (text, mode) of the files of a router."""
    everyone = routers(plan)
    router, found = everyone[name], {}
    shared_keys, shared_peers = {}, []
    for tunnel in router.tunnels:
        peer = everyone[tunnel.peer]
        back = next(back for back in peer.tunnels if back.peer == name and back.is_shared == tunnel.is_shared)
        key, endpoint = _public_key(_private_key(plan, peer.name, back.device)), f"{peer.underlay.ip}:{back.port}"
        if tunnel.is_shared:
            # Only wgospfd adds to them what routes lead to.
            allowed = f"{peer.shared_address}/32" if router.kind == "wgospfd" else "0.0.0.0/0"
            shared_keys[peer.name] = key
            shared_peers.append((key, endpoint, allowed))
        else:
            private = _private_key(plan, name, tunnel.device)
            found[f"{tunnel.interface}.conf"] = (_wireguard_conf(private, tunnel, key, endpoint), 0o600)
    if shared_peers:
        found[f"{SHARED_DEVICE}.conf"] = (_shared_conf(_private_key(plan, name, SHARED_DEVICE), shared_peers), 0o600)
    for file, text in _daemon_files(router, everyone, shared_keys).items():
        found[file] = (text, 0o644)
    return found


def prepare(plan):
    """Writes all files of a topology; returns the directory. What was edited there since stays, and is said."""
    folder(plan).mkdir(parents=True, exist_ok=True)
    with open(folder(plan) / ".lock", "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _prepare(plan)
    return folder(plan)


def _prepare(plan):
    record = folder(plan) / ".written"
    try:
        written = json.loads(record.read_text(encoding="ascii"))
    except (OSError, ValueError):
        written = {}
    for name in routers(plan):
        (folder(plan) / name).mkdir(exist_ok=True)
        for file, (text, mode) in files(plan, name).items():
            path, label = folder(plan) / name / file, f"{name}/{file}"
            if label in written and path.exists() and _digest(path.read_text(encoding="utf-8")) != written[label]:
                print(f"lab: {path} was edited and stays as it is; remove it to have it written anew", file=sys.stderr)
                continue
            _write(path, text, mode)
            written[label] = _digest(text)
    _write(record, json.dumps(written))


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def main(arguments):
    """In a node: writes its own files."""
    topology, router_id, target = arguments
    plan = load(topology)
    name = next(router.name for router in routers(plan).values() if router.router_id == router_id)
    pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    for file, (text, mode) in files(plan, name).items():
        _write(pathlib.Path(target) / file, text, mode)


if __name__ == "__main__":
    main(sys.argv[1:])
