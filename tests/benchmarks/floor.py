"""The least that Python can do: ``python -P floor.py BLOCK_MS PORT < pipe``, one bare loop and nothing else.

Blocking reads of one block, webrtcvad on every frame of 20 ms, the usual 3-of-4 rule with 300 ms of pre-roll
and 900 ms of hang-over, base64 of every chunk of 4,096 samples, a blocking send. No events, no asyncio, no
HTTP, no WebSocket, no noise floor, no closing silence.
"""

from __future__ import annotations

import os
import socket
import sys
from binascii import b2a_base64

FRAME, CHUNK, PREROLL, HANGOVER = 640, 8_192, 9_600, 45
HEAD = b'{"chat_type": "voice", "isLive": true, "audio_base64_pcm": "'
TAIL = b'"}'


def main(block_ms: int, port: int) -> None:
    """Loop until the pipe ends."""
    import _webrtcvad as detector

    vad = detector.create()
    detector.init(vad)
    detector.set_mode(vad, 2)
    process = detector.process
    out = socket.create_connection(("127.0.0.1", port))
    out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    block = 32 * block_ms
    sound = bytearray()
    window, is_open, quiet = 0, False, 0
    while len(pcm := os.read(0, block)):
        sound += pcm
        for at in range(0, len(pcm), FRAME):
            speech = process(vad, 16_000, pcm[at : at + FRAME], FRAME // 2)
            window = (window << 1 | speech) & 15
            if is_open:
                quiet = 0 if speech else quiet + 1
                is_open = quiet < HANGOVER
            elif window.bit_count() >= 3:
                is_open, quiet = True, 0
        if is_open:
            while len(sound) >= CHUNK:
                out.sendall(HEAD + b2a_base64(sound[:CHUNK], newline=False) + TAIL)
                del sound[:CHUNK]
        else:
            del sound[:-PREROLL]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
