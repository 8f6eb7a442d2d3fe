"""Earcon policy: earcons answer what the user did with the button, and report lost words once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.actions import Overlook, PlayEarcon
from ravatard.core.conversation.cues import Step
from ravatard.core.options.equipment import Equipment
from ravatard.core.states import Cause, Earcon, LinkState, Refusal

#: Milliseconds after which an earcon that answers the wake word is over everywhere: its own 160 or 340, the
#: delay of a speaker that is open, and the room.
EARCON_MS = {Earcon.LISTENING: 450, Earcon.OFFLINE: 650}
#: Addressed to the appliance by a press or the word, not by any voice in the room.
_ADDRESSED = (Cause.BUTTON, Cause.WAKEWORD)


@dataclass(frozen=True, slots=True)
class EarconPolicy:
    """Earcons in answer to presses, and to words that were lost.

    Attributes:
        loss_reported: an earcon reported a loss, and nothing has worked since. A television next to an
            appliance without a network must not make it beep all night.
    """

    loss_reported: bool = False

    def opened(self, cause: Cause, link: LinkState, equipment: Equipment) -> Step[EarconPolicy]:
        """The user is listened to. A user who only speaks sees the light; one who pressed may look away."""
        if cause is not Cause.BUTTON:
            return replace(self, loss_reported=False) if cause is Cause.WAKEWORD else self, ()
        earcon = Earcon.LISTENING if link is LinkState.ONLINE else Earcon.OFFLINE
        return replace(self, loss_reported=False)._sound(earcon, equipment)

    def woken(self, link: LinkState, equipment: Equipment) -> Step[EarconPolicy]:
        """The user said the wake word and waits. What the microphone picks up of the earcon is not sent."""
        earcon = Earcon.LISTENING if link is LinkState.ONLINE else Earcon.OFFLINE
        state, sound = replace(self, loss_reported=False)._sound(earcon, equipment)
        return state, [Overlook(EARCON_MS[earcon]), *sound] if sound else ()

    def closed(self, cause: Cause | None, equipment: Equipment) -> Step[EarconPolicy]:
        """The user was listened to until the end."""
        return self._sound(Earcon.SENT, equipment) if cause is Cause.BUTTON else (self, ())

    def refused(self, cause: Cause, refusal: Refusal | None, equipment: Equipment) -> Step[EarconPolicy]:
        """The user wanted to talk and may not."""
        return self._sound(_error(refusal), equipment) if cause in _ADDRESSED else (self, ())

    def lost(self, refusal: Refusal | None, equipment: Equipment) -> Step[EarconPolicy]:
        """Words were lost or not answered."""
        if self.loss_reported:
            return self, ()
        return replace(self, loss_reported=True)._sound(_error(refusal), equipment)

    def worked(self) -> Step[EarconPolicy]:
        """An answer came."""
        return replace(self, loss_reported=False), ()

    def muted(self, muted: bool, equipment: Equipment) -> Step[EarconPolicy]:
        """The user muted or unmuted."""
        return self._sound(Earcon.MUTED if muted else Earcon.LISTENING, equipment)

    def _sound(self, earcon: Earcon, equipment: Equipment) -> Step[EarconPolicy]:
        return self, [PlayEarcon(earcon)] if equipment.earcons and equipment.speaks else ()


def _error(refusal: Refusal | None) -> Earcon:
    return Earcon.NO_MONEY if refusal is Refusal.MONEY else Earcon.ERROR
