"""Recogniser port: a service on the network that turns speech into words."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Recognition(Protocol):
    """One utterance on its way to its words."""

    async def feed(self, pcm: bytes) -> None:
        """Take the next sound: s16le mono 16 kHz.

        Raises:
            LinkError: the recogniser broke off or took too long.
        """
        ...

    async def text(self) -> str:
        """Return the words of everything that was fed, "" when there are none; once, after the last sound.

        Raises:
            LinkError: there is no answer in time, or none that can be understood.
        """
        ...


class Recogniser(Protocol):
    """Speech recogniser."""

    def open(self, language: str) -> AbstractAsyncContextManager[Recognition]:
        """Begin an utterance; leaving gives it up when its words were not asked for.

        Args:
            language: code as of the service (``en-US``); "" leaves it to the recogniser.

        Raises:
            LinkError: it cannot be reached.
        """
        ...
