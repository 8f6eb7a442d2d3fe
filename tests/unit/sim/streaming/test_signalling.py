"""What players say, read; what they are told, written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.streaming import signalling as sg


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"type": "listStreamers"}, sg.ListStreamers()),
        ({"type": "subscribe", "streamerId": "A"}, sg.Subscribe("A")),
        ({"type": "unsubscribe"}, sg.Unsubscribe()),
        ({"type": "answer", "sdp": "v=0", "minBitrateBps": 0, "maxBitrateBps": 0}, sg.SdpAnswer("v=0")),
        (
            {"type": "iceCandidate", "candidate": {"candidate": "x", "sdpMid": "0", "sdpMLineIndex": 0}},
            sg.IceCandidate("x", "0", 0),
        ),
        ({"type": "iceCandidate", "candidate": {"candidate": ""}}, sg.IceCandidate("", None, None)),
        ({"type": "ping", "time": 1795164970168}, sg.Ping(1795164970168)),
        ({"type": "layerPreference", "spatialLayer": 0, "playerId": ""}, sg.UnknownSignal("layerPreference")),
        ({"type": "subscribe"}, sg.UnknownSignal("subscribe")),
        ({"type": "answer", "sdp": None}, sg.UnknownSignal("answer")),
        ({"type": "iceCandidate", "candidate": None}, sg.UnknownSignal("iceCandidate")),
        ({"type": 7}, sg.UnknownSignal("")),
        ([], sg.UnknownSignal("")),
    ],
)
def test_a_message_is_read(said: object, read: sg.Message) -> None:
    assert sg.read(json.dumps(said)) == read
    assert sg.read(json.dumps(said).encode()) == read


@settings(deadline=None)
@given(st.text() | st.binary())
def test_nonsense_is_unknown(noise: str | bytes) -> None:
    assert isinstance(sg.read(noise), sg.Message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.sampled_from(["subscribe", "answer", "iceCandidate", "ping", "listStreamers"]),
    st.dictionaries(st.sampled_from(["streamerId", "sdp", "candidate", "time"]), JSON),
)
def test_fields_of_any_kind_do_no_harm(kind: str, fields: dict[str, object]) -> None:
    assert isinstance(sg.read(json.dumps({**fields, "type": kind})), sg.Message)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            sg.config(["stun:192.0.2.1:3478"]),
            {
                "type": "config",
                "protocolVersion": "1.3.0",
                "peerConnectionOptions": {"iceServers": [{"urls": ["stun:192.0.2.1:3478"]}]},
            },
        ),
        (sg.streamer_list([]), {"type": "streamerList", "ids": []}),
        (sg.subscribe_failed("No."), {"type": "subscribeFailed", "message": "No."}),
        (sg.offer("v=0"), {"type": "offer", "sdp": "v=0"}),
        (sg.pong(5), {"type": "pong", "time": 5}),
        (sg.ping(5), {"type": "ping", "time": 5}),
        (
            sg.ice_candidate("candidate:1", "0", 0, "XCg0"),
            {
                "type": "iceCandidate",
                "candidate": {
                    "candidate": "candidate:1",
                    "sdpMid": "0",
                    "sdpMLineIndex": 0,
                    "usernameFragment": "XCg0",
                },
            },
        ),
    ],
)
def test_a_message_is_written(written: str, meant: object) -> None:
    assert json.loads(written) == meant
