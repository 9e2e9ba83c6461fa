#!/usr/bin/python3
"""From leaves.yaml: leaves.h, the manual page wgospfd.yaml(5), the site's page of it and the JSON Schema of the configuration.

  generate.py          writes them
  generate.py --check  says which of them are not in step; status 1 if any is not
"""

import json
import pathlib
import re
import subprocess
import sys
import textwrap

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "daemon/config/leaves.yaml"
HEADER = ROOT / "daemon/config/leaves.h"
MANUAL = ROOT / "docs/man/wgospfd.yaml.5"
PAGE = ROOT / "docs/reference/configuration.md"
SCHEMA = ROOT / "packaging/wgospfd.schema.json"

FIELDS = {"name", "type", "of", "values", "value", "pattern", "min", "max", "unit", "default", "default-words",
          "required", "shown", "words", "schema"}
SECTION_FIELDS = {"id", "what", "title", "subtitle", "words", "leaves", "leaves-of", "without", "after", "after-example",
                  "not-built", "schema"}
# What an item of the list type `prefix` may be.
PREFIX_ITEM = {"oneOf": [{"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"},
                         {"$ref": "#/definitions/prefix-filter"}]}


class Wrong(Exception):
    """The definition cannot be used."""


def load():
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    names = {section["id"] for section in definition["sections"]}
    for section in definition["sections"]:
        check(section["id"], section, SECTION_FIELDS)
        if "leaves-of" in section:
            take_leaves(section, definition["sections"])
        for leaf in section["leaves"]:
            place = f"{section['id']}.{leaf.get('name')}"
            check(place, leaf, FIELDS)
            if leaf["type"] not in ("number", "boolean", "choice", "text", "mapping", "list"):
                raise Wrong(f"{place}: there is no type {leaf['type']}")
            if "of" in leaf and leaf["of"] not in names | {"prefix", "text"}:
                raise Wrong(f"{place}: there is no section {leaf['of']}")
            if leaf["type"] == "number" and not leaf["min"] <= leaf.get("default", leaf["min"]) <= leaf["max"]:
                raise Wrong(f"{place}: the default is not in the range")
            if leaf["type"] == "choice" and leaf.get("default", leaf["values"][0]) not in leaf["values"]:
                raise Wrong(f"{place}: the default is none of the values")
    return definition


def take_leaves(section, sections):
    origin = next(other for other in sections if other["id"] == section["leaves-of"])
    without = section.get("without", [])
    unknown = set(without) - {leaf["name"] for leaf in origin["leaves"]}
    if unknown:
        raise Wrong(f"{section['id']}: {section['leaves-of']} has no {', '.join(sorted(unknown))}")
    section["taken"] = [leaf for leaf in origin["leaves"] if leaf["name"] not in without]
    section["leaves"] = section.get("leaves", []) + section["taken"]
    section["not-built"] = origin.get("not-built", [])


def check(place, mapping, known):
    unknown = set(mapping) - known
    if unknown:
        raise Wrong(f"{place}: unknown {', '.join(sorted(unknown))}")


# The header

def identifier(name):
    return name.replace("-", "_")


def quoted(text):
    return json.dumps(str(text))


def keys(names):
    return f"std::array<std::string_view, {len(names)}>{{{', '.join(map(quoted, names))}}}"


def c_number(leaf):
    kind = "std::uint16_t" if leaf["max"] <= 65535 else "std::uint32_t"
    # No default: what the parser sets only if it is given.
    default = leaf.get("default", leaf["min"])
    return (f"inline constexpr NumberLeaf<{kind}> {identifier(leaf['name'])}{{{{{quoted(leaf['name'])}}}, "
            f"{{{leaf['min']}, {leaf['max']}U, {quoted(leaf.get('unit', ''))}}}, {default}U}};")


def c_leaf(leaf):
    name = identifier(leaf["name"])
    head = f"{name}{{{{{quoted(leaf['name'])}}}"
    if leaf["type"] == "number":
        return c_number(leaf)
    if leaf["type"] == "boolean":
        return f"inline constexpr BooleanLeaf {head}, {'true' if leaf.get('default') else 'false'}}};"
    if leaf["type"] == "choice":
        values = leaf["values"]
        return (f"inline constexpr auto {name}_values = {keys(values)};\n"
                f"inline constexpr ChoiceLeaf {head}, {name}_values, {values.index(leaf.get('default', values[0]))}}};")
    if leaf["type"] == "text":
        return f"inline constexpr TextLeaf {head}, {quoted(leaf.get('default', ''))}}};"
    return f"inline constexpr {leaf['type'].capitalize()}Leaf {head}}};"


