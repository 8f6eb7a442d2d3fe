"""A connection to a broker that notes what it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ravatard.ports.broker import BrokerMessage, Publication


class FakeConnection:
    def __init__(self) -> None:
        self.published: list[Publication] = []
        self.dropped = 0

    async def publish(self, message: Publication) -> None:
        self.published.append(message)

    async def subscribe(self, *filters: str) -> None:
        del filters

    async def messages(self) -> AsyncIterator[BrokerMessage]:
        return
        yield

    def names(self) -> list[str]:
        return [one.topic.rpartition("/")[2] for one in self.published]
