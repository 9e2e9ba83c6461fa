#!/usr/bin/python3
"""The rules of the folders, checked on the sources: who may include whom, and what the core may not touch.

From the ground up; a folder includes itself and what its line names, and nothing of ours beside that:

net/        nothing
ospf/base/  net/ip.h and itself: it knows nothing of the protocol
ospf/       net/ip.h; of all else only the standard library, no clock, no randomness but what is given to it
bfd/        net/, and of ospf/base/ the bytes, the clock type and the generator. Its core is as pure as ospf/ is;
            engine.cpp has the thread, the sockets and the clock
wgadapter/  net/
rib/        net/
daemon/config/  net/, ospf/, rib/report.h: a library of its own, which needs no thread, socket or API
proto/      the generated API
cli/        net/host_port.h; the generated API and its JSON; daemon/config/ for files
daemon/     everything but the client

No headers include each other in a circle.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Folders of ours that a folder may include, and single headers beside them.
ALLOWED = {
    "net": (("net",), ()),
    "ospf": (("ospf",), ("net/ip.h",)),
    "bfd": (("bfd", "net"), ("ospf/base/bytes.h", "ospf/base/clock.h", "ospf/base/random.h")),
    "wgadapter": (("wgadapter", "net"), ()),
    "rib": (("rib", "net"), ()),
    "daemon/config": (("daemon/config", "net", "ospf"), ("rib/report.h",)),
    "proto": (("proto", "wgospf"), ()),
    "cli": (("cli", "wgospf", "daemon/config"), ("net/host_port.h", "proto/json.h")),
    "daemon": (("daemon", "net", "ospf", "bfd", "wgadapter", "rib", "wgospf"), ("proto/json.h",)),
}
OURS = ("net", "ospf", "bfd", "wgadapter", "rib", "cli", "daemon", "wgospf", "proto", "tests")

# Standard headers that would bring threads, files or hidden randomness into the core. <chrono> is not among
# them: a clock type without now() is made from it; reading a clock is what CORE_CALLS finds.
CORE_FORBIDDEN = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "filesystem", "fstream",
                  "iostream", "random", "ctime", "csignal"}
CORE_CALLS = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|utc_clock)\b|\brandom_device\b"
                        r"|\b(std::)?s?rand\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\bgettimeofday\b|\bclock_gettime\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files(folder):
    """Of a folder, but not of those in it that have a line of their own."""
    others = [ROOT / other for other in ALLOWED if other.startswith(folder + "/")]
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix in (".h", ".cpp", ".cc", ".hpp") and not any(other in path.parents for other in others):
            yield path


def is_standard(header):
    """Standard headers have neither a folder nor a suffix."""
    return "/" not in header and "." not in header


def include_problem(folder, quote, header):
    """What is wrong with an include, None when nothing."""
    folders, headers = ALLOWED[folder]
    top = header.split("/")[0]
    if top in OURS and "/" in header:
        if header.startswith(tuple(f"{allowed}/" for allowed in folders)) or header in headers:
            return None
        return f"{folder}/ must not include {header}"
    if quote == '"':
        return f"{header}: includes of ours name their folder from the top"
    if folder == "ospf":
        if not is_standard(header):
            return f"the core includes only the standard library, net/ip.h and itself, not <{header}>"
        if header in CORE_FORBIDDEN:
            return f"the core must not need <{header}>"
    return None


def is_below_base(path, header):
    """An include of ospf/base/ from elsewhere in ospf/."""
    return path.parent == ROOT / "ospf" / "base" and header.startswith("ospf/") and not header.startswith("ospf/base/")


def circle(graph):
    """The headers of one circle, None when there is none."""
    done = set()

    def walk(header, way):
        if header in way:
            return way[way.index(header):] + [header]
        if header in done:
            return None
        found = next(filter(None, (walk(other, way + [header]) for other in graph.get(header, ()))), None)
        done.add(header)
        return found

    return next(filter(None, (walk(header, []) for header in graph)), None)


def headers():
    """Of each header what it includes of ours."""
    return {str(path.relative_to(ROOT)): [match.group(2) for match in map(INCLUDE.match, path.read_text(encoding="utf-8").splitlines())
                                          if match and match.group(1) == '"']
            for folder in ALLOWED for path in files(folder) if path.suffix == ".h"}


def check_file(folder, path):
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        match = INCLUDE.match(line)
        text = include_problem(folder, *match.groups()) if match else None
        if match and is_below_base(path, match.group(2)):
            text = f"ospf/base/ must not include {match.group(2)}"
        if text:
            problems.append(f"{where}: {text}")
        if folder == "ospf" and CORE_CALLS.search(line.split("//")[0]):
            problems.append(f"{where}: the core reads no clock and makes no randomness: {line.strip()}")
    return problems


def main():
    problems = []
    for folder in ALLOWED:
        for path in files(folder):
            problems += check_file(folder, path)
    around = circle(headers())
    if around:
        problems.append("a circle: " + " -> ".join(around))
    for path in sorted((ROOT / "proto").rglob("*.proto")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'\s*import\s+"([^"]+)"', line)
            if match and not match.group(1).startswith(("wgospf/", "google/protobuf/")):
                problems.append(f"{path.relative_to(ROOT)}:{number}: the API imports {match.group(1)}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
