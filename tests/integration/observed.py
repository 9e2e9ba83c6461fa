"""What is seen of a lab while it is disturbed: packets from LAN to LAN, what routers tell, what tunnels refuse."""

import calendar
import collections
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from lab_case import checks

_PROGRAM = str(pathlib.Path(__file__).resolve().parent / "flows.py")
_REFUSED = b"disallowed source address"  # of wireguard-go, verbose
_POLL = 0.02
_UNDER_WAY = 0.5


class Flow:
    """A program of flows.py in a node, from its first packet until end()."""

    def __init__(self, lab, node, *arguments):
        self.node = node
        self._told = None
        self._process = lab.popen(node, ["/usr/bin/python3", _PROGRAM, *map(str, arguments)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)

    def wait_ready(self):
        if self._process.stdout.readline() != "ready\n":
            raise checks.CheckFailed(f"{self.node}: {' '.join(self._process.args)} does not run")

    def end(self):
        """What it says at its end. May be called again."""
        if self._told is None:
            out, _ = self._process.communicate(timeout=60)
            self._told = json.loads(out)
        return self._told


def moment_of(text):
    """Seconds of the wall clock of an RFC 3339 text in UTC."""
    whole, fraction = re.fullmatch(r"([-\dT:]+)(\.\d+)?Z", text).groups()
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(fraction or 0)


class Watch:
    """What a router tells by `wgospfctl watch`."""

    def __init__(self, lab, node):
        self._lab, self._node = lab, node
        self._output = tempfile.NamedTemporaryFile("r", encoding="utf-8")
        # The file is opened twice: an offset shared with the writer would make it write where this reads.
        with open(self._output.name, "a", encoding="utf-8") as writing:
            self._process = lab.popen(node, ["sh", "-c", "echo $$; exec wgospfctl --json watch"], stdout=writing)
        checks.wait_until(lambda: None if '"snapshot_end"' in self._read() else f"{node}: no snapshot", 30)

    def _read(self):
        self._output.seek(0)
        return self._output.read()

    def changes(self):
        """(time, kind, generation, data) of all so far, in order."""
        found = []
        for line in self._read().splitlines()[1:]:
            try:
                item = json.loads(line)
            except ValueError:  # the last one, not yet whole
                continue
            if item["time"]:
                found.append((moment_of(item["time"]), item["kind"], int(item["generation"]), item["data"]))
        return found

    def end(self):
        self._lab.exec(self._node, ["kill", self._read().splitlines()[0]])
        self._process.wait(timeout=20)
        self._output.close()


class _Refused:
    """How often a device has refused a packet for its source, by wireguard-go's log or the kernel's counter."""

    def __init__(self, root, device):
        self._log = root / f"run/{device}.log"
        self._counter = root / f"sys/class/net/{device}/statistics/rx_frame_errors"
        self._is_kernels = not self._log.exists()
        self._offset = self._count = 0

    def count(self):
        if self._is_kernels:
            return int(self._counter.read_text(encoding="ascii"))
        with open(self._log, "rb") as log:
            log.seek(self._offset)
            data = log.read()
        whole = data[:data.rfind(b"\n") + 1]
        self._offset += len(whole)
        self._count += whole.count(_REFUSED)
        return self._count


class Refusals:
    """Whose tunnels refused packets for their source, and when, from now until end()."""

    def __init__(self, lab, names, device):
        self._seen = []
        self._refused = {name: _Refused(lab.root_of(name), device) for name in names}
        self._counts = {name: refused.count() for name, refused in self._refused.items()}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ending.wait(_POLL):
            self._look()

    def _look(self):
        for name, refused in self._refused.items():
            count = refused.count()
            if count != self._counts[name]:
                self._seen.append((time.time(), name, count - self._counts[name]))
                self._counts[name] = count

    def end(self):
        """[(when it was seen, router, number)], in order."""
        self._ending.set()
        self._thread.join()
        return self._seen


class Probes:
    """UDP between all LANs, both ways, each `interval` seconds, from now until end()."""

    def __init__(self, lab, hosts, interval):
        self.interval = interval
        self._addresses = {name: address for name, (_, address) in hosts.items()}
        self._flows = {}
        for name, (node, address) in hosts.items():
            others = [other for peer, other in self._addresses.items() if peer != name]
            self._flows[name] = Flow(lab, node, "probe", address, interval, *others)
        for flow in self._flows.values():
            flow.wait_ready()
        self._begun = time.time()
        self._arrivals = None

    def end(self):
        """What arrived while all were at work. May be called again."""
        if self._arrivals is None:
            span = self._begun, time.time() - _UNDER_WAY
            self._arrivals = Arrivals(self._addresses, {name: flow.end() for name, flow in self._flows.items()}, span)
        return self._arrivals


class Arrivals:
    """What became of probes. LANs go by the names of their routers; a pair is (source, target)."""

    def __init__(self, addresses, told, span):
        known = set(addresses.values())
        self.sent = 0
        # Of sources that are no host's: nobody sends from these.
        self.strange = {name: sorted(set(found["received"]) - known) for name, found in told.items()
                        if set(found["received"]) - known}
        # pair -> [(number, when it was sent)]
        self.lost = {}
        for source, found in told.items():
            for target, address in addresses.items():
                if source != target:
                    arrived = {number for number, _ in told[target]["received"].get(addresses[source], [])}
                    self.lost[source, target] = [
                        (number, when) for number, when in enumerate(found["sent"][address])
                        if number not in arrived and span[0] <= when < span[1]]
                    self.sent += len(found["sent"][address])

    def interruptions(self):
        """pair -> [(when the first was sent, when the last was)] of each two or more in a row that were lost."""
        found = collections.defaultdict(list)
        for pair, lost in self.lost.items():
            run = []
            for number, when in [*lost, (float("inf"), 0)]:
                if run and number != run[-1][0] + 1:
                    if len(run) > 1:
                        found[pair].append((run[0][1], run[-1][1]))
                    run = []
                run.append((number, when))
        return found
