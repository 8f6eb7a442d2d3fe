from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.webrtc.sdp import candidates, finish, prepare, without_passwords
from ravatard.errors import LinkError
from tests.assertions import assert_no_complaint

SESSION = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mids}\r\na=msid-semantic: WMS s\r\n"
)
TRANSPORT = (
    "a=ice-ufrag:{mid}name\r\na=ice-pwd:passwordpasswordpassword\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=setup:actpass\r\n"
)
AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9 0 8 13 110\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
    + TRANSPORT
    + "a=mid:{mid}\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:2 urn:x with more\r\n"
    "a=sendrecv\r\na=msid:s a\r\na=rtcp-mux\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=ten;stereo=maybe\r\n"
    "a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n"
    "a=rtpmap:110 telephone-event/48000\r\na=ssrc:5 cname:c\r\na=ssrc:nonsense\r\n"
    "a=candidate:1 1 udp 5 192.0.2.2 9 typ host\r\na=candidate:1 1 tcp 5 192.0.2.2 9 typ host\r\n"
    "a=candidate:\r\n"
)
VIDEO = (
    "m=video 9 UDP/TLS/RTP/SAVPF {types}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
    + TRANSPORT
    + "a=mid:{mid}\r\na=sendonly\r\na=msid:s v\r\na=rtcp-mux\r\na=rtcp-rsize\r\n{codecs}"
    "a=ssrc-group:FID 7 8\r\na=ssrc:7 cname:c\r\na=rid:h send\r\na=simulcast:send h\r\n"
)
DATA = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
    + TRANSPORT
    + "a=mid:{mid}\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
)

CODECS = {
    "VP8": ("96 97", "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n", "96"),
    "VP9": ("98 99", "a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\na=rtpmap:99 rtx/90000\r\n", "98"),
    "H.264": (
        "102",
        "a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\n"
        "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n",
        "102",
    ),
    "H.265": ("49", "a=rtpmap:49 H265/90000\r\na=fmtp:49 level-id=93\r\n", "49"),
    "AV1": ("45 46", "a=rtpmap:45 AV1/90000\r\na=fmtp:45 profile=0\r\na=rtpmap:46 rtx/90000\r\n", "45"),
    "red first": ("100 96", "a=rtpmap:100 red/90000\r\na=rtpmap:96 VP8/90000\r\n", "96"),
}


def offer(*kinds: str, codec: str = "VP8") -> str:
    types, codecs, _ = CODECS[codec]
    texts = {"audio": AUDIO, "video": VIDEO, "data": DATA}
    sections = [
        texts[kind].format(mid=number, types=types, codecs=codecs) for number, kind in enumerate(kinds)
    ]
    return SESSION.format(mids=" ".join(str(number) for number in range(len(kinds)))) + "".join(sections)


ORDERS = [
    ("video", "audio", "data"),
    ("audio", "video", "data"),
    ("audio", "data"),
    ("data", "video", "audio"),
    ("audio", "audio"),
]


def sections(sdp: str) -> list[str]:
    return ["m=" + one for one in sdp.split("m=")[1:]]


async def negotiated(text: str) -> tuple[str, str]:
    """The offer as it was shown to aiortc, and the answer as the streamer gets it."""
    aiortc = pytest.importorskip("aiortc")
    ready = prepare(text)
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    await connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp=ready.shown, type="offer"))
    for one in connection.getTransceivers():
        one.direction = "recvonly" if one.mid == ready.audio_mid else "inactive"
    answer = await connection.createAnswer()
    await connection.close()
    return ready.shown, finish(ready, answer.sdp)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_the_answer_takes_sound_and_declines_video_in_the_offer_s_own_words(
    order: tuple[str, ...], codec: str
) -> None:
    _, answer = await negotiated(offer(*order, codec=codec))

    for kind, section in zip(order, sections(answer), strict=True):
        if kind == "video":
            kept = CODECS[codec][2]
            assert re.match(rf"m=video \d+ UDP/TLS/RTP/SAVPF {kept}\r\n", section)
            assert not section.startswith("m=video 0 ")
            offered = [line for line in CODECS[codec][1].split("\r\n") if f":{kept} " in line]
            assert re.findall(r"a=(?:rtpmap|fmtp):[^\r]*", section) == [
                line for line in offered if "rtcp-fb" not in line
            ]
            assert "a=inactive\r\n" in section
            # With the sign behind it: a password is made of chance, and may have these letters.
            assert " VP8/" not in section or codec in ("VP8", "red first")


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_of_the_sound_only_opus_is_taken_in_mono_and_with_copies(order: tuple[str, ...]) -> None:
    _, answer = await negotiated(offer(*order))

    section = sections(answer)[order.index("audio")]
    assert re.match(r"m=audio \d+ UDP/TLS/RTP/SAVPF 111\r\n", section)
    assert re.findall(r"a=rtpmap:[^\r]*", section) == ["a=rtpmap:111 opus/48000/2"]
    assert re.findall(r"a=fmtp:[^\r]*", section) == ["a=fmtp:111 minptime=10;useinbandfec=1;stereo=0"]
    assert "a=recvonly\r\n" in section


