"""Speech track of one avatar: answers one after another on an endless series of samples. No clock."""

from __future__ import annotations

import audioop
from collections import deque
from dataclasses import dataclass, field

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ

#: Answers kept: some two minutes, 12 MB.
_KEPT = 40
#: Fade-out of an answer that is cut off, in steps of a millisecond, to avoid a click.
_FADE_MS = 20
_MS_BYTES = VOICE_RATE_HZ // 1000 * SAMPLE_BYTES


@dataclass(slots=True, eq=False)
class Spoken:
    """A spoken answer.

    Attributes:
        text: its text.
        first_sample: its first sample, at 48 kHz from the beginning of the track.
        pcm: its sound, s16le mono 48 kHz; shorter once it is cut off.
        cut: True once it was cut off.
    """

    text: str = field(repr=False)
    first_sample: int
    pcm: bytes = field(repr=False)
    cut: bool = False

    @property
    def end_sample(self) -> int:
        """One past its last sample."""
        return self.first_sample + len(self.pcm) // SAMPLE_BYTES


class SpeechTrack:
    """Endless sound of one session, from ``began`` on.

    Attributes:
        began: time of sample 0 on the front's clock.
        spoken: the answers, oldest first; tests read them.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.spoken: deque[Spoken] = deque(maxlen=_KEPT)

    def sample_at(self, now: float) -> int:
        """Return the sample at time ``now``."""
        return round((now - self.began) * VOICE_RATE_HZ)

    def time_of(self, sample: int) -> float:
        """Return the time of a sample on the front's clock."""
        return self.began + sample / VOICE_RATE_HZ

    def say(self, text: str, pcm: bytes, now: float) -> Spoken:
        """Queue an answer: it begins now, or after the current one."""
        busy_until = self.spoken[-1].end_sample if self.spoken else 0
        one = Spoken(text, max(self.sample_at(now), busy_until), pcm)
        self.spoken.append(one)
        return one

    def interrupt(self, now: float) -> None:
        """Cut the current answer at ``now``, which must lie in its listeners' future; drop queued ones."""
        stop = self.sample_at(now)
        while self.spoken and self.spoken[-1].first_sample >= stop:
            self.spoken.pop()
        if self.spoken and self.spoken[-1].end_sample > stop:
            last = self.spoken[-1]
            last.pcm = _faded(last.pcm[: (stop - last.first_sample) * SAMPLE_BYTES])
            last.cut = True

    def samples(self, first_sample: int, count: int) -> bytes:
        """Return ``count`` samples from ``first_sample`` on, s16le mono 48 kHz; silence between answers."""
        sound = bytearray(count * SAMPLE_BYTES)
        for one in reversed(self.spoken):
            if one.end_sample <= first_sample:
                break
            begin, end = max(first_sample, one.first_sample), min(first_sample + count, one.end_sample)
            if begin < end:
                piece = one.pcm[
                    (begin - one.first_sample) * SAMPLE_BYTES : (end - one.first_sample) * SAMPLE_BYTES
                ]
                sound[(begin - first_sample) * SAMPLE_BYTES : (end - first_sample) * SAMPLE_BYTES] = piece
        return bytes(sound)


def _faded(pcm: bytes) -> bytes:
    """Return ``pcm`` with its last milliseconds faded out."""
    keep = max(0, len(pcm) - _FADE_MS * _MS_BYTES)
    tail = [pcm[at : at + _MS_BYTES] for at in range(keep, len(pcm), _MS_BYTES)]
    faded = [audioop.mul(piece, SAMPLE_BYTES, 1 - step / len(tail)) for step, piece in enumerate(tail, 1)]
    return pcm[:keep] + b"".join(faded)
