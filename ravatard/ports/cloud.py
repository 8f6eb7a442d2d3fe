"""Cloud ports: a service and one open connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NoReturn, Protocol

from ravatard.core.capabilities import Capabilities
from ravatard.core.events import Answered, StreamBroke
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret


class Connection(Protocol):
    """One open connection to a cloud."""

    @property
    def capabilities(self) -> Capabilities:
        """Capabilities of the service; fixed while the connection lives."""
        ...

    async def send_audio(self, pcm: bytes) -> None:
        """Send one chunk (s16le mono 16 kHz; the connection pads or re-frames it as its service wants).

        Raises:
            LinkError: the connection broke or took too long.
        """
        ...

    async def send_utterance(self, pcm: bytes) -> None:
        """Send a whole utterance (s16le mono 16 kHz). Raises as :meth:`send_audio` does."""
        ...

    async def send_text(self, text: str) -> None:
        """Send one line of text. Raises as :meth:`send_audio` does."""
        ...

    def receive(self) -> AsyncIterator[Answered | StreamBroke]:
        """Yield what the service says, until the connection breaks.

        Raises:
            LinkError: the connection broke.
            DeniedError: the service refuses us.
        """
        ...

    async def outdated(self) -> None:
        """Return when a new connection should take the place of this one, which still works."""
        ...


class Cloud(Protocol):
    """Service of an avatar. Used inside :meth:`opened`."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Return the context in which the cloud may be used. Leaving it ends what is still paid for.

        Leaving is bounded in time and never raises for what the network does.
        """
        ...

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Prepare everything up to an open connection, also beside one that is in use. Costs no money.

        Raises:
            LinkError: may be retried.
            DeniedError: the owner must act.
            PeerError: the service broke its protocol.
        """
        ...

    async def maintain(self) -> None:
        """Run while connected: do what must be done ahead of time, such as renewing the token."""
        ...

    async def start_session(self) -> None:
        """Start the live session, unless one is held or the service has no such thing.

        Cancellation: the request goes on behind the scenes; once its id is known the session is ended.

        Raises:
            BusyError, LinkError, DeniedError, PeerError: no session was had.
        """
        ...

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """Run while opened: receive the live voice of the session that is held, if it has one.

        A break is reported to ``sink``, and tried again with jitter for as long as that session is held.
        """
        ...

    def picture(self) -> AsyncIterator[tuple[Secret, Secret] | None]:
        """Yield the address of the avatar's picture and the token to open it with; None while there is none.

        Yields now and at every change, for ever.
        """
        ...

    async def end_session(self, *, gone: bool = False) -> None:
        """End the live session, if one is held; ``gone``: the service has ended it, so forget it only.

        Never raises for what the network does; bounded in time; what could not be ended is tried again.
        """
        ...
