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
        """What the service can do; fixed while the connection lives."""
        ...

    async def send_audio(self, pcm: bytes) -> None:
        """Send one chunk (s16le mono 16 kHz, padded here when short).

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
        """What the service says, until the connection breaks.

        Raises:
            LinkError: the connection broke.
            DeniedError: the service refuses us.
        """
        ...

    async def outdated(self) -> None:
        """Returns when a new connection should take the place of this one, which works as yet."""
        ...


class Cloud(Protocol):
    """A service an avatar lives at. Used inside :meth:`opened`."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """The time in which the cloud may be used. Leaving it ends what is still paid for.

        Leaving is bounded in time and never raises for what the network does.
        """
        ...

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Prepare everything up to an open connection, also beside one that is in use. Costs no money.

        Raises:
            LinkError: may be retried.
            DeniedError: a person must act.
            PeerError: the service broke its protocol.
        """
        ...

    async def maintain(self) -> None:
        """Eternal while connected: what must be done ahead of time, such as renewing the token."""
        ...

    async def start_session(self) -> None:
        """Start the live session, unless one is held or the service has no such thing.

        Cancellation: the request goes on behind the scenes; once its id is known the session is ended.

        Raises:
            BusyError, LinkError, DeniedError, PeerError: no session was had.
        """
        ...

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """Eternal while opened: bring in the live voice of whichever session is held, if it has one.

        What breaks is told to ``sink`` and tried again with jitter, for as long as that session is held.
        """
        ...

    def picture(self) -> AsyncIterator[tuple[Secret, Secret] | None]:
        """For a display: where the avatar is seen, and the token to open that with; None: nowhere.

        Told now and at every change, for ever.
        """
        ...

    async def end_session(self, *, gone: bool = False) -> None:
        """End the live session, if one is held; ``gone``: the service has ended it, so forget it only.

        Never raises for what the network does; bounded in time; what could not be ended is tried again.
        """
        ...
