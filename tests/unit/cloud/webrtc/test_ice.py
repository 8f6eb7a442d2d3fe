from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.webrtc.ice import AskRelay, IceGathering, IceHelper, parse_candidate, usable
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import Secret
from tests.assertions import assert_no_complaint

NAMED = {"username": "u", "credential": Secret("hidden")}


def server(*urls: str, **named: Any) -> IceServer:
    return IceServer(urls, **named)


def test_one_stun_server_is_asked_and_one_turn_server_by_each_way() -> None:
    urls = ("turn:a:1?transport=udp", "turn:a:443?transport=tcp", "turns:a", "turns:a:443?transport=tcp")
    helpers, dropped = usable(
        [server("stun:a:1", *urls, **NAMED), server("stun:b"), server("turn:b", **NAMED)]
    )

    assert helpers == [IceHelper("stun:a:1"), *(IceHelper(url, "u", Secret("hidden")) for url in urls[:3])]
    assert [(one.way, one.port) for one in helpers[1:]] == [("udp", 1), ("tcp", 443), ("tls", 5349)]
    assert dropped == [
        "turns:a:443?transport=tcp (one TURN by tls is enough)",
        "stun:b (one STUN server is enough)",
        "turn:b (one TURN by udp is enough)",
    ]


def test_a_turn_server_may_be_an_ipv6_address() -> None:
    helpers, dropped = usable([server("turns:[2001:db8::1]:443", **NAMED)])

    assert [(one.host, one.port, one.way) for one in helpers] == [("2001:db8::1", 443, "tls")]
    assert dropped == []


@pytest.mark.parametrize(
    "url",
    [
        "stun:h:1?transport=udp",
        "stuns:h",
        "turns:h?transport=udp",
        "turn:h?transport=sctp",
        "turn:h:0",
        "turn:h:99999",
        "stun:[::1]:3478",
        "stun:",
        "http://h",
        "STUN:h",
        "turn:h?transport=UDP",
        "stun:u@h",
        "",
    ],
)
def test_an_address_that_aiortc_would_fail_on_is_left_out(url: str) -> None:
    helpers, dropped = usable([server(url, **NAMED)])

    assert helpers == []
    assert len(dropped) == 1
    assert "hidden" not in dropped[0]


def test_a_turn_server_without_credentials_is_left_out() -> None:
    assert usable([server("turn:h")]) == ([], ["turn:h (without user name or credential)"])


@given(st.text(max_size=40).map(lambda tail: "stun:" + tail) | st.text(max_size=40))
def test_aiortc_understands_whatever_is_let_through(url: str) -> None:
    transport = pytest.importorskip("aiortc.rtcicetransport")

    helpers, _ = usable([server(url, **NAMED)])

    for helper in (one for one in helpers if one.role == "STUN"):
        assert transport.parse_stun_turn_uri(helper.url)["host"]


def test_a_candidate_is_read_with_or_without_its_name() -> None:
    text = "751 1 udp 2113937151 192.0.2.2 33850 typ srflx raddr 10.0.0.1 rport 5 generation 0 ufrag XCg0"

    plain, named, attribute = (
        parse_candidate(prefix + text) for prefix in ("", "candidate:", "a=candidate:")
    )

    assert plain is not None
    assert plain == named == attribute
    assert (plain.host, plain.port, plain.kind, plain.related_host, plain.related_port) == (
        "192.0.2.2",
        33850,
        "srflx",
        "10.0.0.1",
        5,
    )


def test_an_ipv6_address_is_a_candidate_too() -> None:
    assert parse_candidate("candidate:1 1 UDP 5 2001:db8::1 9 typ host") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "candidate:",
        "candidate:1 1 tcp 5 192.0.2.2 9 typ host tcptype active",
        "candidate:1 1 udp 5 192.0.2.2 9 typ",
        "candidate:1 1 udp 5 192.0.2.2 9 type host",
        "candidate:1 x udp 5 192.0.2.2 9 typ host",
        "candidate:1 1 udp 5 192.0.2.2 70000 typ host",
        "candidate:1 1 udp 5 192.0.2.2 0 typ host",
        "candidate:1 1 udp -5 192.0.2.2 9 typ host",
        "candidate:1 1 udp 5 host.example 9 typ host",
        "candidate:1 1 udp 5 0a1b-22.local 9 typ host",
        "candidate:1 1 udp \N{ARABIC-INDIC DIGIT FIVE} 192.0.2.2 9 typ host",
    ],
)
def test_what_is_of_no_use_is_no_candidate(text: str) -> None:
    assert parse_candidate(text) is None


