"""Content of announcements, and files that come in parts from a client of the control socket.

The daemon opens no file for a client, who might not be allowed to read it: the client reads it and sends what
is in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ravatard.errors import MediaError

#: Eight minutes of a spoken MP3; a file that is larger is put on a server.
LARGEST_BYTES = 8 << 20
#: All that waits to be played, in bytes.
MOST_BYTES = 2 * LARGEST_BYTES
#: Uploads that may be unfinished, or wait to be asked for, at once.
MOST_UPLOADS = 2
#: An upload without a part for so long is forgotten.
FORGOTTEN_S = 30.0


async def in_one_piece(sound: bytes) -> AsyncIterator[bytes]:
    """Yield a sound that is here already, as a download comes in pieces."""
    yield sound


@dataclass(slots=True)
class _Upload:
    content: bytearray
    at: float


class AnnouncementContents:
    """Content by number until it is taken, and uploads by the name that their client gave them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that only go forward."""
        self._clock = clock
        self._uploads: dict[str, _Upload] = {}
        self._asked: dict[int, bytes] = {}

    def add_part(self, name: str, part: bytes) -> int:
        """Add the next part of an upload; return its bytes so far.

        Raises:
            MediaError: it is too large, or there are too many; it is forgotten.
        """
        now = self._clock()
        for old in [one for one, upload in self._uploads.items() if now - upload.at > FORGOTTEN_S]:
            del self._uploads[old]
        if name not in self._uploads and len(self._uploads) >= MOST_UPLOADS:
            raise MediaError(f"{MOST_UPLOADS} other files are being sent; try again in half a minute")
        upload = self._uploads.setdefault(name, _Upload(bytearray(), now))
        if len(upload.content) + len(part) > LARGEST_BYTES:
            del self._uploads[name]
            raise MediaError(f"the file is larger than {LARGEST_BYTES >> 20} MiB; put it on a web server")
        upload.content += part
        upload.at = now
        return len(upload.content)

    def uploaded(self, name: str) -> bytes:
        """Return the whole of an upload, which is forgotten.

        Raises:
            MediaError: there is none, or it is empty.
        """
        upload = self._uploads.pop(name, None)
        if upload is None or not upload.content:
            raise MediaError("nothing was sent under that name, or half a minute ago")
        return bytes(upload.content)

    def put(self, number: int, sound: bytes) -> None:
        """Keep what is to be announced until it is taken.

        Raises:
            MediaError: too much waits already.
        """
        if sum(map(len, self._asked.values())) + len(sound) > MOST_BYTES:
            raise MediaError("too much waits to be played already; try again later")
        self._asked[number] = sound

    def take(self, number: int) -> bytes:
        """Return the sound, and keep it no longer; b"" for one that is not kept."""
        return self._asked.pop(number, b"")
