from __future__ import annotations

import json
from typing import Any

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimAccessOptions, SimLeaseOptions
from tests.unit.sim.avatar.client import AvatarClient

Fields = dict[str, object]


def with_access(**access: Any) -> AvatarClient:
    return AvatarClient(AvatarSimOptions(access=SimAccessOptions(**access)))


def test_a_session_is_had_listed_and_stopped_as_documented() -> None:
    client = AvatarClient()

    status, new = client.post("streaming.new", quality="medium", avatar_id="avatar_1", voice_id="v")
    client.now = 45.2
    _, listed = client.get("/v1/streaming.sessions")
    client.now = 125.4
    stopped = client.post("streaming.stop", session_id=new["session_id"])

    assert status == 200
    assert sorted(new) == ["access_token", "ice_servers", "session_id"]
    assert new["ice_servers"] == [{"urls": "stun:stun.l.google.com:19302"}]
    assert listed["total"] == 1
    assert listed["sessions"] == [
        {
            "session_id": new["session_id"],
            "status": "active",
            "created_at": "2026-01-01T00:00:00Z",
            "duration": 45.2,
        }
    ]
    assert stopped == (200, {"status": "stopped", "duration": 125.4})
    (session,) = client.record.sessions
    assert (session.created_at, session.stopped_at, session.how) == (0.0, 125.4, "client")
    assert client.get("/v1/streaming.sessions")[1] == {"sessions": [], "total": 0}


def test_a_session_that_is_over_is_not_found_in_the_documented_words() -> None:
    client = AvatarClient()
    session_id = client.new()
    client.post("streaming.stop", session_id=session_id)

    again = client.post("streaming.stop", session_id=session_id)

    assert again == (
        404,
        {
            "error": {
                "code": "SESSION_NOT_FOUND",
                "message": "The specified session does not exist",
                "details": {"session_id": session_id},
            }
        },
    )
    assert not client.record.violations


def test_health_and_metrics_have_the_documented_fields() -> None:
    client = AvatarClient()
    client.new()
    client.now = 3_600.0

    health, metrics = client.get("/health")[1], client.get("/metrics")[1]

    assert health == {
        "status": "healthy",
        "version": "1.0.0",
        "uptime": 3_600,
        "services": {"api": "healthy", "websocket": "healthy", "redis": "healthy", "gpu": "available"},
    }
    assert (metrics["active_sessions"], metrics["total_sessions"]) == (1, 1)
    assert metrics["redis_memory"] == "245MB"


def test_services_may_be_unhealthy() -> None:
    client = AvatarClient(AvatarSimOptions(lease=SimLeaseOptions(unhealthy=("redis", "gpu"))))

    health = client.get("/health")[1]

    assert health["status"] == "degraded"
    assert (health["services"]["redis"], health["services"]["gpu"]) == ("unhealthy", "unavailable")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v1/streaming.new", 405),
        ("GET", "/", 404),
        ("POST", "/v1/streaming.ice", 404),
        ("GET", "/v1/health", 404),
    ],
)
def test_there_are_no_other_calls(method: str, target: str, status: int) -> None:
    assert AvatarClient().ask(method, target).status == status


def test_a_body_may_not_be_endless() -> None:
    assert AvatarClient().ask("POST", "/v1/streaming.new", bytes(2_100_000)).status == 413


@pytest.mark.parametrize(
    ("name", "most"), [("streaming.new", 10), ("avatar.speak", 30), ("chat.completions", 60)]
)
def test_the_documented_limits_hold_in_any_minute(name: str, most: int) -> None:
    client = AvatarClient(AvatarSimOptions(lease=SimLeaseOptions(capacity=100)))
    fields: Fields = {"quality": "low"}
    if name != "streaming.new":
        fields = {"session_id": client.new()}
        fields |= (
            {"text": "Hi"} if name == "avatar.speak" else {"messages": [{"role": "user", "content": "Hi"}]}
        )
    for number in range(most):
        client.now = number * 0.5
        assert client.post(name, **fields)[0] == 200

    reply = client.ask("POST", f"/v1/{name}", json.dumps(fields).encode())
    refused = json.loads(reply.body)
    wait_s = int(reply.headers["retry-after"])
    client.now += wait_s
    later = client.post(name, **fields)[0]

    assert (reply.status, refused["error"]["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 60 - client.now + wait_s <= wait_s <= 61 - (client.now - wait_s)
    assert later == 200
    assert not client.record.violations


def test_limits_and_retry_after_can_be_left_out() -> None:
    free, curt = with_access(limits=False), with_access(retry_after=False)
    for _ in range(20):
        free.post("streaming.stop", session_id=free.new())
        reply = curt.ask("POST", "/v1/streaming.new", b'{"quality":"low"}')

    assert len(free.record.sessions) == 20
    assert reply.status == 429
    assert "retry-after" not in reply.headers


def test_the_key_is_wanted_for_calls_but_not_for_health() -> None:
    client = with_access(auth="api_key", api_key="secret-key")

    without = client.post("streaming.new", quality="low")[0]
    health = client.get("/health")[0]
    client.token = "secret-key"

    assert (without, health) == (401, 200)
    assert client.new()


def test_the_access_token_may_be_the_proof() -> None:
    client = with_access(auth="access_token")
    session_id = client.new()

    without = client.write(session_id, "Hi").status
    client.token = client.record.sessions[0].access_token

    assert (without, client.write(session_id, "Hi").status) == (401, 200)


@pytest.mark.parametrize(
    ("answer", "status"), [("refuse", 400), ("missing", 404), ("video", 400), ("sendrecv", 503)]
)
def test_an_offer_may_be_refused(answer: Any, status: int) -> None:
    from ravatard.sim.avatar.options import SimMediaOptions

    client = AvatarClient(AvatarSimOptions(media=SimMediaOptions(answer=answer)))
    offer = {"type": "offer", "sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"}

    assert client.post("streaming.start", session_id=client.new(), sdp=offer)[0] == status
