"""A connection to a broker that notes what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ravatard.errors import LinkError
from ravatard.ports.broker import BrokerMessage, KeptTopics, Publication


class MemoryRecord:
    """A record of kept topics in memory."""

    def __init__(self) -> None:
        self.kept: KeptTopics | None = None

    def read(self) -> KeptTopics | None:
        return self.kept

    def write(self, kept: KeptTopics) -> None:
        self.kept = kept

    def remove(self) -> None:
        self.kept = None


class FakeConnection:
    """A connection that is up until a test breaks it.

    Attributes:
        published: what was published, in order.
        dropped: number of messages that were dropped.
        comes: what the broker sends; None: it breaks the connection.
        echoes: what is published comes back.
    """

    def __init__(self, *, echoes: bool = False) -> None:
        self.echoes = echoes
        self.published: list[Publication] = []
        self.dropped = 0
        self.comes: asyncio.Queue[BrokerMessage | None] = asyncio.Queue()

    async def publish(self, message: Publication) -> None:
        self.published.append(message)
        if self.echoes:
            self.comes.put_nowait(BrokerMessage(message.topic, message.payload))

    async def subscribe(self, *filters: str) -> None:
        del filters

    async def messages(self) -> AsyncIterator[BrokerMessage]:
        while (message := await self.comes.get()) is not None:
            yield message
        raise LinkError("it broke")

    def names(self) -> list[str]:
        return [one.topic.rpartition("/")[2] for one in self.published]


class FakeBroker:
    """A broker that can be reached as often as there are ``connections``, and after that no more.

    Attributes:
        connections: those to come, in order.
        refusal: raised when there are no more.
        wills: of each attempt.
    """

    def __init__(self, *connections: FakeConnection, refusal: Exception | None = None) -> None:
        self.connections = list(connections)
        self.refusal = refusal or LinkError("it is not reached")
        self.wills: list[Publication] = []

    @asynccontextmanager
    async def connected(self, will: Publication) -> AsyncIterator[FakeConnection]:
        self.wills.append(will)
        if not self.connections:
            raise self.refusal
        yield self.connections.pop(0)
