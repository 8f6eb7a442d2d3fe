"""One exchange: what was said, what was sent, when the answer must come, and how it ended."""

from __future__ import annotations

from ravatard.core.actions import TurnSummary
from ravatard.core.audio_format import CHUNK_SAMPLES, ms_of, samples_in, seconds_of
from ravatard.core.states import Cause, TurnOutcome

#: Seconds between two messages of closing silence: one chunk is 256 ms, sent at the pace it would be heard.
SILENCE_PERIOD_S = seconds_of(CHUNK_SAMPLES)


class Turn:
    """Book-keeping of one turn; times are seconds of the loop's clock.

    A turn is *open* while the person speaks, *waiting* from then until it is answered or given up.
    """

    def __init__(self, number: int, cause: Cause | None, opened_at: float, *, whole: bool = False) -> None:
        self.number = number
        self.cause = cause
        self.opened_at = opened_at
        self.closed_at: float | None = None
        self.answered_at: float | None = None
        #: Something of it is on the wire, or may be: it can no longer be sent anew as a whole.
        self.begun = False
        #: It was sent a second time, as a whole, because the session it was sent in had been over.
        self.resent = False
        #: What is said goes out in one message when it is all there; decided when the turn begins.
        self.whole = whole
        self.answer_by: float | None = None
        self.silence_due: float | None = None
        self._silence_until = 0.0
        self._samples = 0
        self._speech_ms = 0.0
        self._messages = 0
        self._silences = 0

    @property
    def spoken(self) -> bool:
        """Somebody's voice is part of it."""
        return self._samples > 0

    @property
    def deadline(self) -> float | None:
        """When :meth:`silence_now` or the caller's look at ``answer_by`` is due next."""
        times = [at for at in (self.silence_due, self.answer_by) if at is not None]
        return min(times, default=None)

    def captured(self, pcm: bytes, *, sent: bool) -> None:
        """A chunk of what the person says; ``sent``: it goes to the outbox at once."""
        self._samples += samples_in(pcm)
        self._messages += sent

    def sent_whole(self) -> None:
        """All that was said goes to the outbox in one message."""
        self._messages = 1

    def sent(self, now: float, answer_s: float, *, voice: bool) -> None:
        """A message of this turn is on the wire; the time for an answer counts from the last one."""
        self.begun = True
        if voice and self.answer_by is not None:
            self.answer_by = now + answer_s

    def goes_out_whole(self, now: float, answer_s: float) -> None:
        """What was to be streamed waits until it can go out in one message."""
        self.whole = True
        self._messages = self._silences = 0
        self.begun = False
        self.silence_due = None
        if self.answer_by is not None:
            self.answer_by = now + answer_s

    def sent_anew(self, now: float, answer_s: float) -> None:
        """What was sent reached nobody; all of it goes out once more."""
        self.resent = True
        self.begun = False
        if self.answer_by is not None:
            self.answer_by = now + answer_s

    def close(self, now: float, speech_ms: float, answer_s: float, silence_s: float) -> None:
        """The person stopped: silence goes on until the answer comes or ``silence_s`` passed."""
        self.closed_at = now
        self._speech_ms = speech_ms
        self.answer_by = now + answer_s
        self._silence_until = now + silence_s
        streamed = self._messages > 0 and not self.whole
        self.silence_due = now + SILENCE_PERIOD_S if streamed and silence_s > 0 else None

    def silence_now(self, now: float) -> bool:
        """True when one message of silence is to be sent now; schedules the next one."""
        if self.silence_due is None or now < self.silence_due:
            return False
        self._silences += 1
        # Counted from when it was due, so that lateness never adds up; but never two at once after a stall.
        following = max(self.silence_due + SILENCE_PERIOD_S, now)
        self.silence_due = following if following <= self._silence_until else None
        return True

    def answered(self, now: float) -> None:
        """The first answer is there."""
        if self.answered_at is None:
            self.answered_at = now
        self.silence_due = None
        self.answer_by = None

    def summary(self, outcome: TurnOutcome) -> TurnSummary:
        """What is to be told of it, now that it is over."""
        answer_ms = None
        if self.answered_at is not None:
            waited_s = self.answered_at - self.closed_at if self.closed_at is not None else 0.0
            answer_ms = max(0.0, waited_s * 1000)
        return TurnSummary(
            turn=self.number,
            outcome=outcome,
            cause=self.cause,
            spoken_ms=ms_of(self._samples),
            speech_ms=self._speech_ms,
            messages=self._messages,
            silence_messages=self._silences,
            answer_ms=answer_ms,
        )
