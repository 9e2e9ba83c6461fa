#!/usr/bin/python3
"""What wgospfctl prints for programs: the answers of a daemon that has a neighbor, against their schemas; and that a list
is never without a schema."""

import json
import re
import subprocess
import sys

import two_daemons_test
from two_daemons_test import BIN, main

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is missing (packaging/install-deps test)")
    sys.exit(77)

ARGUMENTS = {"path": ["192.168.2.0/24"]}
# These change something, or have no end.
OTHERS = [["firewall"], ["top", "--once"], ["log-level", "info"], ["reload"], ["reload", "--dry-run"]]
WITHOUT_SCHEMA = {"top"}


class Schema(two_daemons_test.TwoRouters):
    def ctl(self, *arguments):
        done = subprocess.run(self.a.command(str(BIN / "wgospfctl"), *arguments), text=True, capture_output=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def test_every_answer_is_what_its_schema_says(self):
        self.start_both()
        self.wait(lambda: self.neighbor(self.a).get("state") == "full", "a is Full")
        page = subprocess.run([BIN / "wgospfctl", "show", "--help"], check=True, text=True, capture_output=True).stdout
        shown = re.findall(r"(?m)^  ([a-z-]+) ", page.partition("Subcommands:")[2])
        self.assertIn("neighbors", shown)
        for command in [["show", name, *ARGUMENTS.get(name, [])] for name in shown] + OTHERS:
            if command[0] in WITHOUT_SCHEMA:
                continue
            with self.subTest(command=command):
                schema = json.loads(self.ctl(*command, "--json-schema"))
                jsonschema.Draft202012Validator.check_schema(schema)
                answer = json.loads(self.ctl(*command, "--json"))
                jsonschema.Draft202012Validator(schema).validate(answer)
                for name, value in answer.items():
                    # What is not there must be missed, and what is too much must be seen.
                    self.assertFalse(jsonschema.Draft202012Validator(schema).is_valid(
                        {key: entry for key, entry in answer.items() if key != name}), name)
                    self.assertFalse(jsonschema.Draft202012Validator(schema).is_valid({**answer, name: {"x": value}}))

    def test_the_manual_page_has_every_name(self):
        text = (two_daemons_test.pathlib.Path(__file__).resolve().parents[3] / "docs/man/wgospfctl.8").read_text(
            encoding="utf-8").replace("\\-", "-")

        def names(schema):
            for name, value in schema.get("properties", {}).items():
                yield name
                for part in [value, *value.get("anyOf", []), value.get("items", {})]:
                    yield from names(part)

        page = subprocess.run([BIN / "wgospfctl", "show", "--help"], check=True, text=True, capture_output=True).stdout
        for name in re.findall(r"(?m)^  ([a-z-]+) ", page.partition("Subcommands:")[2]):
            schema = json.loads(subprocess.run(
                [BIN / "wgospfctl", "show", name, *ARGUMENTS.get(name, []), "--json-schema"], check=True, text=True,
                capture_output=True).stdout)
            missing = [word for word in set(names(schema)) if not re.search(rf"(?<!\w){word}(?!\w)", text)]
            self.assertEqual(missing, [], name)


if __name__ == "__main__":
    main()
