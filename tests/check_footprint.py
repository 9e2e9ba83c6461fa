#!/usr/bin/python3
"""Every container that an instance keeps is counted by Footprint (ospf/base/footprint.h).

A container is a member of a class in ospf/ whose type is one of the standard library's, a SlotPool or a
SlotIndex. It is counted when a measure() function reads its name. Headers of values (packets, configuration,
tables that are handed out) keep nothing.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

VALUES = {"bytes.h", "calculation.h", "calculator.h", "config.h", "event.h", "footprint.h", "info.h", "input.h", "lsa.h",
          "opaque.h", "packet.h", "route.h", "shared_bytes.h", "topology.h", "v2.h", "version.h"}
# Not counted, and why.
EXEMPT = {
    "blocks_": "SlotPool: its owner counts slots",
    "free_": "its owner counts slots",
    "tags_": "SlotIndex: its owner counts entries",
    "slots_": "SlotIndex: its owner counts entries",
    "data_": "beside edges_",
    "ranges_": "beside vertices_",
    "scratch_": "scratch",
    "new_edges_": "scratch",
    "new_data_": "scratch",
    "new_links": "scratch",
    "new_stubs": "scratch",
    "old_slots": "scratch",
    "lists_": "NextHopLists::measure; ShortestPaths: as long as the graph's slots",
    "former_lists_": "ShortestPaths: as long as the graph's slots",
    "former_distances_": "ShortestPaths: as long as the graph's slots",
    "first_": "scratch",
    "distances_": "Distances: as long as the graph's slots",
    "on_tree_": "Distances: as long as the graph's slots",
    "ranked_": "Distances: as long as the graph's slots",
    "ranks_": "Distances: as long as the graph's slots",
    "arrivals_": "Distances: at most the graph's edges",
    "queue_": "empty between runs",
    "heap_": "TimerQueue::measure",
    "words_": "NeighborSet: its owner counts neighbours",
    "stubborn": "UpdateQueue: Interface::measure",
    "again": "UpdateQueue: Interface::measure",
    "steps": "of a walk",
    "paths_": "of a walk",
    "lsas_": "of a packet that is being built",
    "table_order": "as long as the routes",
}
CONTAINER = re.compile(
    r"^\s*(?:mutable )?(?:std::(?:vector|deque|map|set|multimap|unordered_map|unordered_set)|SlotPool)<.*>\s+"
    r"(\w+(?:, \w+)*);|^\s*SlotIndex (\w+(?:, \w+)*);")


def measured():
    """The text of all measure() functions."""
    text = []
    for path in sorted((ROOT / "ospf").rglob("*.h")) + sorted((ROOT / "ospf").rglob("*.cpp")):
        source = path.read_text(encoding="utf-8")
        for match in re.finditer(r"measure\(Footprint& footprint\) const (?:override )?\{", source):
            depth, at = 1, match.end()
            while depth > 0:
                depth += {"{": 1, "}": -1}.get(source[at], 0)
                at += 1
            text.append(source[match.end():at])
    return "\n".join(text)


def members(source):
    """(line number, line) of the lines that stand in a class, and in no function of it."""
    scopes = []
    pending = ""
    for number, line in enumerate(source.splitlines(), 1):
        code = re.sub(r"//.*|\"(?:[^\"\\\\]|\\\\.)*\"", "", line)
        if scopes and scopes[-1] == "class" and "function" not in scopes:
            yield number, code
        for sign in code:
            if sign == "{":
                if re.search(r"\b(?:struct|class)\s+[\w<>: ,]*$", pending) or re.search(r"\bstruct\s*$", pending):
                    scopes.append("class")
                else:
                    scopes.append("namespace" if re.search(r"\bnamespace\b[\w: ]*$", pending) else "function")
                pending = ""
            elif sign == "}":
                scopes and scopes.pop()
                pending = ""
            elif sign == ";":
                pending = ""
            else:
                pending += sign
        pending += " "


def main():
    counted = set(re.findall(r"\w+", measured()))
    problems = []
    found = 0
    for path in sorted((ROOT / "ospf").rglob("*.h")):
        if path.name in VALUES:
            continue
        for number, line in members(path.read_text(encoding="utf-8")):
            match = CONTAINER.match(line)
            if not match:
                continue
            for name in (match.group(1) or match.group(2)).split(", "):
                found += 1
                if name not in counted and name not in EXEMPT:
                    problems.append(f"{path.relative_to(ROOT)}:{number}: {name} is not in the footprint")
    if found < 20:
        problems.append(f"only {found} containers were found")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
