"""Adapter port: a way in and out of the appliance for other programs, beside the control socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ravatard.core.control.protocol import ControlHandler
from ravatard.core.events import Event


class Adapter(Protocol):
    """Adapter between the control protocol and another one; an observer of the hub.

    Its trouble is told in :attr:`faults`, and concerns nothing else.
    """

    @property
    def name(self) -> str:
        """Name of its task."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each reason why it does not do what is configured. Never raises."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """Counters for the report, by name, beyond those that it has already. Never raises."""
        ...

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``. Never waits."""
        ...

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``. Never waits."""
        ...

    async def serve(self, handler: ControlHandler) -> None:
        """Serve, for ever: every request is one of the control protocol's. Cancelling closes everything."""
        ...
