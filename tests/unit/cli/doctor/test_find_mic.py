"""Which microphone hears speech loudest."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.cli.doctor.find_mic import Heard, as_text, listen, loudest, speech_level_db
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.doctor.bench import PlayedSound, RecordedSound
from ravatard.errors import DeviceError
from tests.unit.doctor.patient import ROOM


class Bench:
    """Every microphone takes its time; one cannot be opened."""

    async def record(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        seconds: float,
        hears: asyncio.Event | None = None,
    ) -> RecordedSound:
        if microphone.device == "busy":
            raise DeviceError("another program has it")
        assert microphone.alsa_config == "system"
        await asyncio.sleep(seconds)
        return RecordedSound(microphone.device or "", ROOM, 0.0, 1.0)

    async def library_messages(self) -> str:
        raise NotImplementedError

    async def hear(self, *_: object) -> list[tuple[bytes, bytes, float]]:
        raise NotImplementedError

    async def play(self, speaker: SpeakerOptions, pcm: bytes) -> PlayedSound:
        raise NotImplementedError


async def test_all_listen_at_the_same_time_and_one_that_fails_stops_no_other() -> None:
    loop = asyncio.get_running_loop()
    begun_at = loop.time()

    heard = await listen(Bench(), ["a", "busy", "b"], 5.0, system=True)

    assert loop.time() - begun_at == 5.0
    assert [one.name for one in heard] == ["a", "busy", "b"]
    assert heard[1].trouble == "another program has it"
    assert heard[0].speech_db is None


@pytest.mark.parametrize("pcm", [b"", bytes(64_000), ROOM], ids=["none", "zeros", "noise"])
def test_where_nobody_speaks_there_is_no_speech(pcm: bytes) -> None:
    assert speech_level_db(pcm) is None


def test_the_loudest_is_the_one_that_hears_speech_loudest() -> None:
    noisy, far, near = Heard("noisy", None, -5.0), Heard("far", -50.0, -40.0), Heard("near", -30.0, -20.0)

    assert loudest([noisy, far, near]) is near
    assert loudest([noisy]) is None
    assert loudest([]) is None


def test_the_best_is_marked_and_the_lines_to_write_are_shown() -> None:
    heard = [Heard("far", -50.0, -40.0), Heard("the near one", -30.0, -20.0), Heard("busy", trouble="taken")]

    lines = list(as_text(heard, heard[1], system=True, sign="*"))

    assert lines == [
        "",
        "  *  the near one  speech at -30 dBFS",
        "     far           speech at -50 dBFS",
        "     busy          cannot be opened: taken",
        "",
        "In the configuration:",
        "",
        "microphone:",
        '  device: "the near one"',
        "  alsa_config: system",
    ]


def test_the_only_one_is_said_to_be_that() -> None:
    heard = [Heard("one", -30.0, -20.0)]

    assert "It is the only one, and used automatically; or by name:" in list(
        as_text(heard, heard[0], system=False, sign="*")
    )


def test_nobody_who_speaks_gets_a_next_step_and_no_advice() -> None:
    lines = list(as_text([Heard("one", None, -55.0)], None, system=False, sign="*"))

    assert lines[1] == "     one  no speech, -55 dBFS at its loudest"
    assert "Go nearer" in lines[-1]
    assert not any("device:" in line for line in lines)
