"""Kind of cloud: a value with everything that differs by vendor, for :mod:`ravatard.cloud.factory`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol, TypeVar

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.errors import DeniedError
from ravatard.ports.cloud import Directory, ServiceCloud
from ravatard.ports.host import Ledger, OwedSession
from ravatard.ports.network import Network
from ravatard.ports.voice import VoicePlayer
from ravatard.secret import Secret

#: Returns when a session is over, also when the service does not know it any more; raises RavatardError.
EndSession = Callable[[OwedSession], Awaitable[None]]

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
    """

    no_live: str
    falls_back: bool

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
class DoctorChecks:
    """Facts that the doctor needs to check a service.

    Attributes:
        ids: checks that apply to it, beside ``dns`` and ``tls``.
        access: asks the service for something that costs nothing and needs our credentials.
        choose: gives the avatar's name and the language code of the configuration, out of a directory;
            raises DeniedError.
        busy_remedy: advice when no live session is free.
        stream_remedy: advice when a live session has no address of its picture and sound.
    """

    ids: frozenset[str]
    access: Callable[[ServiceCloud], Awaitable[object]]
    choose: Callable[[Directory, CloudOptions], tuple[str, str]]
    busy_remedy: str
    stream_remedy: str


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
    """

    vendor: str
    sections: tuple[str, ...]
    credential: Callable[[ServiceOptions], Secret | None]
    credential_key: str
    features: Callable[[CloudOptions], Features]
    in_mode: InMode
    open: Callable[[CloudOptions, CloudResources], ServiceCloud]
    ender: Callable[[CloudOptions, Network, Callable[[], float]], EndSession]
    voice_player: Callable[[LiveAudioOptions, AddressRule], VoicePlayer] | None
    doctor: DoctorChecks
