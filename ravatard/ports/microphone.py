"""Microphone port: a source of utterances."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ravatard.core.actions import MicrophoneCommand
from ravatard.core.audio.progress import Progress
from ravatard.core.events import MicrophoneEvent


class Microphone(Protocol):
    """A microphone with the gate behind it."""

    @property
    def progress(self) -> Progress:
        """Its progress until now. It is newer than the last :class:`Listened` of :meth:`events`."""
        ...

    def events(self) -> AsyncIterator[MicrophoneEvent]:
        """Yield events, for ever. Device trouble is an event, never an exception.

        Of the signs of life of an open device a few are enough here: each wakes the hub.
        Cancelling the iteration leaves the device as it is; :meth:`close` closes it.
        """
        ...

    def command(self, command: MicrophoneCommand) -> None:
        """Give the gate a command; takes effect at its next block. Never waits."""
        ...

    def watch_level(self, *, watched: bool) -> None:
        """Keep the level of :attr:`progress` newer than usual while it is watched. Never waits."""
        ...

    async def close(self) -> None:
        """Close the capture device. Idempotent; returns within two seconds."""
        ...
