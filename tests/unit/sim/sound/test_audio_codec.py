from __future__ import annotations

import io
import sys

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.sound.audio_codec import (
    CONTENT_TYPES,
    AudioCodecError,
    Container,
    available,
    content_type,
    decoded,
    encoded,
)
from tests.examples import examples
from tests.unit.sim.caller import ogg, quiet, wav, wav_of, webm

COMPRESSED: list[Container] = ["mp3", "mp4", "webm", "ogg"]
DEMUXERS = {"mp3": "mp3", "mp4": "mp4", "webm": "matroska", "ogg": "ogg", "wav": "wav"}
#: How every file of the container begins, and where.
MAGIC: dict[Container, tuple[int, bytes]] = {
    "mp3": (0, b"ID3"),
    "mp4": (4, b"ftyp"),
    "webm": (0, b"\x1a\x45\xdf\xa3"),
    "ogg": (0, b"OggS"),
}


@pytest.mark.parametrize("container", COMPRESSED)
def test_what_was_encoded_is_as_long_when_it_is_decoded(container: Container) -> None:
    raw = encoded(wav(2.0), container)
    place, magic = MAGIC[container]

    assert raw[place : place + len(magic)] == magic
    # An encoder fills up its last frame, and a decoder may keep its first.
    assert len(decoded(raw, DEMUXERS[container])) / 32_000 == pytest.approx(2.0, abs=0.08)


@pytest.mark.parametrize("container", COMPRESSED)
def test_half_of_a_file_can_be_played_already(container: Container) -> None:
    raw = encoded(wav(4.0), container)

    seconds = len(decoded(raw[: len(raw) // 2], DEMUXERS[container])) / 32_000

    assert seconds == pytest.approx(2.0, abs=0.6)


def test_an_mp4_whose_index_comes_last_needs_all_of_itself() -> None:
    raw = encoded(wav(2.0), "mp4", "index-last")

    assert len(decoded(raw, "mp4")) / 32_000 == pytest.approx(2.0, abs=0.08)
    with pytest.raises(AudioCodecError):
        decoded(raw[: len(raw) // 2], "mp4")


def test_a_film_has_sound_and_a_picture() -> None:
    raw = encoded(wav(2.0), "mp4", "film")

    with av.open(io.BytesIO(raw), "r") as file:
        pictures = list(file.decode(video=0))
    assert content_type("mp4", "film") == "video/mp4"
    assert [picture.time for picture in pictures] == pytest.approx(
        [number / 5 for number in range(10)], abs=0.03
    )
    assert len(decoded(raw, "mp4")) / 32_000 == pytest.approx(2.0, abs=0.08)


@pytest.mark.parametrize("container", ["mp3", "webm", "ogg"])
def test_only_an_mp4_has_a_picture(container: Container) -> None:
    assert content_type(container, "film") == CONTENT_TYPES[container]
    with av.open(io.BytesIO(encoded(wav(0.5), container, "film")), "r") as file:
        assert not file.streams.video


def test_a_wav_stays_what_it_is() -> None:
    assert encoded(wav(0.1), "wav") == wav(0.1)


@pytest.mark.parametrize("container", COMPRESSED)
@pytest.mark.parametrize("raw", [b"", b"RIFF", b"no sound at all"])
def test_what_is_no_wav_cannot_be_encoded(container: Container, raw: bytes) -> None:
    with pytest.raises(AudioCodecError, match=f"cannot be made {container}: "):
        encoded(raw, container)


def test_every_container_has_a_type() -> None:
    assert set(CONTENT_TYPES) == {"wav", *COMPRESSED}


@pytest.mark.slow
def test_what_lasts_longer_than_ten_minutes_is_cut_there() -> None:
    raw = encoded(wav_of(quiet(602.0)), "ogg")

    assert len(decoded(raw, "ogg")) == 600 * 32_000


def test_pyav_is_here_or_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available()

    monkeypatch.setitem(sys.modules, "av", None)

    assert not available()


@given(
    raw=st.one_of(
        st.binary(max_size=400),
        st.builds(
            lambda head, rest: head + rest, st.sampled_from([webm(0.1)[:400], ogg(0.1)[:200]]), st.binary()
        ),
    ),
    demuxer=st.sampled_from(["matroska", "ogg"]),
)
@settings(deadline=None, max_examples=examples(60))
def test_any_bytes_are_sound_or_a_codec_error(raw: bytes, demuxer: str) -> None:
    try:
        pcm = decoded(raw, demuxer)
    except AudioCodecError as error:
        assert str(error).startswith("it cannot be decoded: ")  # noqa: PT017 - either is right
    else:
        assert pcm
        assert len(pcm) % 2 == 0