def c_section(section):
    leaves = section["leaves"]
    required = [leaf for leaf in leaves if "required" in leaf]
    lines = [f"namespace {identifier(section['id'])} {{"]
    lines += [c_leaf(leaf) for leaf in leaves]
    lines.append(f"inline constexpr auto known = {keys([leaf['name'] for leaf in leaves])};")
    lines.append(f"inline constexpr auto not_built = {keys(section.get('not-built', []))};")
    lines.append(f"inline constexpr auto required = std::array<RequiredLeaf, {len(required)}>{{"
                 + ", ".join(f"RequiredLeaf{{{quoted(leaf['name'])}, {quoted(leaf['required'])}}}" for leaf in required)
                 + "};")
    lines.append(f"inline constexpr Section section{{{quoted(section['what'])}, known, not_built, required}};")
    return "\n".join(lines) + f"\n}}  // namespace {identifier(section['id'])}\n"


def header(definition):
    text = "\n".join([
        "#pragma once",
        "// What may stand in the configuration. Generated from leaves.yaml by generate.py; not to be changed here.",
        "",
        "#include <array>",
        "#include <cstdint>",
        "#include <string_view>",
        "",
        '#include "daemon/config/leaf.h"',
        "",
        "namespace wgospf::daemon::leaf {",
        "",
    ] + [c_section(section) for section in definition["sections"]] + ["}  // namespace wgospf::daemon::leaf", ""])
    return subprocess.run(["clang-format-14", f"--assume-filename={HEADER}"], input=text, text=True, check=True,
                          capture_output=True).stdout


# The manual page

def roff_literal(text):
    return text.replace("-", r"\-")


def roff(text):
    """Words with their marks: `literal`, _placeholder_, page(8)."""
    text = re.sub(r"`([^`]*)`", lambda m: rf"\fB{roff_literal(m.group(1))}\fP", text)
    text = re.sub(r"(?<![\w/.])_([^_`]+)_", r"\\fI\1\\fP", text)
    return re.sub(r"\b([a-z][a-z.-]*)\(([58])\)", lambda m: rf"\fB{roff_literal(m.group(1))}\fP({m.group(2)})", text)


def paragraphs(text):
    filled = [textwrap.fill(roff(" ".join(part.split())), 119, break_long_words=False, break_on_hyphens=False)
              for part in text.strip().split("\n\n") if part.strip()]
    return "\n.PP\n".join(re.sub(r"^([.'])", r"\\&\1", part, flags=re.MULTILINE) for part in filled)


def example(text):
    return ".nf\n" + text.rstrip("\n").replace("-", r"\-") + "\n.fi"


def shown(leaf):
    """What stands behind the leaf's name on the manual page."""
    if "shown" in leaf:
        return leaf["shown"]
    if leaf["type"] == "boolean":
        return "true|false"
    if leaf["type"] == "choice":
        return "|".join(leaf["values"])
    if leaf["type"] == "number":
        return f"{leaf['min']} to {leaf['max']}" + (f" {leaf['unit']}" if "unit" in leaf else "")
    return leaf.get("value", leaf["type"])


def default_of(leaf):
    if "required" in leaf:
        return "Required."
    if "default-words" in leaf:
        return f"Default: {leaf['default-words']}."
    if "default" in leaf:
        value = leaf["default"]
        return f"Default: {str(value).lower() if isinstance(value, bool) else value}."
    return ""


def manual_leaf(leaf):
    text = " ".join(filter(None, [default_of(leaf), leaf["words"].strip()]))
    font = "B" if leaf["type"] in ("boolean", "choice") or "shown" in leaf else "BI"
    value = roff_literal(shown(leaf))
    separator = f'{font} {roff_literal(leaf["name"])}: {value}' if font == "B" else \
        f'{font} {roff_literal(leaf["name"])}: " {value}"'
    return f".TP\n.{separator}\n{paragraphs(text)}"


def manual_section(section):
    if "title" in section:
        parts = [".SH " + section["title"].upper()]
    elif "subtitle" in section:
        parts = [".SS " + section["subtitle"]]
    else:
        return []  # described where it is used
    if "words" in section:
        parts.append(paragraphs(section["words"]))
    parts += [manual_leaf(leaf) for leaf in section["leaves"] if leaf not in section.get("taken", [])]
    if "after" in section:
        parts += [".PP", paragraphs(section["after"])]
    if "after-example" in section:
        parts += [".PP", example(section["after-example"])]
    return parts


def manual(definition):
    parts = [r'.\" Generated from daemon/config/leaves.yaml by daemon/config/generate.py; not to be changed here.',
             '.TH WGOSPFD.YAML 5 "" "wgospf" "File formats"', ".SH NAME",
             r"wgospfd.yaml \- configuration of wgospfd", ".SH DESCRIPTION", paragraphs(definition["description"]),
             ".SH EXAMPLE", example(definition["example"])]
    for section in definition["sections"]:
        parts += manual_section(section)
    parts += [".SH FILES", ".TP", ".I /etc/wgospf/wgospfd.yaml", ".TP", ".I /usr/share/wgospf/wgospfd.schema.json",
              ".SH SEE ALSO", ".BR wgospfd (8),", ".BR wgospfctl (8),", r".BR ip\-route (8)", ""]
    return "\n".join(parts)


