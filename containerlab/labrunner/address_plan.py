"""The address plan of a lab, as containerlab/README.md shows it."""

from . import prepare


def _tunnels(router):
    shared = [tunnel for tunnel in router.tunnels if tunnel.is_shared]
    texts = [f"wg-{tunnel.peer} {tunnel.address or 'unnumbered'}" for tunnel in router.tunnels if not tunnel.is_shared]
    if shared:
        texts.append(f"wg0 {shared[0].address} to {', '.join(tunnel.peer for tunnel in shared)}")
    return "; ".join(texts)


def table(plan):
    """Lines of a Markdown table: a router each."""
    hosts = prepare.lan_hosts(plan)
    lines = ["| router | id | underlay, eth1 | LAN, eth2 | host in it | tunnels |", "|---|---|---|---|---|---|"]
    for name, router in prepare.routers(plan).items():
        host = " ".join(hosts[name]) if name in hosts else ""
        kind = "" if router.kind == "wgospfd" else f" ({router.kind})"
        lines.append(f"| {name}{kind} | {router.router_id} | {router.underlay} | {router.lan or ''} | {host} | {_tunnels(router)} |")
    return lines
