"""Transcriber: puts a recogniser before the connections of a cloud, and works while they are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

from ravatard.cloud.speech_to_text.connection import TranscribedConnection
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.cloud.speech_to_text.recogniser import WyomingRecogniser
from ravatard.ports.cloud import Connection
from ravatard.ports.recogniser import Recogniser


class Transcriber:
    """One recogniser for all connections of a cloud.

    The cloud opens :meth:`over` inside its own ``connect()``, and runs :meth:`serve` in its ``maintain()``.
    """

    def __init__(self, recogniser: Recogniser, language: str, chance: Callable[[], float]) -> None:
        """Reach nothing yet; see :class:`TranscribedConnection`."""
        self._recogniser = recogniser
        self._language = language
        self._chance = chance
        #: One for each connection that is opened and not served yet; one that is closed is served at once.
        self._opened: asyncio.Queue[TranscribedConnection] = asyncio.Queue()

    @asynccontextmanager
    async def over(self, inner: Connection) -> AsyncIterator[TranscribedConnection]:
        """Give a connection that sends ``inner`` words in the place of sound."""
        connection = TranscribedConnection(inner, self._recogniser, self._language, self._chance)
        self._opened.put_nowait(connection)
        try:
            yield connection
        finally:
            await connection.close()

    async def serve(self) -> NoReturn:
        """Work for the connections that are open, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                connection = await self._opened.get()
                group.create_task(connection.run(), name="transcribe")


def transcriber_of(
    options: SpeechToTextOptions, service_language: str, chance: Callable[[], float]
) -> Transcriber | None:
    """Return the transcriber that is configured; None without a recogniser.

    Args:
        options: section ``speech_to_text``.
        service_language: ``service.language``.
        chance: gives numbers in [0, 1).
    """
    if options.uri is None:
        return None
    recogniser = WyomingRecogniser(options.uri, options.deadline_s)
    return Transcriber(recogniser, options.code(service_language), chance)
