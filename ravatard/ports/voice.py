"""Live voice ports: a player of a session's stream, and the sink of its sound."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.secret import Secret


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
