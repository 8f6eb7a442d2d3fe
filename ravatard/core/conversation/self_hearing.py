"""Self-hearing: the avatar's own voice is recognised by its words, and by an interruption without any.

The filter marks an answer to the avatar's own words; :class:`BargeIn` follows a voice that interrupts the
avatar, and lets the answer go on if no user had spoken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.actions import ResumePlayback, StopPlayback
from ravatard.core.conversation import cues
from ravatard.core.conversation.cues import Step
from ravatard.core.events import Answered, UtteranceClosed
from ravatard.core.states import CloseReason

#: Fewer words may be those of a user who repeats or answers with the avatar's own ("yes, please").
FEWEST_WORDS = 3
#: Less speech than this after the interruption was found is the rest of an echo, not a word: finding it took
#: 120 ms of the word already.
FEWEST_SPEECH_MS = 100.0
#: The service may find that nothing was said until so long after the interruption was over.
UNDERSTOOD_S = 2.0
#: So many interruptions in a row by no user are a setting that does not suit the room.
MOST_FALSE = 2
#: So many within that time are one whatever was said between them: a television is heard there, too.
MOST_FALSE_LATELY, LATELY_S = 4, 600.0
#: So many within that time, proven or not, are no user's: sound that leaves the loudspeaker more than half a
#: second late, as on a starved machine, seems to prove itself.
MOST_AT_ONCE, AT_ONCE_S = 8, 60.0


class SelfHearingFilter:
    """Remembers the last answer's words, which never leave this object.

    It marks the event; what follows from the mark is the conversation's decision. The comparison
    itself cannot be the conversation's: its state is written to disk and its events are replayed, both
    without the words.
    """

    def __init__(self) -> None:
        self._spoken: tuple[str, ...] = ()

    def judged(self, answer: Answered) -> Answered:
        """Return ``answer``, marked if the words it answers are those of the answer before.

        Its own words are remembered in their place, unless it is marked: then it is not spoken.
        """
        heard = _words(answer.heard)
        if len(heard) >= FEWEST_WORDS and heard == self._spoken:
            return replace(answer, self_heard=True)
        if answer.text:
            self._spoken = _words(answer.text)
        return answer


def _words(text: str) -> tuple[str, ...]:
    """Return the words without case and punctuation, which a transcript never has as the text had them."""
    return tuple("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())


@dataclass(frozen=True, slots=True)
class BargeIn:
    """One small machine: the interruption that may prove to be none. Times are loop seconds.

    Attributes:
        utterance: number of the utterance that interrupted, while it is open.
        excused: the user pressed or muted since it began: it is not judged.
        paused: the rest of the answer waits.
        discard_at: when it is discarded, once the utterance is over.
        counted: the interruption whose rest waits is among the false ones already.
        resumed: this answer has gone on once; it does not a second time.
        false_alarms: interruptions in a row that were none, or may have been; a user who says something
            between two of them ends the row.
        false_at: when the last of them ended, the newest last; no user ends those.
        ended_at: when the last interruptions of any kind ended, the newest last.
    """

    utterance: int | None = None
    paused: bool = False
    discard_at: float | None = None
    resumed: bool = False
    false_alarms: int = 0
    excused: bool = False
    counted: bool = False
    false_at: tuple[float, ...] = ()
    ended_at: tuple[float, ...] = ()

    @property
    def may_pause(self) -> bool:
        """True if the answer that sounds may still go on after an interruption."""
        return not self.resumed

    @property
    def _is_misheard(self) -> bool:
        return (
            self.false_alarms >= MOST_FALSE
            or len(self.false_at) >= MOST_FALSE_LATELY
            or len(self.ended_at) >= MOST_AT_ONCE
        )

    def began(self, utterance: int, *, paused: bool) -> Step[BargeIn]:
        """A voice interrupted; ``paused``: the rest of the answer waits."""
        return replace(self, utterance=utterance, excused=False, paused=paused, discard_at=None), ()

    def closed(self, event: UtteranceClosed, now: float) -> Step[BargeIn]:
        """An utterance is over."""
        is_word = event.speech_ms >= FEWEST_SPEECH_MS
        # One that began in the last echo of an answer is no interruption here, but one that is not proven.
        if event.utterance != self.utterance and event.proven:
            asked = is_word and event.reason is CloseReason.SILENCE
            return replace(self, false_alarms=0) if asked else self, ()
        state = replace(self, utterance=None, excused=False, counted=False)
        if event.utterance == self.utterance and self.excused:
            return state, ()
        # One that was cut off says nothing about who spoke.
        if event.reason is CloseReason.LOST:
            return state._waiting(now), ()
        state = state._ended(now)
        if event.reason is CloseReason.SILENCE and not is_word:
            return state._was_none(now)
        if event.proven and not state._is_misheard:
            return replace(state, false_alarms=0)._waiting(now), [cues.InterruptionProven()]
        # One word, or a loud echo: the first is answered, and the next in a row is not.
        state = state._counted(now)
        if not state._is_misheard:
            return state._waiting(now), ()
        state, stopped = state.outdated()
        state, misheard = state._suspected()
        return state, [cues.InterruptionFalse(), *stopped, *misheard]

    def nothing_said(self, now: float) -> Step[BargeIn]:
        """The service understood no words."""
        return self._was_none(now) if self.discard_at is not None else (self, ())

    def _waiting(self, now: float) -> BargeIn:
        """Return it with the utterance over: the rest of the answer, if it waits, is discarded soon."""
        return replace(self, discard_at=now + UNDERSTOOD_S if self.paused else None)

    def _ended(self, now: float) -> BargeIn:
        at_once = tuple(at for at in self.ended_at if now - at <= AT_ONCE_S)
        return replace(self, ended_at=(*at_once, now))

    def _counted(self, now: float) -> BargeIn:
        lately = tuple(at for at in self.false_at if now - at <= LATELY_S)
        return replace(self, counted=True, false_alarms=self.false_alarms + 1, false_at=(*lately, now))

    def _suspected(self) -> Step[BargeIn]:
        """Report too many, and count anew: what follows is judged by itself."""
        if not self._is_misheard:
            return self, ()
        return replace(self, false_alarms=0, false_at=(), ended_at=()), [cues.EchoMisheard()]

    def _was_none(self, now: float) -> Step[BargeIn]:
        state, suspicion = (self if self.counted else self._counted(now))._suspected()
        state = replace(state, paused=False, discard_at=None)
        if not self.paused:
            return state, [cues.InterruptionFalse(), *suspicion]
        return replace(state, resumed=True), [cues.InterruptionFalse(), ResumePlayback(), *suspicion]

    def outdated(self) -> Step[BargeIn]:
        """Another answer came: what still waits of the one before is not wanted."""
        # The utterance may be open yet, and is judged when it closes: a quick service answers an echo, too.
        state = replace(self, paused=False, discard_at=None, resumed=False)
        return state, [StopPlayback()] if self.paused else ()

    def dismissed(self) -> Step[BargeIn]:
        """The user pressed or muted: what still waits of an answer is not wanted, nor who spoke."""
        state, stopped = self.outdated()
        return replace(state, excused=self.utterance is not None), stopped

    @property
    def deadline(self) -> float | None:
        """Loop time at which :meth:`on_time` is due, or None."""
        return self.discard_at

    def on_time(self, now: float) -> Step[BargeIn]:
        """Discard the rest of an answer that a user interrupted."""
        if self.discard_at is None or now < self.discard_at:
            return self, ()
        return replace(self, paused=False, discard_at=None), [StopPlayback()]
