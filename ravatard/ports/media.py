"""Media ports: download and decoding of the sound of answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Fetched(Protocol):
    """Download in progress."""

    @property
    def content_type(self) -> str:
        """Content type as the server says, lower case, without parameters; "" when it does not say."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield its bytes as they come.

        Raises:
            MediaError: it broke off, is too large, or took too long.
        """
        ...


class Fetch(Protocol):
    """Downloader of the files that answers point at."""

    def open(self, url: str) -> AbstractAsyncContextManager[Fetched]:
        """Begin to download; leaving closes the connection.

        Raises:
            MediaError: the address may not be fetched, or cannot be; one sentence, without its query.
        """
        ...


class Decoder(Protocol):
    """Decoder of any sound or film to PCM."""

    def pcm(self, pieces: AsyncIterator[bytes], content_type: str = "") -> AsyncGenerator[bytes, None]:
        """Yield s16le mono 48 kHz, while ``pieces`` still come in. Closing the iterator ends the decoding.

        Raises:
            MediaError: it cannot be decoded; one sentence.
        """
        ...

    async def prepare(self) -> None:
        """Get ready for an answer that is expected. Never raises, returns soon."""
        ...

    async def close(self) -> None:
        """Stop decoding. Idempotent."""
        ...
