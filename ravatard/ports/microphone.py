"""Microphone port: a source of utterances."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ravatard.core.actions import MicrophoneCommand
from ravatard.core.events import MicrophoneEvent


class Microphone(Protocol):
    """A microphone with the gate behind it."""

    def events(self) -> AsyncIterator[MicrophoneEvent]:
        """Yield events, for ever. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the device as it is; :meth:`close` closes it.
        """
        ...

    def command(self, command: MicrophoneCommand) -> None:
        """Give the gate a command; takes effect at its next block. Never waits."""
        ...

    async def close(self) -> None:
        """Close the capture device. Idempotent; returns within two seconds."""
        ...
