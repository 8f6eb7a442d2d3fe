"""Turn: one exchange, from its first sample until it is answered or given up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core import actions as act
from ravatard.core.audio_format import CHUNK_SAMPLES, ms_of, samples_in, seconds_of, silence
from ravatard.core.conversation.cues import WordsLost
from ravatard.core.states import Cause, TurnOutcome

#: Seconds between two messages of closing silence: one chunk is 256 ms, sent at the pace it would be heard.
SILENCE_PERIOD_S = seconds_of(CHUNK_SAMPLES)
#: An utterance whose closing never came (the sound process died) is closed by us this long after its limit.
LISTENING_GRACE_S = 5.0
#: A turn with less speech may be left unanswered by a service that hears: it may be a cough.
LEAST_SPEECH_MS = 500.0
_SILENCE = silence(CHUNK_SAMPLES)


class Words(tuple[act.SendAudio | act.SendText | act.EndUtterance, ...]):
    """Sound and text of a turn, and the mark of its end, in order."""

    __slots__ = ()

    def whole(self, number: int, now: float) -> act.SendUtterance:
        """Return the sound as one message of turn ``number``; ``now`` if its last sample has no time."""
        spoken = [said for said in self if isinstance(said, act.SendAudio)]
        read_at = next((said.read_at for said in reversed(spoken) if said.read_at is not None), now)
        return act.SendUtterance(number, b"".join(said.pcm for said in spoken), read_at)


@dataclass(frozen=True, slots=True)
class Turn:
    """Bookkeeping of one turn; times are loop seconds.

    A turn is *open* while the user speaks, *waiting* from then until it is answered or given up.

    Attributes:
        number: counted since the start, from 1.
        cause: what opened it; None for text.
        opened_at: when the gate opened.
        whole: sound goes out in one message when all of it is there; decided when the turn begins.
        marked: the end of its voice is marked; decided when the turn begins.
        closed_at: when the gate closed.
        answered_at: when the first answer came.
        begun: a part of it is or may be on the wire: it can no longer be sent anew as a whole.
        resent: it was sent a second time, because the session it was sent in had been over.
        answer_by: until when an answer is awaited.
        silence_due: when the next message of closing silence is due.
        silence_until: until when closing silence is sent.
        samples: captured of the user's voice.
        speech_ms: how much of it was judged speech.
        messages: audio messages handed out.
        silences: messages of closing silence handed out.
    """

    number: int
    cause: Cause | None
    opened_at: float
    whole: bool = False
    marked: bool = False
    closed_at: float | None = None
    answered_at: float | None = None
    begun: bool = False
    resent: bool = False
    answer_by: float | None = None
    silence_due: float | None = None
    silence_until: float = 0.0
    samples: int = 0
    speech_ms: float = 0.0
    messages: int = 0
    silences: int = 0

    @property
    def spoken(self) -> bool:
        """True when the user's voice is part of it."""
        return self.samples > 0

    @property
    def deadline(self) -> float | None:
        """Loop time at which silence is due or the answer is late, whichever is first."""
        return min((at for at in (self.silence_due, self.answer_by) if at is not None), default=None)

    def listening_ends_at(self, longest_s: float) -> float:
        """Return when an utterance of at most ``longest_s`` must have closed."""
        return self.opened_at + longest_s + LISTENING_GRACE_S

    @property
    def silence_message(self) -> act.SendAudio:
        """One message of closing silence."""
        return act.SendAudio(self.number, _SILENCE, None)

    @property
    def end_marks(self) -> tuple[act.EndUtterance, ...]:
        """The mark behind its voice; () when nothing of that was streamed, or no mark is wanted."""
        return (act.EndUtterance(self.number),) if self._has_streamed else ()

    @property
    def taken_back(self) -> tuple[act.DropTurn | act.CancelUtterance, ...]:
        """Actions that leave nothing of it: here, and as far as it can be done at the service."""
        cancelled = (act.CancelUtterance(self.number),) if self._has_streamed else ()
        return (act.DropTurn(self.number), *cancelled)

    @property
    def _has_streamed(self) -> bool:
        return self.marked and not self.whole and self.messages > 0

    def captured(self, pcm: bytes) -> Turn:
        """Count a chunk of the user's voice; it goes out at once unless the turn goes out whole."""
        messages = self.messages + (not self.whole)
        return replace(self, samples=self.samples + samples_in(pcm), messages=messages)

    def sent_whole(self) -> Turn:
        """Count one message: the whole sound is handed out in it."""
        return replace(self, messages=1)

    def sent(self, now: float, answer_s: float, *, voice: bool) -> Turn:
        """A message of this turn is on the wire; the time for an answer counts from the last one."""
        turn = self if self.begun else replace(self, begun=True)
        return turn._awaiting(now + answer_s) if voice else turn

    def goes_out_whole(self, now: float, answer_s: float) -> Turn:
        """Keep the sound that was to be streamed until it can go out in one message."""
        turn = replace(self, whole=True, messages=0, silences=0, begun=False, silence_due=None)
        return turn._awaiting(now + answer_s)

    def sent_anew(self, now: float, answer_s: float) -> Turn:
        """The service received nothing of what was sent; all of it goes out once more."""
        return replace(self, resent=True, begun=False)._awaiting(now + answer_s)

    def _awaiting(self, answer_by: float) -> Turn:
        return self if self.answer_by is None else replace(self, answer_by=answer_by)

    def closed(self, now: float, speech_ms: float, answer_s: float, silence_s: float) -> Turn:
        """The user stopped: silence goes on until the answer comes or ``silence_s`` have passed."""
        silent = self.messages > 0 and not self.whole and silence_s > 0
        return replace(
            self,
            closed_at=now,
            speech_ms=speech_ms,
            answer_by=now + answer_s,
            silence_until=now + silence_s,
            silence_due=now + SILENCE_PERIOD_S if silent else None,
        )

    def without_silence(self) -> Turn:
        """No closing silence is wanted after all."""
        return self if self.silence_due is None else replace(self, silence_due=None)

    def silenced(self, now: float) -> Turn | None:
        """Count one message of silence and schedule the next one; None when none is due."""
        if self.silence_due is None or now < self.silence_due:
            return None
        # Counted from when it was due, so that lateness never adds up; but never two at once after a stall.
        following = max(self.silence_due + SILENCE_PERIOD_S, now)
        due = following if following <= self.silence_until else None
        return replace(self, silences=self.silences + 1, silence_due=due)

    def answered(self, now: float) -> Turn:
        """An answer came; the first one counts."""
        first_at = now if self.answered_at is None else self.answered_at
        return replace(self, answered_at=first_at, silence_due=None, answer_by=None)

    def lost(self, reason: str, *, denied: bool = False) -> WordsLost:
        """Return the report of it to the other machines, when the service has lost it."""
        return WordsLost(denied, reason, self.spoken)

    def unanswered(self, reason: str) -> WordsLost:
        """Return the report of it to the other machines, when the service has taken it and said nothing."""
        says_something = self.speech_ms >= LEAST_SPEECH_MS or not self.spoken
        return WordsLost(reason=reason if says_something else "", spoken=self.spoken, taken=True)

    def summary(self, outcome: TurnOutcome) -> act.TurnSummary:
        """Return the report of it, now that it is over."""
        answer_ms = None
        if self.answered_at is not None:
            waited_s = self.answered_at - self.closed_at if self.closed_at is not None else 0.0
            answer_ms = max(0.0, waited_s * 1000)
        return act.TurnSummary(
            turn=self.number,
            outcome=outcome,
            cause=self.cause,
            spoken_ms=ms_of(self.samples),
            speech_ms=self.speech_ms,
            messages=self.messages,
            silence_messages=self.silences,
            answer_ms=answer_ms,
            opened_at=self.opened_at,
            closed_at=self.closed_at,
            answered_at=self.answered_at,
        )
