"""The AvaTar API as a kind of cloud: what its configuration decides."""

from __future__ import annotations

import pytest

from ravatard.cloud.avatar.kind import AVATAR
from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.factory import ending_unknown, kind_of
from ravatard.cloud.kind import HostsNamedLater
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.errors import DeniedError


def options(**service: str) -> CloudOptions:
    return CloudOptions(service=ServiceOptions(kind="avatar", **service))  # type: ignore[arg-type]


def test_it_has_live_sessions_and_its_sound_comes_in_messages() -> None:
    features = kind_of(options()).features(options())

    assert (features.live, features.falls_back, features.inline_sound) == (True, False, True)
    assert features.no_voice == ""


def test_a_microphone_that_is_off_stays_closed() -> None:
    off = CloudOptions(service=ServiceOptions(kind="avatar"), avatar=AvatarOptions(microphone="off"))

    assert AVATAR.features(off).no_voice == "avatar.microphone is off"


def test_the_sockets_are_examined_beside_the_calls() -> None:
    assert AVATAR.doctor.socket_address(options()) == "ws://localhost:8001/ws"
    with pytest.raises(DeniedError):
        AVATAR.doctor.socket_address(options(base_url="http://"))


@pytest.mark.parametrize(
    ("avatar", "named"),
    [
        (AvatarOptions(), {HostsNamedLater.TRACK}),
        (AvatarOptions(microphone="socket", sound="track"), {HostsNamedLater.TRACK}),
        (AvatarOptions(microphone="socket", sound="socket"), set()),
    ],
)
def test_the_service_names_a_peer_where_sound_may_be_a_track(
    avatar: AvatarOptions, named: set[HostsNamedLater]
) -> None:
    chosen = CloudOptions(service=ServiceOptions(kind="avatar"), avatar=avatar)

    assert AVATAR.doctor.names_later(chosen) == named


def test_leave_to_end_unknown_sessions_is_that_of_a_sole_client() -> None:
    assert ending_unknown(options()).avatar.sole_client is True
