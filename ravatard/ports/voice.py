"""Voice ports: a player of a session's stream, and the sink of live voices and of answers in pieces."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.secret import Secret


class VoiceSink(Protocol):
    """Receiver of the avatar's voice: a live stream's, or one answer's in pieces. No method waits.

    A live stream is between :meth:`online` and :meth:`offline`, an answer between :meth:`begin_answer` and
    :meth:`end_answer`; a service has one or the other.
    """

    def online(self) -> None:
        """Report that a stream is connected: sound follows."""
        ...

    def feed(self, pcm: bytes) -> None:
        """Take the next piece: s16le mono 48 kHz, in order, gaps concealed.

        Of an answer up to two minutes may come ahead of what is heard; a live stream that comes early is
        shortened.
        """
        ...

    def begin_answer(self) -> None:
        """Begin an answer; one that was not ended is. What was discarded before is over."""
        ...

    def end_answer(self) -> None:
        """End the answer: all of its sound was fed."""
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
