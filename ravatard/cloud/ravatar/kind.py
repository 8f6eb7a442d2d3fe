"""RAVATAR as a kind of cloud: everything :mod:`ravatard.cloud.factory` knows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ravatard.cloud.kind import DoctorChecks, EndSession, Features, HostsNamedLater, Kind
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.deferred import Deferred, DeferredVoicePlayer
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.cloud.ravatar.account import Accounts
from ravatard.cloud.ravatar.choice import choose_avatar, choose_language
from ravatard.cloud.ravatar.rest import socket_url
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.errors import DeviceError
from ravatard.ports.cloud import Directory
from ravatard.ports.network import Network
from ravatard.ports.voice import VoicePlayer

SomeOptions = TypeVar("SomeOptions", bound=CloudOptions)


def _features(options: CloudOptions) -> Features:
    mode = options.ravatar.mode
    return Features(
        no_live="ravatar.mode is chat" if mode == "chat" else "",
        falls_back=mode == "auto",
        # Only without live sessions does an answer bring its sound inline.
        inline_sound=mode != "live",
    )


def _in_mode(options: SomeOptions, *, live: bool) -> SomeOptions:
    return replace(options, ravatar=replace(options.ravatar, mode="live" if live else "chat"))


def _ender(options: CloudOptions, network: Network, chance: Callable[[], float]) -> EndSession:
    return Accounts(options.service.project_id, options.deadlines, network, chance).end


def _voice_player(options: LiveAudioOptions, routes: Routes) -> VoicePlayer:
    # Of no use without a speaker; the import is left to those that have one.
    from ravatard.cloud.pixelstreaming.availability import available

    if reason := available():
        raise DeviceError(reason)

    def player() -> VoicePlayer:
        from ravatard.cloud.pixelstreaming.player import PixelStreamingPlayer

        return PixelStreamingPlayer(options, routes)

    return DeferredVoicePlayer(Deferred(player))


def _choose(directory: Directory, options: CloudOptions) -> tuple[str, str]:
    service = options.service
    avatar = choose_avatar(directory, service.avatar, live=_features(options).live)
    return avatar.name or avatar.id, choose_language(directory, service.language)


def _socket_address(options: CloudOptions) -> str:
    return options.service.socket_url or socket_url(options.service.base_url)


def _names_later(options: CloudOptions) -> frozenset[HostsNamedLater]:
    stream, files = HostsNamedLater.STREAM, HostsNamedLater.FILES
    return {
        "live": frozenset({stream}),
        "chat": frozenset({files}),
        "auto": frozenset({stream, files}),
    }[options.ravatar.mode]


RAVATAR = Kind(
    vendor="RAVATAR",
    sections=("ravatar", "stream"),
    credential=lambda service: service.project_id,
    credential_key="service.project_id",
    features=_features,
    in_mode=_in_mode,
    open=RavatarCloud,
    ender=_ender,
    voice_player=_voice_player,
    doctor=DoctorChecks(
        ids=frozenset({"token", "avatar", "live", "stream"}),
        access=lambda cloud: cloud.about(),
        choose=_choose,
        busy_remedy="nothing is wrong here: try again later, or set ravatar.mode to auto",
        stream_remedy="ask RAVATAR: streamingUrl is missing in /startLiveSession",
        socket_address=_socket_address,
        names_later=_names_later,
    ),
)
