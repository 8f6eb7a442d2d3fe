"""The least that a listener in Python can do: read, webrtcvad, again: ``python -P bare_loop.py MS < pipe``.

No gate, no chunks, no message. MS, of a read, is a multiple of 20.
"""

from __future__ import annotations

import os
import sys

FRAME = 640


def main(block_ms: int) -> None:
    """Loop until the pipe ends."""
    import _webrtcvad as detector

    vad = detector.create()
    detector.init(vad)
    detector.set_mode(vad, 2)
    process = detector.process
    block = 32 * block_ms
    while len(pcm := os.read(0, block)):
        for at in range(0, len(pcm), FRAME):
            process(vad, 16_000, pcm[at : at + FRAME], FRAME // 2)


if __name__ == "__main__":
    main(int(sys.argv[1]))
