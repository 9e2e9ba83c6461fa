"""Runs containerlab topologies: in network namespaces without Docker, or by the real containerlab.

topology   reads a *.clab.yml strictly, in the subset that both worlds understand alike
prepare    writes what the routers find in /etc/wgospf: WireGuard's and the routing daemons' configurations
namespaces one node: its namespaces, its mounts, its init
lab        a lab of such nodes: up, down, exec, cut, heal
clab       the same verbs, by the real containerlab
routers    what a routing daemon in a node thinks: wgospfd, FRR, BIRD
checks     what must hold in a lab
"""
