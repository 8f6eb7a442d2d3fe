"""Channel of a group on one topic of the broker, which brings all messages in one order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import NoReturn

from ravatard.core.group.room_messages import LONGEST
from ravatard.ports.broker import BrokerConnection, BrokerMessage, Publication

#: Claims are few; more that wait are of a link that is stuck, and worth nothing by then.
MOST_WAITING = 32


class GroupChannel:
    """A :class:`ravatard.ports.group.GroupLink`; full, the oldest messages go first.

    Attributes:
        topic: of the group.
    """

    def __init__(self, topic: str) -> None:
        """Begin without a connection."""
        self.topic = topic
        self._up = False
        self._outgoing: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._incoming: deque[bytes | bool] = deque(maxlen=MOST_WAITING)
        self._to_send, self._came = asyncio.Event(), asyncio.Event()

    # -------------------------------------------------------------- the appliance's side

    def say(self, message: bytes) -> None:
        """See :meth:`ravatard.ports.group.GroupLink.say`."""
        if self._up:
            self._outgoing.append(message)
            self._to_send.set()

    async def news(self) -> AsyncIterator[bytes | bool]:
        """See :meth:`ravatard.ports.group.GroupLink.news`."""
        while True:
            while self._incoming:
                yield self._incoming.popleft()
            self._came.clear()
            await self._came.wait()

    # -------------------------------------------------------------- the broker's side

    def connected(self) -> None:
        """The topic is subscribed to."""
        self._up = True
        self._put(True)

    def disconnected(self) -> None:
        """The connection is gone."""
        self._up = False
        self._outgoing.clear()
        # What came before counts no more, and must not push this out.
        self._incoming.clear()
        self._put(False)

    def received(self, message: BrokerMessage) -> None:
        """A message of the group came. A retained one is of the past."""
        if not message.retained and len(message.payload) <= LONGEST:
            self._put(message.payload)

    def _put(self, news: bytes | bool) -> None:
        self._incoming.append(news)
        self._came.set()

    async def send(self, connection: BrokerConnection) -> NoReturn:
        """Send what there is to say, for ever.

        Raises:
            LinkError: the connection failed.
        """
        while True:
            while self._outgoing:
                await connection.publish(Publication(self.topic, self._outgoing.popleft()))
            self._to_send.clear()
            await self._to_send.wait()
