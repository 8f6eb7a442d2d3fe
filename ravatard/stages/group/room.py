"""Room stage: has the microphone's events judged by the claims of the room, before the hub gets them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import NoReturn

from ravatard.core.audio.microphone_events import MicrophoneEvent
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import AnsweredElsewhere
from ravatard.core.group.room_claims import OUTSTAYED_S, RoomClaims, RoomVerdict
from ravatard.core.states import LinkState
from ravatard.errors import InternalError
from ravatard.ports.group import Room
from ravatard.stages.mailbox import Inbox

log = logging.getLogger("ravatard")


class RoomStage:
    """Gate between capture and inbox; an observer of the hub."""

    def __init__(self, room: Room, inbox: Inbox, conversation: Conversation) -> None:
        """``conversation`` is only read: whether it could answer, and whether it talks."""
        self._link = room.link
        self._name = room.name
        self._claims = RoomClaims(room.id)
        self._inbox = inbox
        self._conversation = conversation
        self._clock = asyncio.get_running_loop().time
        self._changed = asyncio.Event()
        self._told_alone = False

    def admit(self, event: MicrophoneEvent) -> tuple[MicrophoneEvent, ...]:
        """Return what the hub may know now: the event, nothing yet, or nothing at all."""
        able = self._conversation.state.service.link is LinkState.ONLINE
        return self._carried_out(self._claims.heard(event, self._clock(), able=able))

    def on_event(self, event: object, now: float) -> None:
        """The hub is about to handle ``event``."""
        self._look(now)

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        self._look(now)

    def _look(self, now: float) -> None:
        self._pass_on(self._claims.talks(self._conversation.talk, now))

    def _pass_on(self, verdict: RoomVerdict) -> None:
        for event in self._carried_out(verdict):
            self._inbox.put(event)

    def _carried_out(self, verdict: RoomVerdict) -> tuple[MicrophoneEvent, ...]:
        for message in verdict.said:
            self._link.say(message)
        if verdict.yielded:
            log.info("another appliance of group %s answers", self._name)
            self._inbox.put(AnsweredElsewhere())
        if verdict.outstayed:
            log.warning(
                "appliance %s has kept group %s for %.0f minutes; it does not count until it falls silent. "
                "Restart it, or look for what it hears",
                verdict.outstayed,
                self._name,
                OUTSTAYED_S / 60,
            )
        self._changed.set()
        return verdict.passed

    async def run(self) -> NoReturn:
        """Run for ever.

        Raises:
            InternalError: the channel's news ended.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_time(), name="room clock")
            async for news in self._link.news():
                if news is True:
                    self._told_alone = False
                    self._pass_on(self._claims.connected())
                elif news is False:
                    self._alone()
                else:
                    self._pass_on(self._claims.received(news, self._clock()))
            raise InternalError("the news of the group ended by themselves")

    def _alone(self) -> None:
        if not self._told_alone:
            log.warning(
                "group %s is out of reach: until the broker is back, each appliance answers", self._name
            )
        self._told_alone = True
        self._pass_on(self._claims.disconnected())

    async def _keep_time(self) -> NoReturn:
        while True:
            deadline = self._claims.deadline
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
                    continue
            # A timer may fire a hair early.
            self._pass_on(self._claims.on_time(max(self._clock(), deadline or 0.0)))
