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


class _Alarm:
    """Puts a :class:`Tick` into the inbox when the conversation's deadline has come.

    One timer stands for as long as the deadline does. A time-out around each wait for an event took as long
    as the event itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        self._loop = loop
        self._inbox = inbox
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tick = Tick()

    def set(self, at: float | None) -> None:
        """Ring at ``at``, loop time, in place of any time before; None: never."""
        if at == self._at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        # Another one each time: one that waits in the inbox already is not mistaken for that of the new time.
        self._tick = Tick()
        self._timer = None if at is None else self._loop.call_at(at, self._inbox.put, self._tick)

    def rang_for(self, event: Event) -> float:
        """Return the time that ``event`` was set for, and ring no more for it; 0 if it is none of ours."""
        if event is not self._tick or self._at is None:
            return 0.0
        # A timer may fire a hair before its time; what was waited for is due all the same.
        at, self._at, self._timer = self._at, None, None
        return at


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
        alarm = _Alarm(loop, inbox)
        try:
            while True:
                alarm.set(self._conversation.deadline)
                event = await inbox.get()
                self.handle(event, max(alarm.rang_for(event), loop.time()))
        finally:
            alarm.set(None)

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
