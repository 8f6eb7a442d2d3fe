"""Any cloud, with a recogniser before it: sound is put into words here, and never reaches the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import NoReturn

from ravatard.cloud.speech_to_text.transcriber import Transcriber
from ravatard.ports.cloud import (
    Connection,
    CredentialHolder,
    Directory,
    Endings,
    HistoryMessage,
    ServiceCloud,
    TokenHolder,
)
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret


class TranscribedCloud:
    """A :class:`ravatard.ports.cloud.ServiceCloud` over another one, with its methods unless it says so."""

    def __init__(self, inner: ServiceCloud, transcriber: Transcriber) -> None:
        """Connect to nothing yet."""
        self._inner = inner
        self._transcriber = transcriber

    def opened(self) -> AbstractAsyncContextManager[None]:
        """See the class."""
        return self._inner.opened()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """Connect, with the recogniser before the connection."""
        async with self._inner.connect() as connection, self._transcriber.over(connection) as transcribed:
            yield transcribed

    async def maintain(self) -> None:
        """Maintain the cloud, and work for its connections."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inner.maintain(), name="maintain")
            await self._transcriber.serve()

    async def start_session(self) -> None:
        """See the class."""
        await self._inner.start_session()

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """See the class."""
        await self._inner.voice(sink)

    def details(self) -> tuple[tuple[str, str], ...]:
        """Tell what the service tells, and that there is a recogniser."""
        return (("ear", "speech_to_text"), *self._inner.details())

    @property
    def endings(self) -> Endings:
        """See the class."""
        return self._inner.endings

    @property
    def token_left(self) -> float | None:
        """See the class; None for a cloud without a token."""
        return self._inner.token_left if isinstance(self._inner, TokenHolder) else None

    def renew_credential(self, credential: Secret | None) -> None:
        """Have the cloud do so, if it can."""
        if isinstance(self._inner, CredentialHolder):
            self._inner.renew_credential(credential)

    def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        """See the class."""
        return self._inner.picture()

    async def end_session(self, *, gone: bool = False) -> None:
        """See the class."""
        await self._inner.end_session(gone=gone)

    async def about(self) -> Directory:
        """See the class."""
        return await self._inner.about()

    def history(self, since: datetime | None = None, per_page: int = 100) -> AsyncIterator[HistoryMessage]:
        """See the class."""
        return self._inner.history(since, per_page)
