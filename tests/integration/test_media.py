"""Answers in every container, through the real decoding process; and what must not bring it or us down."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import struct
import sys
import textwrap
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from ravatard.devices.media.child import MediaChild, worker_command, worker_environ
from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
from ravatard.errors import MediaError
from tests.assertions import assert_raises_only
from tests.integration.media_files import KINDS, encoded, likeness, silence_as_flac, wav

pytestmark = pytest.mark.integration

SECONDS = 3.0


async def arriving(content: bytes, size: int = 4_096, pause_s: float = 0.0) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(content), size):
        await asyncio.sleep(pause_s)
        yield content[at : at + size]


async def heard(content: bytes, limits: DecodingLimits | None = None, *, size: int = 4_096) -> bytes:
    decoder = MediaDecoder(limits or DecodingLimits(), os.environ)
    async with asyncio.timeout(60):
        return b"".join([pcm async for pcm in decoder.pcm(arriving(content, size))])


def worker_that(does: str) -> list[str]:
    """A decoding process with other manners."""
    return [sys.executable, "-c", textwrap.dedent(does)]


async def into(made: list[bytes], sound: AsyncGenerator[bytes, None]) -> None:
    async for pcm in sound:
        made.append(pcm)


def about(pid: int, what: str) -> str:
    try:
        return Path("/proc", str(pid), what).read_text()
    except OSError:
        return ""


def is_gone(pid: int) -> bool:
    """Whether it has ended; nobody may have asked how yet."""
    return about(pid, "stat").rpartition(")")[2].split()[:1] in ([], ["Z"], ["X"])


async def gone(pid: int, limit_s: float = 5.0) -> bool:
    until = time.monotonic() + limit_s
    while not is_gone(pid) and time.monotonic() < until:  # noqa: ASYNC110 - another process' end is no event here
        await asyncio.sleep(0.02)
    return is_gone(pid)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_container_sounds_as_it_should(kind: str) -> None:
    pcm = await heard(encoded(kind, SECONDS))

    assert len(pcm) / 96_000 == pytest.approx(SECONDS, abs=0.1)
    assert likeness(pcm, SECONDS) > 0.98


@pytest.mark.parametrize("kind", ["mp3", "m4a", "webm", "ogg-flac", "flac"])
async def test_channels_that_cancel_are_heard(kind: str) -> None:
    pcm = await heard(encoded(kind, SECONDS, opposed=True))

    assert len(pcm) / 96_000 == pytest.approx(SECONDS, abs=0.1)
    assert likeness(pcm, SECONDS) > 0.98


@pytest.mark.parametrize("kind", ["m4a", "m4a-faststart", "m4a-fragmented"])
async def test_of_a_film_only_the_sound_is_taken(kind: str) -> None:
    pcm = await heard(encoded(kind, SECONDS, film=True))

    assert likeness(pcm, SECONDS) > 0.98


async def test_a_file_may_change_its_rate_on_the_way() -> None:
    low, high = encoded("mp3", 1.0), encoded("mp3-44100", 1.0)

    pcm = await heard(low + high)

    assert len(pcm) / 96_000 == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("kind", KINDS)
async def test_files_in_a_row_are_heard_to_the_end_of_the_last(kind: str) -> None:
    pcm = await heard(encoded(kind, 1.0) * 3)

    assert len(pcm) / 96_000 == pytest.approx(3.0, abs=0.25)


async def test_a_damaged_file_behind_a_good_one_costs_only_itself() -> None:
    good, cut = encoded("m4a-faststart", 1.0), encoded("m4a", 1.0)

    assert likeness(await heard(good + cut[:40] + bytes(len(cut))), 1.0) > 0.98


async def test_a_title_in_a_broken_encoding_is_no_reason_to_be_silent() -> None:
    title = b"\x03\xff\xfe\x80\xc3"
    frame = b"TIT2" + struct.pack(">IH", len(title), 0) + title
    tag = b"ID3\x03\0\0" + struct.pack(">I", len(frame)) + frame

    assert likeness(await heard(tag + encoded("mp3", 1.0)), 1.0) > 0.98


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
async def test_the_sound_is_the_same_however_the_file_arrives(size: int) -> None:
    content = encoded("mp3", 1.0)

    assert await heard(content, size=size) == await heard(content)


@pytest.mark.parametrize("kind", ["mp3", "m4a-faststart", "m4a-fragmented", "webm", "ogg-opus"])
async def test_sound_is_had_while_the_file_still_comes_in(kind: str) -> None:
    content = encoded(kind, 20.0, film=kind == "m4a-faststart")
    given = 0

    async def slowly() -> AsyncGenerator[bytes, None]:
        nonlocal given
        async for piece in arriving(content, 2_048, 0.02):
            given += len(piece)
            yield piece

    async with aclosing(MediaDecoder(DecodingLimits(), os.environ).pcm(slowly())) as made:
        await anext(made)

    assert given < len(content) / 2


async def test_sound_is_had_although_the_download_stalls() -> None:
    content = encoded("mp3", 20.0)

    async def stalling() -> AsyncGenerator[bytes, None]:
        yield content[:20_000]
        await asyncio.sleep(3_600)

    async with (
        asyncio.timeout(10),
        aclosing(MediaDecoder(DecodingLimits(stall_s=0.2), os.environ).pcm(stalling())) as made,
    ):
        for _ in range(3):
            assert await anext(made)


async def test_whoever_plays_slowly_slows_down_decoder_and_download() -> None:
    content = encoded("flac", 60.0)
    given = 0

    async def counted() -> AsyncGenerator[bytes, None]:
        nonlocal given
        async for piece in arriving(content, 1 << 16):
            given += len(piece)
            yield piece

    async with aclosing(MediaDecoder(DecodingLimits(), os.environ).pcm(counted())) as made:
        await anext(made)
        await asyncio.sleep(1.0)
        waiting = given

    assert waiting < len(content)


async def test_a_process_made_ready_is_used_and_another_is_started_for_the_next_answer() -> None:
    decoder = MediaDecoder(DecodingLimits(), os.environ, eager=True)
    await decoder.prepare()
    await decoder.prepare()
    content = encoded("webm", 1.0)

    first = b"".join([pcm async for pcm in decoder.pcm(arriving(content))])
    second = b"".join([pcm async for pcm in decoder.pcm(arriving(content))])
    await decoder.close()

    assert first == second
    assert likeness(first, 1.0) > 0.98


async def test_nothing_is_made_ready_before_an_answer_has_needed_it() -> None:
    decoder = MediaDecoder(DecodingLimits(), os.environ)

    await decoder.prepare()

    assert decoder._warm is None


async def test_a_process_made_ready_that_died_meanwhile_is_replaced() -> None:
    decoder = MediaDecoder(DecodingLimits(), os.environ, eager=True)
    await decoder.prepare()
    assert decoder._warm is not None
    os.kill(decoder._warm.pid, signal.SIGKILL)
    assert await gone(decoder._warm.pid)

    pcm = b"".join([pcm async for pcm in decoder.pcm(arriving(encoded("mp3", 1.0)))])

    assert likeness(pcm, 1.0) > 0.98


def wav_of_coding(number: int) -> bytes:
    """A WAV file whose samples are of a coding that no library knows."""
    form = struct.pack("<HHIIHH", number, 1, 16_000, 32_000, 2, 16)
    body = (
        b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", 3_200) + bytes(3_200)
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (random.Random(1).randbytes(50_000), "cannot be decoded"),
        (b"\0" * 50_000, "cannot be decoded"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "cannot be"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "cannot be decoded"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 9 RTP/AVP 0\r\n" * 9, "cannot be decoded"),
        (b"x", "cannot be decoded"),
        (wav_of_coding(0x4711), "its coding is not known"),
    ],
)
async def test_what_is_no_sound_is_a_sentence(content: bytes, told: str) -> None:
    with pytest.raises(MediaError, match=told) as caught:
        await heard(content)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_that_is_cut_off_is_played_as_far_as_it_goes_or_is_a_sentence(kind: str) -> None:
    content = encoded(kind, SECONDS)

    for share in (0.02, 0.3, 0.9):
        with suppress(MediaError):
            pcm = await heard(content[: int(len(content) * share)])
            assert len(pcm) < SECONDS * 96_000 * 1.01


@pytest.mark.parametrize("kind", KINDS)
async def test_a_damaged_file_is_sound_or_a_sentence(kind: str) -> None:
    chance = random.Random(kind)
    content = encoded(kind, SECONDS)

    for _ in range(4):
        damaged = bytearray(content)
        for _ in range(40):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with assert_raises_only(MediaError):
            await heard(bytes(damaged), DecodingLimits(longest_s=20))


async def test_a_small_file_of_endless_sound_is_cut_and_costs_no_memory() -> None:
    # An hour of silence: FLAC packs a second of it into some hundred bytes.
    bomb = silence_as_flac(3_600.0)
    made: list[bytes] = []

    with pytest.raises(MediaError, match="longer than 30 s; cut there"):
        await into(made, MediaDecoder(DecodingLimits(longest_s=30), os.environ).pcm(arriving(bomb)))

    assert len(bomb) < 1 << 20
    assert len(b"".join(made)) == 30 * 96_000


async def test_a_file_that_claims_to_need_all_memory_is_a_sentence() -> None:
    # A film whose index claims two billion entries.
    entries = struct.pack(">I4sII", 16, b"stsz", 0, 0) + struct.pack(">I", 0x7FFFFFFF)
    content = bytearray(encoded("m4a-faststart", 1.0, film=True))
    at = content.index(b"stsz")
    content[at + 12 : at + 16] = entries[-4:]

    with assert_raises_only(MediaError):
        await heard(bytes(content), DecodingLimits(longest_s=20))


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("import os; os.read(0, 9); os.kill(os.getpid(), 11)", "crashed with signal 11"),
        ("import os; os.read(0, 9); os.kill(os.getpid(), 24)", "takes the decoder too long"),
        ("import os; os.read(0, 9)", "ended without a sound"),
        ("import sys; sys.exit(3)", "ended with status 3"),
        ("import os; os.write(2, b'no such thing'); os._exit(1)", "^no such thing$"),
        ("import time; time.sleep(60)", r"did nothing for 0\.5 s"),
        ("import sys, time; sys.stdin.buffer.read(); time.sleep(60)", r"did nothing for 0\.5 s"),
    ],
)
async def test_a_decoder_that_dies_or_hangs_is_a_sentence(does: str, told: str) -> None:
    decoder = MediaDecoder(DecodingLimits(stall_s=0.5), os.environ, command=worker_that(does))

    with pytest.raises(MediaError, match=told):
        await into([], decoder.pcm(arriving(bytes(200_000))))


async def test_why_the_download_broke_off_is_told_after_what_was_heard_of_it() -> None:
    content = encoded("mp3", SECONDS)

    async def broken() -> AsyncGenerator[bytes, None]:
        yield content[: len(content) // 2]
        raise MediaError("https://cdn.example broke off")

    made: list[bytes] = []
    with pytest.raises(MediaError, match=r"https://cdn\.example broke off"):
        await into(made, MediaDecoder(DecodingLimits(), os.environ).pcm(broken()))

    assert len(b"".join(made)) > 96_000


@pytest.mark.parametrize("how", ["closed", "cancelled", "left with an error"])
async def test_however_it_is_left_the_process_ends(how: str) -> None:
    decoder = MediaDecoder(DecodingLimits(), os.environ, eager=True)
    await decoder.prepare()
    assert decoder._warm is not None
    pid = decoder._warm.pid
    begun = asyncio.Event()

    async def play() -> None:
        async with aclosing(decoder.pcm(arriving(encoded("mp3", 60.0), 512, 0.001))) as made:
            async for _ in made:
                begun.set()
                if how == "closed":
                    break
                if how == "left with an error":
                    raise ConnectionError

    with suppress(ConnectionError):
        if how != "cancelled":
            await play()
        else:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(play())
                await begun.wait()
                task.cancel()

    assert is_gone(pid)


async def test_a_process_whose_daemon_is_gone_ends() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({worker_command(9)!r}, stdin=-1, stdout=-1)\n"
        "print(child.pid, flush=True); time.sleep(60)",
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    await asyncio.sleep(0.5)

    parent.kill()
    await parent.wait()

    assert await gone(pid)


async def test_a_decoding_process_is_confined() -> None:
    environ = {**os.environ, "RAVATARD_SERVICE__PROJECT_ID": "a-secret"}
    child = MediaChild(worker_command(7), worker_environ(environ))
    try:
        await child.write(encoded("mp3", 5.0)[:16_000])
        async with asyncio.timeout(20):
            await child.read()
        limits, status, environment = (about(child.pid, what) for what in ("limits", "status", "environ"))
    finally:
        await child.end()

    told = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert int(told["Max cpu time"]) <= 9
    assert int(told["Max address space"]) < 600 << 20
    assert (told["Max open files"], told["Max file size"]) == ("0", "0")
    assert told["Max processes"] == "0"
    assert "NoNewPrivs:\t1" in status
    assert "RAVATARD" not in environment


@pytest.mark.parametrize("kind", ["tta", "wavpack", "adpcm-yamaha"])
async def test_a_coding_that_no_service_sends_is_not_decoded(kind: str) -> None:
    with pytest.raises(MediaError, match="cannot be decoded"):
        await heard(encoded(kind, 1.0))


async def test_a_plain_wav_file_needs_no_process() -> None:
    decoder = MediaDecoder(DecodingLimits(), {}, command=["/nowhere"], installed=lambda: False)

    pcm = b"".join([pcm async for pcm in decoder.pcm(arriving(wav(SECONDS, data_bytes=0xFFFFFFFF)))])

    assert likeness(pcm, SECONDS) > 0.999
