"""Hub: takes events one by one, lets the conversation decide, hands out the actions; never waits for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence

from ravatard.core.actions import (
    Action,
    LogLine,
    MicrophoneCommand,
    PeopleAction,
    SendAudio,
    SendUtterance,
    SessionChanged,
    SpeakerAction,
    TurnEnded,
)
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import Event, Tick, UtteranceDropped
from ravatard.core.indication import Indication, Show
from ravatard.ports.host import Observer
from ravatard.ports.microphone import Microphone
from ravatard.stages.mailbox import Inbox, Latest, Outbox
from ravatard.stages.playback import AnswerPlayer

log = logging.getLogger("ravatard")


class Hub:
    """The conversation with its mailboxes around it."""

    def __init__(
        self,
        conversation: Conversation,
        microphone: Microphone,
        outbox: Outbox,
        shown: Latest[Indication],
        player: AnswerPlayer,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._conversation = conversation
        self._microphone = microphone
        self._outbox = outbox
        self._shown = shown
        self._player = player
        self._observers = observers

    async def run(self, inbox: Inbox) -> None:
        """Run for ever. Cancelling between two events loses nothing: an event is handled whole or not at all.

        Raises:
            InternalError: a bug of ours.
        """
        loop = asyncio.get_running_loop()
        while True:
            event: Event
            deadline = self._conversation.deadline
            now = 0.0
            try:
                async with asyncio.timeout_at(deadline):
                    event = await inbox.get()
            except TimeoutError:
                # A timer may fire a hair before its time; what was waited for is due all the same.
                event, now = Tick(), deadline or 0.0
            self.handle(event, max(now, loop.time()))

    def handle(self, event: Event, now: float) -> None:
        """Handle one event and carry out all that follows."""
        # An action may have an event of its own (the outbox was full): the list grows while it is worked off.
        pending: list[Event] = [event]
        while pending:
            event = pending.pop(0)
            for observer in self._observers:
                observer.on_event(event, now)
            for action in self._conversation.handle(event, now):
                for observer in self._observers:
                    observer.on_action(action, now)
                pending.extend(self._carry_out(action))

    def _carry_out(self, action: Action | Show) -> Iterator[Event]:
        if isinstance(action, Show):
            self._shown.put(action.indication)
        elif isinstance(action, PeopleAction):
            _log(action)
        elif isinstance(action, SpeakerAction):
            self._player.do(action)
        elif isinstance(action, MicrophoneCommand):
            self._microphone.command(action)
        elif not self._outbox.put(action) and isinstance(action, SendAudio | SendUtterance):
            yield UtteranceDropped(action.turn, "more than 30 s of speech wait for the network")


def _log(action: PeopleAction) -> None:
    match action:
        case LogLine(text, warning):
            log.log(logging.WARNING if warning else logging.INFO, "%s", text)
        case TurnEnded(summary):
            answer = "" if summary.answer_ms is None else f" after {summary.answer_ms / 1000:.1f} s"
            log.info(
                "turn %d: %s%s; %.1f s sent in %d messages",
                summary.turn,
                summary.outcome.value,
                answer,
                summary.spoken_ms / 1000,
                summary.messages,
                extra={"RAVATARD_TURN": summary.turn, "RAVATARD_OUTCOME": summary.outcome.value},
            )
        case SessionChanged(session, reason):
            log.info("live session: %s (%s)", session.value, reason)
