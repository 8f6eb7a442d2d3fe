"""The seams of everything that is heard: the speaker, the live voice, files and what decodes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NoReturn, Protocol

from ravatard.core.events import SpeakerEvent
from ravatard.core.states import Earcon
from ravatard.secret import Secret


class Speaker(Protocol):
    """A loudspeaker: one output stream for the life of the daemon, silence when idle.

    Sound is given as *pieces* of a *voice*: s16le mono 48 kHz, any length. A voice is one answer, or the live
    stream of one session; its number is given by whoever plays it, growing. Pieces of an older voice than
    the newest one are ignored. A voice is finite, nothing of it is cut, unless it was begun as a live one.
    """

    def events(self) -> AsyncIterator[SpeakerEvent]:
        """What becomes of the sound, for ever. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the speaker as it is; :meth:`close` ends it.
        """
        ...

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows. A live one is kept on time: it waits for its jitter and is cut in its pauses."""
        ...

    def feed(self, voice: int, pcm: bytes) -> None:
        """The next piece of a voice. Never waits; beyond 120 s that wait the rest is dropped.

        Of a finite voice nothing is lost while the device is being opened, if that takes no more than 2 s.
        """
        ...

    def finish(self, voice: int) -> None:
        """Nothing more comes of this voice: play what waits, without waiting for more."""
        ...

    async def room(self) -> None:
        """Returns when less than two seconds of sound wait. Cancelling is safe."""
        ...

    def stop(self) -> None:
        """Throw away what waits and fall silent, within 30 ms. Later pieces of the newest voice play."""
        ...

    def cue(self, earcon: Earcon) -> None:
        """Sound a short signal, mixed with whatever plays. It is no answer: no event tells of it."""
        ...

    def set_volume(self, percent: int) -> None:
        """Loudness in percent of full, 0 to 100."""
        ...

    async def close(self) -> None:
        """Close the device. Idempotent; returns within two seconds."""
        ...


class VoiceSink(Protocol):
    """Where the avatar's live voice goes. Nothing in here waits."""

    def online(self) -> None:
        """A stream is connected: sound follows."""
        ...

    def heard(self, pcm: bytes) -> None:
        """The next piece: s16le mono 48 kHz, in order, gaps concealed."""
        ...

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """The stream broke, or could not be had; see :class:`ravatard.core.events.VoiceOffline`."""
        ...


class VoicePlayer(Protocol):
    """Brings in the live voice of one session."""

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """Connect, hand over sound, until it breaks. Cancelling closes everything, within two seconds.

        Args:
            url: the session's ``streamingUrl`` as it came.
            token: the token to open it with.
            sink: where the sound goes; ``offline`` is the caller's to tell.

        Raises:
            LinkError: it broke, or no stream was had in time; may be retried.
            DeniedError: the token was refused; try again with a new one.
        """
        ...


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
