"""The seams: what the stages need from hardware, cloud and people. Small Protocols, nothing else.

``devices``, ``cloud`` and ``host`` implement them for real, ``sim`` for a world without hardware or network.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NoReturn, Protocol

from ravatard.core.control.protocol import Desk
from ravatard.core.events import (
    Answered,
    ButtonPressed,
    ButtonReleased,
    Capabilities,
    EarCommand,
    EarEvent,
    Event,
    StreamBroke,
)
from ravatard.core.indication import Look
from ravatard.ports.network import HttpReply as HttpReply
from ravatard.ports.network import Network as Network
from ravatard.ports.network import Socket as Socket
from ravatard.ports.network import SocketClosed as SocketClosed
from ravatard.ports.network import UpgradeRefused as UpgradeRefused
from ravatard.ports.sound import VoiceSink
from ravatard.secret import Secret


class Ear(Protocol):
    """A microphone with the gate behind it."""

    def events(self) -> AsyncIterator[EarEvent]:
        """What the ear hears, for ever. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the ear as it is; :meth:`close` ends it.
        """
        ...

    def command(self, command: EarCommand) -> None:
        """Tell the gate something; takes effect at its next block. Never waits."""
        ...

    async def close(self) -> None:
        """Close the capture device. Idempotent; returns within two seconds."""
        ...


class Button(Protocol):
    """The push button."""

    def events(self) -> AsyncIterator[ButtonPressed | ButtonReleased]:
        """Edges in order, debounced, for ever."""
        ...

    def close(self) -> None:
        """Give the pin back. Idempotent."""
        ...


class Lamp(Protocol):
    """The lights."""

    def show(self, look: Look) -> None:
        """Show ``look`` until told otherwise. Returns at once; patterns run by themselves."""
        ...

    def close(self) -> None:
        """Lights off, pins given back. Idempotent."""
        ...


class Wire(Protocol):
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

    def connect(self) -> AbstractAsyncContextManager[Wire]:
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


class Ledger(Protocol):
    """The list of live sessions that are being paid for, kept where a power cut does not reach it."""

    def owed(self) -> list[Debt]:
        """Everything on the list. A damaged or missing list is what can be read of it."""
        ...

    def add(self, debt: Debt) -> None:
        """Write it down, durably, before it is used. Never raises: a full disk is logged, once."""
        ...

    def strike(self, debt: Debt) -> None:
        """It is ended. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Debt:
    """One live session that must be ended, with what is needed to do so.

    Attributes:
        licence: the service's id for it.
        base_url: where the service is.
        user_id: whose token can end it.
    """

    licence: Secret
    base_url: str
    user_id: str


class Notifier(Protocol):
    """The service manager."""

    def notify(self, *fields: str) -> None:
        """Tell it, for example, ``READY=1`` or ``STATUS=ready``. Never raises, never waits."""
        ...

    @property
    def watchdog_s(self) -> float | None:
        """Seconds within which ``WATCHDOG=1`` must arrive, or None when nobody watches."""
        ...


class Observer(Protocol):
    """Somebody who looks at the hub and never touches it: a terminal, a recorder, a test."""

    def saw(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        ...

    def did(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        ...


class ControlDoor(Protocol):
    """The way in for those who ask from outside this process."""

    async def serve(self, desk: Desk) -> None:
        """Let people in, for ever. A client's troubles are its own."""
        ...
