"""The connection in use, and how a newer one takes its place: opened first, used from a quiet moment on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from ravatard.core.actions import SendAudio, SendText, SendUtterance
from ravatard.core.conversation.self_hearing import SelfHearingFilter
from ravatard.core.events import Answered, LinkOnline, StreamBroke
from ravatard.errors import LinkError, PeerError
from ravatard.ports.cloud import Cloud, Connection
from ravatard.stages.mailbox import Inbox, Outbox

log = logging.getLogger(__name__)

#: After an answer, and after what was sent, this long nothing may happen before the line counts as quiet: an
#: answer may come in pieces, and the next chunk of an utterance comes within a quarter of a second.
STILL_S = 2.0
#: How often a line that is busy is looked at by the connection that waits to take its place.
LOOK_S = 0.5
#: Between two attempts to open the newer connection while the old one works.
REOPEN_S = 5.0


class ActiveConnection:
    """Where messages go at the moment.

    What is said to one connection is answered on the same one. So the newer connection, open already, is used
    only when nothing waits, nothing is being sent, and everything that was sent is answered, or will not be.
    Should no such moment come while the old token lives, the old connection ends as any other may.
    """

    def __init__(
        self, cloud: Cloud, outbox: Outbox, inbox: Inbox, wire: Connection, connection: AsyncExitStack
    ) -> None:
        """``wire`` is the first connection, open; ``connection`` closes it, see :meth:`connected`."""
        self._cloud = cloud
        self._outbox = outbox
        self._inbox = inbox
        self._wire = wire
        self._connection = connection
        self._sending = False
        self._turn: int | None = None
        self._unanswered = 0
        self._busy_until = 0.0
        self._guard = SelfHearingFilter()

    @classmethod
    @asynccontextmanager
    async def connected(cls, cloud: Cloud, outbox: Outbox, inbox: Inbox) -> AsyncIterator[Self]:
        """Connect, and tell so; leaving closes whatever connection is in use then.

        Raises:
            LinkError, DeniedError, PeerError: see :meth:`ravatard.ports.cloud.Cloud.connect`.
        """
        async with AsyncExitStack() as first:
            wire = await first.enter_async_context(cloud.connect())
            line = cls(cloud, outbox, inbox, wire, first.pop_all())
        try:
            inbox.put(LinkOnline(wire.capabilities))
            yield line
        finally:
            await line._connection.aclose()

    async def carry(self, group: asyncio.TaskGroup) -> None:
        """Eternal while the link lives: bring in what is said, on one connection after the other.

        Cancelled anywhere, a newer connection that is not in use is closed; the one in use is left open.

        Raises:
            DeniedError: the service refuses the newer connection.
        """
        receiving = group.create_task(self._receive(self._wire), name="receive")
        while True:
            await self._wire.outdated()
            async with AsyncExitStack() as opening:
                newer = await self._opened(opening)
                # From now on both are listened to; pings are answered only by one who listens.
                receiving_newer = group.create_task(self._receive(newer), name="receive")
                # Looking twice a second, once a day: no sender need know that somebody waits.
                while (busy_s := self._busy_s()) > 0.0:  # noqa: ASYNC110
                    await asyncio.sleep(min(busy_s, LOOK_S))
                # Nothing waits between this look and the change: nothing is sent on a line that is left.
                changed = newer.capabilities != self._wire.capabilities
                older, self._connection = self._connection, opening.pop_all()
                self._wire = newer
            receiving.cancel()
            receiving = receiving_newer
            if changed:
                self._inbox.put(LinkOnline(newer.capabilities))
            await older.aclose()
            log.debug("moved to a connection with a new token")

    async def send(self, message: SendAudio | SendUtterance | SendText) -> None:
        """Send one message on the connection in use. Cancelled, nobody knows whether it arrived.

        Raises:
            NoSessionError: there is no live session to send it in; nothing was sent.
            LinkError: the connection broke or took too long.
        """
        self._sending = True
        try:
            if isinstance(message, SendAudio):
                await self._wire.send_audio(message.pcm)
            elif isinstance(message, SendUtterance):
                await self._wire.send_utterance(message.pcm)
            else:
                await self._wire.send_text(message.text)
        finally:
            self._sending = False
        if message.turn != self._turn:
            self._turn = message.turn
            self._unanswered += 1
        # The end of a turn may follow its answer: that is not answered again.
        still_s = self._wire.capabilities.answer_timeout_s if self._unanswered else STILL_S
        self._busy_until = self._now() + still_s

    async def _opened(self, opening: AsyncExitStack) -> Connection:
        while True:
            try:
                return await opening.enter_async_context(self._cloud.connect())
            except (LinkError, PeerError) as error:
                log.info("the connection with the new token is not open yet: %s", error)
            await asyncio.sleep(REOPEN_S)

    async def _receive(self, wire: Connection) -> None:
        """Eternal while the link lives.

        Raises:
            LinkError: the connection ended, also in good order: nobody asked for that.
        """
        async for said in wire.receive():
            self._heard(said)
            # Here, not in the hub: what people said never enters it, and so no recorder.
            self._inbox.put(self._guard.judged(said) if isinstance(said, Answered) else said)
        raise LinkError("the service ended the connection")

    def _heard(self, said: Answered | StreamBroke) -> None:
        self._unanswered = max(0, self._unanswered - 1) if isinstance(said, Answered) else 0
        if self._unanswered == 0:
            self._busy_until = self._now() + STILL_S

    def _busy_s(self) -> float:
        """How long the line will be busy at least; 0 when it is quiet."""
        if self._sending or len(self._outbox):
            return LOOK_S
        if (left_s := self._busy_until - self._now()) > 0.0:
            return left_s
        self._unanswered = 0
        return 0.0

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
