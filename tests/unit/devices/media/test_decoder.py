from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
from ravatard.errors import MediaError
from ravatard.installation import adding
from ravatard.ports.media import Decoder
from tests.assertions import assert_no_complaint
from tests.unit.devices.wav_files import chunk, fmt, heard, riff, s16, stored, tone
from tests.virtual_time import run

ONE_SECOND = tone(440, 24_000, 1.0)
FILE = riff(fmt(rate_hz=24_000), chunk(b"data", s16(ONE_SECOND)))


def decoder(limits: DecodingLimits | None = None) -> MediaDecoder:
    """One without a decoder library, and without a program it could start."""
    # For the type checker: it is what stages ask for.
    _: Callable[..., Decoder] = MediaDecoder
    return MediaDecoder(limits or DecodingLimits(), {}, command=["/nowhere/decoder"], installed=lambda: False)


async def arriving(pieces: Sequence[bytes], pause_s: float = 0.0) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        await asyncio.sleep(pause_s)
        yield piece


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


async def all_of(made: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([pcm async for pcm in made])


async def into(played: list[bytes], made: AsyncGenerator[bytes, None]) -> None:
    async for pcm in made:
        played.append(pcm)


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 44, 1_000, 1 << 20])
async def test_a_wav_file_becomes_48_khz_mono_however_it_arrives(size: int) -> None:
    pcm = await all_of(decoder().pcm(arriving(cut(FILE, size)), "application/octet-stream"))

    assert len(pcm) == 48_000 * 2
    assert np.max(np.abs(heard(pcm) - tone(440, 48_000, 1.0))[100:-100]) < 0.001


async def test_sound_is_had_while_the_file_still_comes_in() -> None:
    loop = asyncio.get_running_loop()
    pieces = cut(FILE, 4_800)

    times = [loop.time() async for _ in decoder().pcm(arriving(pieces, pause_s=1.0))]

    assert times[0] == 1.0
    assert len(pieces) == 11


async def test_an_answer_in_one_piece_does_not_keep_the_rest_waiting() -> None:
    turns = 0

    async def rest() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with asyncio.TaskGroup() as group:
        task = group.create_task(rest())
        await all_of(decoder().pcm(arriving([FILE])))
        task.cancel()

    assert turns >= 10


@pytest.mark.parametrize(
    ("content", "content_type", "told"),
    [
        (b"", "audio/wav", "the answer's file is empty"),
        (b"<!DOCTYPE html><html>", "text/html", "the answer's sound cannot be decoded: it is text/html"),
        (b'{"error": "gone"}', "application/json", "decoded: it is application/json"),
        (b"OggS" + bytes(50), "audio/ogg", re.escape(f"needs PyAV: {adding('media')}")),
        (b"OggS", "", "needs PyAV"),
        (riff(chunk(b"LIST", bytes(200_000))), "", "does not say what its samples are"),
        (riff(fmt()), "", "ends before its data"),
        (riff(fmt(), chunk(b"data", b"")), "", "without a single sample"),
        (riff(chunk(b"data", bytes(9))), "", "data come before their format"),
        (riff(chunk(b"fmt ", b"\x02\0\1\0" + bytes(12)), chunk(b"data", bytes(9))), "", "needs PyAV"),
    ],
)
async def test_what_cannot_be_decoded_is_a_sentence(content: bytes, content_type: str, told: str) -> None:
    with pytest.raises(MediaError, match=told):
        await all_of(decoder().pcm(arriving(cut(content, 30_000)), content_type))


@pytest.mark.parametrize("size", [1, 30_000])
@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/json", "image/png", ""])
@pytest.mark.parametrize(
    "head",
    [
        b"ID3\4\0\0\0\0\0#TSSE\0\0\0",
        b"\xff\xfb\x90d\0\0\0\0",
        b"\xff\xf1\x50\x80\x2f\xff\xfc",
        b"\xff\xfe\x90\x04\x41\x42\x43\x44",
        b"OggS\0\2\0\0\0\0\0\0\0\0",
        b"fLaC\0\0\0\x22",
        b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1",
        b"\0\0\0\x20ftypM4A \0\0\2\0",
        b"FORM\0\0\x10\0AIFFCOMM",
        b"<\x01\x02 like no markup",
        b"   \0\0\0",
    ],
)
async def test_sound_goes_to_the_decoder_whatever_it_is_called(
    head: bytes, content_type: str, size: int
) -> None:
    with pytest.raises(MediaError, match="needs PyAV"):
        await all_of(decoder().pcm(arriving(cut(head + bytes(range(256)) * 4, size)), content_type))


