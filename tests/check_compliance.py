#!/usr/bin/python3
"""Every test that a table of docs/rfc-compliance.md or docs/testing.md names must exist in the sources, and every source
file that a table of docs/architecture.md names, in ospf/.

GoogleTest names (`Suite.Test`, `Prefix/Suite.Test/Parameter`, `*` allowed) by their TEST macros, CTest names
by add_test, `fuzz: X` and `conformance: X` by their target and folder, the cases in brackets behind a folder
of vectors by what the folder holds. Folders beside the repository are not looked into.
"""

import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "docs" / name for name in ("rfc-compliance.md", "testing.md")]
VECTORS = ROOT / "tests" / "vectors"
SHARED_VECTORS = {"packets", "graphs", "steps", "rib-holo"}

TEST = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
INSTANCE = re.compile(r"INSTANTIATE_TEST_SUITE_P\(\s*(\w+),\s*(\w+)")
GOOGLE_TEST = re.compile(r"^(?:([\w*]+)/)?([A-Z]\w*)\.([\w*]+)(?:/([\w*]+))?$")
CTEST = re.compile(r"^[a-z_]+\.[\w*]+$")
FOLDERS = re.compile(r"(?:conformance: |, )([a-z][a-z0-9-]+)(?: \(([^)]*)\))?(?=[,;.]|$)")


def read(pattern):
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob(pattern)))


class Sources:
    def __init__(self):
        self.code = read("*.cpp")
        # Tests of case files bear the files' names.
        cases = sorted((ROOT / "tests/unit/daemon/config_cases").glob("*.yaml"))
        self.code += "".join(f'"{case.stem.replace("-", "_")}"\n' for case in cases)
        self.builds = read("CMakeLists.txt")
        self.tests = [".".join(test) for test in TEST.findall(self.code)]
        self.instances = {}
        for prefix, suite in INSTANCE.findall(self.code):
            self.instances.setdefault(suite, []).append(prefix)

    def has_google_test(self, match):
        prefix, suite, test, parameter = match.groups()
        if not fnmatch.filter(self.tests, f"{suite}.{test}"):
            return False
        if prefix and not fnmatch.filter(self.instances.get(suite, []), prefix):
            return False
        # A named parameter is a string of the source; a numbered or open one is anything.
        named = parameter and re.search(r"[A-Za-z]\w*", parameter)
        return not named or re.search(r'"%s\w*"' % named.group(0), self.code) is not None

    def has_ctest(self, name):
        return re.search(r"\b" + re.escape(name.rstrip("*")), self.builds) is not None

    def has_fuzz(self, name):
        return f"fuzz_{name}" in self.builds


def cells(document):
    """(line number, text) of the last cell of each row of a table."""
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("|") and not re.match(r"^\|[-| ]+\|$", line):
            yield number, [cell.strip() for cell in line.strip("|").split("|")][-1]


def wrong_names(sources, cell):
    for name in re.findall(r"`([^`]+)`", cell):
        match = GOOGLE_TEST.match(name)
        if match and not sources.has_google_test(match):
            yield name
        elif not match and CTEST.match(name) and not sources.has_ctest(name):
            yield name
    for name in re.findall(r"fuzz: (\w+)", cell):
        if not sources.has_fuzz(name):
            yield f"fuzz: {name}"
    at = cell.find("conformance: ")
    folders = re.sub(r"`[A-Z][^`]*`|sim: .*|fuzz: .*", "", cell[at:]) if at >= 0 else ""
    for folder, cases in FOLDERS.findall(folders):
        if not (VECTORS / folder).is_dir():
            if folder not in SHARED_VECTORS:
                yield f"conformance: {folder}"
            continue
        held = "\n".join(path.read_text(encoding="utf-8") for path in (VECTORS / folder).rglob("*.json"))
        identifiers = re.findall(r'"(?:id|name)":\s*"([^"]+)"', held)
        for case in re.findall(r"`([^`]+)`", cases):
            if not fnmatch.filter(identifiers, case):
                yield f"conformance: {folder} ({case})"


def missing_files():
    """Of the tables that say where a section of an RFC is."""
    document = ROOT / "docs/architecture.md"
    named = 0
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        for name in re.findall(r"`([\w/]+\.(?:cpp|h))`", line) if line.startswith("|") else ():
            named += 1
            if not (ROOT / "ospf" / name).is_file():
                yield f"{document.relative_to(ROOT)}:{number}: there is no ospf/{name}"
    if named == 0:
        yield f"{document.relative_to(ROOT)}: no table names a file"


def main():
    sources = Sources()
    problems = list(missing_files())
    for document in DOCUMENTS:
        named = 0
        for number, cell in cells(document):
            named += len(re.findall(r"`[^`]+`", cell))
            where = f"{document.relative_to(ROOT)}:{number}"
            problems += [f"{where}: there is no {name}" for name in wrong_names(sources, cell)]
        if named == 0:
            problems.append(f"{document.relative_to(ROOT)}: no table names a test")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
