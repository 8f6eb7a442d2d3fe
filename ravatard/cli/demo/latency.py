"""Latency of the answers, for the summary: end of speech to first sound, and answers never heard."""

from __future__ import annotations

import audioop
from dataclasses import dataclass

from ravatard.core import events as ev
from ravatard.core.audio_format import SAMPLE_BYTES, bytes_for, seconds_of
from ravatard.core.states import CloseReason

#: Speech ends with the last piece of this length that is at most so much softer than the loudest: the end of
#: a word is, the noise of a room is not. The gate does not say when speech ended.
_PIECE_BYTES = bytes_for(20)
_RANGE = 10 ** (-25 / 20)


@dataclass(slots=True)
class Exchange:
    """One utterance or text, and its answer. Times are seconds of the loop's clock.

    Attributes:
        said_at: end of the speech; None for a text.
        answered: an answer came.
        heard_at: when the answer's first audible sample left the converter.
    """

    said_at: float | None
    answered: bool = False
    heard_at: float | None = None


class SpeechEnd:
    """Finds the end of speech in the sound of an utterance."""

    def __init__(self) -> None:
        # Of each piece: the sample at its end, and its RMS.
        self._pieces: list[tuple[int, int]] = []

    def on_event(self, event: ev.UtteranceOpened | ev.ChunkCaptured) -> None:
        """Take the beginning of an utterance, or the next sound of it."""
        if isinstance(event, ev.UtteranceOpened):
            self._pieces.clear()
            return
        for at in range(0, len(event.pcm), _PIECE_BYTES):
            piece = event.pcm[at : at + _PIECE_BYTES]
            end = event.first_sample + (at + len(piece)) // SAMPLE_BYTES
            self._pieces.append((end, audioop.rms(piece, SAMPLE_BYTES)))

    def seconds(self, end_sample: int) -> float:
        """Return the seconds from the end of speech to ``end_sample``."""
        least = _RANGE * max((rms for _, rms in self._pieces), default=0)
        spoken_until = max((end for end, rms in self._pieces if rms >= least), default=end_sample)
        return seconds_of(end_sample - spoken_until)


class Exchanges:
    """Follows the events of a conversation.

    Attributes:
        underruns: times the speaker ran out of sound within an answer.
    """

    def __init__(self) -> None:
        self.underruns = 0
        self._speech_end = SpeechEnd()
        self._all: list[Exchange] = []
        self._sounds_since: float | None = None
        self._underruns_before = 0

    @property
    def answers(self) -> int:
        """Number of answers."""
        return sum(one.answered for one in self._all)

    @property
    def heard(self) -> int:
        """Number of answers that were heard."""
        return sum(one.answered and one.heard_at is not None for one in self._all)

    @property
    def waits_ms(self) -> list[float]:
        """Times from the end of speech to the first sound of its answer."""
        return [
            (one.heard_at - one.said_at) * 1000
            for one in self._all
            if one.answered and one.heard_at is not None and one.said_at is not None
        ]

    def on_event(self, event: ev.Event, now: float) -> float | None:
        """Count an event; return the length of a sound in seconds at its end, else None."""
        match event:
            case ev.UtteranceOpened() | ev.ChunkCaptured():
                self._speech_end.on_event(event)
            case ev.UtteranceClosed(reason=reason, end_sample=end):
                waited_s = self._speech_end.seconds(end) if reason is CloseReason.SILENCE else 0.0
                self._all.append(Exchange(now - waited_s))
            case ev.TextGiven():
                self._all.append(Exchange(None))
            case ev.Answered() if self._all:
                self._all[-1].answered = True
            case ev.PlaybackStarted(at):
                self._sounds_since = at
                if self._all and self._all[-1].heard_at is None:
                    self._all[-1].heard_at = at
            case ev.PlaybackEnded(at):
                since, self._sounds_since = self._sounds_since, None
                return None if since is None else at - since
            case ev.SpeakerReady():
                self._underruns_before = self.underruns
            case ev.Played(underruns):
                self.underruns = self._underruns_before + underruns
            case _:
                pass
        return None
