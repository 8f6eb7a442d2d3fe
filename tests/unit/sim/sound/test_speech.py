"""Answers as sound: synthesized once, or recorded; never a wait without an end."""

from __future__ import annotations

import asyncio
import io
import struct
import wave
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.sound.speech import RECORDINGS, Speech, recorded, voice_of


def _wav(pcm: bytes, rate_hz: int = 16_000, channels: int = 1, sample_bytes: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(sample_bytes)
        target.setframerate(rate_hz)
        target.writeframes(pcm)
    return file.getvalue()


def test_a_recording_becomes_sound_at_the_rate_of_all_answers() -> None:
    pcm = voice_of(_wav(b"\x01\x02" * 1_600))

    assert len(pcm) / 2 == pytest.approx(4_800, abs=4)


def test_a_length_that_a_synthesizer_could_not_know_means_up_to_the_end() -> None:
    whole = _wav(b"\x01\x02" * 1_600)
    streamed = whole[:40] + struct.pack("<I", 0x7FFF_F000) + whole[44:]

    assert voice_of(streamed) == voice_of(whole)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"RIFF",
        b"data",
        b"data\x01\x00\x00\x00",
        _wav(bytes(8), channels=2),
        _wav(bytes(8), sample_bytes=1),
    ],
)
def test_what_is_no_such_file_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"WAV|16 bit"):
        voice_of(bad)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_file_does_harm(noise: bytes, at: int) -> None:
    good = _wav(bytes(64))
    for file in (noise, good[:at] + noise, good[:at] + noise + good[at + len(noise) :]):
        try:
            assert len(voice_of(file)) % 2 == 0
        except ValueError:
            continue


@pytest.mark.parametrize(("name", "text"), RECORDINGS.items())
def test_every_recording_is_there_and_is_chosen_for_its_words(name: str, text: str) -> None:
    file = resources.files("ravatard.sim") / "data" / name

    assert recorded(f"Yes. {text}") == voice_of(file.read_bytes())


def test_the_recordings_are_small() -> None:
    files = [resources.files("ravatard.sim") / "data" / name for name in RECORDINGS]

    assert sum(len(file.read_bytes()) for file in files) < 200_000


async def test_without_a_synthesizer_a_recording_is_spoken() -> None:
    text = "I heard you. How interesting!"

    assert await Speech(None).say(text) == recorded(text)


@pytest.mark.integration
async def test_a_missing_synthesizer_is_as_good_as_none() -> None:
    text = "Please go on."

    assert await Speech("no-such-synthesizer").say(text) == recorded(text)


def _script(folder: Path, text: str) -> str:
    script = folder / "synthesizer"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.integration
async def test_each_text_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "one.wav").write_bytes(_wav(b"\x10\x00" * 160))
    program = _script(tmp_path, f"cat >/dev/null; echo x >> {tmp_path}/runs; cat {tmp_path}/one.wav")
    speech = Speech(program)

    first = await speech.say("hello")
    again = await speech.say("hello")

    assert len(first) / 2 == pytest.approx(480, abs=4)
    assert again == first
    assert (tmp_path / "runs").read_text() == "x\n"


@pytest.mark.integration
@pytest.mark.parametrize("work", ["exec sleep 60", "cat >/dev/null; echo nonsense", "exit 1"])
async def test_a_synthesizer_that_fails_is_replaced_by_a_recording(tmp_path: Path, work: str) -> None:
    speech = Speech(_script(tmp_path, work), deadline_s=0.2)

    async with asyncio.timeout(5):
        assert await speech.say("hello") == recorded("hello")


@pytest.mark.integration
async def test_a_cancelled_synthesis_leaves_nothing_behind(tmp_path: Path) -> None:
    speech = Speech(_script(tmp_path, "exec sleep 60"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await speech.say("hello")
