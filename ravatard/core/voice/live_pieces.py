"""Pieces of a live voice for the speaker: longer than its packets, and none while it is silent."""

from __future__ import annotations

from collections import deque

from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio_format import VOICE

#: A live voice that was silent for so long is not played before it is audible again. Longer than the silence
#: after which an answer counts as over (:data:`ravatard.core.audio.audibility.PAUSE_S`).
SILENCE_MS = 1_000.0
#: Sound before the first audible packet that is played with it: the least pre-fill of the playout buffer
#: (:data:`ravatard.core.audio.playout.LEAST_PRE_FILL`), which would be waited for in any case.
PRE_ROLL_MS = 60.0
#: Two usual packets of Opus. Each piece wakes the speaker's process, and must wait in the playout buffer.
PIECE_MS = 40.0


class LivePieces:
    """Joins the packets of a live voice (s16le mono 48 kHz, whole samples), and leaves out its silence."""

    def __init__(self) -> None:
        self._silent_ms = SILENCE_MS
        self._kept: deque[bytes] = deque()
        self._kept_ms = 0.0

    def add(self, pcm: bytes) -> bytes:
        """Take the next packet; return the piece to play now, b"" for none yet.

        The first audible packet after a silence is returned at once, behind its pre-roll.
        """
        length_ms = len(pcm) / VOICE.bytes_for(1)
        was_silent = self._silent_ms >= SILENCE_MS
        self._silent_ms = 0.0 if is_audible(pcm) else self._silent_ms + length_ms
        self._kept.append(pcm)
        self._kept_ms += length_ms
        if self._silent_ms >= SILENCE_MS:
            self._keep_pre_roll()
            return b""
        return self._take() if was_silent or self._kept_ms >= PIECE_MS else b""

    def finish(self) -> bytes:
        """Return the rest of a voice that ends; it counts as silent then."""
        rest = self._take() if self._silent_ms < SILENCE_MS else b""
        self.clear()
        return rest

    def clear(self) -> None:
        """Discard what is kept; the voice counts as silent."""
        self._take()
        self._silent_ms = SILENCE_MS

    def _take(self) -> bytes:
        kept = b"".join(self._kept)
        self._kept.clear()
        self._kept_ms = 0.0
        return kept

    def _keep_pre_roll(self) -> None:
        while self._kept_ms > PRE_ROLL_MS:
            self._kept_ms -= len(self._kept.popleft()) / VOICE.bytes_for(1)
