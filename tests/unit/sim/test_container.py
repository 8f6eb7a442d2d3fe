from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.container import ContainerError, Recording, sniff
from tests.unit.sim.caller import wav, webm


def test_a_wav_is_known_with_its_length() -> None:
    raw = wav(1.5)

    assert sniff(raw) == Recording("WAV", len(raw), 1.5)


def test_a_wav_with_the_extensible_header_is_taken() -> None:
    assert sniff(wav(0.5, code=0xFFFE)).seconds == 0.5


def test_a_wav_whose_writer_never_learned_its_length_is_as_long_as_its_bytes() -> None:
    raw = wav(0.5)
    streamed = raw[:40] + struct.pack("<I", 0xFFFF_FFFF) + raw[44:]

    assert sniff(streamed).seconds == 0.5


def test_chunks_before_the_sound_are_passed_over_with_their_padding_byte() -> None:
    raw = wav(0.5)
    with_note = raw[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + raw[12:]

    assert sniff(with_note).seconds == 0.5


def test_a_webm_is_known_without_its_length() -> None:
    assert sniff(webm()) == Recording("WebM", len(webm()), None)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "neither WAV nor WebM"),
        (b"OggS" + bytes(100), "neither WAV nor WebM"),
        (b"\x1a\x45\xdf\xa3matroska" + bytes(100), "neither WAV nor WebM"),
        (b"RIFF\0\0\0\0AVI " + bytes(100), "neither WAV nor WebM"),
        (wav()[:12], "cut short"),
        (wav()[:25], "cut short"),
        (wav()[:40], "cut short"),
        (wav()[:12] + wav()[36:], "cut short"),
        (wav(channels=2), r"has 2 channel\(s\) of 16 bit at 16000 Hz"),
        (wav(rate_hz=44_100), r"has 1 channel\(s\) of 16 bit at 44100 Hz"),
        (wav(bits=8), "of 8 bit"),
        (wav(code=3), r"\(format 3\)"),
    ],
)
def test_what_the_documents_do_not_allow_is_told(raw: bytes, why: str) -> None:
    with pytest.raises(ContainerError, match=why):
        sniff(raw)


@given(raw=st.binary(), head=st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", wav()[:36], b"\x1a\x45\xdf\xa3"]))
@settings(deadline=None)
def test_any_bytes_are_a_recording_or_a_container_error(raw: bytes, head: bytes) -> None:
    with suppress(ContainerError):
        assert sniff(head + raw).size_bytes == len(head + raw)
