from __future__ import annotations

import pytest

from ravatard.avatar_sdk.session_info import SessionInfo, ice_server
from ravatard.cloud.avatar.replies import IceServerEntry
from ravatard.secret import Secret
from tests.unit.avatar_sdk.fakes import FakeService


def test_servers_are_as_webrtc_libraries_take_them() -> None:
    assert ice_server(IceServerEntry(("stun:a",))) == {"urls": ["stun:a"]}
    assert ice_server(IceServerEntry(("turn:a", "turn:b"), "u", Secret("c"))) == {
        "urls": ["turn:a", "turn:b"],
        "username": "u",
        "credential": "c",
    }


@pytest.mark.parametrize(
    ("session_id", "shown"),
    [("483c93ae-0b7f-4c55-9d2e-2f7a6a1f1c11", "483c93ae"), ("abcdef", "abc"), ("a", "")],
)
def test_of_an_id_only_the_beginning_is_shown(session_id: str, shown: str) -> None:
    info = SessionInfo(session_id, "active", "2026-01-01T00:00:00Z", 45.2)

    told = "status='active', created_at='2026-01-01T00:00:00Z', duration=45.2"
    assert repr(info) == f"SessionInfo(session_id='{shown}...', {told})"
    assert str(info) == repr(info)


async def test_both_names_of_an_id_are_on_both_classes() -> None:
    async with FakeService().client() as client:
        session = await client.create_session()

        assert session.id == session.session_id == "session-1"
    assert SessionInfo("a").id == SessionInfo("a").session_id == "a"
