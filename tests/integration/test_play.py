"""``ravatard play`` against a real daemon with a recording as its loudspeaker."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.aloud_rig import into_wav
from tests.integration.daemon import Config, Daemon
from tests.integration.program import Program

pytestmark = pytest.mark.integration


@asynccontextmanager
async def running(tmp_path: Path, speaker: Config | None = None) -> AsyncIterator[Daemon]:
    quiet = recordings.write(tmp_path / "quiet.wav", recordings.quiet(2.0))
    microphone: Config = {"microphone": {"wav": str(quiet), "repeat": True}}
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, speaker or into_wav(tmp_path), microphone) as daemon,
    ):
        await daemon.ready()
        yield daemon


async def _play(*words: str) -> tuple[int, str]:
    """Exit status, and all that was said."""
    async with Program("play", *words) as program:
        status = await program.ended()
        return status, program.stdout + program.stderr


def _tone(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        samples = (round(12_000 * math.sin(at / 5)) for at in range(round(16_000 * seconds)))
        file.writeframes(b"".join(struct.pack("<h", one) for one in samples))
    return path


def _loudest(path: Path) -> int:
    """The highest sample of a recording that may still be written."""
    content = path.read_bytes()[44:]
    return max((abs(one) for (one,) in struct.iter_unpack("<h", content[: len(content) // 2 * 2])), default=0)


async def test_a_file_of_the_callers_is_heard(tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"

    async with running(tmp_path) as daemon:
        said = await _play(str(_tone(tmp_path / "gong.wav", 2.0)), "--volume", "50")
        await daemon.until(lambda: heard.exists() and _loudest(heard) > 500, "the tone is heard")

    assert said == (0, "it is being played\n")


async def test_what_cannot_be_played_is_refused_and_nothing_breaks(tmp_path: Path) -> None:
    letter = tmp_path / "letter.wav"
    letter.write_text("Dear Sir or Madam" * 100)

    async with running(tmp_path) as daemon:
        for what, words in (
            (str(letter), "it cannot be played"),
            ("file:///etc/hostname", "http or https address"),
            ("http://127.0.0.1:9/a.wav", "it cannot be played"),
        ):
            status, said = await _play(what)

            assert status == 1
            assert words in said
        assert daemon.status is None


async def test_without_the_speaker_that_is_configured_nothing_is_said_to_be_played(tmp_path: Path) -> None:
    tone = str(_tone(tmp_path / "gong.wav", 20.0))

    async with running(tmp_path, {"speaker": {"device": "card:NoSuchCard"}}):
        for _ in range(2):
            status, said = await _play(tone)

            assert status == 1
            assert said.startswith("ravatard: it cannot be played: ")
            assert "NoSuchCard" in said
