"""Media ports: download and decoding of the sound of answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Fetched(Protocol):
    """A file that is being downloaded."""

    @property
    def content_type(self) -> str:
        """What the server says it is, lower case, without parameters; "" when it does not say."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Its bytes as they come.

        Raises:
            MediaError: it broke off, is too large, or took too long.
        """
        ...


class Fetch(Protocol):
    """Downloads what an answer points at."""

    def open(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """Begin to download; leaving closes the connection.

        Raises:
            MediaError: the address may not be fetched, or cannot be; one sentence, without its query.
        """
        ...


class Decoder(Protocol):
    """Makes PCM of any sound or film."""

    def pcm(self, pieces: AsyncIterator[bytes], content_type: str = "") -> AsyncGenerator[bytes, None]:
        """s16le mono 48 kHz, while ``pieces`` still come in. Closing the iterator ends all that decodes.

        Raises:
            MediaError: it cannot be decoded; one sentence.
        """
        ...

    async def prepare(self) -> None:
        """An answer is expected: be ready, so that it need not wait. Never raises, returns soon."""
        ...

    async def close(self) -> None:
        """End what waits. Idempotent."""
        ...