# The site's page

def markdown(text):
    """Words with their marks, in lines that are filled."""
    parts = []
    for part in re.split(r"\n\s*\n", text.strip()):
        words = re.split(r"(`[^`]*`)", " ".join(part.split()))
        words[::2] = [re.sub(r"(?<![\w/.])_([^_`]+)_", r"\0\1\0", outside) for outside in words[::2]]
        words[::2] = [re.sub(r"([*_<])", r"\\\1", outside).replace("\0", "*") for outside in words[::2]]
        parts.append(textwrap.fill("".join(words), 119, break_long_words=False, break_on_hyphens=False))
    return "\n\n".join(parts)


def page_leaf(leaf):
    is_literal = leaf["type"] in ("boolean", "choice") or "shown" in leaf
    head = f"-   **{leaf['name']}**: " + (f"`{shown(leaf)}`" if is_literal else f"*{shown(leaf)}*")
    words = markdown(" ".join(filter(None, [default_of(leaf), leaf["words"].strip()])))
    return head + ("\n\n" + textwrap.indent(words, "    ") if words else "")


def page_section(section):
    if "title" in section:
        parts = ["## " + section["title"]]
    elif "subtitle" in section:
        parts = ["### " + section["subtitle"]]
    else:
        return []  # described where it is used
    if "words" in section:
        parts.append(markdown(section["words"]))
    parts += [page_leaf(leaf) for leaf in section["leaves"] if leaf not in section.get("taken", [])]
    if "after" in section:
        parts.append(markdown(section["after"]))
    if "after-example" in section:
        parts.append(f"```yaml\n{section['after-example'].strip()}\n```")
    return parts


def page(definition):
    parts = ["<!-- Generated from daemon/config/leaves.yaml by daemon/config/generate.py; not to be changed here. -->",
             "# Configuration", markdown(definition["description"]), f"```yaml\n{definition['example'].strip()}\n```"]
    for section in definition["sections"]:
        parts += page_section(section)
    return "\n\n".join(parts) + "\n"


# The schema

def plain(text):
    """Words for editors: without the marks of the manual page, but for those that everybody reads."""
    return re.sub(r"(?<![\w/.])_([^_`]+)_", r"\1", " ".join(text.replace("`", "").split()))


def schema_type(leaf):
    if leaf["type"] == "number":
        return {"type": "integer", "minimum": leaf["min"], "maximum": leaf["max"]}
    if leaf["type"] == "boolean":
        return {"type": "boolean"}
    if leaf["type"] == "choice":
        # YAML 1.1 makes false of a bare "off".
        return {"enum": leaf["values"] + [False] * ("off" in leaf["values"])}
    if leaf["type"] == "mapping":
        return {"allOf": [{"$ref": f"#/definitions/{leaf['of']}"}]}
    if leaf["type"] == "list":
        items = {"prefix": PREFIX_ITEM, "text": schema_text(leaf)}.get(
            leaf["of"], {"$ref": f"#/definitions/{leaf['of']}"})
        return {"type": "array", "minItems": 1, "items": items}
    return schema_text(leaf)


def schema_text(leaf):
    """What `pattern` does not say of a text is that it is not empty; of a list it is about each item."""
    return {"type": "string", **({"pattern": leaf["pattern"]} if "pattern" in leaf else {"minLength": 1})}


def schema_leaf(leaf):
    result = {} if "oneOf" in leaf.get("schema", {}) else schema_type(leaf)
    result |= leaf.get("schema", {})
    if "default" in leaf and "default-words" not in leaf:
        result["default"] = leaf["default"]
    words = [leaf["words"]]
    if "default-words" in leaf:
        words.insert(0, f"Default: {leaf['default-words']}.")
    if "unit" in leaf:
        words.insert(0, f"In {leaf['unit']}.")
    described = plain(" ".join(words))
    return result | ({"description": described} if described else {})


def schema_section(section):
    result = {"type": "object", "additionalProperties": False,
              "properties": {leaf["name"]: schema_leaf(leaf) for leaf in section["leaves"]}}
    required = [leaf["name"] for leaf in section["leaves"] if "required" in leaf]
    if required:
        result["required"] = required
    return result | section.get("schema", {})


def schema(definition):
    sections = {section["id"]: schema_section(section) for section in definition["sections"]}
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "wgospfd.yaml",
             "description": "The configuration of wgospfd. Generated from daemon/config/leaves.yaml."}
    whole |= sections.pop("configuration") | {"definitions": sections}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def main():
    definition = load()
    wanted = {HEADER: header(definition), MANUAL: manual(definition), PAGE: page(definition), SCHEMA: schema(definition)}
    if sys.argv[1:] == ["--check"]:
        stale = [path for path, text in wanted.items()
                 if not path.exists() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what {DEFINITION.relative_to(ROOT)} says: "
                  "run daemon/config/generate.py")
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(f"{DEFINITION.relative_to(ROOT)}: {wrong}")
