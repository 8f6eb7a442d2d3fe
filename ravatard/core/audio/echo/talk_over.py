"""Talk-over detector: finds a user who speaks while the avatar is heard, in sound without the echo."""

from __future__ import annotations

import audioop
from collections import deque
from collections.abc import Callable

from ravatard.core.audio.echo.echo_marks import bass_db, likeness
from ravatard.core.audio.echo.echo_path import EchoPath, PathLook
from ravatard.core.audio.echo.leak_guard import FRAME_MS, REVERBERATION_FRAMES, LeakGuard
from ravatard.core.audio.endpointing.endpointer import level_of
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, bytes_for

FRAME_BYTES = bytes_for(FRAME_MS)
#: A user is found by so many frames of speech among so many in a row, 240 ms; or by more of what may be one:
#: a canceller that removes the half of a voice leaves sound in which the strictest judge finds none.
NEEDED, WINDOW, MAYBE_NEEDED = 3, 8, 5
#: Frames that are looked at for marks of an echo: the newest.
_MARKED = 5
#: From this likeness on the frames in which a user is found are what the speaker played; with less bass than
#: that, in dB, they are its distortion. Measured on room models: of users 95 and 98 in 100 are clear of the
#: one and of the other, of echoes that the canceller has lost 9 in 10 are not, and distortion has 33 dB less.
_ALIKE, _LEAST_BASS_DB = 0.2, -26.0
#: Vowels are a little like each other: below this a second look, _PATIENCE frames later, is for the user.
_SURELY_ALIKE = 0.3
#: So many frames after one that is found out another is looked for, as that takes time.
_PATIENCE = 3
#: And so much of its evidence is kept, or a user would be found in the silence behind an echo.
_KEPT = NEEDED - 1
#: Behind a disturbance the level does not tell a user from an echo: so many times in a row, each with frames
#: of its own, the marks of one must be missing.
_CLEAR_LOOKS = 2
#: In the first 300 ms of an answer none is looked for: the canceller slept, and the clocks drifted on.
_FIRST_FRAMES = 10
#: What may have been a user's words is over after so many frames without, 450 ms: longer than between words.
_GAP_FRAMES = 15


class TalkOverDetector:
    """Judges frame by frame; all sound is s16le mono.

    Attributes:
        allowed: the last frame was too loud for the rest of the echo.
        guard: what it learns of the room.
        suspected: frames since what may be a user's words began, the last one included, though it was not
            trusted; 0: nothing may be.
    """

    def __init__(self, is_voice: Callable[[bytes], bool], may_be_voice: Callable[[bytes], bool]) -> None:
        """Both judge a frame of FRAME_BYTES: webrtcvad's strictest mode, and the one below it."""
        self.allowed = False
        self.guard = LeakGuard()
        self.suspected = 0
        self._gap = 0
        self._is_voice, self._may_be_voice = is_voice, may_be_voice
        self._window: deque[bool] = deque(maxlen=WINDOW)
        self._maybe: deque[bool] = deque(maxlen=WINDOW)
        self._left: deque[bytes] = deque(maxlen=_MARKED)
        self._played: deque[bytes] = deque(maxlen=_MARKED + REVERBERATION_FRAMES)
        self._path = EchoPath()
        self._patience = 0
        self._was_like = False
        self._clear_looks = 0

    @property
    def delay_ms(self) -> float | None:
        """How late the echo comes; None: not known."""
        return self._path.delay_ms

    def takes(self, frame: bytes, reference: bytes, heard: bytes) -> bool:
        """Take a frame; return True if a user speaks.

        Args:
            frame: the microphone's sound without the echo, FRAME_BYTES of 16 kHz.
            reference: what the speaker played meanwhile, at any rate.
            heard: the microphone's sound with the echo.
        """
        if self._path.take(heard, reference):
            self.disturbed()
        # Both are asked in any case: they learn the noise.
        speech, maybe = self._is_voice(frame), self._may_be_voice(frame)
        self.allowed = self.guard.passes(level_db(frame), level_db(reference))
        self._suspect(maybe and self.guard.is_loud)
        counts = self.allowed or (self.guard.is_doubtful and self.guard.is_loud)
        self._window.append(speech and counts)
        self._maybe.append(maybe and counts)
        self._left.append(frame)
        self._played.append(reference)
        self._patience = max(0, self._patience - 1)
        self._was_like = self._was_like and any(self._maybe)
        # Marks are those of the newest frames: the last of them must be a part of the evidence.
        newest = self._window[-1] or self._maybe[-1]
        speaks = sum(self._window) >= NEEDED or sum(self._maybe) >= MAYBE_NEEDED
        if not (newest and speaks) or self._patience or self._is_echo():
            return False
        return self._is_trusted()

    def begin(self) -> None:
        """The avatar begins to be heard."""
        self.forget()
        self._path.begin()
        self._patience = _FIRST_FRAMES

    def disturbed(self) -> None:
        """Sound was lost: trust nothing for a while. What may be a user's words still began when it did."""
        self.guard.disturbed()
        self._distrust()

    def forget(self) -> None:
        """Drop the evidence, but not what was learnt of the room."""
        self._distrust()
        self.suspected = self._gap = 0

    def _distrust(self) -> None:
        self._window.clear()
        self._maybe.clear()
        self._left.clear()
        self._patience = 0
        self.allowed = self._was_like = False
        self._clear_looks = 0

    def _is_trusted(self) -> bool:
        """Return True if frames without marks of an echo are a user's; behind a disturbance not at once."""
        if not self.guard.is_doubtful:
            return True
        self._clear_looks += 1
        self._patience = _MARKED
        return self._clear_looks >= _CLEAR_LOOKS

    def _suspect(self, suspicious: bool) -> None:
        """Follow what may be a user's words."""
        self._gap = 0 if suspicious else self._gap + 1
        self.suspected = 0 if self._gap > _GAP_FRAMES else self.suspected + (self.suspected > 0 or suspicious)

    def _is_echo(self) -> bool:
        """Return True if the last frames have the marks of an echo, so that they are no user's."""
        left, played = b"".join(self._left), b"".join(self._played)
        rate_hz = RATE_HZ * len(self._played[-1]) // len(self._left[-1])
        look = self._path.look()
        if look is PathLook.CHANGED:
            self.disturbed()
        elif look is PathLook.SAME and bass_db(left) > _LEAST_BASS_DB:
            alike = likeness(left, played, rate_hz)
            if alike < (_SURELY_ALIKE if self._was_like and not self.guard.is_doubtful else _ALIKE):
                self._was_like = False
                return False
            self._was_like = alike < _SURELY_ALIKE
        self._patience, self._clear_looks = _PATIENCE, 0
        for evidence in (self._window, self._maybe):
            while len(evidence) > _KEPT:
                evidence.popleft()
        return True


def level_db(pcm: bytes) -> float:
    """Return the level of ``pcm``, dBFS."""
    return level_of(audioop.rms(pcm, SAMPLE_BYTES))
