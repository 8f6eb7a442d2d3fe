"""Player of an appliance without a speaker."""

from __future__ import annotations

from ravatard.core.actions import SpeakerAction
from ravatard.core.events import VoiceOffline, VoiceOnline
from ravatard.stages.mailbox import Inbox


class NullAnswerPlayer:
    """Player of an appliance without a speaker. A live voice may be heard elsewhere: in a browser."""

    def __init__(self, inbox: Inbox) -> None:
        """``inbox`` gets VoiceOnline and VoiceOffline."""
        self._inbox = inbox

    def do(self, action: SpeakerAction) -> None:
        """Do nothing: there is no speaker."""

    def online(self) -> None:
        """Report that the live voice arrives there."""
        self._inbox.put(VoiceOnline())

    def feed(self, pcm: bytes) -> None:
        """Discard the piece."""

    def begin_answer(self) -> None:
        """Discard the answer that begins."""

    def end_answer(self) -> None:
        """Do nothing: it was discarded."""

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """Report that it does not arrive."""
        self._inbox.put(VoiceOffline(reason, hopeless))