async def test_of_two_sounds_the_second_is_declined() -> None:
    _, answer = await negotiated(offer("audio", "audio"))

    assert "a=inactive\r\n" in sections(answer)[1]


async def test_sections_that_leave_the_transport_to_the_first_are_understood() -> None:
    text = offer("video", "audio", "data")
    first, *others = sections(text)
    bare = [
        re.sub(r"a=(ice-ufrag|ice-pwd|fingerprint|setup|rtcp-mux)[^\r]*\r\n", "", one).replace(
            " 9 ", " 0 ", 1
        )
        for one in others
    ]

    _, answer = await negotiated(text.split("m=")[0] + first + "".join(bare))

    assert "opus" in sections(answer)[1]


def test_what_aiortc_would_stumble_over_is_not_shown_to_it() -> None:
    shown = prepare(offer("video", "audio", "data")).shown

    for hidden in (" tcp ", "with more", "simulcast", "nonsense", "stereo=maybe", "a=candidate:\r", "red"):
        assert hidden not in shown
    assert "a=candidate:1 1 udp" in shown


def test_candidates_are_for_the_first_section_of_the_bundle() -> None:
    assert prepare(offer("video", "audio")).first_mid == "0"
    assert prepare(offer("audio").replace("a=group:BUNDLE 0\r\n", "")).first_mid is None


def test_a_transport_is_told_from_another() -> None:
    one = prepare(offer("video", "audio"))
    same = prepare(offer("video", "audio", codec="VP9"))
    other = prepare(offer("video", "audio").replace("a=ice-ufrag:0name", "a=ice-ufrag:restarted"))

    assert one.transport == same.transport != other.transport


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        offer("video", "data"),
        offer("audio").replace("opus", "multiopus"),
        offer("audio").replace("111", "34"),
        "m=audio 9\r\n",
        "m=",
    ],
)
def test_an_offer_without_sound_that_can_be_played_is_refused(text: str) -> None:
    with pytest.raises(LinkError):
        prepare(text)


def test_lines_may_end_in_any_way() -> None:
    text = offer("video", "audio")

    assert prepare(text.replace("\r\n", "\n")).shown == prepare(text).shown


def test_our_own_addresses_are_told_once_each() -> None:
    answer = "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:u\r\na=candidate:A\r\na=candidate:B\r\n" * 2

    assert candidates(answer) == [("candidate:A", "0", 0, "u"), ("candidate:B", "0", 0, "u")]


def test_the_log_shows_no_ice_password() -> None:
    shown = without_passwords(offer("audio"))

    assert "passwordpassword" not in shown
    assert "opus" in shown
    assert "\n" not in shown


LINES = st.sampled_from(offer("video", "audio", "data", codec="AV1").split("\r\n"))


@given(st.lists(LINES | st.text(max_size=30), max_size=60))
def test_any_lines_are_an_offer_or_an_error(lines: list[str]) -> None:
    text = "\r\n".join(lines)
    with assert_no_complaint():
        without_passwords(text)
    try:
        ready = prepare(text)
    except LinkError:
        return
    with assert_no_complaint():
        finish(ready, ready.shown)
        candidates(ready.shown)
