"""Talk-over detector: finds a user who speaks while the avatar is heard, in sound without the echo."""

from __future__ import annotations

import audioop
from collections import deque
from collections.abc import Callable

from ravatard.core.audio.echo.leak_guard import FRAME_MS, LeakGuard
from ravatard.core.audio.endpointing.endpointer import level_of
from ravatard.core.audio_format import SAMPLE_BYTES, bytes_for

FRAME_BYTES = bytes_for(FRAME_MS)
#: A user is found by so many frames of speech among so many in a row.
NEEDED, WINDOW = 4, 5


class TalkOverDetector:
    """Judges frame by frame; all sound is s16le mono.

    Attributes:
        allowed: the last frame was too loud for the rest of the echo.
        guard: what it learns of the room.
    """

    def __init__(self, is_speech: Callable[[bytes], bool]) -> None:
        """``is_speech``: judges a frame of FRAME_BYTES; webrtcvad's strictest mode is meant."""
        self.allowed = False
        self.guard = LeakGuard()
        self._is_speech = is_speech
        self._window: deque[bool] = deque(maxlen=WINDOW)

    def takes(self, frame: bytes, reference: bytes) -> bool:
        """Take a frame; return True if a user speaks.

        Args:
            frame: the microphone's sound without the echo, FRAME_BYTES of 16 kHz.
            reference: what the speaker played meanwhile, at any rate.
        """
        speech = self._is_speech(frame)
        self.allowed = self.guard.passes(level_db(frame), level_db(reference))
        self._window.append(speech and self.allowed)
        return sum(self._window) >= NEEDED

    def forget(self) -> None:
        """Drop the evidence, but not what was learnt of the room."""
        self._window.clear()
        self.allowed = False


def level_db(pcm: bytes) -> float:
    """Return the level of ``pcm``, dBFS."""
    return level_of(audioop.rms(pcm, SAMPLE_BYTES))
