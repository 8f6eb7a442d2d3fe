"""Download of one response's body: pieces as they come, within limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NoReturn

import aiohttp

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.media.options import MediaOptions
from ravatard.errors import MediaError

#: Codings of RFC 9110 and its registry. Any other word (``aws-chunked``, ``UTF-8``, ``binary``) says nothing
#: of the bytes, and is passed over as browsers do.
_CODINGS = frozenset(
    {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"}
)
#: Beginnings of files of sound, for those that a store calls packed and that are not.
_SOUND = (b"RIFF", b"ID3", b"OggS", b"fLaC", b"FORM", b"\x1aE\xdf\xa3")
_SNIFFED_BYTES = 8
#: RFC 6838, section 4.2: two names of 127 characters at most, and a slash.
_LONGEST_TYPE = 255


class Download:
    """One response whose body is still to come; implements :class:`ravatard.ports.media.Fetched`."""

    def __init__(
        self, response: aiohttp.ClientResponse, where: str, options: MediaOptions, packed: str = ""
    ) -> None:
        """Read nothing yet; ``packed`` is the coding that the server names."""
        self._response = response
        self._where = where
        self._options = options
        self._packed = packed

    @property
    def content_type(self) -> str:
        """The server's content type without its parameters, "" when it sends none, or one that is too long.

        aiohttp's own reading is the parser of the mail library, to which 8 kB of semicolons are half a second
        of the loop, and 8 kB of brackets a RecursionError.
        """
        said = self._response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return said if len(said) <= _LONGEST_TYPE else ""

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield its bytes as they come, 128 kB of them waiting at most.

        Only waiting for the server counts as time, not the time in which the speaker plays.

        Raises:
            MediaError: it broke off, is too large, is packed, or took too long.
        """
        head = b""
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                if not self._packed:
                    yield piece
                    continue
                head += piece
                if len(head) >= _SNIFFED_BYTES:
                    self._check_unpacked(head)
                    yield head
                    self._packed = ""
        if self._packed:
            self._check_unpacked(head)

    def _check_unpacked(self, head: bytes) -> None:
        """Raise unless the file begins like sound: some stores keep a wrong coding beside it."""
        is_mpeg = head[:1] == b"\xff" and head[1:2] >= b"\xe0"
        if not (head.startswith(_SOUND) or is_mpeg or head[4:8] == b"ftyp"):
            raise MediaError(
                f"{self._where} sends the answer's file packed ({self._packed}), which was not asked for"
            )

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
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
            except (aiohttp.ClientError, OSError, *FOREIGN_FAULTS) as error:
                raise MediaError(
                    f"{where} broke off in the middle of the answer's file ({cause_without_url(error)})"
                ) from None
            left_s -= time() - since
            if not piece:
                return
            taken += len(piece)
            if taken > options.largest_bytes:
                _too_large(where, options)
            yield piece


def begun(response: aiohttp.ClientResponse, where: str, options: MediaOptions) -> Download:
    """Return the download that ``response`` begins.

    Args:
        response: a response whose header has come.
        where: scheme and host, for messages.
        options: limits of size and time.

    Raises:
        MediaError: it is no file, or will be too large.
    """
    if response.status != 200:
        raise MediaError(f"{where} answers {response.status} instead of the answer's file")
    said = response.headers.get("Content-Encoding", "").lower().split(",")
    codings = [word.strip() for word in said if word.strip() in _CODINGS]
    if (response.content_length or 0) > options.largest_bytes:
        _too_large(where, options)
    return Download(response, where, options, ", ".join(codings)[:40])


def _too_large(where: str, options: MediaOptions) -> NoReturn:
    raise MediaError(f"the answer's file at {where} is larger than media.largest_mb, {options.largest_mb} MB")


def cause_without_url(error: Exception) -> str:
    """Return the cause in a few words, never those of aiohttp, which may hold the URL."""
    if isinstance(error, aiohttp.ClientError):
        return (isinstance(error, OSError) and error.strerror) or type(error).__name__
    return getattr(error, "strerror", None) or type(error).__name__
