"""Signalling that is meant to cost: each message is cheap, and their sum has an end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping

import pytest

from ravatard.cloud.pixelstreaming.signalling import (
    MOST_OFFERS,
    OFFER_EVERY_S,
    Note,
    Offered,
    Send,
    Signalling,
    StreamFailed,
)
from ravatard.cloud.webrtc.ice import usable

pytestmark = pytest.mark.usefixtures("uncollected")

CEILING_S = 0.05
#: The socket takes no larger message.
LARGEST = 96 * 1024


def message(**fields: object) -> str:
    return json.dumps(fields)


def servers(count: int, urls: int) -> dict[str, object]:
    one = {"urls": [f"stun:h{number}.example" for number in range(urls)], "username": "u", "credential": "c"}
    return {"iceServers": [one] * count}


MESSAGES: Mapping[str, Callable[[int], str]] = {
    "deep lists": lambda n: "[" * n + "]" * n,
    "deep objects": lambda n: '{"a":' * (n // 6) + "1" + "}" * (n // 6),
    "deep time of a ping": lambda n: '{"type":"ping","time":' + "[" * (n // 2) + "]" * (n // 2) + "}",
    "long time of a ping": lambda n: message(type="ping", time="9" * n),
    "a number without end": lambda n: '{"type":"ping","time":' + "9" * n + "}",
    "many small values": lambda n: "[" + "{}," * (n // 3) + "1]",
    "many keys": lambda n: json.dumps({f"k{one}": 1 for one in range(n // 10)}),
    "streamers": lambda n: message(type="streamerList", ids=["a"] * (n // 5)),
    "streamers of long names": lambda n: message(type="streamerList", ids=["a" * n] * 2),
    "ICE servers": lambda n: message(type="config", peerConnectionOptions=servers(n // 70, 1)),
    "addresses of an ICE server": lambda n: message(type="config", peerConnectionOptions=servers(1, n // 20)),
    "a long address": lambda n: message(
        type="config", peerConnectionOptions={"iceServers": [{"urls": "stun:" + "h" * n}]}
    ),
    "a long type": lambda n: message(type="x" * n),
    "a long reason": lambda n: message(type="subscribeFailed", message="x" * n),
    "a long name": lambda n: message(type="streamerIdChanged", newID="x" * n),
    "a long candidate": lambda n: message(
        type="iceCandidate", candidate={"candidate": "1 " * n, "sdpMid": "0"}
    ),
    "half an emoji": lambda n: '{"type":"ping","time":"\\ud83d"}' + " " * n,
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_no_message_takes_long(kind: str) -> None:
    for size in (100, 10_000, LARGEST):
        text = MESSAGES[kind](size)[:LARGEST]
        times = []
        for _ in range(3):
            machine = Signalling()
            machine.opened(0.0)
            before = time.thread_time()
            machine.received(text, 1.0)
            (offered,) = machine.received(message(type="offer", sdp="v=0"), 1.0)
            if isinstance(offered, Offered):
                usable(offered.servers)
            times.append(time.thread_time() - before)
        assert min(times) < CEILING_S, size


@pytest.mark.parametrize("kind", MESSAGES)
def test_no_message_makes_a_long_line_or_a_long_reply(kind: str) -> None:
    for size in (100, 10_000, LARGEST):
        machine = Signalling()
        actions = machine.received(MESSAGES[kind](size), 1.0)

        assert all(len(one.text) < 1_200 for one in actions if isinstance(one, Send | Note))
        assert all(len(one.reason) < 400 for one in actions if isinstance(one, StreamFailed))


@pytest.mark.parametrize("count", [1, 16, 300, 4_000])
def test_few_ice_servers_are_taken_and_few_words_said_about_the_others(count: int) -> None:
    machine = Signalling()
    machine.received(message(type="config", peerConnectionOptions=servers(count, 20)), 0.0)
    (offered,) = machine.received(message(type="offer", sdp="v=0"), 0.0)

    assert isinstance(offered, Offered)
    assert len(offered.servers) <= 16
    assert sum(len(one.urls) for one in offered.servers) <= 128
    chosen, dropped = usable(offered.servers)
    assert len(chosen) == 1
    assert len(", ".join(dropped)) < 1_500


def test_offers_without_end_end_the_stream() -> None:
    machine = Signalling()
    actions = [machine.received(message(type="offer", sdp="v=0"), 1.0)[0] for _ in range(2_000)]

    assert [type(one) for one in actions[:MOST_OFFERS]] == [Offered] * MOST_OFFERS
    assert {type(one) for one in actions[MOST_OFFERS:]} == {StreamFailed}


def test_a_stream_may_be_negotiated_anew_for_as_long_as_it_lasts() -> None:
    machine = Signalling()
    for number in range(500):
        (action,) = machine.received(message(type="offer", sdp="v=0"), number * OFFER_EVERY_S)
        assert isinstance(action, Offered)


@pytest.mark.parametrize("time_", [0, -1, 2**63, 1.5, 1e300, "2026-01-01", None])
def test_the_time_of_a_ping_comes_back_as_it_was(time_: object) -> None:
    (reply,) = Signalling().received(message(type="ping", time=time_), 0.0)

    assert isinstance(reply, Send)
    assert json.loads(reply.text)["time"] == time_
