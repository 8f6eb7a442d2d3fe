"""Host ports: service manager, ledger of paid sessions, control server, observers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ravatard.core.control.protocol import ControlHandler
from ravatard.core.events import Event
from ravatard.secret import Secret


class Ledger(Protocol):
    """List of live sessions that are being paid for; survives a power cut."""

    def owed(self) -> list[OwedSession]:
        """Return the whole list; of a damaged one, what can be read."""
        ...

    def add(self, debt: OwedSession) -> None:
        """Write it down, durably, before it is used. Never raises: a full disk is logged, once."""
        ...

    def strike(self, debt: OwedSession) -> None:
        """Remove a session that has ended. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class OwedSession:
    """One live session that must be ended, with what is needed to do so.

    Attributes:
        licence: the service's id for it.
        base_url: where the service is.
        user_id: whose token can end it.
    """

    licence: Secret
    base_url: str
    user_id: str


class Notifier(Protocol):
    """The service manager."""

    def notify(self, *fields: str) -> None:
        """Send fields, for example ``READY=1`` or ``STATUS=ready``. Never raises, never waits."""
        ...

    @property
    def watchdog_s(self) -> float | None:
        """Seconds within which ``WATCHDOG=1`` must arrive, or None without a watchdog."""
        ...


class Observer(Protocol):
    """Observer of the hub, which never changes it: a terminal, a recorder, a test."""

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        ...

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        ...


class ControlServer(Protocol):
    """Server of control requests from other processes."""

    async def serve(self, handler: ControlHandler) -> None:
        """Serve clients, for ever. Trouble with one client does not concern the others."""
        ...
