"""Attention: follows a gate with a wake word from the word to the end of the time after the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.actions import LogLine
from ravatard.core.audio.gate_commands import FollowUp
from ravatard.core.conversation.cues import Step, WakeHeard
from ravatard.core.conversation.transitions import ATTENTION, AttentionCue, step
from ravatard.core.states import AttentionState

#: A user who goes on from the word needs no earcon, and it would sound under the first word. The gate
#: finds what goes on from the word 140 to 160 ms after the hit.
EARCON_AFTER_S = 0.3
#: The gate gives up waiting for speech after ``gate.no_speech_s``; if that is not reported, this much later.
GRACE_S = 5.0

#: Answers in a row that are followed up without the word or a press. A conversation of that length goes on; a
#: television, which would follow up every answer, does not keep a paid session for ever.
MOST_FOLLOW_UPS = 10
_LAST = f"{MOST_FOLLOW_UPS} answers in a row were followed up: after the next one the wake word is needed"


@dataclass(frozen=True, slots=True)
class Attention:
    """One small machine: waiting for the word, woken, or in the time after an answer. Times are loop seconds.

    Attributes:
        state: where it is; WAITING also where no word is needed.
        until: when WOKEN or FOLLOW_UP ends.
        earcon_at: when an earcon answers the word, unless the user has gone on by then.
        due: an answer came; the time after it begins when the avatar is silent and the microphone listens.
        follow_ups: answers in a row that were followed up, since the word or a press.
    """

    state: AttentionState = AttentionState.WAITING
    until: float | None = None
    earcon_at: float | None = None
    due: bool = False
    follow_ups: int = 0

    @property
    def shown(self) -> AttentionState:
        """State for the lights: after an answer no word will be needed, once the room's echo is over."""
        return AttentionState.FOLLOW_UP if self.due and self.state is AttentionState.WAITING else self.state

    # -------------------------------------------------------------- what the user says

    def woken(self, now: float, no_speech_s: float) -> Step[Attention]:
        """The word was spoken; what follows it is awaited."""
        state = self._after(AttentionCue.WORD)
        state = replace(state, until=now + no_speech_s + GRACE_S, earcon_at=now + EARCON_AFTER_S)
        return replace(state, follow_ups=0), ()

    def refused(self) -> Step[Attention]:
        """The word was spoken, and nothing is to follow: have the gate wait for it again."""
        return replace(self._after(AttentionCue.OVER), follow_ups=0), [FollowUp(allowed=False)]

    def unused(self) -> Step[Attention]:
        """After the word came no speech; the gate waits for the word again."""
        return self._after(AttentionCue.OVER), ()

    def opened(self) -> Step[Attention]:
        """An utterance opened. When it closes, the gate waits for the word again."""
        state = replace(self._after(AttentionCue.OVER), due=False)
        if self.state is not AttentionState.FOLLOW_UP:
            return state, ()
        follow_ups = self.follow_ups + 1
        last = [LogLine(_LAST)] if follow_ups == MOST_FOLLOW_UPS else []
        return replace(state, follow_ups=follow_ups), last

    def forgotten(self) -> Step[Attention]:
        """The gate has forgotten the word and the answer: another mode, or no microphone."""
        return Attention(follow_ups=self.follow_ups), ()

    def pressed(self, *, opens: bool) -> Step[Attention]:
        """A user is there, and a press that ``opens`` the gate takes the place of the word."""
        return Attention() if opens else replace(self, follow_ups=0), ()

    # -------------------------------------------------------------- what the avatar says

    def answered(self) -> Step[Attention]:
        """The service answered a turn."""
        return replace(self, due=self.follow_ups < MOST_FOLLOW_UPS), ()

    def voice_sounds(self, *, held: bool) -> Step[Attention]:
        """The avatar is heard. ``held``: the gate forgets the word and the answer before."""
        due = self.due or self.state is AttentionState.FOLLOW_UP
        if self.state is AttentionState.FOLLOW_UP:
            return replace(self._after(AttentionCue.OVER), due=due), [FollowUp(allowed=False)]
        return replace(self._after(AttentionCue.OVER) if held else self, due=due), ()

    def silent(self, now: float, follow_up_s: float) -> Step[Attention]:
        """Begin the time after an answer: all is silent, and the microphone listens."""
        if not self.due or self.state is AttentionState.WOKEN:
            return self, ()
        if not follow_up_s:
            return replace(self, due=False), ()
        state = self._after(AttentionCue.ANSWER)
        return replace(state, until=now + follow_up_s, due=False), [FollowUp(allowed=True)]

    # -------------------------------------------------------------- the clock

    @property
    def deadline(self) -> float | None:
        """Loop time at which :meth:`on_time` is due, or None."""
        return min((at for at in (self.until, self.earcon_at) if at is not None), default=None)

    def on_time(self, now: float) -> Step[Attention]:
        """Do what is due: answer the word with an earcon, or wait for the word again."""
        if self.until is not None and now >= self.until:
            return self._after(AttentionCue.OVER), [FollowUp(allowed=False)]
        if self.earcon_at is not None and now >= self.earcon_at:
            return replace(self, earcon_at=None), [WakeHeard()]
        return self, ()

    def _after(self, cue: AttentionCue) -> Attention:
        return replace(self, state=step(ATTENTION, self.state, cue), until=None, earcon_at=None)
