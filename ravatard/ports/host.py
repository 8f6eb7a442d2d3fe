"""Ports of the host: service manager, ledger of paid sessions, control server, observers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ravatard.core.control.protocol import ControlHandler
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import Event
from ravatard.secret import Secret


class Ledger(Protocol):
    """Ledger of the live sessions being paid for, kept where a power cut does not reach it."""

    def owed(self) -> list[OwedSession]:
        """Return all entries. Of a damaged or missing list: those that can be read."""
        ...

    def add(self, session: OwedSession) -> None:
        """Add an entry, durably, before the session is used. Never raises: a full disk is logged, once."""
        ...

    def strike(self, session: OwedSession) -> None:
        """Remove the entry of a session that has ended. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class OwedSession:
    """Live session that must be ended, with all that is needed to do so.

    Attributes:
        kind: kind of cloud that started it, as in ``service.kind``; the same kind ends it.
        id: the service's id of the session.
        base_url: URL of the service.
        account: user id whose credentials can end it.
    """

    kind: str
    id: Secret
    base_url: str
    account: str


class Notifier(Protocol):
    """The service manager."""

    def notify(self, *fields: str) -> None:
        """Send fields, for example ``READY=1`` or ``STATUS=ready``. Never raises, never waits."""
        ...

    @property
    def watchdog_s(self) -> float | None:
        """Seconds within which ``WATCHDOG=1`` must arrive, or None without a watchdog."""
        ...


class NetworkChanges(Protocol):
    """Announcements that this machine's network is another."""

    def changes(self) -> AsyncIterator[None]:
        """Yield once after each change, for ever. Never raises; without announcements, never yields."""
        ...


class Observer(Protocol):
    """Observer of the hub, which never changes it: a terminal, a recorder, a test."""

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        ...

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        ...


@runtime_checkable
class Follower(Observer, Protocol):
    """Observer that looks at the hub's conversation between two events."""

    def follow(self, conversation: Conversation) -> None:
        """Look at ``conversation`` from now on, and never change it. It has handled no event yet."""
        ...


class ControlServer(Protocol):
    """Server of control requests from other processes."""

    async def serve(self, handler: ControlHandler) -> None:
        """Serve clients, for ever. Trouble with one client does not concern the others."""
        ...
