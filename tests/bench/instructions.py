#!/usr/bin/python3
"""Instructions that the core needs for its pieces of work (callgrind), and its memory for an LSA, against a baseline.

usage: instructions.py PROGRAM [--baseline FILE] [--record]

PROGRAM is what instructions.cpp became. A count above its baseline by more than 3 % fails, and so does memory. Counts
depend on the compiler and not on the machine or its load; with another compiler than the baseline's there is nothing
to compare: status 77. --record writes a new baseline.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PIECES = ("install", "install-and-flood", "encode", "full-spf", "full-spf-far-away", "prefix-change")
MEMORY = "bytes-per-lsa"
MARGIN = 1.03
SKIP = 77


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"instructions.py: {' '.join(command)} ended with status {done.returncode}:\n{done.stderr}")
    return done


def instructions(program, piece):
    """For one of the pieces. A compiler may append to the name of measured_part()."""
    with tempfile.TemporaryDirectory() as folder:
        done = run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=measured_part*",
                    f"--callgrind-out-file={folder}/out", program, piece])
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if not collected or int(collected[1]) == 0:
        sys.exit(f"instructions.py: valgrind counted nothing:\n{done.stderr}")
    return int(collected[1]) / int(done.stdout)


def measure(program):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda piece: round(instructions(program, piece), 1), PIECES)
        values = dict(zip(PIECES, counts))
    values[MEMORY] = float(run([program, MEMORY]).stdout)
    return values


def compare(values, baseline):
    failed = False
    for name, value in values.items():
        ratio = value / baseline[name]
        good = ratio <= MARGIN
        failed = failed or not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {value:.1f}, baseline {baseline[name]:.1f}, "
              f"ratio {ratio:.3f} (at most {MARGIN})")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--baseline", default=os.path.join(os.path.dirname(__file__), "instructions.json"))
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed (packaging/install-deps test)")
        return SKIP
    compiler = run([options.program, "compiler"]).stdout.strip()
    if options.record:
        recorded = {"compiler": compiler, "counts": measure(options.program)}
        with open(options.baseline, "w", encoding="utf-8") as file:
            json.dump(recorded, file, indent=2)
            file.write("\n")
        return 0
    with open(options.baseline, encoding="utf-8") as file:
        baseline = json.load(file)
    if compiler != baseline["compiler"]:
        print(f"skipped: built with {compiler}, and the baseline is {baseline['compiler']}'s")
        return SKIP
    return compare(measure(options.program), baseline["counts"])


if __name__ == "__main__":
    sys.exit(main())
