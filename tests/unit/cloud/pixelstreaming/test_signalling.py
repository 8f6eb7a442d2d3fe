from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.pixelstreaming.signalling import (
    Action,
    Note,
    Offered,
    RemoteCandidate,
    Send,
    Signalling,
    StreamFailed,
)
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import Secret
from tests.assertions import assert_no_complaint


def tell(machine: Signalling, now: float = 0.0, **message: Any) -> list[Action]:
    return machine.received(json.dumps(message), now)


def sent(actions: list[Action]) -> list[dict[str, Any]]:
    return [json.loads(one.text) for one in actions if isinstance(one, Send)]


def subscribed(streamer: str | None = None) -> Signalling:
    machine = Signalling(streamer)
    machine.opened(0.0)
    tell(machine, type="streamerList", ids=["Ada"])
    return machine


def candidate(number: int = 1, **fields: Any) -> dict[str, Any]:
    text = f"candidate:{number} 1 udp 2113937151 192.0.2.2 33850 typ host"
    return {"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "x", **fields}


def test_the_streamers_are_asked_for_as_soon_as_the_socket_opens() -> None:
    assert sent(Signalling().opened(0.0)) == [{"type": "listStreamers"}]


def test_the_only_streamer_is_subscribed_to() -> None:
    machine = Signalling()
    machine.opened(0.0)

    actions = tell(machine, type="streamerList", ids=["Ada"])

    assert sent(actions) == [{"type": "subscribe", "streamerId": "Ada"}]
    assert machine.awaiting == "an offer"


def test_the_streamer_that_is_wanted_is_found_among_several() -> None:
    machine = Signalling("Bob")

    actions = tell(machine, type="streamerList", ids=["Ada", "Bob"])

    assert sent(actions) == [{"type": "subscribe", "streamerId": "Bob"}]


def test_of_several_streamers_none_is_taken_when_none_is_named() -> None:
    machine = Signalling()

    actions = tell(machine, type="streamerList", ids=["Ada", "Bob"])

    assert actions == [
        Note("there are several streamers (Ada, Bob) and the address names none", unusual=True)
    ]
    assert "several" in machine.awaiting


def test_a_streamer_that_is_not_the_wanted_one_is_left_alone() -> None:
    machine = Signalling("Bob")

    (note,) = tell(machine, type="streamerList", ids=["Ada"])

    assert isinstance(note, Note)
    assert machine.awaiting == "the streamer to appear"


def test_an_empty_list_is_asked_for_again_ever_more_slowly() -> None:
    machine = Signalling()
    machine.opened(0.0)
    now, asked_at = 0.0, []

    while now < 25.0:
        tell(machine, now, type="streamerList", ids=[])
        now = machine.deadline
        assert sent(machine.tick(now)) == [{"type": "listStreamers"}]
        asked_at.append(round(now, 2))

    waits = [round(b - a, 2) for a, b in zip([0.0, *asked_at], asked_at, strict=False)]
    assert waits[:5] == pytest.approx([1.0, 1.5, 2.25, 3.375, 5.0], abs=0.02)
    assert max(waits) == 5.0


def test_a_list_after_the_subscription_changes_nothing() -> None:
    assert tell(subscribed(), type="streamerList", ids=["Ada"]) == []


def test_an_offer_comes_with_the_ice_servers_of_the_configuration() -> None:
    machine = subscribed()
    urls = ["stun:h:3478", "turn:h:3478"]
    options = {"iceServers": [{"urls": urls, "username": "u", "credential": "c"}, {"urls": "stun:k"}]}
    tell(machine, type="config", protocolVersion="1.3.0", peerConnectionOptions=options)

    actions = tell(machine, type="offer", sdp="v=0...", sfu=False)

    servers = (IceServer(tuple(urls), "u", Secret("c")), IceServer(("stun:k",)))
    assert actions == [Offered("v=0...", servers)]


@pytest.mark.parametrize(
    "options", [None, 5, {}, {"iceServers": "x"}, {"iceServers": [7, {"urls": 5}, {"urls": [1]}, {}]}]
)
def test_an_odd_configuration_names_no_server(options: object) -> None:
    machine = subscribed()
    tell(machine, type="config", peerConnectionOptions=options)

    (offered,) = tell(machine, type="offer", sdp="v=0")

    assert isinstance(offered, Offered)
    assert not any(server.urls for server in offered.servers)


def test_the_answer_is_sent_as_the_page_sends_it() -> None:
    machine = subscribed()
    tell(machine, type="offer", sdp="v=0")

    actions = machine.answered("v=1")

    assert sent(actions) == [{"type": "answer", "sdp": "v=1", "minBitrateBps": 0, "maxBitrateBps": 0}]


def test_candidates_wait_for_our_answer_and_follow_it_in_order() -> None:
    machine = subscribed()

    assert tell(machine, type="iceCandidate", candidate=candidate(1)) == []
    tell(machine, type="offer", sdp="v=0")
    assert tell(machine, type="iceCandidate", candidate=candidate(2, sdpMid=None)) == []
    actions = machine.answered("v=1")

    assert actions[1:] == [
        RemoteCandidate(candidate(1)["candidate"], "0", 0),
        RemoteCandidate(candidate(2)["candidate"], None, 0),
    ]
    assert tell(machine, type="iceCandidate", candidate=candidate(3)) == [
        RemoteCandidate(candidate(3)["candidate"], "0", 0)
    ]


def test_only_so_many_candidates_wait() -> None:
    machine = subscribed()
    for number in range(1_000):
        tell(machine, type="iceCandidate", candidate=candidate(number))

    assert len(machine.answered("v=1")) == 1 + 64


@pytest.mark.parametrize("value", [None, "text", [], {}, {"candidate": 5}])
def test_a_candidate_that_is_none_is_told_once(value: object) -> None:
    machine = subscribed()

    first = tell(machine, type="iceCandidate", candidate=value)
    second = tell(machine, type="iceCandidate", candidate=value)

    assert [type(one) for one in first] == [Note]
    assert second == []


def test_our_own_candidates_have_the_same_shape() -> None:
    actions = subscribed().found("candidate:1 1 udp 1 192.0.2.2 5 typ host", "0", 0, "x")

    (message,) = sent(actions)
    assert message["type"] == "iceCandidate"
    assert message["candidate"].keys() == candidate().keys()


def test_a_second_offer_holds_candidates_back_again() -> None:
    machine = subscribed()
    tell(machine, type="offer", sdp="v=0")
    machine.answered("v=1")

    assert tell(machine, type="offer", sdp="v=2") == [Offered("v=2", ())]
    assert tell(machine, type="iceCandidate", candidate=candidate()) == []


def test_an_offer_without_a_description_is_told() -> None:
    (note,) = tell(subscribed(), type="offer", sdp="")

    assert isinstance(note, Note)


def test_a_ping_goes_out_every_thirty_seconds_while_it_is_answered() -> None:
    machine = subscribed()

    for now in (30.0, 60.0, 90.0):
        assert machine.deadline == now
        assert sent(machine.tick(now)) == [{"type": "ping", "time": int(now * 1000)}]
        assert tell(machine, now + 0.1, type="pong", time=1) == []


def test_a_ping_without_an_answer_for_thirty_seconds_breaks_the_socket() -> None:
    machine = subscribed()
    machine.tick(30.0)

    (failed,) = machine.tick(60.0)

    assert isinstance(failed, StreamFailed)
    assert "ping" in failed.reason
    assert machine.deadline == float("inf")


def test_a_tick_before_its_time_does_nothing() -> None:
    assert subscribed().tick(29.9) == []


@pytest.mark.parametrize("stamp", [7, 7.5, "x", None])
def test_the_server_s_ping_is_answered_with_its_own_time(stamp: object) -> None:
    assert sent(tell(subscribed(), type="ping", time=stamp)) == [{"type": "pong", "time": stamp}]


@pytest.mark.parametrize("message", ["Streamer Ada is full. Max players = 1.", "", 5, "x" * 10_000])
def test_a_refused_subscription_ends_it_with_the_server_s_words(message: object) -> None:
    (failed,) = tell(subscribed(), type="subscribeFailed", message=message)

    assert isinstance(failed, StreamFailed)
    assert len(failed.reason) < 250
    if isinstance(message, str) and 0 < len(message) < 100:
        assert message in failed.reason


def test_a_new_name_of_the_streamer_is_remembered() -> None:
    machine = Signalling("Ada")
    tell(machine, type="streamerIdChanged", newID="Bea")

    actions = tell(machine, type="streamerList", ids=["Ada", "Bea"])

    assert sent(actions) == [{"type": "subscribe", "streamerId": "Bea"}]


@pytest.mark.parametrize("name", [None, "", 5])
def test_a_new_name_that_is_none_is_ignored(name: object) -> None:
    assert tell(subscribed(), type="streamerIdChanged", newID=name) == []


@pytest.mark.parametrize("kind", ["playerCount", "streamerDisconnected", "peerDataChannels"])
def test_what_is_of_no_use_to_a_player_is_passed_over(kind: str) -> None:
    assert tell(subscribed(), type=kind, count=3) == []


def test_an_unknown_type_is_told_once() -> None:
    machine = subscribed()

    first = tell(machine, type="novelty", x=1)
    second = tell(machine, type="novelty", x=2)

    assert first == [Note("the signalling server sent a message of unknown type 'novelty'")]
    assert second == []


def test_a_flood_of_unknown_types_is_not_told_for_ever() -> None:
    machine = subscribed()

    told = [note for number in range(1_000) for note in tell(machine, type=f"novelty {number}")]

    assert len(told) == 32


@pytest.mark.parametrize(
    "data", ["{", "", "[]", "5", "null", b"\xff\xfe", "[" * 100_000, '{"type": 5}', "{}"]
)
def test_broken_messages_are_told_once_and_ignored(data: str | bytes) -> None:
    machine = subscribed()

    assert [type(one) for one in machine.received(data, 1.0)] == [Note]
    assert machine.received(data, 2.0) == []


def test_binary_frames_are_read_like_text() -> None:
    assert sent(subscribed().received(b'{"type":"ping","time":1}', 0.0)) == [{"type": "pong", "time": 1}]


def test_credentials_and_descriptions_stay_out_of_what_is_shown() -> None:
    shown = repr([IceServer(("stun:h",), "u", Secret("c")), Offered("sdp", ()), Send("text")])

    assert "'u'" not in shown
    assert "sdp=" not in shown
    assert "text" not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        "config",
        "streamerList",
        "offer",
        "iceCandidate",
        "ping",
        "pong",
        "subscribeFailed",
        "streamerIdChanged",
    ]
)
FIELDS = st.sampled_from(
    ["ids", "sdp", "candidate", "peerConnectionOptions", "message", "newID", "time", "type"]
)


@given(st.lists(st.tuples(KINDS, st.dictionaries(FIELDS, JSON, max_size=4)), max_size=12))
def test_any_messages_are_survived(messages: list[tuple[str, dict[str, Any]]]) -> None:
    machine = Signalling()
    machine.opened(0.0)

    for number, (kind, fields) in enumerate(messages):
        tell(machine, float(number), **{"type": kind, **fields})
        machine.tick(float(number))

    assert machine.answered("v=0")


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_frame_is_survived(data: str | bytes) -> None:
    with assert_no_complaint():
        Signalling().received(data, 0.0)
