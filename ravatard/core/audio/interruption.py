"""Interruption filter: discards the rest of a live answer that the user interrupted."""

from __future__ import annotations

from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio_format import VOICE

#: A pause between two sentences is shorter (espeak-ng: 320-360 ms); between two answers the user speaks.
QUIET_MS = 900.0
#: A voice that never pauses is no reason to stay silent for good.
LONGEST_MS = 30_000.0


class InterruptionFilter:
    """Discards the pieces of a live voice (s16le mono 48 kHz) from an interruption to the next pause.

    The conversation decides when (StopPlayback, ResumeVoice); the pause is found here, because fifty pieces a
    second must not each go through the hub.
    """

    def __init__(self) -> None:
        self._armed = False
        self._kept_ms = 0.0
        self._quiet_ms = 0.0

    def arm(self) -> None:
        """Begin to discard: the user interrupted."""
        self._armed = True
        self._kept_ms = self._quiet_ms = 0.0

    def disarm(self) -> None:
        """Discard no more: another answer follows."""
        self._armed = False

    def passes(self, pcm: bytes) -> bool:
        """Return True if this piece may be played."""
        if not self._armed:
            return True
        length_ms = len(pcm) / VOICE.bytes_for(1)
        self._kept_ms += length_ms
        self._quiet_ms = 0.0 if is_audible(pcm) else self._quiet_ms + length_ms
        self._armed = self._quiet_ms < QUIET_MS and self._kept_ms < LONGEST_MS
        return False
