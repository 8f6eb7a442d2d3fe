"""A microphone that is a program: ``python feeder.py RECORDING`` writes a WAV file at the pace of speech.

After the recording, silence follows for ever, as from a real microphone; it ends when nobody listens.
"""

from __future__ import annotations

import shlex
import sys
import threading
import time
import wave
from pathlib import Path

_BLOCK_S = 0.02


def feed(recording: Path) -> str:
    """What to write in ``microphone.command`` to hear ``recording``."""
    return shlex.join([sys.executable, "-S", "-P", __file__, str(recording)])


def main(path: str) -> None:
    """Write the recording to standard output."""
    with wave.open(path) as source:
        frames = round(source.getframerate() * _BLOCK_S)
        silence = bytes(frames * source.getsampwidth() * source.getnchannels())
        begun, blocks = time.monotonic(), 0
        while True:
            blocks += 1
            pcm = source.readframes(frames)
            threading.Event().wait(max(0.0, begun + blocks * _BLOCK_S - time.monotonic()))
            sys.stdout.buffer.write(pcm + silence[len(pcm) :])
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
