"""Ports of a cloud: the service, one open connection to it, its directory and its history."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn, Protocol, runtime_checkable

from ravatard.core.capabilities import Capabilities
from ravatard.core.events import ServiceMessage
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

        The first chunk after an end or a cancellation, and the first of all, begins an utterance.

        Raises:
            LinkError: the connection broke or took too long.
            TurnError: this turn cannot be sent; the connection goes on.
        """
        ...

    async def send_utterance(self, pcm: bytes) -> None:
        """Send a whole utterance (s16le mono 16 kHz). Raises as :meth:`send_audio` does."""
        ...

    async def send_text(self, text: str) -> None:
        """Send one line of text. Raises as :meth:`send_audio` does."""
        ...

    async def end_utterance(self) -> None:
        """Mark the end of the utterance whose chunks were sent.

        Raises:
            LinkError, TurnError: as :meth:`send_audio` does.
            InternalError: the service wants no marks (``Capabilities.marks_utterances``).
        """
        ...

    async def cancel_utterance(self) -> None:
        """Have the chunks forgotten that were sent of an utterance. Raises as :meth:`end_utterance` does."""
        ...

    async def interrupt(self) -> None:
        """Stop the answer of the service. May be called while another message is being sent.

        Raises:
            LinkError: the connection broke or took too long.
            InternalError: the service takes no such order (``Capabilities.interrupts``).
        """
        ...

    def receive(self) -> AsyncIterator[ServiceMessage]:
        """Yield the service's messages until the connection breaks.

        Raises:
            LinkError: the connection broke.
            DeniedError: the service refuses us.
        """
        ...

    async def outdated(self) -> None:
        """Return when a new connection should take the place of this one, which still works."""
        ...


class Endings(Protocol):
    """Endings of paid sessions."""

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence for each session whose ending has failed so far; without secrets."""
        ...

    def retry(self) -> None:
        """End in the background what is not ended yet, now, whatever pause was due. Never raises."""
        ...


class Cloud(Protocol):
    """Service that hosts an avatar. Used inside :meth:`opened`."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Allow use of the cloud while inside; leaving ends the sessions that are still paid for.

        Leaving is bounded in time and never raises for a failure of the network.
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
        """Do, while connected and for ever, what must be done ahead of time, such as renewing the token."""
        ...

    async def start_session(self) -> None:
        """Start the live session, unless one is held or the service has none.

        Cancellation: the request goes on in the background; once its id is known the session is ended.

        Raises:
            BusyError, LinkError, DeniedError, PeerError: no session was started.
        """
        ...

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """Play the live voice of the session that is held, if it has one; for ever while opened.

        A failure is reported to ``sink`` and tried again with jitter, for as long as that session is held.
        """
        ...

    def details(self) -> tuple[tuple[str, str], ...]:
        """Return (label, value) lines about the service for ``ravatard status``; () when there are none.

        Never raises, never waits; without secrets, and without what people said.
        """
        ...

    @property
    def endings(self) -> Endings:
        """Endings of its paid sessions, this run's and those of earlier ones."""
        ...

    def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        """Yield, now and at every change, the URL of the avatar's picture and the token that opens it.

        None: there is no picture.
        """
        ...

    async def end_session(self, *, gone: bool = False) -> None:
        """End the live session, if one is held; ``gone``: the service has ended it, so forget it only.

        Never raises for a failure of the network; bounded in time; an ending that failed is tried again.
        """
        ...


@runtime_checkable
class CredentialHolder(Protocol):
    """Cloud whose credential may be replaced while it is used.

    To others it is an account of its own, and sessions of the old one would stay open: that takes a restart.
    """

    def renew_credential(self, credential: Secret | None) -> None:
        """Prove who we are with another credential from the next request on; what is open goes on."""
        ...


@runtime_checkable
class TokenHolder(Protocol):
    """Cloud that has a token with an end, and renews it ahead of that."""

    @property
    def token_left(self) -> float | None:
        """Part of the token's lifetime that is left, 1 to 0; None without a token."""
        ...


@dataclass(frozen=True, slots=True)
class Avatar:
    """Avatar in the directory of a service.

    Attributes:
        id: the service's id.
        name: name for people, "" when it has none.
        has_live_mode: it can be talked with in live sessions.
        greeting: its first words, "" when it has none.
    """

    id: str
    name: str = ""
    has_live_mode: bool = False
    greeting: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """Language in the directory of a service: name for people, and code."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Avatars and languages that a service offers one user, in its order."""

    avatars: tuple[Avatar, ...] = ()
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One message of an earlier conversation, as the service keeps it.

    Attributes:
        id: the service's id, "" when it has none.
        direction: "incoming" (the avatar answers) or "outgoing" (the user says), else as it came.
        request: the user's words.
        answer: the avatar's words.
        avatar: the avatar's name, else its id.
        at: time in UTC; None when the service gives none, or none that can be read.
        chat_type: "text", "voice" or "video", else as it came.
        language: language code.
        file_url: URL of the answer's sound or film, "" when it has none.
    """

    id: str
    direction: str
    request: str = field(repr=False)
    answer: str = field(repr=False)
    avatar: str
    at: datetime | None
    chat_type: str
    language: str
    file_url: str = field(repr=False)


class History(Protocol):
    """Service that keeps earlier conversations."""

    def history(self, since: datetime | None = None, per_page: int = 100) -> AsyncIterator[HistoryMessage]:
        """Yield earlier messages, the newest first; pages are fetched as they are needed.

        Args:
            since: leave out older messages; must have a time zone.
            per_page: messages to ask for at a time.

        Raises:
            LinkError, DeniedError, PeerError: no answer, or the service keeps no history.
        """
        ...


class ServiceCloud(Cloud, History, Protocol):
    """Cloud that also answers an owner's questions, in commands beside the appliance or without one.

    A service without a directory or a history raises DeniedError, in one sentence for the owner.
    """

    async def about(self) -> Directory:
        """Return the avatars and languages for this user. Costs no money.

        Raises:
            LinkError, DeniedError, PeerError: no answer, or the service has no directory.
        """
        ...
