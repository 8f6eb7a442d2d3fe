"""Active connection, and its replacement by a newer one: opened first, used from a quiet moment on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self, assert_never

from ravatard.core.actions import CancelUtterance, EndUtterance, Message, SendAudio, SendText, SendUtterance
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.self_hearing import SelfHearingFilter
from ravatard.core.events import Answered, LinkOnline, ServiceHearing, ServiceMessage, StreamBroke
from ravatard.errors import LinkError, PeerError
from ravatard.ports.cloud import Cloud, Connection
from ravatard.stages.mailbox import Inbox, Outbox

log = logging.getLogger(__name__)

#: A connection is quiet when nothing was sent or answered for this long: an answer may come in pieces, and
#: the next chunk of an utterance comes within a quarter of a second.
QUIET_S = 2.0
#: Interval at which the newer connection checks whether the active one is quiet.
CHECK_S = 0.5
#: Between two attempts to open the newer connection while the old one works.
REOPEN_S = 5.0


class ActiveConnection:
    """Connection that messages are sent on at the moment.

    A message is answered on the connection it was sent on. So the newer connection, open already, is used
    only when nothing waits, nothing is being sent, and everything that was sent is answered, or will not be.
    If no such moment comes while the old token lives, the old connection breaks as any other may.
    """

    def __init__(
        self, cloud: Cloud, outbox: Outbox, inbox: Inbox, connection: Connection, closing: AsyncExitStack
    ) -> None:
        """``connection`` is the first one, open; ``closing`` closes it, see :meth:`connected`."""
        self._cloud = cloud
        self._outbox = outbox
        self._inbox = inbox
        self._active = connection
        self._closing = closing
        self._sending = False
        self._turn: int | None = None
        self._unanswered = 0
        self._busy_until = 0.0
        self._self_hearing = SelfHearingFilter()

    @classmethod
    @asynccontextmanager
    async def connected(cls, cloud: Cloud, outbox: Outbox, inbox: Inbox) -> AsyncIterator[Self]:
        """Connect, and report that; leaving closes the connection that is in use then.

        Raises:
            LinkError, DeniedError, PeerError: see :meth:`ravatard.ports.cloud.Cloud.connect`.
        """
        async with AsyncExitStack() as first:
            connection = await first.enter_async_context(cloud.connect())
            active = cls(cloud, outbox, inbox, connection, first.pop_all())
        try:
            inbox.put(LinkOnline(connection.capabilities))
            yield active
        finally:
            await active._closing.aclose()

    async def carry(self, group: asyncio.TaskGroup) -> None:
        """Run for as long as the link lives: receive messages, on one connection after the other.

        Cancelled anywhere, a newer connection that is not in use is closed; the one in use is left open.

        Raises:
            DeniedError: the service refuses the newer connection.
        """
        receiving = group.create_task(self._receive(self._active), name="receive")
        while True:
            await self._active.outdated()
            async with AsyncExitStack() as opening:
                newer = await self._opened(opening)
                # From now on both are read: pings are answered only while reading.
                receiving_newer = group.create_task(self._receive(newer), name="receive")
                # Polling for some seconds once a day is simpler than having every sender signal.
                while (busy_s := self._busy_s()) > 0.0:  # noqa: ASYNC110
                    await asyncio.sleep(min(busy_s, CHECK_S))
                # No await lies between this check and the change: nothing is sent on the older one.
                changed = newer.capabilities != self._active.capabilities
                older, self._closing = self._closing, opening.pop_all()
                self._active = newer
            receiving.cancel()
            receiving = receiving_newer
            if changed:
                self._inbox.put(LinkOnline(newer.capabilities))
            await older.aclose()
            log.debug("moved to a connection with a new token")

    @property
    def capabilities(self) -> Capabilities:
        """Capabilities of the service, on the connection that is in use."""
        return self._active.capabilities

    async def send(self, message: Message) -> None:
        """Send one message on the active connection. When cancelled, it may have arrived or not.

        Raises:
            TurnError: it cannot be sent, for one because there is no live session; nothing was.
            LinkError: the connection broke or took too long.
        """
        self._sending = True
        try:
            await self._handed_over(message)
        finally:
            self._sending = False
        if isinstance(message, CancelUtterance):
            self._answer_came()
        elif message.turn != self._turn:
            self._turn = message.turn
            self._unanswered += 1
        # The end of a turn may follow its answer: that is not answered again.
        still_s = self._active.capabilities.answer_timeout_s if self._unanswered else QUIET_S
        self._busy_until = self._now() + still_s

    async def _handed_over(self, message: Message) -> None:
        match message:
            case SendAudio(pcm=pcm):
                await self._active.send_audio(pcm)
            case SendUtterance(pcm=pcm):
                await self._active.send_utterance(pcm)
            case SendText(text=text):
                await self._active.send_text(text)
            case EndUtterance():
                await self._active.end_utterance()
            case CancelUtterance():
                await self._active.cancel_utterance()
            case _:
                assert_never(message)

    async def interrupt(self) -> None:
        """Have the service stop its answer, also while a message is being sent.

        Raises:
            TurnError: there is no live session.
            LinkError: the connection broke or took too long.
        """
        await self._active.interrupt()

    async def _opened(self, opening: AsyncExitStack) -> Connection:
        while True:
            try:
                return await opening.enter_async_context(self._cloud.connect())
            except (LinkError, PeerError) as error:
                log.info("the connection with the new token is not open yet: %s", error)
            await asyncio.sleep(REOPEN_S)

    async def _receive(self, connection: Connection) -> None:
        """Put everything the service says into the inbox, for as long as the link lives.

        Raises:
            LinkError: the connection ended, also in good order: we did not ask for that.
        """
        async for message in connection.receive():
            self._note(message)
            # Marked here: the comparison needs the words, which the flight recorder does not keep.
            judged = self._self_hearing.judged(message) if isinstance(message, Answered) else message
            await self._inbox.put_when_room(judged)
        raise LinkError("the service ended the connection")

    def _note(self, message: ServiceMessage) -> None:
        if isinstance(message, ServiceHearing):
            return
        if isinstance(message, StreamBroke):
            self._unanswered = 0
        self._answer_came()

    def _answer_came(self) -> None:
        """One turn less is open: it was answered, or will not be."""
        self._unanswered = max(0, self._unanswered - 1)
        if self._unanswered == 0:
            self._busy_until = self._now() + QUIET_S

    def _busy_s(self) -> float:
        """Return for how long the connection will be busy at least; 0 when it is quiet."""
        if self._sending or len(self._outbox):
            return CHECK_S
        if (left_s := self._busy_until - self._now()) > 0.0:
            return left_s
        self._unanswered = 0
        return 0.0

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
