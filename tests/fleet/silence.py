"""Silence for FIFOs at a microphone's pace: ``python -m tests.fleet.silence FIFO …``; until it is ended."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

#: 16-bit samples at 16 kHz for a tenth of a second.
_BLOCK = bytes(3_200)


def main(paths: list[str]) -> None:
    """Write for ever; a reader that is away misses it."""
    fifos = [os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in paths]
    while True:
        for fifo in fifos:
            with suppress(BlockingIOError):
                os.write(fifo, _BLOCK)
        threading.Event().wait(0.1)


if __name__ == "__main__":
    main(sys.argv[1:])
