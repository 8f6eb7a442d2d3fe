"""AvaTar API as a kind of cloud: everything :mod:`ravatard.cloud.factory` knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ravatard.cloud.avatar.address import api_url, socket_base
from ravatard.cloud.avatar.examination import ask_with_key, examine_health, examine_orphans, greet, try_live
from ravatard.cloud.avatar.live.endings import Ender, read_clocks
from ravatard.cloud.avatar.service import AvatarCloud
from ravatard.cloud.kind import DoctorChecks, EndSession, Features, HostsNamedLater, Kind
from ravatard.cloud.option_groups import KEYS_OF_KIND, CloudOptions
from ravatard.errors import DeniedError
from ravatard.ports.cloud import Directory
from ravatard.ports.network import Network

SomeOptions = TypeVar("SomeOptions", bound=CloudOptions)


def _features(options: CloudOptions) -> Features:
    off = options.avatar.microphone == "off"
    no_voice = "avatar.microphone is off" if off else ""
    return Features(no_live="", falls_back=False, inline_sound=True, no_voice=no_voice)


def _in_mode(options: SomeOptions, *, live: bool) -> SomeOptions:
    """Return ``options`` as they are: words, too, need a session."""
    del live
    return options


def _ender(options: CloudOptions, network: Network, chance: Callable[[], float]) -> EndSession:
    return Ender(options, network, chance, read_clocks).end


def _choose(_directory: Directory, options: CloudOptions) -> tuple[str, str]:
    return options.service.avatar or "the service's avatar", options.service.language


def _socket_address(options: CloudOptions) -> str:
    try:
        return socket_base(api_url(options.service.base_url), options.service.socket_url)
    except ValueError as error:
        raise DeniedError(str(error)) from None


def _names_later(options: CloudOptions) -> frozenset[HostsNamedLater]:
    """Return the peer of a WebRTC connection, where microphone or voice may take that way."""
    may_track = options.avatar.microphone in ("auto", "track") or options.avatar.sound in ("auto", "track")
    return frozenset({HostsNamedLater.TRACK}) if may_track else frozenset()


AVATAR = Kind(
    vendor="the AvaTar API",
    sections=tuple(key for key in KEYS_OF_KIND["avatar"] if "." not in key),
    credential=lambda service: service.api_key,
    credential_key="service.api_key",
    features=_features,
    in_mode=_in_mode,
    open=AvatarCloud,
    ender=_ender,
    voice_player=None,
    has_lists=False,
    doctor=DoctorChecks(
        ids=frozenset({"token", "live"}),
        access=ask_with_key,
        greeting=greet,
        choose=_choose,
        busy_remedy="nothing is wrong here: the service has no free place; try again later",
        stream_remedy="the answers of this service come on its socket",
        socket_address=_socket_address,
        names_later=_names_later,
        free={"health": examine_health, "orphans": examine_orphans},
        try_live=try_live,
    ),
)
