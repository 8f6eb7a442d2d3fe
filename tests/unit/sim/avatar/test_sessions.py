from __future__ import annotations

from typing import Any

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimLeaseOptions
from tests.unit.sim.avatar.client import AvatarClient


def test_only_so_many_sessions_have_a_place() -> None:
    client = AvatarClient(AvatarSimOptions(lease=SimLeaseOptions(capacity=1)))
    first = client.new()

    reply = client.ask("POST", "/v1/streaming.new", b'{"quality":"low"}')
    client.post("streaming.stop", session_id=first)

    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert client.new() != first


@pytest.mark.parametrize(("ids", "sign", "least"), [("slash", "/", 30), ("huge", "0", 1_000_000)])
def test_session_ids_may_be_odd(ids: Any, sign: str, least: int) -> None:
    client = AvatarClient(AvatarSimOptions(lease=SimLeaseOptions(ids=ids)))

    session_id = client.new()

    assert sign in session_id
    assert len(session_id) >= least
    assert client.record.sessions[0].session_id == session_id


def test_a_session_vanishes_after_its_life_time() -> None:
    client = AvatarClient(AvatarSimOptions(lease=SimLeaseOptions(lifetime_s=30)))
    session_id = client.new()
    due = client.service.next_due()
    client.now = 40.0

    assert due == 30.0
    assert client.post("streaming.stop", session_id=session_id)[0] == 404
    (session,) = client.record.sessions
    assert (session.stopped_at, session.how) == (30.0, "service")
