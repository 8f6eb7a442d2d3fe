from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar.events import AudioPiece
from ravatard.cloud.avatar.sound import PiecedSound, sound_of
from ravatard.core.voice.rate import To48k
from ravatard.errors import MediaError
from tests.examples import examples
from tests.growth import assert_linear, repeated
from tests.unit.devices.wav_files import CODINGS, chunk, fmt, riff, s16, stored, tone

TONE = s16(tone(333, 24_000, 0.5))


def in_48k(pcm: bytes, rate_hz: int = 24_000) -> bytes:
    rate = To48k(rate_hz)
    return rate.convert(pcm) + rate.flush()


def heard(pieces: Iterable[bytes], rate_hz: int | None = None) -> bytes:
    sound = PiecedSound()
    return b"".join(made for piece in pieces for made in sound.feed(piece, rate_hz)) + sound.flush()


def slices(pcm: bytes, size: int) -> list[bytes]:
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


def wav(pcm: bytes, length: int | None = None) -> bytes:
    return riff(fmt(rate_hz=24_000), chunk(b"data", pcm, length), length=length)


@pytest.mark.parametrize("length", [None, 0, 0xFFFFFFFF, 2_000_000_000])
@pytest.mark.parametrize("size", [480, 4_800, 9_600])
def test_a_header_in_each_event_in_the_first_or_in_none_makes_the_same_voice(
    size: int, length: int | None
) -> None:
    parts = slices(TONE, size)

    assert heard([wav(part, length) for part in parts]) == in_48k(TONE)
    assert heard([wav(parts[0], length), *parts[1:]]) == in_48k(TONE)
    assert heard(parts) == in_48k(TONE)


def test_a_first_header_may_speak_of_the_whole_answer() -> None:
    whole = wav(TONE) + chunk(b"LIST", b"INFO" + bytes(20))

    assert heard(slices(whole, 5_000)) == in_48k(TONE)


@settings(deadline=None, max_examples=examples(100))
@given(st.lists(st.integers(0, 1_500), max_size=10), st.booleans(), st.booleans())
def test_a_run_of_pieces_cut_anywhere_is_the_voice_of_the_whole(
    cuts: list[int], header: bool, stated: bool
) -> None:
    pcm = TONE[:1_400]
    whole = wav(pcm, None if stated else 0) if header else pcm
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    assert heard(whole[a:b] for a, b in pairwise(edges)) == in_48k(pcm)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000])
def test_every_usual_rate_is_heard_at_its_pitch(rate_hz: int) -> None:
    pcm = s16(tone(440, rate_hz))
    spectrum = np.abs(np.fft.rfft(np.frombuffer(heard(slices(pcm, 999), rate_hz), "<i2")))

    assert abs(int(spectrum.argmax()) * 2 - 440) <= 4


def test_a_header_overrules_the_stated_rate_also_for_the_bare_pieces_behind_it() -> None:
    parts = slices(TONE, 4_800)

    assert heard([wav(parts[0]), *parts[1:]], rate_hz=8_000) == in_48k(TONE)


@pytest.mark.parametrize("rate_hz", [None, 0, 7, 10_000_000])
def test_bare_pieces_without_a_usable_rate_are_24_khz(rate_hz: int | None) -> None:
    assert heard([TONE], rate_hz) == in_48k(TONE)


