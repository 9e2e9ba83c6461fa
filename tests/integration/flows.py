"""Programs that run inside nodes: they send and receive packets until their input ends, then tell what became of them.

  flows.py probe ADDRESS INTERVAL TARGET...   UDP to all targets each INTERVAL seconds, and what comes from others.
                                              {"sent": {target: [time]}, "received": {source: [[number, time]]}}
  flows.py forge SENDER RATE TARGETS SOURCES  RATE packets a second over wg0 to the targets in turn, from the sources
                                              in turn (both separated by commas); SENDER is told in each. {"sent": number}
  flows.py listen                             what forge sent and wg0 has let in: [[time, sender, source]]

Times are in seconds of the wall clock, which all nodes share. Results are one line of JSON.
"""

import collections
import ctypes
import itertools
import json
import select
import socket
import struct
import sys
import time

PROBE_PORT = 33333
FORGED_PORT = 33334
DEVICE = "wg0"
_FORGED_TTL = 60
# Classic BPF on an IPv4 packet: UDP to FORGED_PORT, or nothing.
_FORGED_ONLY = [(0x30, 0, 0, 9), (0x15, 0, 4, socket.IPPROTO_UDP), (0xb1, 0, 0, 0), (0x48, 0, 0, 2),
                (0x15, 0, 1, FORGED_PORT), (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0)]
_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26


def _input_ended():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _every(interval):
    """Yields when the next step is due. Steps that were missed are caught up on."""
    due = time.monotonic()
    while not _input_ended():
        yield due
        due += interval


def probe(address, interval, *targets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        link.bind((address, PROBE_PORT))
        sent = {target: [] for target in targets}
        received = collections.defaultdict(list)
        print("ready", flush=True)
        for number, due in enumerate(_every(float(interval))):
            while (left := due - time.monotonic()) > 0 and select.select([link], [], [], left)[0]:
                data, (source, _) = link.recvfrom(64)
                received[source].append((struct.unpack("!I", data[:4])[0], time.time()))
            for target in targets:
                sent[target].append(time.time())
                try:
                    link.sendto(struct.pack("!I20x", number), (target, PROBE_PORT))
                except OSError:  # its router says that the target cannot be reached
                    pass
    return {"sent": sent, "received": received}


def _forged_packet(source, target, sender, number):
    payload = sender.encode().ljust(8, b"\0")
    udp = struct.pack("!4H", FORGED_PORT, FORGED_PORT, 8 + len(payload), 0)  # 0: no checksum
    total = 20 + len(udp) + len(payload)
    return struct.pack("!2B3H2BH4s4s", 0x45, 0, total, number & 0xffff, 0, _FORGED_TTL, socket.IPPROTO_UDP, 0,
                       socket.inet_aton(source), socket.inet_aton(target)) + udp + payload


def forge(sender, rate, targets, sources):
    targets, number = itertools.cycle(targets.split(",")), 0
    # As often from each source to each target, however many there are.
    sources = {target: itertools.cycle(sources.split(",")) for target in set(itertools.islice(targets, 64))}
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, DEVICE.encode())
        print("ready", flush=True)
        for due in _every(1 / float(rate)):
            time.sleep(max(0, due - time.monotonic()))
            target = next(targets)
            try:
                link.sendto(_forged_packet(next(sources[target]), target, sender, number), (target, 0))
                number += 1
            except OSError:  # no peer has the target at present
                pass
    return {"sent": number}


def listen():
    filters = b"".join(struct.pack("HBBI", *step) for step in _FORGED_ONLY)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP)) as link:
        kept = ctypes.create_string_buffer(filters)
        link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER,
                        struct.pack("HL", len(_FORGED_ONLY), ctypes.addressof(kept)))
        link.bind((DEVICE, _ETH_P_IP))
        seen = []
        print("ready", flush=True)
        while not _input_ended():
            if not select.select([link], [], [], 0.1)[0]:
                continue
            packet, place = link.recvfrom(256)
            # One that was forwarded comes from another peer than the one that forged it.
            if place[2] != socket.PACKET_OUTGOING and packet[8] == _FORGED_TTL:
                seen.append([time.time(), packet[28:36].rstrip(b"\0").decode(), socket.inet_ntoa(packet[12:16])])
    return seen


if __name__ == "__main__":
    print(json.dumps({"probe": probe, "forge": forge, "listen": listen}[sys.argv[1]](*sys.argv[2:])), flush=True)
