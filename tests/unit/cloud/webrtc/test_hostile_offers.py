"""Offers that are meant to cost time or memory: refused or cut, at a cost that does not grow with them."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping

import pytest

from ravatard.cloud.webrtc.bounds import LARGEST_OFFER, MOST_SECTIONS
from ravatard.cloud.webrtc.ice import MOST_CANDIDATES, RemoteAddress
from ravatard.cloud.webrtc.sdp import AudioOffer, prepare
from ravatard.errors import LinkError

pytestmark = pytest.mark.usefixtures("uncollected")

#: Nothing from outside may hold the loop for longer, in the processor's time of this thread.
CEILING_S = 0.05

SESSION = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\n"
TRANSPORT = (
    "a=ice-ufrag:name\r\na=ice-pwd:passwordpasswordpassword\r\n"
    "a=fingerprint:sha-256 AB\r\na=setup:actpass\r\n"
)
SOUND = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\na=rtcp-mux\r\na=sendonly\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
)
BARE = "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=rtpmap:96 VP8/90000\r\n"


def with_lines(lines: str, sections: int = 2, *, in_session: str = "") -> str:
    """A valid offer, with more lines in its first section and ``sections`` that lend from it."""
    mids = " ".join(map(str, range(sections)))
    others = "".join(BARE.format(mid=number) for number in range(1, sections))
    return SESSION.format(mids=mids) + in_session + SOUND.format(mid=0) + TRANSPORT + lines + others


def candidates(count: int) -> str:
    return "".join(
        f"a=candidate:1 1 udp 5 192.0.{number // 250 % 250}.{number % 250} 9 typ host\r\n"
        for number in range(count)
    )


#: Each makes an offer whose size grows with its number.
OFFERS: Mapping[str, Callable[[int], str]] = {
    "transport lines that every section lends": lambda n: with_lines("a=setup:actpass\r\n" * n, 2 + n // 20),
    "fingerprints": lambda n: with_lines("a=fingerprint:sha-256 AB\r\n" * n, 16),
    "names of the transport in the session": lambda n: with_lines(
        "", 16, in_session="a=ice-ufrag:abcd\r\n" * n
    ),
    "sections": lambda n: with_lines("", n),
    "candidates": lambda n: with_lines(candidates(n), 16),
    "candidates that are none": lambda n: with_lines("a=candidate:x\r\n" * n),
    "TCP candidates": lambda n: with_lines("a=candidate:1 1 tcp 5 192.0.2.2 9 typ host\r\n" * n),
    "rtpmaps": lambda n: with_lines("".join(f"a=rtpmap:{one} x/1\r\n" for one in range(n)), 16),
    "fmtps": lambda n: with_lines("a=fmtp:96 a=b\r\n" * n, 16),
    "extmaps": lambda n: with_lines("".join(f"a=extmap:{one} urn:x\r\n" for one in range(n)), 16),
    "formats": lambda n: with_lines("").replace(" 111\r\n", " 111" + " 112" * n + "\r\n", 1),
    "one long line": lambda n: with_lines("a=mid:" + "x" * 20 * n + "\r\n"),
    "a long candidate": lambda n: with_lines("a=candidate:" + "1 " * 10 * n + "\r\n"),
    "unknown attributes": lambda n: with_lines("".join(f"a=x{one}:1\r\n" for one in range(n))),
    "empty lines": lambda n: with_lines("\n" * 10 * n),
    "no line at all": lambda n: "x" * 20 * n,
    "groups": lambda n: with_lines("", in_session="a=group:BUNDLE 0 1\r\n" * n),
    "members of a group": lambda n: with_lines("", in_session="a=group:LS" + " 0" * n + "\r\n"),
    "blanks": lambda n: with_lines("a=" + " " * 20 * n + "mid:0\r\n"),
    "carriage returns": lambda n: with_lines("\r" * 20 * n + "\n"),
}


def cost_s(text: str) -> float:
    """The least processor time of three readings."""
    times = []
    for _ in range(3):
        before = time.thread_time()
        read(text)
        times.append(time.thread_time() - before)
    return min(times)


def read(text: str) -> AudioOffer | None:
    try:
        return prepare(text)
    except LinkError:
        return None


@pytest.mark.parametrize("kind", OFFERS)
def test_reading_an_offer_never_takes_long(kind: str) -> None:
    # The worst size is somewhere below the limits.
    for number in (10, 100, 300, 900, 1_900, 3_000, 10_000, 100_000):
        assert cost_s(OFFERS[kind](number)) < CEILING_S, number


@pytest.mark.parametrize("kind", OFFERS)
def test_the_cost_of_an_offer_has_a_bound(kind: str) -> None:
    # The base is far above the clock's own noise; without bounds the cost doubles at every step, or worse.
    small, large = cost_s(OFFERS[kind](5_000)), cost_s(OFFERS[kind](40_000))

    assert large < 8 * max(small, 0.002)


@pytest.mark.parametrize("kind", OFFERS)
def test_what_aiortc_gets_is_small(kind: str) -> None:
    for number in (10, 100, 900, 10_000):
        text = OFFERS[kind](number)
        tracemalloc.start()
        ready = read(text)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert most < 20 * len(text) + 1_000_000
        if ready is not None:
            assert len(ready.shown) < LARGEST_OFFER + MOST_SECTIONS * 500
            for section in ready.shown.split("m=")[1:]:
                for once in ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "rtcp-mux", "mid"):
                    assert section.count(f"a={once}") <= 1
                assert section.count("a=candidate:") <= MOST_CANDIDATES


def test_an_offer_of_the_largest_size_a_streamer_may_need_is_read() -> None:
    codecs = "".join(
        f"a=rtpmap:{one} x/90000\r\na=fmtp:{one} profile={one};level-id=93\r\n" for one in range(60)
    )

    assert prepare(with_lines(candidates(20) + codecs, 8)).audio_mid == "0"


def test_candidates_that_may_not_be_reached_are_not_shown() -> None:
    def admitted(address: RemoteAddress) -> bool:
        return address.host.endswith(".3")

    shown = prepare(with_lines(candidates(10)), admitted)

    assert shown.candidates == {("192.0.0.3", 9)}
    assert shown.shown.count("a=candidate:") == 1
