"""The hub: takes events one by one, lets the conversation decide, hands out the actions. Waits for nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import assert_never

from ravatard.core.actions import (
    Action,
    DropTurn,
    EndSession,
    Hold,
    LogLine,
    Mute,
    PlayAnswer,
    PlayEarcon,
    Press,
    Reconnect,
    Release,
    SendAudio,
    SendText,
    SendUtterance,
    SessionChanged,
    SetGate,
    SetVolume,
    StartSession,
    StopPlayback,
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
    """The conversation with its mailboxes around it.

    Attributes:
        events_handled: how many events were handled; the watchdog looks whether it moves.
    """

    def __init__(
        self,
        conversation: Conversation,
        ear: Microphone,
        outbox: Outbox,
        shown: Latest[Indication],
        mouth: AnswerPlayer,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.conversation = conversation
        self.events_handled = 0
        self._ear = ear
        self._outbox = outbox
        self._shown = shown
        self._mouth = mouth
        self._observers = list(observers)

    def watch(self, observer: Observer) -> None:
        """Let ``observer`` look at everything from now on."""
        self._observers.append(observer)

    async def run(self, inbox: Inbox) -> None:
        """Eternal. Cancelling between two events loses nothing: an event is handled whole or not at all.

        Raises:
            HouseError: a bug of ours.
        """
        loop = asyncio.get_running_loop()
        while True:
            event: Event
            deadline = self.conversation.deadline
            now = 0.0
            try:
                async with asyncio.timeout_at(deadline):
                    event = await inbox.get()
            except TimeoutError:
                # A timer may fire a hair before its time; what was waited for is due all the same.
                event, now = Tick(), deadline or 0.0
            self.handle(event, max(now, loop.time()))

    def handle(self, event: Event, now: float) -> None:
        """One event, all the way."""
        self.events_handled += 1
        # An action may have an event of its own (the outbox was full): the list grows while it is worked off.
        pending: list[Event] = [event]
        while pending:
            event = pending.pop(0)
            for observer in self._observers:
                observer.on_event(event, now)
            for action in self.conversation.handle(event, now):
                for observer in self._observers:
                    observer.on_action(action, now)
                pending.extend(self._carry_out(action))

    def _carry_out(self, action: Action | Show) -> Iterator[Event]:
        match action:
            case Show(indication):
                self._shown.put(indication)
            case LogLine() | TurnEnded() | SessionChanged():
                _log(action)
                if isinstance(action, TurnEnded) and action.summary.answer_ms is not None:
                    self._mouth.answered()
            case PlayAnswer() | StopPlayback() | PlayEarcon() | SetVolume():
                self._mouth.do(action)
            case SetGate() | Press() | Release() | Hold() | Mute():
                self._ear.command(action)
            case SendAudio(turn=turn) | SendUtterance(turn=turn):
                if isinstance(action, SendUtterance):
                    self._mouth.expect()
                if not self._outbox.put(action):
                    yield UtteranceDropped(turn, "more than 30 s of speech wait for the network")
            case StartSession() | EndSession() | SendText() | DropTurn() | Reconnect():
                self._outbox.put(action)
            case _:
                assert_never(action)


def _log(action: LogLine | TurnEnded | SessionChanged) -> None:
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
