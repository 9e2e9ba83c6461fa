#!/usr/bin/python3
"""From wgospf/v1/*.proto and their comments: the site's page of the API, docs/reference/api.md.

  reference.py          writes it
  reference.py --check  says whether it is in step; status 1 if it is not

Reads what these files use of proto3, and refuses the rest.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROTOS = ROOT / "proto/wgospf/v1"
PAGE = ROOT / "docs/reference/api.md"

_FIELD = re.compile(r"(?P<label>repeated |optional )?(?P<type>[\w.]+) (?P<name>\w+) = (?P<number>\d+);")
_VALUE = re.compile(r"(?P<name>[A-Z]\w*) = (?P<number>\d+);")
_RPC = re.compile(r"rpc (?P<name>\w+)\((?P<request>\w+)\) returns \((?P<stream>stream )?(?P<response>\w+)\);")
_OPENS = re.compile(r"(?P<kind>message|enum|service|oneof) (?P<name>\w+) \{")


class Wrong(Exception):
    """A line that this does not understand."""


class Block:
    """A message, an enum or a service. `rows`: the cells of its table."""

    def __init__(self, kind, name, words):
        self.kind, self.name, self.words, self.rows = kind, name, words, []


class File:
    """One .proto: the words at its head and its blocks, in their order."""

    def __init__(self, path):
        self.name = path.name
        self.words = ""
        self.blocks = []
        self._above = []
        self._open = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code, slashes, comment = line.partition("//")
            if not self._take(code.strip(), comment.strip(), bool(slashes)):
                raise Wrong(f"{path.relative_to(ROOT)}:{number}: this is not understood: {line.strip()}")

    def _take(self, code, comment, is_commented):
        if not code:
            if is_commented:
                self._above.append(comment)
            return True
        if code.startswith("syntax "):
            self.words, self._above = filled(self._above), []
            return True
        if re.match(r"(package|import|reserved) ", code):
            return True
        words, self._above = filled([*self._above, *([comment] if comment else [])]), []
        if code == "}":
            if words:
                return False
            self._open.pop()
            return True
        opens = _OPENS.fullmatch(code.removesuffix("}").strip() if code.endswith("{}") else code)
        if opens:
            if opens["kind"] != "oneof":
                self.blocks.append(Block(opens["kind"], opens["name"], words))
            if not code.endswith("}"):
                self._open.append(opens["kind"] + " " + opens["name"])
            return True
        return bool(self._open) and self._row(code, words)

    def _row(self, code, words):
        rows = self.blocks[-1].rows
        if rpc := _RPC.fullmatch(code):
            stream = "a stream of " if rpc["stream"] else ""
            rows.append((f"`{rpc['name']}`", link(rpc["request"]), stream + link(rpc["response"]), words))
        elif value := _VALUE.fullmatch(code):
            rows.append((f"`{value['name']}`", value["number"], words))
        elif field := _FIELD.fullmatch(code):
            label = {"repeated ": "list of ", "optional ": "optional "}.get(field["label"], "")
            if self._open[-1].startswith("oneof"):
                label = f"one of {self._open[-1].split()[1]}: "
            rows.append((f"`{field['name']}`", label + link(field["type"]), field["number"], words))
        else:
            return False
        return True


def filled(lines):
    """Lines of a comment as paragraphs."""
    return "\n\n".join(part.strip() for part in " ".join(line or "\n" for line in lines).split("\n"))


def link(name):
    return f"[{name}](#{name.lower()})" if name[0].isupper() else f"`{name}`"


def escaped(text):
    """Words for Markdown, but what stands between backquotes."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*_<|])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


_HEADS = {"service": ("call", "request", "answer", ""), "enum": ("value", "number", ""), "message": ("field", "type", "number", "")}


def table(block):
    rows = [_HEADS[block.kind], ("---",) * len(_HEADS[block.kind])]
    rows += [(*row[:-1], escaped(row[-1]).replace("\n\n", " ")) for row in block.rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page():
    files = sorted((File(path) for path in PROTOS.glob("*.proto")), key=lambda file: (file.name != "routing_service.proto", file.name))
    parts = ["<!-- Generated from proto/wgospf/v1 by proto/reference.py; not to be changed here. -->", "# API",
             "gRPC, package `wgospf.v1`. `wgospfctl` is a client of it; what others are served is `api` in the "
             "[configuration](configuration.md)."]
    for file in files:
        parts += [f"## {file.name}", escaped(file.words)]
        for block in file.blocks:
            parts += [f"### {block.name}", escaped(block.words), table(block) if block.rows else "Empty."]
    return "\n\n".join(filter(None, parts)) + "\n"


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what proto/wgospf/v1 says: run proto/reference.py")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(str(wrong))
