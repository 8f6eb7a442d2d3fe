from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar import replies
from ravatard.cloud.avatar.replies import IceServerEntry, SessionEntry, UnusableSession
from ravatard.errors import PeerError
from ravatard.secret import Secret
from tests.examples import examples

NEW = {
    "session_id": "550e8400-e29b-41d4-a716-446655440000",
    "ice_servers": [{"urls": "stun:stun.l.google.com:19302"}],
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
}


def body(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("wrapped", [NEW, {"code": 100, "data": NEW}, {"data": NEW}])
def test_the_documented_reply_to_new_is_read_also_in_an_envelope(wrapped: object) -> None:
    session = replies.new_reply(body(wrapped))

    assert session.session_id.reveal() == NEW["session_id"]
    assert session.access_token == Secret(str(NEW["access_token"]))
    assert session.ice_servers == (IceServerEntry(("stun:stun.l.google.com:19302",)),)
    assert session.offer is None
    assert str(NEW["session_id"]) not in repr(session)


def test_servers_may_have_several_addresses_and_a_password() -> None:
    servers = [{"urls": ["turn:a", 7, "turn:b"], "username": "u", "credential": "c"}, {"urls": []}, "x"]

    session = replies.new_reply(body({"session_id": 7, "ice_servers": servers}))

    assert session.session_id.reveal() == "7"
    assert session.ice_servers == (IceServerEntry(("turn:a", "turn:b"), "u", Secret("c")),)


def test_an_offer_of_the_service_is_seen() -> None:
    offer = {"session_id": "a", "sdp": {"type": "offer", "sdp": "v=0\r\n"}}

    assert replies.new_reply(body(offer)).offer == "v=0\r\n"


@pytest.mark.parametrize(
    "value",
    [{}, {"session_id": ""}, {"session_id": None}, {"session_id": " \n"}, {"session_id": True}, [], "x"],
)
def test_a_session_without_an_id_is_an_error(value: object) -> None:
    with pytest.raises(PeerError):
        replies.new_reply(body(value))


@pytest.mark.parametrize("session_id", ["a" * 257, "a" * 1_000_000, "a\nb", "a\ud800"])
def test_a_session_that_no_address_can_carry_can_still_be_stopped(session_id: str) -> None:
    with pytest.raises(UnusableSession) as caught:
        replies.new_reply(body({"session_id": session_id}))

    assert caught.value.session_id.reveal() == session_id
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("session_id", ["abc\n", "  sp  ", "a b", "a/../b?c#d", "\u00e4\u2603"])
def test_an_id_is_used_exactly_as_it_came(session_id: str) -> None:
    assert replies.new_reply(body({"session_id": session_id})).session_id.reveal() == session_id


def test_what_belongs_to_a_session_is_read_also_in_odd_envelopes() -> None:
    for odd in ({"result": NEW}, [NEW], {"data": {"data": NEW}}, {"data": json.dumps(NEW)}, json.dumps(NEW)):
        session = replies.new_reply(body(odd))

        assert session.session_id.reveal() == NEW["session_id"]
        assert session.access_token == Secret(str(NEW["access_token"]))
        assert session.ice_servers


def test_further_sessions_of_a_reply_are_named() -> None:
    session = replies.new_reply(b'{"session_id": "a", "x": {"session_id": "b"}, "sessionIds": ["c", 4]}')

    assert session.session_id.reveal() == "a"
    assert {other.reveal() for other in session.others} == {"b", "c", "4"}


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "started", "sdp": {"type": "answer", "sdp": "v=0\r\n"}},
        {"sdp": "v=0\r\n"},
        {"data": {"sdp": {"sdp": "v=0\r\n"}}},
    ],
)
def test_an_answer_is_taken_bare_or_in_an_object(reply: object) -> None:
    assert replies.start_reply(body(reply)) == "v=0\r\n"


@pytest.mark.parametrize(
    "reply", [{}, {"sdp": {"type": "offer", "sdp": "v=0"}}, {"sdp": "<html>"}, {"sdp": 1}]
)
def test_a_start_without_an_answer_is_an_error(reply: object) -> None:
    with pytest.raises(PeerError):
        replies.start_reply(body(reply))


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (b'{"status":"stopped","duration":125.4}', 125.4),
        *((b"", None), (b"{}", None), (b'{"duration":-1}', None), (b'{"data":{"duration":"3"}}', 3.0)),
    ],
)
def test_a_stop_tells_the_duration_if_it_can(reply: bytes, seconds: float | None) -> None:
    assert replies.stop_reply(reply) == seconds


def test_sessions_are_listed_with_what_is_there() -> None:
    listed = {
        "sessions": [
            {"session_id": "a", "status": "active", "created_at": "2024-01-22T10:30:00Z", "duration": 45.2},
            {"session_id": "b"},
            {"status": "active"},
            7,
        ],
        "total": 4,
    }

    assert replies.sessions_reply(body(listed)) == (
        SessionEntry(Secret("a"), "active", "2024-01-22T10:30:00Z", 45.2),
        SessionEntry(Secret("b")),
    )


@pytest.mark.parametrize(
    "listed", [[{"session_id": "a"}], {"data": [{"id": "a"}]}, {"data": {"sessions": ["a"]}}]
)
def test_a_list_may_be_bare_or_wrapped(listed: object) -> None:
    assert [one.session_id.reveal() for one in replies.sessions_reply(body(listed))] == ["a"]


def test_no_list_is_an_error() -> None:
    with pytest.raises(PeerError):
        replies.sessions_reply(b"<html>")


def test_each_part_of_the_service_that_is_unwell_is_named() -> None:
    services = {"api": "healthy", "redis": "down", "gpu": {"status": "unavailable"}, "websocket": True}

    health = replies.health_reply(
        body({"status": "healthy", "version": "1.0.0", "uptime": 3600, "services": services})
    )

    assert (health.status, health.version, health.uptime_s, health.well) == ("healthy", "1.0.0", 3600.0, True)
    assert health.unwell == (("redis", "down"), ("gpu", "unavailable"))
    assert not replies.health_reply(b'{"status":"degraded"}').well
    assert replies.health_reply(b"{}").well


def test_metrics_are_names_and_values() -> None:
    assert replies.metrics_reply(b'{"active_sessions":5,"redis_memory":"245MB","more":[1]}') == (
        ("active_sessions", "5"),
        ("redis_memory", "245MB"),
    )


def test_nothing_in_the_reply_to_speak_is_needed() -> None:
    task = replies.speak_reply(b'{"task_id":"task_123456","status":"processing","duration_estimate":2.5}')

    assert (task.task_id, task.status, task.estimate_s) == ("task_123456", "processing", 2.5)
    assert replies.speak_reply(b"nonsense") == replies.SpeechTask()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["session_id", "sdp", "type", "sessions", "data", "code", "services", "duration"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=examples(300))
@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_no_reply_raises_anything_but_our_errors(reply: bytes) -> None:
    outcomes: list[object] = []
    for read in (
        *(replies.new_reply, replies.start_reply, replies.stop_reply, replies.sessions_reply),
        *(replies.health_reply, replies.metrics_reply, replies.speak_reply),
    ):
        try:
            outcomes.append(read(reply))
        except PeerError as error:
            outcomes.append(str(error))

    assert len(outcomes) == 7
