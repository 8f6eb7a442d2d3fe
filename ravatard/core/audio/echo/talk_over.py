"""Talk-over detector: finds a user who speaks while the avatar is heard, in sound without the echo."""

from __future__ import annotations

import audioop
from collections import deque
from collections.abc import Callable

from ravatard.core.audio.echo.echo_marks import bass_db
from ravatard.core.audio.echo.echo_path import EchoPath, PathLook
from ravatard.core.audio.echo.leak_guard import FRAME_MS, LeakGuard
from ravatard.core.audio.echo.user_evidence import ENOUGH, ENOUGH_TO_DOUBT, UserEvidence, Voicing
from ravatard.core.audio.endpointing.endpointer import level_of
from ravatard.core.audio_format import SAMPLE_BYTES, bytes_for

FRAME_BYTES = bytes_for(FRAME_MS)
#: Frames that are looked at for marks of an echo: the newest.
_MARKED = 5
#: Distortion has less bass than this, dB: 33 dB less than a voice in the middle. 98 of 100 users have more.
_LEAST_BASS_DB = -26.0
#: From this likeness on what is left is what the speaker played: near the delay at which the microphone hears
#: it, the second behind a disturbance; and anywhere, where the microphone's sound does not show the delay.
#: Measured on room models: vowels are by chance as like as 0.6 somewhere in a third of a second of another
#: voice, and as 0.15 near that delay.
_ALIKE, _ALIKE_IN_DOUBT, _ALIKE_ANYWHERE = 0.25, 0.15, 0.2
#: A mark is looked for again so many frames after it was found: the bass of a word comes behind its "s".
_PATIENCE, _BASS_PATIENCE = 2, 1
#: And so much of the evidence is kept, a third.
_KEPT = 4.0
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
        self._evidence = UserEvidence()
        self._left: deque[bytes] = deque(maxlen=_MARKED)
        self._path = EchoPath()
        self._patience = 0
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
        guard = self.guard
        self.allowed = guard.passes(level_db(frame), level_db(reference))
        self._suspect(maybe and guard.is_loud)
        voicing = Voicing.SPEECH if speech else Voicing.MAYBE if maybe else Voicing.NONE
        self._evidence.take(voicing, guard.excess_db if guard.is_telling else None)
        self._left.append(frame)
        self._patience = max(0, self._patience - 1)
        speaks = self._evidence.suffices(ENOUGH_TO_DOUBT if guard.is_doubtful else ENOUGH)
        if not speaks or self._patience or self._is_echo():
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
        self._evidence.clear()
        self._left.clear()
        self._patience = self._clear_looks = 0
        self.allowed = False

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
        left = b"".join(self._left)
        look = self._path.look()
        if look is PathLook.CHANGED:
            self.disturbed()
        elif bass_db(left) <= _LEAST_BASS_DB:
            return self._found_out(_BASS_PATIENCE)
        elif look is PathLook.CONFIRMED:
            alike = _ALIKE_IN_DOUBT if self.guard.is_doubtful else _ALIKE
            if self._path.likeness(left, near=True) < alike:
                return False
        elif look is PathLook.SAME and self._path.likeness(left, near=False) < _ALIKE_ANYWHERE:
            return False
        return self._found_out(_PATIENCE)

    def _found_out(self, patience: int) -> bool:
        """Return True: it is an echo, and another look is taken so many frames later."""
        self._patience, self._clear_looks = patience, 0
        self._evidence.lower(_KEPT)
        return True


def level_db(pcm: bytes) -> float:
    """Return the level of ``pcm``, dBFS."""
    return level_of(audioop.rms(pcm, SAMPLE_BYTES))
