"""Group port: the way to the other appliances of a room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


class GroupLink(Protocol):
    """Channel that every appliance of the group hears, this one too, in one order for all."""

    def say(self, message: bytes) -> None:
        """Send a message. Never waits; without a connection it is lost."""
        ...

    def news(self) -> AsyncIterator[bytes | bool]:
        """Yield messages as they come, True when the channel is there, False when it is gone; for ever."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """Room with several appliances.

    Attributes:
        link: the way to the others.
        id: our own id in it.
        name: of the group, for people.
    """

    link: GroupLink
    id: str
    name: str
