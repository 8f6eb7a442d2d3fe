"""A microphone that is a program: ``python -I -S feeder.py PCM PIECE_MS SPEED JOURNAL``, paced as a card is.

Writes raw s16le mono 16 kHz from the file PCM to standard output, a piece each PIECE_MS / SPEED, and the file
again at its end. Deadlines count from the beginning, so that the pace never drifts. JOURNAL, unless "-", gets
the moment of every piece (8 bytes, a double, seconds on the monotonic clock). It imports next to nothing:
its start is part of what some benchmarks time.
"""

from __future__ import annotations

import os
import sys
import time
from struct import pack

RATE_BYTES = 32_000


def main(pcm_path: str, piece_ms: str, speed: str, journal_path: str) -> None:
    """Write until nobody reads."""
    with open(pcm_path, "rb") as source:  # noqa: PTH123 - pathlib would take longer than all the rest
        pcm = source.read()
    piece = RATE_BYTES * int(piece_ms) // 1000
    piece_s = int(piece_ms) / 1000 / float(speed)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    journal = None if journal_path == "-" else os.open(journal_path, flags, 0o644)
    pieces = [pcm[at : at + piece] for at in range(0, len(pcm) - piece + 1, piece)]
    due, number = time.monotonic(), 0
    try:
        while True:
            due += piece_s
            time.sleep(max(0.0, due - time.monotonic()))
            left = pieces[number % len(pieces)]
            if journal is not None:
                os.write(journal, pack("<d", time.monotonic()))
            while left:
                left = left[os.write(1, left) :]
            number += 1
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main(*sys.argv[1:])
