"""Own word: the avatar says the wake word itself, or nearly, so that a hit near it is no user's."""

from __future__ import annotations

import audioop
from typing import Any

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ, bytes_for
from ravatard.core.wakeword.watch import NEAR_SHARE, WakeWord
from ravatard.errors import DeviceError

#: The microphone hears it later than it was played, by the room and by a loudspeaker or sound server that
#: does not say how late it is: a quarter of a second. A hit comes up to 0.4 s behind the word's end, in both.
HEARD_MS = 1_500
_HEARD_BYTES = bytes_for(HEARD_MS)


class OwnWord:
    """Runs the wake word's detector on what the speaker plays, with half of its threshold.

    Measured on room models (``tests/benchmarks/wake_word_over.py``). A detector that fails leaves nothing to
    tell the avatar by: from then on every hit counts as its own.
    """

    def __init__(self, word: WakeWord) -> None:
        """``word``: has a detector of its own; the microphone's has heard other sound."""
        self._detector = word.detector
        self._threshold = NEAR_SHARE * word.threshold
        self._has_failed = False
        self._state: Any = None
        self._left = 0

    @property
    def is_heard(self) -> bool:
        """True while a hit at the microphone may be the avatar's."""
        return self._has_failed or self._left > 0

    def begin(self) -> None:
        """The speaker begins to sound."""
        self._state, self._left = None, 0
        try:
            self._detector.forget()
        except DeviceError:
            self._has_failed = True

    def played(self, reference: bytes) -> None:
        """Take what the speaker plays: s16le mono 48 kHz."""
        if self._has_failed:
            return
        pcm, self._state = audioop.ratecv(reference, SAMPLE_BYTES, 1, VOICE_RATE_HZ, RATE_HZ, self._state)
        try:
            hit = self._detector.score(pcm) >= self._threshold
        except DeviceError:
            self._has_failed = True
            return
        self._left = _HEARD_BYTES if hit else max(0, self._left - len(pcm))
