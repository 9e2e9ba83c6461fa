#!/usr/bin/python3
"""Runs one class of integration tests: run.py MODULE.CLASS[.TEST]. Status 77 when all was skipped."""

import pathlib
import signal
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def end(_number, _frame):
    """A test that CTest ends for its time shall take its lab down first."""
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, end)
    suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    if not result.wasSuccessful():
        return 1
    return 77 if result.skipped and len(result.skipped) >= max(result.testsRun, 1) else 0


if __name__ == "__main__":
    sys.exit(main())
