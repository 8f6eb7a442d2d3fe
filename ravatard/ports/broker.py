"""Broker port: a connection to an MQTT broker, whichever library speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from ravatard.errors import LinkError

#: Sentence about another client with our id.
TWIN = (
    "another client with the same id takes the connection to the MQTT broker over; two appliances have the "
    "same machine-id (a copied card?): remove /etc/machine-id on one of them and restart it"
)


class TakenOverError(LinkError):
    """Another client with our id took the connection over."""


@dataclass(frozen=True, slots=True)
class BrokerMessage:
    """Message that came from the broker, of bounded size.

    Attributes:
        topic: its topic.
        payload: its content, whatever that is.
        retained: the broker kept it from before we subscribed.
        reply_to: topic that the sender wants the answer on; "" for none.
        correlation: what the answer must carry.
    """

    topic: str
    payload: bytes = field(repr=False)
    retained: bool = False
    reply_to: str = ""
    correlation: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Publication:
    """Message for the broker.

    Attributes:
        topic: its topic.
        payload: its content.
        sure: the broker confirms it (QoS 1).
        retained: the broker keeps it.
        correlation: see :class:`BrokerMessage`.
    """

    topic: str
    payload: bytes = field(repr=False)
    sure: bool = False
    retained: bool = False
    correlation: bytes = field(default=b"", repr=False)


class BrokerConnection(Protocol):
    """Connection that is up."""

    async def publish(self, message: Publication) -> None:
        """Send one message.

        Raises:
            LinkError: it could not be sent, or was not confirmed in time.
        """
        ...

    async def subscribe(self, *filters: str) -> None:
        """Have messages for these topics sent.

        Raises:
            LinkError: it was not confirmed in time.
            DeniedError: the broker does not allow it.
        """
        ...

    def messages(self) -> AsyncIterator[BrokerMessage]:
        """Yield messages as they come; what comes while too many wait is dropped and counted.

        Raises:
            TakenOverError: another client has our id.
            LinkError: the connection is lost, or the broker sends more than can be taken.
        """
        ...

    @property
    def dropped(self) -> int:
        """Number of messages that were dropped."""
        ...


class Broker(Protocol):
    """Broker that can be connected to."""

    def connected(self, will: Publication) -> AbstractAsyncContextManager[BrokerConnection]:
        """Connect, with a message that the broker sends when we vanish; leaving disconnects.

        Raises:
            LinkError: it is not reached, or does not answer.
            DeniedError: it refuses us; the message says what to correct.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeptTopics:
    """Topics on which a broker keeps messages of ours.

    Attributes:
        host: name of the broker.
        port: its port.
        topics: the topics.
    """

    host: str
    port: int
    topics: tuple[str, ...]


class KeptRecord(Protocol):
    """Record of those topics that outlives this process. No method raises: trouble is logged."""

    def read(self) -> KeptTopics | None:
        """Return what a broker keeps; None: nothing, or it cannot be read."""
        ...

    def write(self, kept: KeptTopics) -> None:
        """Note what a broker is about to keep."""
        ...

    def remove(self) -> None:
        """Note that nothing is kept any more."""
        ...
