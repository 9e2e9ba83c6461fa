#!/usr/bin/env python3
"""Writes the seeds in tests/fuzz/corpus/{packet,lsa,opaque,instance} from the vectors kept in tests/vectors.

Run it again when the vectors change. Inputs that a fuzzer found are kept beside them under names of their own
(found-*), which this never touches.
"""
import hashlib
import json
import pathlib

TESTS = pathlib.Path(__file__).resolve().parent.parent
CORPUS = TESTS / "fuzz" / "corpus"


def update(lsas: list[bytes]) -> bytes:
    """A Link State Update of these LSAs; the targets put length and checksum right."""
    body = len(lsas).to_bytes(4, "big") + b"".join(lsas)
    return bytes([2, 4]) + (24 + len(body)).to_bytes(2, "big") + bytes([2] * 4) + bytes(16) + body


def script(packets: list[str], operation: int = 4) -> bytes:
    """A script of fuzz_instance.cpp: Full, then each packet (as it is, unless told otherwise), a good second apart."""
    steps = b""
    for text in packets:
        packet = bytes.fromhex(text)
        steps += bytes([operation, len(packet)]) + packet + bytes([5, 3])
    return bytes([1]) + steps


def write(folder: str, name: str, data: bytes) -> None:
    path = CORPUS / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(data)


def main() -> None:
    shapes: dict[tuple[int, int], bytes] = {}
    for file in sorted((TESTS / "vectors").glob("rib-*/*.json")):
        vector = json.loads(file.read_text())
        if vector["version"] != "ospfv2":
            continue
        for entry in vector["lsdb"]:
            lsa = bytes.fromhex(entry["hex"])
            shapes.setdefault((lsa[3], len(lsa)), lsa)
    for (kind, length), lsa in shapes.items():
        write("lsa", f"type{kind}-{length}", lsa)
    lsas = list(shapes.values())
    write("packet", "update-all", update(lsas))
    write("packet", "update-one", update(lsas[:1]))
    headers = b"".join(lsa[:20] for lsa in lsas)
    write("packet", "acknowledgment", bytes([2, 5]) + bytes(22) + headers)
    write("packet", "description", bytes([2, 2]) + bytes(22) + bytes.fromhex("058c420300000007") + headers)
    keys = b"".join(bytes(3) + lsa[3:12] for lsa in lsas)
    write("packet", "request", bytes([2, 3]) + bytes(22) + keys)
    for case in json.loads((TESTS / "vectors/malformed/malformed.json").read_text()):
        if case["version"] != 2:
            continue
        for text in case["hex"]:
            packet = bytes.fromhex(text)
            digest = hashlib.sha256(packet).hexdigest()[:6]
            write("packet", f"{case['id']}-{digest}", packet)
        write("instance", case["id"], script(case["hex"]))
    for (kind, length), lsa in shapes.items():
        if len(lsa) < 256:
            write("instance", f"type{kind}-{length}", bytes([1, 7, len(lsa)]) + lsa + bytes([5, 2, 7, len(lsa)]) + lsa)
    own = "01010101" + "01010101"
    for kind, body in (("hello", "ffffff00000a020100000028" + "00" * 8 + "01010101"),
                       ("description", "058c420700000007"), ("request", "00000001" + own),
                       ("acknowledgment", "00010201" + own + "800000010000" + "0014")):
        packet = bytes([2, ("hello", "description", "request", "", "acknowledgment").index(kind) + 1]) + bytes(22)
        write("instance", f"afar-{kind}", script([packet.hex() + body], 8))
    for (kind, length), lsa in shapes.items():
        if len(lsa) < 256:
            write("instance", f"afar-type{kind}-{length}", bytes([1, 15, len(lsa)]) + lsa + bytes([5, 2]))
    ours, cost = "77676f01", "00010004000a0001"
    for name, tlvs in (("empty", ours), ("cost", ours + cost), ("unknown", ours + "7fff000501020304050000" + "00" + cost),
                       ("longer", ours + "00010006000a00010000" + "0000"), ("wraps", ours + "0009fffd" + cost),
                       ("version", "77676f02" + cost)):
        write("opaque", name, bytes.fromhex(tlvs))
    for choice in range(8):
        write("instance", f"change-{choice}", bytes([1, 6, choice, 5, 2, 6, choice ^ 4, 5, 6]))


if __name__ == "__main__":
    main()