@pytest.mark.parametrize("coding", ["u8", "s16", "s24", "s32", "f32", "f64"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_coding_and_stereo_are_heard(coding: str, channels: int) -> None:
    samples = tone(333, 24_000)
    body = stored(np.repeat(samples, channels), coding)
    files = [
        riff(fmt(coding, channels, 24_000), chunk(b"data", part))
        for part in slices(body, 1_000 * channels * CODINGS[coding][1] // 8)
    ]

    found = np.frombuffer(heard(files), "<i2") / 32768
    wanted = np.frombuffer(in_48k(s16(samples)), "<i2") / 32768

    assert len(found) == len(wanted)
    assert np.corrcoef(found, wanted)[0, 1] > 0.999


def test_a_length_that_is_too_small_is_a_lie() -> None:
    assert heard([wav(TONE, 100)]) == in_48k(TONE)


def test_other_chunks_around_the_sound_are_not_played() -> None:
    one = riff(
        chunk(b"LIST", b"x" * 31), fmt(rate_hz=24_000), chunk(b"data", TONE), chunk(b"id3 ", b"y" * 300)
    )

    assert heard([one, one]) == in_48k(TONE + TONE)


def test_files_in_a_row_in_one_event_are_heard_whole() -> None:
    assert heard([wav(TONE) + wav(TONE)]) == in_48k(TONE + TONE)


def test_sound_is_handed_on_a_second_at_a_time() -> None:
    sound = PiecedSound()

    sizes = [len(made) for made in sound.feed(bytes(480_000))]

    assert len(sizes) == 10
    assert max(sizes) <= 96_100


@pytest.mark.parametrize(
    "data",
    [
        *(b"ID3\x04" + bytes(50), b"OggS" + bytes(50), b"fLaC" + bytes(50), b"\x1a\x45\xdf\xa3" + bytes(50)),
        riff(fmt(channels=33), chunk(b"data", bytes(9))),
        riff(chunk(b"data", bytes(9))),
        riff(chunk(b"fmt ", b"\x55\0" + bytes(14)), chunk(b"data", bytes(9))),
        wav(b"\0\0") * 17,
        riff(*[chunk(b"JUNK", b"")] * 9_000),
    ],
)
def test_what_cannot_be_played_is_refused_and_the_next_piece_is_heard(data: bytes) -> None:
    sound = PiecedSound()
    with pytest.raises(MediaError):
        list(sound.feed(data))

    assert b"".join(sound.feed(wav(TONE))) != b""


def test_a_piece_comes_as_base64_in_any_spelling() -> None:
    sound = PiecedSound()
    text = base64.urlsafe_b64encode(wav(TONE)).decode().rstrip("=")

    made = b"".join(sound.take(AudioPiece(f"data:audio/wav;base64,{text}", 0.5, 24_000)))

    assert made + sound.flush() == in_48k(TONE)
    with pytest.raises(MediaError, match="base64"):
        list(sound.take(AudioPiece("no base64!")))


def test_after_its_end_a_new_answer_begins() -> None:
    sound = PiecedSound()
    list(sound.feed(riff(fmt(rate_hz=8_000), chunk(b"data", bytes(99)))))
    sound.flush()

    assert b"".join(sound.feed(TONE)) + sound.flush() == in_48k(TONE)


@settings(deadline=None, max_examples=examples(300))
@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from([wav(b"\1\0" * 9), wav(b"", 0)[:20], fmt(), b"RIFF", b"WAVE", b"data", bytes(3)]),
        max_size=6,
    )
)
def test_no_run_of_pieces_raises_anything_but_our_error(pieces: list[bytes]) -> None:
    sound = PiecedSound()
    for piece in pieces:
        try:
            made = b"".join(sound.feed(piece))
        except MediaError:
            continue
        assert len(made) % 2 == 0
    sound.flush()


@pytest.mark.parametrize(
    "piece",
    [
        *("RIFF", "RIFF0000WAVE", "\0", "data\0\0\0\0", "x"),
        wav(b"\1\0").decode("latin-1"),
        riff(fmt(rate_hz=24_000)).decode("latin-1"),
    ],
)
@pytest.mark.parametrize("begin", ["", wav(b"", 0).decode("latin-1"), "RIFF0000WAVE"])
def test_hostile_sound_takes_linear_time(begin: str, piece: str) -> None:
    def fed(text: str) -> None:
        with suppress(MediaError):
            for _ in PiecedSound().feed(text.encode("latin-1")):
                pass

    assert_linear(fed, repeated(piece, begin=begin))


@pytest.mark.parametrize("odd", ["*", "!", "\u00fc", "\x00", "."])
@pytest.mark.parametrize("at", [0, 101, 5_000, 30_000])
def test_an_odd_character_in_base64_costs_three_bytes_at_most(odd: str, at: int) -> None:
    digits = base64.b64encode(TONE).decode()

    replaced = sound_of(AudioPiece(digits[:at] + odd + digits[at + 1 :]))
    added = sound_of(AudioPiece(digits[:at] + odd + digits[at:]))

    assert len(replaced) == len(TONE)
    assert sum(one != other for one, other in zip(replaced, TONE, strict=True)) <= 3
    assert added == TONE


@pytest.mark.parametrize("length", [1, 2, 3, 100])
def test_base64_of_several_parts_is_their_bytes(length: int) -> None:
    one = base64.b64encode(b"x" * length).decode()

    assert sound_of(AudioPiece(one * 3)) == b"x" * 3 * length


@pytest.mark.parametrize("data", ["no base64 at all!?", "***", "{'error': 'no voice'}", "\u00fc\u00fc"])
def test_what_is_no_base64_is_no_sound(data: str) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        sound_of(AudioPiece(data))


@pytest.mark.parametrize(
    "text",
    [
        '{"error": "the voice is not available"}',
        "<!doctype html>\r\n<html><body>502 Bad Gateway</body></html>",
        "Der Dienst ist \u00fcberlastet, bitte warten Sie.",
        "\u670d\u52a1\u5668\u9519\u8bef\uff0c\u8bf7\u7a0d\u540e\u518d\u8bd5\u3002",
    ],
)
@pytest.mark.parametrize("before", [b"", TONE, wav(TONE)], ids=["first", "behind samples", "behind a file"])
def test_text_in_the_place_of_samples_is_not_played(text: str, before: bytes) -> None:
    sound = PiecedSound()
    for _ in sound.feed(before):
        pass

    with pytest.raises(MediaError, match="text"):
        list(sound.feed(text.encode()))
    assert b"".join(sound.feed(TONE))


@pytest.mark.parametrize(("rate_hz", "channels"), [(0, 1), (4_000_000_000, 1), (24_000, 0), (0, 0)])
@pytest.mark.parametrize("stated_hz", [None, 16_000, 24_000])
def test_a_header_that_cannot_be_is_read_with_the_rate_of_the_event(
    rate_hz: int, channels: int, stated_hz: int | None
) -> None:
    file = riff(fmt(rate_hz=rate_hz, channels=channels), chunk(b"data", TONE))
    known_hz = rate_hz if rate_hz == 24_000 else stated_hz or 24_000

    assert heard([file], stated_hz) == in_48k(TONE, known_hz)
