"""Echo path: follows how late the avatar's voice comes back; a canceller is lost where that changes.

Some of that no clock shows: a sound server that loses a millisecond on the way to the loudspeaker does not
say so. The microphone's own sound shows it, before the canceller.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from ravatard.core.audio.echo.echo_marks import COMPARED_HZ, likest, prepared
from ravatard.core.audio.echo.leak_guard import FRAME_MS, REVERBERATION_FRAMES
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES

#: Sound that is looked for in what the speaker played, 240 ms, and how often that is done; and 150 ms of it
#: where a change may be so young.
_FRAMES, _EVERY_FRAMES, _YOUNG_FRAMES = 8, 20, 5
_FURTHEST = REVERBERATION_FRAMES * FRAME_MS * COMPARED_HZ // 1000
#: Less like than this is no echo, or one under a user's voice.
_ALIKE = 0.45
#: It is looked for this near to where it was, 3 ms: farther away a vowel is like itself, one period of its
#: pitch later. And anywhere, if it was not found there so many times, which takes ten times as long: more and
#: more rarely, up to every so many frames, 10 s. What is found twice, within 0.25 ms, is believed.
_NEAR, _MISSES, _RARELY_FRAMES = COMPARED_HZ * 3 // 1000, 2, 320
#: Where a user seems to speak it is looked for within 25 ms. Measured on room models: nine in ten echoes that
#: moved by 4 ms are as much like another place as the second figure, and less like the old one; and one user
#: in fifty.
_WIDE, _FAINTLY_ALIKE = COMPARED_HZ * 25 // 1000, 0.3
#: Of 400 places that are looked at then, the likest is by chance one of the four at the old delay once in a
#: hundred times; if it is at least so much alike, that is no chance.
_LEAST_ALIKE = 0.12
#: A change by more, 0.25 ms, is one. A reference that makes up for drift changes by less between two looks.
_MOVED = COMPARED_HZ // 4000
#: One look may be wrong, where a user's words begin over the echo: so many frames later there is another.
_DOUBT_FRAMES = 3
#: Where the sound is this much less like, it was not found before: else it is another reflection of the room.
#: The second figure is for a wide look, which finds more that is like by chance.
_STILL, _STILL_WIDE = 0.85, 0.7
#: So like at the old place it is not looked for elsewhere, which takes ten times as long.
_SURELY_THERE = 0.7


class PathLook(Enum):
    """Result of a look at the delay."""

    #: Nothing says that it is another one, and the sound does not show it either.
    SAME = auto()
    #: The sound is likest where it was expected.
    CONFIRMED = auto()
    #: It seems to be another one: a second look must say the same.
    DOUBTED = auto()
    CHANGED = auto()


class EchoPath:
    """Follows the delay; all sound comes in frames of 30 ms."""

    def __init__(self) -> None:
        self._heard: deque[bytes] = deque(maxlen=_FRAMES)
        self._played: deque[bytes] = deque(maxlen=_FRAMES + REVERBERATION_FRAMES)
        self._delay: int | None = None
        self._guess: int | None = None
        self._doubt: int | None = None
        self._until_next, self._pause, self._misses = _EVERY_FRAMES, _EVERY_FRAMES, 0

    @property
    def delay_ms(self) -> float | None:
        """How late the echo comes; None: not known."""
        return None if self._delay is None else self._delay * 1000 / COMPARED_HZ

    def begin(self) -> None:
        """The avatar begins to be heard, with the delay that it had, as far as is known."""
        self._heard.clear()
        self._played.clear()
        self._guess = self._doubt = None
        self._until_next, self._pause = _EVERY_FRAMES, _EVERY_FRAMES

    def take(self, heard: bytes, played: bytes) -> bool:
        """Take a frame; return True if the delay has changed.

        Args:
            heard: of the microphone, with the echo; s16le mono 16 kHz.
            played: meanwhile; s16le mono at any rate.
        """
        self._heard.append(heard)
        self._played.append(played)
        self._until_next -= 1
        if self._until_next > 0:
            return False
        if self._delay is not None and self._misses < _MISSES:
            return self._look_near(_FRAMES) is PathLook.CHANGED
        return self._found_anew()

    def look(self) -> PathLook:
        """Look now, and wider than usual, for a change that is young."""
        return self._look_near(_YOUNG_FRAMES, wide=True)

    def likeness(self, sound: bytes, *, near: bool) -> float:
        """Return how like ``sound`` is to what was played: 0 to 1.

        Args:
            sound: the last frames without the echo, s16le mono 16 kHz.
            near: look within 25 ms of the delay, where little is like it by chance; else anywhere.
        """
        wanted = prepared(sound, RATE_HZ)
        if near and self._delay is not None:
            least, most = max(0, self._delay - _WIDE), self._delay + _WIDE
        else:
            least, most = 0, _FURTHEST
        return likest(wanted, self._among(wanted, least, most))[1]

    def _look_near(self, frames: int, *, wide: bool = False) -> PathLook:
        self._until_next = _EVERY_FRAMES
        if len(self._heard) < _FRAMES or self._delay is None:
            return PathLook.SAME
        heard, samples = self._last(frames), _WIDE if wide else _NEAR
        least = max(0, self._delay - samples)
        among = self._among(heard, least, self._delay + samples)
        if not wide:
            near = max(least, self._delay - _MOVED)
            delay, alike = _likest(heard, among, least, (near, self._delay + _MOVED))
            if alike >= _SURELY_THERE:
                self._found(delay)
                return PathLook.CONFIRMED
        delay, alike = _likest(heard, among, least, (least, self._delay + samples))
        self._misses += alike < _ALIKE
        is_there = abs(delay - self._delay) <= _MOVED
        if alike < (_FAINTLY_ALIKE if wide else _ALIKE):
            return PathLook.CONFIRMED if is_there and alike >= _LEAST_ALIKE else PathLook.SAME
        still = (_STILL_WIDE if wide else _STILL) * alike
        there = max(least, self._delay - 1), self._delay + 1
        if not is_there and _likest(heard, among, least, there)[1] >= still:
            delay = self._delay
        is_sure = alike >= _ALIKE
        if abs(delay - self._delay) <= _MOVED:
            if is_sure:
                self._found(delay)
            return PathLook.CONFIRMED if is_there else PathLook.SAME
        if not is_sure:
            return PathLook.DOUBTED
        if self._doubt is None or abs(delay - self._doubt) > _MOVED:
            self._doubt, self._until_next = delay, _DOUBT_FRAMES
            return PathLook.DOUBTED
        self._found(delay)
        return PathLook.CHANGED

    def _found_anew(self) -> bool:
        """Look anywhere; return True if the delay has changed."""
        self._until_next = self._pause
        self._pause = min(2 * self._pause, _RARELY_FRAMES)
        heard = self._last(_FRAMES)
        delay, alike = _likest(heard, self._among(heard, 0, _FURTHEST), 0, (0, _FURTHEST))
        if alike < _ALIKE:
            return False
        if self._guess is None:
            self._guess, self._until_next = delay, _EVERY_FRAMES
            return False
        guess, self._guess = self._guess, None
        return abs(delay - guess) <= _MOVED and self._found(delay)

    def _found(self, delay: int) -> bool:
        """Take a delay that is believed; return True if it is another one."""
        before, self._delay, self._misses = self._delay, delay, 0
        self._guess = self._doubt = None
        self._pause = _EVERY_FRAMES
        return before is not None and abs(delay - before) > _MOVED

    def _last(self, frames: int) -> bytes:
        """Return the last ``frames`` of the microphone, prepared."""
        return prepared(b"".join([*self._heard][-frames:]), RATE_HZ)

    def _among(self, heard: bytes, least: int, most: int) -> bytes:
        """Return what was played, prepared, as far as ``heard`` may be behind it by so many samples.

        Args:
            heard: prepared.
            least: the smallest delay, samples at COMPARED_HZ.
            most: the greatest.
        """
        played = b"".join(self._played)
        # Only what is looked at is prepared, as that takes time: as long as the rest, on whole samples.
        sample = SAMPLE_BYTES * RATE_HZ * len(self._played[-1]) // len(self._heard[-1]) // COMPARED_HZ
        first = max(0, len(played) - (len(heard) // SAMPLE_BYTES + 1 + most) * sample)
        return prepared(played[first : len(played) - least * sample], COMPARED_HZ * sample // SAMPLE_BYTES)


def _likest(heard: bytes, among: bytes, least: int, within: tuple[int, int]) -> tuple[int, float]:
    """Return by how much ``heard`` is behind what was played, and how like it is to that.

    Args:
        heard: prepared.
        among: what was played, prepared.
        least: the delay to which its end belongs, samples.
        within: delays that are looked at, the smallest and the greatest.
    """
    first, last = within
    end = len(among) - (first - least) * SAMPLE_BYTES
    piece = among[max(0, end - len(heard) - (last - first) * SAMPLE_BYTES) : end]
    at, alike = likest(heard, piece)
    return (len(piece) - len(heard)) // SAMPLE_BYTES - at + first, alike
