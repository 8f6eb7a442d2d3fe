"""Which earcon is sounded when: what a person did is answered, and nothing else is."""

from __future__ import annotations

from ravatard.core.actions import Action, PlayEarcon
from ravatard.core.indication import Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import Cause, Earcon, LinkState, Refusal


class EarconPolicy:
    """Earcons in answer to presses, and to words that were lost.

    Attributes:
        options: may be replaced while running.
    """

    def __init__(self, options: ConversationOptions, out: list[Action | Show]) -> None:
        """``out``: the list that actions are added to."""
        self.options = options
        self._out = out
        #: A loss was told of, and nothing has worked since. A television next to an appliance without a
        #: network must not make it beep all night.
        self._told = False

    def opened(self, cause: Cause, link: LinkState) -> None:
        """Somebody is listened to. Who only speaks sees the light; who pressed may look elsewhere."""
        if cause is Cause.BUTTON:
            self._told = False
            self._sound(Earcon.LISTENING if link is LinkState.ONLINE else Earcon.OFFLINE)

    def sent(self, cause: Cause | None) -> None:
        """Somebody was listened to, to the end."""
        if cause is Cause.BUTTON:
            self._sound(Earcon.SENT)

    def refused(self, cause: Cause, refusal: Refusal | None) -> None:
        """Somebody wanted to talk and may not."""
        if cause is Cause.BUTTON:
            self._sound(Earcon.NO_MONEY if refusal is Refusal.MONEY else Earcon.ERROR)

    def failed(self, refusal: Refusal | None = None) -> None:
        """Words were lost, or nobody answered them."""
        if not self._told:
            self._told = True
            self._sound(Earcon.NO_MONEY if refusal is Refusal.MONEY else Earcon.ERROR)

    def worked(self) -> None:
        """An answer came."""
        self._told = False

    def muted(self, muted: bool) -> None:
        """Somebody muted or unmuted."""
        self._sound(Earcon.MUTED if muted else Earcon.LISTENING)

    def _sound(self, earcon: Earcon) -> None:
        if self.options.means.earcons and self.options.means.speaks:
            self._out.append(PlayEarcon(earcon))
