"""Longer pauses for a recording, so that each answer ends before the next sentence begins."""

from __future__ import annotations

import audioop
import wave
from pathlib import Path

_BLOCK_MS = 20
#: Louder than a quiet room, and softer than a voice: -44 dBFS.
_QUIET_PEAK = 200
#: A pause within a sentence is shorter than this; the gate waits 0.9 s for it.
_SHORTEST_S = 1.2


def lengthened(recording: Path, target: Path, pause_s: float) -> Path:
    """Lengthen every pause between two sentences to at least ``pause_s``.

    Args:
        recording: a WAV file.
        target: the file for the longer recording.
        pause_s: seconds.

    Returns:
        ``target``; or ``recording`` itself when it is not 16-bit PCM; it is played as it is.
    """
    try:
        with wave.open(str(recording)) as source:
            shape, pcm = source.getparams(), source.readframes(source.getnframes())
    except (wave.Error, EOFError, OSError):
        return recording
    if shape.sampwidth != 2:
        return recording
    frame = shape.sampwidth * shape.nchannels
    with wave.open(str(target), "wb") as made:
        made.setparams(shape)
        made.writeframes(_with_pauses(pcm, frame * shape.framerate, frame, pause_s))
    return target


def _with_pauses(pcm: bytes, bytes_a_second: int, frame: int, pause_s: float) -> bytes:
    block = bytes_a_second * _BLOCK_MS // 1000 // frame * frame
    made: list[bytes] = []
    silent_since = 0
    for at in range(0, len(pcm), block):
        if audioop.max(pcm[at : at + block], 2) <= _QUIET_PEAK:
            continue
        pause = at - silent_since
        # Before the first sentence no answer is due.
        if made and pause >= _SHORTEST_S * bytes_a_second:
            made.append(pcm[silent_since:at])
            made.append(_more(pcm[silent_since:at], round(pause_s * bytes_a_second) - pause, frame))
            made.append(pcm[at : at + block])
        else:
            made.append(pcm[silent_since : at + block])
        silent_since = at + block
    return b"".join([*made, pcm[silent_since:]])


def _more(pause: bytes, wanted: int, frame: int) -> bytes:
    """Return ``wanted`` bytes more of the same room noise."""
    if wanted <= 0:
        return b""
    third = len(pause) // 3 // frame * frame
    room = pause[third : 2 * third]
    return (room * (wanted // len(room) + 1))[: wanted // frame * frame]
