#!/usr/bin/python3
"""Compares what two builds of the simulator end each seed with: routes and LSA bodies, router by router.

usage: compare_digests.py OLD NEW [--seeds A..B] [--jobs N] [--detail N]

OLD and NEW are two wgospf_sim programs. What a router has of one that it does not reach does not count: that is what it
heard last, by chance of the moment in which the way was lost, and it ages out. Of the first seeds that differ
(--detail, 3) the routes and LSAs that only one of them has are printed: `-` OLD's, `+` NEW's. Status 0 when nothing
differs.
"""

import argparse
import os
import subprocess
import sys

ROUTER_LSA, ROUTER_LINK = "1", 1


def digests(program, arguments):
    run = subprocess.run([program, "--digest", *arguments], stdout=subprocess.PIPE, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f"compare_digests.py: {program} ended with status {run.returncode}")
    return run.stdout.splitlines()


def by_seed(lines):
    """{seed: lines of its routers}; what else is printed is no digest."""
    seeds = {}
    for line in lines:
        words = line.split()
        if len(words) > 2 and words[0] == "seed" and words[2] == "router":
            seeds.setdefault(int(words[1]), []).append(line)
    return seeds


def neighbors(body):
    """Of a router-LSA's body in hex (RFC 2328 A.4.2): whom it has a link to."""
    octets = bytes.fromhex(body)
    at, found = 4, set()
    while at + 12 <= len(octets):
        if octets[at + 8] == ROUTER_LINK:
            found.add(".".join(map(str, octets[at:at + 4])))
        at += 12 + 4 * octets[at + 9]
    return found


class Lsa:
    """Of a line `router R LSA type T id I by A ... body HEX`."""

    def __init__(self, line):
        words = line.split()
        self.holder, self.kind, self.originator, self.body = words[1], words[4], words[8], words[-1]


def reached(lsas, holder):
    """Router ids to which links lead that both ends have, by the router-LSAs that `holder` has."""
    links = {}
    for lsa in lsas:
        if lsa.holder == holder and lsa.kind == ROUTER_LSA:
            links.setdefault(lsa.originator, set()).update(neighbors(lsa.body) if lsa.body != "body" else ())
    found, todo = {holder}, [holder]
    while todo:
        router = todo.pop()
        for other in links.get(router, ()):
            if other not in found and router in links.get(other, ()):
                found.add(other)
                todo.append(other)
    return found


def that_count(lines):
    """Routes, and LSAs of routers that are reached by who has them."""
    lsas = {line: Lsa(line) for line in lines if " LSA " in line}
    holders = {line.split()[1] for line in lines if line.startswith("router ")}
    around = {holder: reached(lsas.values(), holder) for holder in holders}
    return {line for line in lines
            if " route " in line or line in lsas and lsas[line].originator in around[lsas[line].holder]}


def difference(options, seed):
    """(only OLD's, only NEW's) of the lines that count."""
    one = ["--seed", str(seed)]
    old, new = digests(options.old, one), digests(options.new, one)
    before, after = that_count(old), that_count(new)
    return before - after, after - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--seeds", default="1..200")
    parser.add_argument("--jobs", default=str(os.cpu_count()))
    parser.add_argument("--detail", type=int, default=3)
    options = parser.parse_args()
    arguments = ["--seeds", options.seeds, "--jobs", options.jobs]
    old = by_seed(digests(options.old, arguments))
    new = by_seed(digests(options.new, arguments))
    seeds = sorted(old.keys() | new.keys())
    if not seeds:
        sys.exit("compare_digests.py: neither program printed a digest")
    differing, lost = [], []
    for seed in (seed for seed in seeds if old.get(seed) != new.get(seed)):
        before, after = difference(options, seed)
        if not before and not after:
            lost.append(seed)
            continue
        differing.append(seed)
        if len(differing) <= options.detail:
            for mark, lines in (("-", before), ("+", after)):
                for line in sorted(lines):
                    print(f"seed {seed} {mark} {line}")
    routers = sum(len(lines) for lines in old.values())
    if lost:
        print(f"in {len(lost)} seeds alone what routers hold of others that they do not reach differs: "
              + " ".join(map(str, lost)))
    print(f"{len(seeds)} seeds, {routers} routers: {len(differing)} seeds differ"
          + (": " + " ".join(map(str, differing)) if differing else ""))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
