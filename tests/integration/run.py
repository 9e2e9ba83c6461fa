#!/usr/bin/python3
"""Runs one class of integration tests: run.py MODULE.CLASS[.TEST] [SECONDS]. Status 77 when anything was skipped.

After SECONDS it gives up and takes its lab down, which CTest, when a test is out of time, leaves no time for.
"""

import pathlib
import signal
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def end(number, _frame):
    """Whoever ends the test: its lab goes down first."""
    print("out of time" if number == signal.SIGALRM else "told to end", flush=True)
    raise KeyboardInterrupt


def main():
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    if not result.wasSuccessful():
        return 1
    return 77 if result.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
