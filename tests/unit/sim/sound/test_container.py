from __future__ import annotations

import struct
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.sound.container import ContainerError, Recording, opened
from tests.assertions import assert_raises_only
from tests.examples import examples
from tests.unit.sim.caller import ogg, tone, wav, webm


def test_a_wav_is_known_with_its_length() -> None:
    raw = wav(1.5)

    assert opened(raw) == Recording("WAV", len(raw), tone(1.5))
    assert opened(raw).seconds == 1.5


def test_a_wav_with_the_extensible_header_is_taken() -> None:
    assert opened(wav(0.5, code=0xFFFE)).seconds == 0.5


def test_a_wav_whose_writer_never_learned_its_length_is_as_long_as_its_bytes() -> None:
    raw = wav(0.5)
    streamed = raw[:40] + struct.pack("<I", 0xFFFF_FFFF) + raw[44:]

    assert opened(streamed).seconds == 0.5


def test_chunks_before_the_sound_are_passed_over_with_their_padding_byte() -> None:
    raw = wav(0.5)
    with_note = raw[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + raw[12:]

    assert opened(with_note).seconds == 0.5


@pytest.mark.parametrize(("raw", "kind"), [(webm(1.5), "WebM"), (ogg(1.5), "Ogg")])
def test_what_a_browser_records_is_decoded(raw: bytes, kind: str) -> None:
    recording = opened(raw)

    assert (recording.kind, recording.size_bytes) == (kind, len(raw))
    assert recording.seconds == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize(("raw", "kind"), [(webm(), "WebM"), (ogg(), "Ogg")])
def test_without_pyav_it_is_taken_unheard(monkeypatch: pytest.MonkeyPatch, raw: bytes, kind: str) -> None:
    monkeypatch.setitem(sys.modules, "av", None)

    recording = opened(raw)

    assert recording == Recording(kind, len(raw), None)
    assert recording.seconds is None


def test_a_recording_that_was_cut_off_is_what_came_of_it() -> None:
    raw = webm(2.0)

    seconds = opened(raw[: len(raw) // 2]).seconds

    assert seconds is not None
    assert 0.5 < seconds < 1.5


def test_a_recording_shows_no_sound() -> None:
    assert "pcm" not in repr(opened(wav(0.01)))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "neither WAV nor WebM nor Ogg"),
        (b"OggS\0" + bytes(100), "the Ogg recording is no use: it cannot be decoded"),
        (b"\x1a\x45\xdf\xa3webm" + bytes(100), "the WebM recording is no use: it cannot be decoded"),
        (webm()[:100], "the WebM recording is no use"),
        (ogg()[:40], "the Ogg recording is no use"),
        (b"\x1a\x45\xdf\xa3matroska" + bytes(100), "neither WAV nor WebM nor Ogg"),
        (b"RIFF\0\0\0\0AVI " + bytes(100), "neither WAV nor WebM nor Ogg"),
        (wav()[:12], "cut short"),
        (wav()[:25], "cut short"),
        (wav()[:40], "cut short"),
        (wav()[:12] + wav()[36:], "cut short"),
        (wav(channels=2), r"has 2 channel\(s\) of 16 bit at 16000 Hz"),
        (wav(rate_hz=44_100), r"has 1 channel\(s\) of 16 bit at 44100 Hz"),
        (wav(bits=8), "of 8 bit"),
        (wav(code=3), r"\(format 3\)"),
    ],
    # The recordings themselves are no names, and an Ogg one is another at every run.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_documents_do_not_allow_is_told(raw: bytes, why: str) -> None:
    with pytest.raises(ContainerError, match=why):
        opened(raw)


#: Beginnings after which any bytes are tried.
HEADS = [b"", b"RIFF\0\0\0\0WAVE", wav()[:36], b"\x1a\x45\xdf\xa3webm", b"OggS\0", webm()[:300], ogg()[:300]]

WHOLE = {"WAV": wav(0.3), "WebM": webm(0.3), "Ogg": ogg(0.3)}


@given(raw=st.binary(), head=st.sampled_from(HEADS))
@settings(deadline=None)
def test_any_bytes_are_a_recording_or_a_container_error(raw: bytes, head: bytes) -> None:
    with suppress(ContainerError):
        assert opened(head + raw).size_bytes == len(head + raw)


@given(
    place=st.integers(0, 3_999), damage=st.binary(min_size=1, max_size=64), kind=st.sampled_from(list(WHOLE))
)
@settings(deadline=None, max_examples=examples(60))
def test_a_damaged_recording_is_a_recording_or_a_container_error(
    place: int, damage: bytes, kind: str
) -> None:
    whole = WHOLE[kind]

    with assert_raises_only(ContainerError):
        opened(whole[:place] + damage + whole[place + len(damage) :])


def test_a_title_that_is_no_utf_8_costs_the_recording_at_most() -> None:
    raw = webm(0.5)

    # The muxer writes its name where a title would stand.
    with suppress(ContainerError):
        assert opened(raw.replace(b"Lavf", b"\x80\xff\x80\xff")).seconds == pytest.approx(0.5, abs=0.05)
