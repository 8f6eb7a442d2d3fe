"""Audibility of answers: from the first audible sample that leaves the converter to the last one."""

from __future__ import annotations

import audioop

from ravatard.core.audio.speaker_events import PlaybackEnded, PlaybackStarted
from ravatard.core.audio_format import SAMPLE_BYTES

#: -50 dBFS: the loudest sample of what counts as a pause. Room noise in a studio voice lies below.
AUDIBLE_PEAK = 104
#: A pause between two words or sentences of a live voice is shorter.
PAUSE_S = 0.7


def is_audible(pcm: bytes) -> bool:
    """Return True if ``pcm`` (s16le, whole samples) can be heard."""
    return audioop.max(pcm, SAMPLE_BYTES) >= AUDIBLE_PEAK


class Audibility:
    """Examines every block of an answer's sound on its way to the converter. Times are seconds, one clock."""

    def __init__(self) -> None:
        self._sounds = False
        self._heard_until = 0.0
        self._left_at: float | None = None

    @property
    def sounds(self) -> bool:
        """True while an answer is heard, or is about to be."""
        return self._sounds

    def block(self, at: float, seconds: float) -> PlaybackStarted | None:
        """Take a block that can be heard; ``at``: when its first sample leaves the converter."""
        started = None if self._sounds else PlaybackStarted(at)
        self._sounds = True
        self._heard_until = at + seconds
        self._left_at = None
        return started

    def pause(self, at: float, now: float, *, over: bool, more: bool) -> PlaybackEnded | None:
        """Take a block that cannot be heard.

        Args:
            at: when its first sample leaves the converter.
            now: the time now.
            over: no more comes of this answer, and nothing of it waits.
            more: something that can be heard already waits.
        """
        if not self._sounds:
            return None
        if over:
            # What was before this block is the last of the answer, and it is still on its way.
            self._left_at = at if self._left_at is None else self._left_at
            if now < self._left_at:
                return None
        elif more or at - self._heard_until < PAUSE_S:
            self._left_at = None
            return None
        self._sounds = False
        self._left_at = None
        return PlaybackEnded(self._heard_until)
