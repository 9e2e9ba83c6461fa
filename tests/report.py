#!/usr/bin/python3
"""Counts a report of CTest, and refuses skips that are not on the list.

  report.py ctest REPORT.xml FOLDER   adds up; what a program reported itself, in FOLDER/NAME.xml, replaces its entry
  report.py cases                     the same for lines "N skipped: REASON" of the conformance runner, on stdin

Says what failed and what may not be skipped (tests/allowed_skips.txt). The last line is PASSED FAILED SKIPPED.
"""

import fnmatch
import pathlib
import re
import sys
import xml.etree.ElementTree

LIST = pathlib.Path(__file__).with_name("allowed_skips.txt")
_CASE = "case: "


def allowed():
    """Patterns of the list, without their reasons."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def may_be_skipped(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns if not pattern.startswith(_CASE))


def read_ctest(path, folder):
    """(name, "passed", "failed" or "skipped", what CTest says of it) of each test."""
    found = []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        # GoogleTest's parameters stand behind the name.
        name = case.get("name").partition("  # ")[0]
        own = pathlib.Path(folder) / f"{name}.xml"
        state = {"run": "passed", "fail": "failed"}.get(case.get("status"), "skipped")
        cases = read_googletest(own) if own.exists() else []
        if cases and (state != "failed" or any(entry[1] == "failed" for entry in cases)):
            found += cases
            continue
        skipped = case.find("skipped")
        found.append((name, state, "" if skipped is None else skipped.get("message", "")))
    return found


def read_googletest(path):
    found = []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        state = "passed"
        if case.find("failure") is not None:
            state = "failed"
        elif case.get("result") != "completed":
            state = "skipped"
        found.append((name, state, "" if skipped is None else skipped.get("message", "")))
    return found


def count_tests(path, folder):
    patterns = allowed()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, state, words in read_ctest(path, folder):
        if state == "skipped" and not may_be_skipped(name, patterns):
            print(f"  FAILED: {name} was skipped, which tests/allowed_skips.txt does not allow: {words}")
            state = "failed"
        elif state == "failed":
            print(f"  FAILED: {name}")
        counts[state] += 1
    return counts.values()


def count_cases(lines):
    """Cases are no tests: only those count that may not be skipped."""
    patterns = allowed()
    failed = 0
    for line in lines:
        found = re.search(r"\d+ skipped: (.*)", line.rstrip("\n"))
        if found and _CASE + found.group(1) not in patterns:
            print(f"  FAILED: cases were skipped, which tests/allowed_skips.txt does not allow: {found.group(1)}")
            failed += 1
    return 0, failed, 0


def main():
    if sys.argv[1:] == ["cases"]:
        counts = count_cases(sys.stdin)
    elif len(sys.argv) == 4 and sys.argv[1] == "ctest":
        counts = count_tests(*sys.argv[2:])
    else:
        sys.exit(__doc__)
    print(*counts)


if __name__ == "__main__":
    main()
