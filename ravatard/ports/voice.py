"""Live voice ports: a player of a session's stream, and the sink of its sound."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.secret import Secret


class VoiceSink(Protocol):
    """Receiver of the avatar's live voice. No method waits."""

    def online(self) -> None:
        """Report that a stream is connected: sound follows."""
        ...

    def feed(self, pcm: bytes) -> None:
        """Take the next piece: s16le mono 48 kHz, in order, gaps concealed."""
        ...

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """Report that the stream broke or could not be had (:class:`ravatard.core.events.VoiceOffline`)."""
        ...


class VoicePlayer(Protocol):
    """Player of the live voice of one session."""

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """Connect, hand over sound, until it breaks. Cancelling closes everything, within two seconds.

        Args:
            url: the session's ``streamingUrl`` as it came.
            token: the token to open it with.
            sink: where the sound goes; the caller calls its ``offline``.

        Raises:
            LinkError: it broke, or no stream was had in time; may be retried.
            DeniedError: the token was refused; try again with a new one.
        """
        ...
