"""Host ports: service manager, ledger of paid sessions, control server, observers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ravatard.core.control.protocol import ControlHandler
from ravatard.core.events import Event
from ravatard.secret import Secret


class Ledger(Protocol):
    """The list of live sessions that are being paid for, kept where a power cut does not reach it."""

    def owed(self) -> list[OwedSession]:
        """Everything on the list. A damaged or missing list is what can be read of it."""
        ...

    def add(self, debt: OwedSession) -> None:
        """Write it down, durably, before it is used. Never raises: a full disk is logged, once."""
        ...

    def strike(self, debt: OwedSession) -> None:
        """It is ended. Never raises."""
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
        """Tell it, for example, ``READY=1`` or ``STATUS=ready``. Never raises, never waits."""
        ...

    @property
    def watchdog_s(self) -> float | None:
        """Seconds within which ``WATCHDOG=1`` must arrive, or None when nobody watches."""
        ...


class Observer(Protocol):
    """Somebody who looks at the hub and never touches it: a terminal, a recorder, a test."""

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        ...

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        ...


class ControlServer(Protocol):
    """The way in for those who ask from outside this process."""

    async def serve(self, desk: ControlHandler) -> None:
        """Let people in, for ever. A client's troubles are its own."""
        ...
