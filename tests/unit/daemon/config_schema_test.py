#!/usr/bin/python3
"""The JSON Schema of the configuration against the cases of config_cases/ and the samples.

What the daemon takes the schema takes, as it stands and as it is printed. What the daemon refuses the schema refuses,
too, but for what only a program can say: those are listed here, so that a rule that leaves the schema is seen.
"""

import json
import pathlib
import sys
import unittest

try:
    import jsonschema
    import yaml
except ImportError:
    print("python3-jsonschema or python3-yaml is missing (packaging/install-deps test)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[3]
CASES = ROOT / "tests/unit/daemon/config_cases"
SCHEMA = json.loads((ROOT / "packaging/wgospfd.schema.json").read_text(encoding="utf-8"))

# Refused by the daemon alone: what one value says about another, or a file about another one;
BEYOND_A_SCHEMA = set("""
  area-twice bfd-both-intervals broadcast dead-not-longer defaults-contradicted defaults-of-a-type-not-built entries-overlap
  entries-overlap-the-other-way-round filter-ge filter-le include-a-directory-that-is-not-read
  include-a-loop include-an-absent-file include-itself include-repeats-a-redistribution include-repeats-a-section include-repeats-an-interface
  include-too-deep interface-in-both interface-twice interfaces-and-areas
  no-interface-in-any-file pattern-twice peer-address-of-a-group peer-address-twice peer-dead-not-longer peer-name-twice
  peer-twice peer-router-id-passive peers-passive-by-default prefix-twice prefix-within-the-next source-twice source-twice-once-for-all
  announces-metrics announces-on-a-passive-interface client-by-peer-defaults-with-an-address
  transit-on-a-passive-interface
  area-summary-of-a-normal-area area-type range-twice
  spf-hold-down spf-order unnumbered-self
""".split())
# how long a text is, or an address in it is made;
BEYOND_A_SCHEMA |= set("""
  listen-ipv6 listen-no-ipv6 metrics-by-name listen-nowhere listen-port listen-too-long prefix-host-bits prefix-length router-id-zero
  announces-host-bits peer-router-id-zero range-host-bits
""".split())
# and what YAML 1.1 has made another value of before the schema sees it.
BEYOND_A_SCHEMA |= set("cost-octal enabled-word passive-yes repeated repeated-section".split())


def load(text):
    """The text's value, None when it is not one YAML document in UTF-8."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None


def is_valid(value):
    return jsonschema.Draft7Validator(SCHEMA).is_valid(value)


def cases(extension):
    return [path.with_suffix(".yaml") for path in sorted(CASES.glob("*" + extension))]


class Schema(unittest.TestCase):
    def test_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_takes_what_the_daemon_takes(self):
        for path in cases(".ok"):
            for text in (path.read_text(encoding="utf-8"), path.with_suffix(".ok").read_text(encoding="utf-8")):
                with self.subTest(path.name):
                    jsonschema.validate(load(text), SCHEMA)

    def test_takes_the_samples(self):
        for path in [ROOT / "packaging/samples/wgospfd.yaml", *(ROOT / "tests/unit/daemon/import_cases").glob("*.yaml")]:
            with self.subTest(path.name):
                jsonschema.validate(load(path.read_text(encoding="utf-8")), SCHEMA)

    def test_refuses_what_the_daemon_refuses(self):
        taken = set()
        for path in cases(".error"):
            value = load(path.read_bytes())
            if value is not None and is_valid(value):
                taken.add(path.stem)
        self.assertEqual(taken, BEYOND_A_SCHEMA)


if __name__ == "__main__":
    unittest.main()