@pytest.mark.parametrize("size", [1, 30_000])
@pytest.mark.parametrize("content_type", ["text/html", "application/problem+json", "audio/mpeg", ""])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><html><body>504 Gateway Time-out", "a web page"),
        (b"\xef\xbb\xbf\r\n  <?xml version='1.0'?><Error><Code>AccessDenied", "a web page"),
        ("<html><title>Gel\xf6scht".encode("latin-1"), "a web page"),
        ("<html><body>not found</body>".encode("utf-16"), "a web page"),
        (b'{"error": "gone"}', "JSON"),
        (b'\n[{"error": 1}]', "JSON"),
        (b"The specified key does not exist.", "text"),
        (b"#EXTM3U\nhttp://elsewhere.example/1.mp3\n", "text"),
        ("r\xe9essayez".encode() * 300, "text"),
    ],
)
async def test_text_is_refused_with_its_name(content: bytes, kind: str, content_type: str, size: int) -> None:
    named = kind if not content_type.startswith(("text", "application")) else content_type
    with pytest.raises(MediaError, match=f"cannot be decoded: it is {re.escape(named)}"):
        await all_of(decoder().pcm(arriving(cut(content, size)), content_type))


@pytest.mark.slow
@pytest.mark.parametrize("size", [7, 1 << 20])
async def test_wav_files_in_a_row_are_heard_whole(size: int) -> None:
    """Sentences joined by a service, each a file of its own, in different formats."""
    rows = [(24_000, "s16"), (24_000, "s16"), (48_000, "f32"), (8_000, "u8")]
    content = b"".join(
        riff(fmt(coding, 1, rate_hz), chunk(b"data", stored(tone(440, rate_hz, 0.25), coding)))
        for rate_hz, coding in rows
    )

    pcm = await all_of(decoder().pcm(arriving(cut(content, size)), "audio/wav"))

    assert len(pcm) / 96_000 == pytest.approx(1.0, abs=0.002)
    for quarter in range(4):
        part = heard(pcm)[quarter * 12_000 + 500 : (quarter + 1) * 12_000 - 500]
        assert np.sqrt(np.mean(part**2)) == pytest.approx(0.354, abs=0.02)


async def test_a_decoder_that_cannot_be_started_is_a_sentence() -> None:
    broken = MediaDecoder(DecodingLimits(), {}, command=["/nowhere/decoder"], installed=lambda: True)

    await broken.prepare()

    with pytest.raises(MediaError, match="cannot be started: No such file"):
        await all_of(broken.pcm(arriving([b"OggS" + bytes(50)])))


async def test_a_file_that_breaks_off_is_played_until_there() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield FILE[: 44 + 24_000]
        raise MediaError("https://cdn.example broke off")

    made: list[bytes] = []
    with pytest.raises(MediaError, match="broke off"):
        await into(made, decoder().pcm(broken()))

    assert len(b"".join(made)) == pytest.approx(48_000, abs=40)


async def test_a_file_that_is_too_large_is_given_up() -> None:
    with pytest.raises(MediaError, match="larger than 1 MB"):
        await all_of(decoder(DecodingLimits(largest_bytes=1 << 20)).pcm(arriving([FILE] * 30)))


async def test_an_answer_as_long_as_is_allowed_is_played_whole() -> None:
    pcm = await all_of(decoder(DecodingLimits(longest_s=1.0)).pcm(arriving([FILE])))

    assert len(pcm) == 96_000


async def test_an_answer_that_is_too_long_is_cut_there() -> None:
    made: list[bytes] = []
    with pytest.raises(MediaError, match=r"lasts longer than 0\.25 s; cut there"):
        await into(made, decoder(DecodingLimits(longest_s=0.25)).pcm(arriving([FILE])))

    assert len(b"".join(made)) == 24_000


async def test_closing_early_also_closes_what_it_read_from() -> None:
    closed = False

    async def watched() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            for piece in cut(FILE, 1_000):
                yield piece
        finally:
            closed = True

    pieces = watched()
    async with aclosing(pieces), aclosing(decoder().pcm(pieces)) as made:
        await anext(made)

    assert closed


async def test_without_the_library_nothing_is_made_ready() -> None:
    one = decoder()

    with assert_no_complaint():
        await one.prepare()
        await one.close()
        await one.close()


def test_the_time_of_the_processor_grows_with_the_sound_that_is_allowed() -> None:
    assert (DecodingLimits(longest_s=10).cpu_s, DecodingLimits(longest_s=600).cpu_s) == (17, 135)


@given(st.binary(max_size=400), st.integers(1, 60), st.booleans())
def test_whatever_comes_is_sound_or_a_sentence(content: bytes, size: int, wav: bool) -> None:
    async def decode() -> None:
        whole = riff(fmt(channels=2), chunk(b"data", content)) if wav else content
        try:
            pcm = await all_of(decoder().pcm(arriving(cut(whole, size))))
        except MediaError:
            return
        assert len(pcm) % 2 == 0

    run(decode())
