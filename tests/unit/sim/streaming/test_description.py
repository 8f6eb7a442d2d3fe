"""Offers in disguise, answers understood, and answers refused that a browser would refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.streaming.description import AnswerRefused, Description, RewrittenOffer
from ravatard.sim.streaming.options import VideoCodec
from tests.assertions import assert_raises_only

HEAD = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2"]
TRANSPORT = ["a=ice-ufrag:abcd", "a=ice-pwd:secret", "a=fingerprint:sha-256 AA", "a=setup:actpass"]
VIDEO = [
    "m=video 9 UDP/TLS/RTP/SAVPF 97 98",
    "a=mid:0",
    "a=rtpmap:97 VP8/90000",
    "a=rtcp-fb:97 nack pli",
    "a=rtpmap:98 rtx/90000",
    "a=fmtp:98 apt=97",
    "a=candidate:1 1 udp 1 127.0.0.1 5000 typ host",
    "a=end-of-candidates",
    *TRANSPORT,
]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=rtpmap:96 opus/48000/2", *TRANSPORT]
DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2", "a=sctp-port:5000", *TRANSPORT]
OFFER = "\r\n".join([*HEAD, *VIDEO, *AUDIO, *DATA]) + "\r\n"


def _rewritten(
    video: VideoCodec = "vp8", *, max_bundle: bool = False, trickle: bool = True
) -> RewrittenOffer:
    return RewrittenOffer(OFFER, video=video, max_bundle=max_bundle, trickle=trickle)


def _answer(disguise: RewrittenOffer, *, declined: str = "") -> str:
    """What a player makes of the offer: everything is taken but the section called ``declined``."""
    answer = Description.of(disguise.offer)
    for section in answer.sections:
        section.lines = [line for line in section.lines if line != "a=bundle-only"]
        section.port = "0" if section.mid == declined else "9"
    answer.bundle([one.mid for one in answer.sections if one.mid != declined])
    return answer.text()


def test_an_offer_without_a_disguise_is_left_alone_but_for_its_candidates() -> None:
    disguise = _rewritten()

    assert disguise.candidates == [("candidate:1 1 udp 1 127.0.0.1 5000 typ host", "0", 0)]
    assert disguise.fragment == "abcd"
    assert "candidate" not in disguise.offer
    assert _rewritten(trickle=False).offer == OFFER


@pytest.mark.parametrize(
    ("video", "formats", "lines"),
    [
        ("vp9", ["98"], ["a=rtpmap:98 VP9/90000", "a=rtcp-fb:98 nack pli", "a=fmtp:98 profile-id=0"]),
        ("av1", ["45"], ["a=rtpmap:45 AV1/90000", "a=fmtp:45 level-idx=5;profile=0;tier=0"]),
    ],
)
def test_the_picture_is_called_something_else(
    video: VideoCodec, formats: list[str], lines: list[str]
) -> None:
    section = Description.of(_rewritten(video).offer).sections[0]

    assert section.formats == formats
    assert set(lines) <= set(section.lines)
    assert "VP8" not in str(section.lines)


@pytest.mark.parametrize("video", ["vp9", "av1"])
def test_the_answer_gets_the_pictures_own_name_back(video: VideoCodec) -> None:
    disguise = _rewritten(video)

    section = Description.of(disguise.own(_answer(disguise))).sections[0]

    assert section.formats == ["97"]
    assert "a=rtpmap:97 VP8/90000" in section.lines
    assert not [line for line in section.lines if "VP9" in line or "AV1" in line]


def test_with_max_bundle_the_first_section_owns_the_transport() -> None:
    sections = Description.of(_rewritten(max_bundle=True).offer).sections

    assert [one.port for one in sections] == ["9", "0", "0"]
    assert ["a=bundle-only" in one.lines for one in sections] == [False, True, True]


@pytest.mark.parametrize("video", ["vp8", "av1"])
def test_a_declined_picture_is_silent_in_the_transport_of_the_sound(video: VideoCodec) -> None:
    disguise = _rewritten(video)

    own = Description.of(disguise.own(_answer(disguise, declined="0")))

    assert own.bundled() == ["1", "2", "0"]
    assert own.sections[0].port == "9"
    assert {"a=inactive", "a=mid:0", "a=ice-ufrag:abcd"} <= set(own.sections[0].lines)
    assert own.sections[0].codecs()["97"] == "vp8/90000"


def test_whoever_declines_the_owner_of_the_one_transport_is_refused() -> None:
    disguise = _rewritten(max_bundle=True)

    with pytest.raises(AnswerRefused, match="owns the one transport"):
        disguise.own(_answer(disguise, declined="0"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("m=audio", "m=video", "not those of the offer"),
        ("a=mid:1", "a=mid:7", "not those of the offer"),
        ("a=rtpmap:96 opus", "a=rtpmap:96 PCMU", "payload type 96"),
        ("SAVPF 97 98", "SAVPF 97 45", "formats"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 96", "m=audio", "no section begins"),
    ],
)
def test_an_answer_that_a_browser_would_not_take_is_refused(old: str, new: str, why: str) -> None:
    disguise = _rewritten()
    answer = _answer(disguise)
    assert old in answer

    with pytest.raises(AnswerRefused, match=why):
        disguise.own(answer.replace(old, new))


def test_an_answer_that_declines_everything_is_refused() -> None:
    disguise = _rewritten()
    answer = _answer(disguise).replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0")
    answer = answer.replace("m=application 9", "m=application 0").replace("BUNDLE 0 1 2", "BUNDLE")

    with pytest.raises(AnswerRefused, match="everything"):
        disguise.own(answer)


@settings(deadline=None)
@given(st.text(), st.integers(0, len(OFFER)), st.integers(0, 200))
def test_no_answer_does_harm(noise: str, at: int, length: int) -> None:
    disguise = _rewritten("av1", max_bundle=True)
    good = _answer(disguise)
    for answer in (noise, good[:at], good[:at] + noise + good[at + length :]):
        with assert_raises_only(AnswerRefused):
            disguise.own(answer)
