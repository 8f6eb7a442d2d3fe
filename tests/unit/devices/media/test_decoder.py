from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
from ravatard.errors import MediaError
from ravatard.ports.media import Decoder
from tests.assertions import assert_no_complaint
from tests.unit.devices.wav_files import chunk, fmt, heard, riff, s16, tone
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
        (b"OggS" + bytes(50), "audio/ogg", r"needs PyAV: `pip install ravatard\[media\]`"),
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
