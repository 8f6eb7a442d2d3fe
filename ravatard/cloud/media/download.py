"""The body of one response: pieces as they come, and where a download ends that is too large or too slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import NoReturn

import aiohttp

from ravatard.cloud.media.options import MediaOptions
from ravatard.errors import MediaError


class Download:
    """The ``Fetched`` port: one response, its body still to come."""

    def __init__(self, response: aiohttp.ClientResponse, where: str, options: MediaOptions) -> None:
        self._response = response
        self._where = where
        self._options = options

    @property
    def content_type(self) -> str:
        """What the server says it is; "" when it does not."""
        if "Content-Type" not in self._response.headers:
            return ""
        return self._response.content_type.lower()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its bytes as they come, 128 kB of them waiting at most.

        Only waiting for the server counts as time: while the speaker plays what is there, nobody waits.

        Raises:
            MediaError: it broke off, is too large, or took too long.
        """
        options, where = self._options, self._where
        time = asyncio.get_running_loop().time
        taken, left_s = 0, options.download_s
        while True:
            since = time()
            try:
                async with asyncio.timeout(min(options.silence_s, left_s)):
                    piece = await self._response.content.readany()
            except TimeoutError:
                if left_s <= options.silence_s:
                    raise MediaError(
                        f"the answer's file from {where} took longer than {options.download_s:g} s"
                    ) from None
                raise MediaError(
                    f"{where} sent nothing of the answer's file for {options.silence_s:g} s"
                ) from None
            except (aiohttp.ClientError, OSError) as error:
                raise MediaError(
                    f"{where} broke off in the middle of the answer's file ({cause_told(error)})"
                ) from None
            left_s -= time() - since
            if not piece:
                return
            taken += len(piece)
            if taken > options.largest_bytes:
                _too_large(where, options)
            yield piece


def begun(response: aiohttp.ClientResponse, where: str, options: MediaOptions) -> Download:
    """The download that ``response`` begins.

    Args:
        response: its header has come.
        where: scheme and host, for messages.
        options: what it may cost.

    Raises:
        MediaError: it is none, or will be too large.
    """
    if response.status != 200:
        raise MediaError(f"{where} answers {response.status} instead of the answer's file")
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("identity", ""):
        raise MediaError(f"{where} sends the answer's file packed ({packed[:20]}), which was not asked for")
    if (response.content_length or 0) > options.largest_bytes:
        _too_large(where, options)
    return Download(response, where, options)


def _too_large(where: str, options: MediaOptions) -> NoReturn:
    raise MediaError(f"the answer's file at {where} is larger than media.largest_mb, {options.largest_mb} MB")


def cause_told(error: Exception) -> str:
    """A few words, never those of aiohttp, which may hold the address."""
    if isinstance(error, aiohttp.ClientError):
        return (isinstance(error, OSError) and error.strerror) or type(error).__name__
    return getattr(error, "strerror", None) or type(error).__name__