@given(st.lists(st.sampled_from(["1", "udp", "typ", "host", "192.0.2.2", "x", "raddr", "rport", "-1"])))
def test_any_words_are_survived(words: list[str]) -> None:
    with assert_no_complaint():
        parse_candidate("candidate:" + " ".join(words))


async def test_gathering_is_given_less_time_and_the_loopback_address() -> None:
    asked: list[dict[str, Any]] = []

    async def gather(**arguments: Any) -> list[str]:
        asked.append(arguments)
        return ["found"]

    found = await IceGathering(gather, 1.0, loopback=True)(1, ["192.0.2.2"])

    assert found == ["found"]
    assert asked == [{"component": 1, "addresses": ["127.0.0.1", "::1", "192.0.2.2"], "timeout": 1.0}]


@pytest.mark.parametrize(("lasts_s", "ended"), [(0.5, True), (30.0, False)])
async def test_a_gathering_that_is_cancelled_may_come_to_its_end(lasts_s: float, ended: bool) -> None:
    over: list[float] = []

    async def gather(**_arguments: Any) -> None:
        await asyncio.sleep(lasts_s)
        over.append(asyncio.get_running_loop().time())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(IceGathering(gather, 1.0, loopback=False)(1, []))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])

    assert task.cancelled()
    assert asyncio.get_running_loop().time() <= 1.1
    assert bool(over) == ended


@pytest.mark.parametrize(
    ("reflexive", "relays", "found", "after_s"),
    [
        # UDP answers: what has not answered within the limit is done without.
        (True, (0.2, 2.0), ["relay 0"], 1.0),
        # Nothing does: relays have longer, until there is one.
        (False, (2.0, 9.0), ["relay 0"], 2.0),
        (False, (9.0,), [], 3.0),
        (False, (0.2, 2.0), ["relay 0"], 1.0),
        (False, (), [], 1.0),
    ],
)
async def test_relays_have_longer_while_nothing_else_is_known(
    reflexive: bool, relays: tuple[float, ...], found: list[str], after_s: float
) -> None:
    @dataclass
    class Known:
        type: str

    async def gather(timeout: float, **_arguments: Any) -> list[Known]:
        await asyncio.sleep(timeout)
        return [Known("host"), *([Known("srflx")] if reflexive else [])]

    async def relay(number: int, _component: int) -> str:
        try:
            await asyncio.sleep(relays[number])
        finally:
            over.append(number)
        return f"relay {number}"

    over: list[int] = []
    asking = [AskRelay(partial(relay, number), patient=True) for number in range(len(relays))]
    candidates = await IceGathering(gather, 1.0, loopback=False, relays=asking)(1, [])

    assert [one for one in candidates if isinstance(one, str)] == found
    assert asyncio.get_running_loop().time() == pytest.approx(after_s)
    assert sorted(over) == list(range(len(relays)))


async def test_a_relay_by_udp_that_does_not_answer_keeps_nothing_waiting() -> None:
    async def gather(**_arguments: Any) -> list[str]:
        return ["host"]

    async def dead(_component: int) -> str:
        await asyncio.sleep(60.0)
        return "never"

    assert await IceGathering(gather, 1.0, loopback=False, relays=[AskRelay(dead, patient=False)])(1, []) == [
        "host"
    ]
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)


async def test_a_relay_that_fails_in_any_way_is_done_without() -> None:
    async def gather(**_arguments: Any) -> list[str]:
        return ["host"]

    async def broken(_component: int) -> str:
        raise AssertionError("whatever a library raises")

    assert await IceGathering(gather, 1.0, loopback=False, relays=[AskRelay(broken, patient=True)])(
        1, []
    ) == ["host"]
