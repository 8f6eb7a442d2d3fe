from __future__ import annotations

import audioop
import base64
from typing import Any

import pytest

from ravatard.sim.avatar.options import SimVoiceOptions
from ravatard.sim.avatar.sound_pieces import SoundRefused, appended, audio_events, seconds_in, wav
from tests.unit.sim.caller import tone, wav_of

ONE_S = tone(1.5)  # 24,000 samples: one second at 24 kHz


def events(**options: Any) -> list[tuple[float, dict[str, Any]]]:
    return list(audio_events(ONE_S, SimVoiceOptions(piece_ms=300, **options)))


def raws(**options: Any) -> list[bytes]:
    return [base64.b64decode(event["data"]) for _, event in events(**options)]


def test_pieces_without_header_are_the_sound_in_real_time() -> None:
    found = events(header="none")

    assert b"".join(raws(header="none")) == ONE_S
    assert [offset for offset, _ in found] == pytest.approx([0.0, 0.3, 0.6, 0.9])
    assert [event["duration"] for _, event in found] == [0.3, 0.3, 0.3, 0.1]
    assert {event["sample_rate"] for _, event in found} == {24_000}


def test_each_piece_or_the_first_is_a_wav_file() -> None:
    each, first = raws(), raws(header="first")

    assert b"".join(piece[44:] for piece in each) == ONE_S
    assert all(piece.startswith(b"RIFF") for piece in each)
    assert [piece.startswith(b"RIFF") for piece in first] == [True, False, False, False]
    assert first[0][44:] + b"".join(first[1:]) == ONE_S
    assert int.from_bytes(first[0][40:44], "little") == len(ONE_S)


def test_a_burst_comes_at_once() -> None:
    assert {offset for offset, _ in events(pace="burst")} == {0.0}


def test_rate_and_channels_are_those_of_the_options() -> None:
    (event,) = [
        event for _, event in audio_events(ONE_S, SimVoiceOptions(piece_ms=2_000, rate_hz=16_000, channels=2))
    ]
    raw = base64.b64decode(event["data"])  # type: ignore[arg-type]

    assert raw[44:] == audioop.tostereo(audioop.ratecv(ONE_S, 2, 1, 24_000, 16_000, None)[0], 2, 1, 1)
    assert raw[22:28] == b"\x02\x00" + (16_000).to_bytes(4, "little")
    assert event["sample_rate"] == 16_000


def test_a_header_may_lie() -> None:
    piece = raws(lying_header=True)[0]

    assert int.from_bytes(piece[40:44], "little") == 10 * (len(piece) - 44)


def test_base64_has_other_forms() -> None:
    assert events(encoding="data-uri")[0][1]["data"].startswith("data:audio/wav;base64,UklGR")
    safe = events(encoding="url-safe", header="none")[-1][1]["data"]
    assert not set(safe) & set("+/=")


@pytest.mark.parametrize(
    ("raw", "pcm"),
    [
        (ONE_S, ONE_S),
        (ONE_S + b"\0", ONE_S),
        (wav(ONE_S, 24_000, 1), ONE_S),
        (wav_of(ONE_S, rate_hz=16_000), audioop.ratecv(ONE_S, 2, 1, 16_000, 24_000, None)[0]),
    ],
)
def test_appended_sound_is_pcm_or_a_wav_file(raw: bytes, pcm: bytes) -> None:
    assert appended(base64.b64encode(raw).decode(), "any") == (pcm, len(raw))


@pytest.mark.parametrize(
    ("text", "upload"),
    [
        (None, "any"),
        ("", "any"),
        ("no base64!", "any"),
        (base64.b64encode(b"RIFF").decode(), "any"),
        (base64.b64encode(wav(ONE_S, 24_000, 2)).decode(), "any"),
        (base64.b64encode(ONE_S).decode(), "wav"),
        (base64.b64encode(wav(ONE_S, 24_000, 1)).decode(), "pcm"),
    ],
)
def test_other_sound_is_refused(text: object, upload: str) -> None:
    with pytest.raises(SoundRefused):
        appended(text, upload)


def test_seconds_are_those_of_24_khz() -> None:
    assert seconds_in(ONE_S) == 1.0
