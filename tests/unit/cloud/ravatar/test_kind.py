"""RAVATAR as a kind of cloud: its addresses, and the hosts that it names itself."""

from __future__ import annotations

from typing import Literal

import pytest

from ravatard.cloud.kind import HostsNamedLater
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.ravatar.kind import RAVATAR
from ravatard.cloud.ravatar.options import RavatarOptions

STREAM, FILES = HostsNamedLater.STREAM, HostsNamedLater.FILES


@pytest.mark.parametrize(
    ("service", "socket"),
    [
        (ServiceOptions(), "wss://chat.rvtr.ai/ws/chat"),
        (ServiceOptions(base_url="http://a.example:8490/"), "ws://a.example:8490/ws/chat"),
        (ServiceOptions(socket_url="wss://ws.example/chat"), "wss://ws.example/chat"),
    ],
)
def test_the_socket_is_beside_the_requests_unless_it_is_configured(
    service: ServiceOptions, socket: str
) -> None:
    assert RAVATAR.doctor.socket_address(CloudOptions(service=service)) == socket


@pytest.mark.parametrize(
    ("mode", "named"), [("live", {STREAM}), ("chat", {FILES}), ("auto", {STREAM, FILES})]
)
def test_a_session_names_a_stream_and_an_answer_without_one_a_file(
    mode: Literal["live", "chat", "auto"], named: set[HostsNamedLater]
) -> None:
    assert RAVATAR.doctor.names_later(CloudOptions(ravatar=RavatarOptions(mode=mode))) == named
