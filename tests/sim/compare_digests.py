#!/usr/bin/python3
"""Compares what two builds of the simulator end each seed with: routes and LSA bodies, router by router.

usage: compare_digests.py OLD NEW [--seeds A..B] [--jobs N] [--detail N]

OLD and NEW are two wgospf_sim programs. Of the first seeds that differ (--detail, 3) the routes and LSAs that
only one of them has are printed: `-` OLD's, `+` NEW's. Status 0 when nothing differs.
"""

import argparse
import os
import subprocess
import sys


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


def show(seed, old, new):
    before, after = set(old), set(new)
    for line in sorted(before - after):
        print(f"seed {seed} - {line}")
    for line in sorted(after - before):
        print(f"seed {seed} + {line}")


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
    differing = [seed for seed in seeds if old.get(seed) != new.get(seed)]
    for seed in differing[: options.detail]:
        one = ["--seed", str(seed)]
        show(seed, digests(options.old, one), digests(options.new, one))
    routers = sum(len(lines) for lines in old.values())
    print(f"{len(seeds)} seeds, {routers} routers: {len(differing)} seeds differ"
          + (": " + " ".join(map(str, differing)) if differing else ""))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
