"""Kind of cloud: a value with everything that differs by vendor, for :mod:`ravatard.cloud.factory`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Literal, NoReturn, Protocol, TypeVar

from ravatard.cloud.media.routes import Routes
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.errors import DeniedError
from ravatard.ports.cloud import Directory, ServiceCloud
from ravatard.ports.host import Ledger, OwedSession
from ravatard.ports.network import Network
from ravatard.ports.voice import VoicePlayer
from ravatard.secret import Secret

#: Returns when a session is over, also when the service does not know it any more; raises RavatardError. A
#: text tells people about an entry of the ledger that was no session to end.
EndSession = Callable[[OwedSession], Awaitable[str | None]]


class GivenUp(str):
    """Sentence about an entry of the ledger that is let go of: its session may still be open."""

    __slots__ = ()


SomeOptions = TypeVar("SomeOptions", bound=CloudOptions)


async def refuse_unknown_kind(session: OwedSession) -> NoReturn:
    """Leave a session alone that no kind of this version can end.

    Raises:
        DeniedError: always.
    """
    raise DeniedError(
        f"it is of kind {session.kind!r}, which this ravatard does not know; "
        "install the version that started it"
    )


@dataclass(frozen=True, slots=True)
class CloudResources:
    """Resources that a cloud is opened with, beside its options.

    Attributes:
        network: the way to the service; closed with the cloud.
        user_id: user id when the configuration names none.
        chance: gives numbers in [0, 1).
        ledger: list of the live sessions that must be ended; None keeps it in memory.
        voice_player: plays the live voice; None: it is played elsewhere, or not at all.
        end_other: ends a session on the ledger that another kind of cloud has started.
    """

    network: Network
    user_id: str
    chance: Callable[[], float]
    ledger: Ledger | None = None
    voice_player: VoicePlayer | None = None
    end_other: EndSession = refuse_unknown_kind


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a service that its configuration decides, known before it is reached.

    Attributes:
        no_live: why there are no live sessions, such as "ravatar.mode is chat"; "" when there are.
        falls_back: without a free live session the service is used in a mode that needs none.
        inline_sound: sound of answers comes in messages of the socket, which may be large.
        no_voice: why nothing that is spoken is sent, such as "avatar.microphone is off"; "" when it is.
    """

    no_live: str
    falls_back: bool
    inline_sound: bool = False
    no_voice: str = ""

    @property
    def live(self) -> bool:
        """True if speech is streamed to the service in live sessions."""
        return not self.no_live


class InMode(Protocol):
    """Function that switches live sessions on or off in the options."""

    def __call__(self, options: SomeOptions, *, live: bool) -> SomeOptions:
        """Return ``options`` with live sessions only, or with none."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceFinding:
    """Finding about a service, for the doctor.

    Attributes:
        verdict: fine, warning or broken.
        text: one sentence with the values behind it.
        remedy: one line; "" when nothing is to be done.
    """

    verdict: Literal["fine", "warning", "broken"]
    text: str
    remedy: str = ""


#: Checks in one live session, each by its name, the first one "live": what is found in it. It is started and
#: ended inside; the sentence is speech, s16le mono 16 kHz. Raises RavatardError when no session is had.
TryLive = Callable[[ServiceCloud, bytes], Awaitable[Mapping[str, ServiceFinding]]]


@unique
class HostsNamedLater(Enum):
    """Hosts that no configuration names: the service does, in a session or an answer."""

    STREAM = "stream"
    """The page of a session's stream, and its signalling; its servers for STUN and TURN."""
    TRACK = "track"
    """The other end of a WebRTC connection that the service itself negotiates."""
    FILES = "files"
    """Servers of the sound files of answers."""


@dataclass(frozen=True, slots=True)
class DoctorChecks:
    """Facts that the doctor needs to check a service.

    Attributes:
        ids: checks that apply to it, beside ``dns``, ``tls`` and those below.
        access: asks the service for something that costs nothing and needs our credentials.
        choose: gives the avatar's name and the language code of the configuration, out of a directory;
            raises DeniedError.
        busy_remedy: advice when no live session is free.
        stream_remedy: advice when a live session has no address of its picture and sound.
        socket_address: gives the address of the service's WebSocket, without a session; raises DeniedError.
        names_later: gives the kinds of hosts that only the service can name, in sessions and answers.
        free: checks of its own that cost nothing, by name.
        try_live: checks within a live session, in the place of a session that only starts and ends.
        greeting: asks the service how it is, and returns its version in words; None: it has no such call.
    """

    ids: frozenset[str]
    access: Callable[[ServiceCloud], Awaitable[object]]
    choose: Callable[[Directory, CloudOptions], tuple[str, str]]
    busy_remedy: str
    stream_remedy: str
    socket_address: Callable[[CloudOptions], str]
    names_later: Callable[[CloudOptions], frozenset[HostsNamedLater]]
    free: Mapping[str, Callable[[ServiceCloud], Awaitable[ServiceFinding]]] = field(default_factory=dict)
    try_live: TryLive | None = None
    greeting: Callable[[ServiceCloud], Awaitable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of cloud.

    Attributes:
        vendor: name for people.
        sections: sections of the configuration that only this kind reads.
        credential: gives the configured credential; None when there is none.
        credential_key: the key that sets it.
        features: features that the configuration decides.
        in_mode: switches live sessions on or off in the options.
        open: makes the cloud; connects to nothing yet. Needs a running event loop.
        ender: makes the function that ends sessions this kind has started, whichever kind is configured.
        voice_player: makes the player of the live voice, or raises DeviceError when this machine cannot play
            it; None when the voice comes another way.
        doctor: facts for the doctor's checks.
        has_lists: it has lists of avatars and languages, and a history.
    """

    vendor: str
    sections: tuple[str, ...]
    credential: Callable[[ServiceOptions], Secret | None]
    credential_key: str
    features: Callable[[CloudOptions], Features]
    in_mode: InMode
    open: Callable[[CloudOptions, CloudResources], ServiceCloud]
    ender: Callable[[CloudOptions, Network, Callable[[], float]], EndSession]
    voice_player: Callable[[LiveAudioOptions, Routes], VoicePlayer] | None
    doctor: DoctorChecks
    has_lists: bool = True
