"""A speaker that is a program: ``python -I -S ear.py FILE`` notes when each block of sound came.

Reads raw s16le mono 48 kHz from standard input. For every read FILE gets the moment (a double, seconds on the
monotonic clock) and the number of bytes (a double), and FILE.pcm the bytes. It imports next to nothing.
"""

from __future__ import annotations

import os
import sys
import time
from struct import pack


def main(path: str) -> None:
    """Listen until nobody writes."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    sound = os.open(f"{path}.pcm", flags, 0o644)
    moments = os.open(path, flags, 0o644)
    while block := os.read(0, 1 << 16):
        at = time.monotonic()
        # The sound first: whoever reads a moment finds what came then.
        os.write(sound, block)
        os.write(moments, pack("<dd", at, len(block)))


if __name__ == "__main__":
    main(sys.argv[1])
