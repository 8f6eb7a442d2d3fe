"""Talk phase: where the conversation is, and the sound of an answer that is awaited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from ravatard.core.conversation.cues import Effects
from ravatard.core.conversation.transitions import TALK, TalkCue, step
from ravatard.core.states import TalkState


@dataclass(frozen=True, slots=True)
class TalkPhase:
    """One small machine, talk. Times are loop seconds.

    Attributes:
        talk: where the conversation is.
        sound_by: until when the sound of an answer is awaited.
    """

    talk: TalkState = TalkState.IDLE
    sound_by: float | None = None

    def await_sound(self, until: float) -> tuple[Self, Effects]:
        """The answer is there, and its sound on its way; until it sounds the avatar still seems to think."""
        return replace(self, sound_by=until, talk=self._talk_after(TalkCue.AWAITED)), ()

    def voice_sounds(self) -> tuple[Self, Effects]:
        """The avatar is heard; no sound is awaited any more."""
        return replace(self, sound_by=None, talk=self._talk_after(TalkCue.SOUNDED)), ()

    def cued(self, cue: TalkCue) -> tuple[Self, Effects]:
        """Move the talk machine: the avatar goes on with a further answer, or fell silent."""
        return replace(self, talk=self._talk_after(cue)), ()

    @property
    def sound_awaited(self) -> bool:
        """True while an answer was given whose sound has not begun."""
        return self.sound_by is not None

    def _talk_after(self, cue: TalkCue) -> TalkState:
        return step(TALK, self.talk, cue)
