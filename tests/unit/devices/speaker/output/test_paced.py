from __future__ import annotations

import os
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from ravatard.devices.process.pipes import PipeWriter
from ravatard.devices.speaker.output.paced import CommandOutput, Pace, WavOutput
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.devices.speaker.protocol import FallAsleep, Feed, Finish
from ravatard.errors import DeviceError


class EnoughError(Exception):
    """The test has seen what it wanted to see."""


class ShortPlayer(SoundPlayer):
    """A player that ends the output after some blocks."""

    blocks = 20

    def skip_silence(self, samples: int) -> bool:
        self.blocks -= 1
        if not self.blocks:
            raise EnoughError
        return super().skip_silence(samples)


@pytest.fixture
def player() -> Iterator[ShortPlayer]:
    theirs, ours = os.pipe()
    yield ShortPlayer(100, PipeWriter(ours))
    os.close(theirs)
    os.close(ours)


def test_blocks_are_due_by_the_clock_and_a_stall_is_not_made_up_for() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    pace = Pace(480, clock=lambda: now[0], sleep=sleep)
    pace.wait()
    now[0] += 0.004
    pace.wait()
    now[0] += 5
    pace.wait()
    pace.hurry()
    pace.wait()

    assert slept == [0.01, 0.006, 0.00999]


def test_a_recording_is_whole_at_every_moment_and_goes_on_after_a_restart(
    player: ShortPlayer, tmp_path: Path
) -> None:
    path = str(tmp_path / "out.wav")
    player.handle([Feed(1, b"\1\2" * 960), Finish(1)])

    with pytest.raises(EnoughError):
        WavOutput(path, 10, fresh=True).run(player)
    player.blocks = 5
    with pytest.raises(EnoughError):
        WavOutput(path, 10, fresh=False).run(player)

    with wave.open(path) as file:
        assert file.getnframes() == (19 + 4) * 480
        assert file.readframes(960) == b"\1\2" * 960


def test_of_a_long_silence_one_second_is_kept(player: ShortPlayer, tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    player.blocks = 15

    with pytest.raises(EnoughError):
        WavOutput(str(path), 100, fresh=True).run(player)

    assert path.stat().st_size == 44 + 96_000


def test_a_recording_that_cannot_be_written_is_told(player: ShortPlayer, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be written: No such file"):
        WavOutput(str(tmp_path / "none" / "out.wav"), 10, fresh=True).run(player)


@pytest.mark.parametrize("command", ["/no/such/program", "", "'"])
def test_a_program_that_cannot_be_started_is_told(player: ShortPlayer, command: str) -> None:
    with pytest.raises(DeviceError, match="cannot be started"):
        CommandOutput(command, 10).run(player)


def test_a_program_that_ends_is_told(player: ShortPlayer) -> None:
    player.blocks = 1_000
    begun = time.monotonic()

    with pytest.raises(DeviceError, match="'true' ended by itself"):
        CommandOutput("true", 10).run(player)

    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("slow_s", [0.0, 1.5, 2.5])
def test_a_program_that_is_slow_to_take_its_first_sound_plays_all_of_it(
    player: ShortPlayer, tmp_path: Path, slow_s: float
) -> None:
    heard = tmp_path / "heard.raw"
    player.handle([Feed(1, b"\1\2" * 960), Finish(1)])

    with pytest.raises(EnoughError):
        CommandOutput(f"sh -c 'sleep {slow_s:g}; exec tee {heard}'", 10, open_s=5.0).run(player)

    assert b"\1\2" * 960 in heard.read_bytes()


def test_a_program_that_takes_no_first_sound_is_told_with_the_option_that_helps(player: ShortPlayer) -> None:
    begun = time.monotonic()

    with pytest.raises(DeviceError, match=r"no sound within 1\.2 s of its start; raise speaker\.open_s"):
        CommandOutput("sleep 60", 10, open_s=1.2).run(player)

    assert 1.2 <= time.monotonic() - begun < 5


def test_a_program_that_stands_still_while_it_plays_is_a_fault_after_a_second(player: ShortPlayer) -> None:
    player.blocks = 10_000
    begun = time.monotonic()

    with pytest.raises(DeviceError, match="taken no sound for a second"):
        CommandOutput("sh -c 'head -c 4800 > /dev/null; exec sleep 60'", 10, open_s=60.0).run(player)

    assert time.monotonic() - begun < 10


def test_a_program_that_is_not_wanted_any_more_is_not_waited_for(player: ShortPlayer) -> None:
    player.handle([FallAsleep()])
    begun = time.monotonic()

    CommandOutput("sleep 60", 10, open_s=30.0).run(player)

    assert time.monotonic() - begun < 5


def test_a_recording_that_rests_goes_on_at_its_end(player: ShortPlayer, tmp_path: Path) -> None:
    path = str(tmp_path / "out.wav")
    output = WavOutput(path, 10, fresh=True)
    player.handle([Feed(1, b"\1\2" * 960), Finish(1)])
    with pytest.raises(EnoughError):
        output.run(player)

    rested = WavOutput(path, 10, fresh=False)
    player.handle([FallAsleep()])
    rested.run(player)
    rested.run(player)

    with wave.open(path) as file:
        assert file.getnframes() == 19 * 480
        assert file.readframes(960) == b"\1\2" * 960


def test_a_fresh_recording_begins_once_not_with_every_waking(player: ShortPlayer, tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    output = WavOutput(str(path), 10, fresh=True)
    player.handle([FallAsleep()])
    output.run(player)
    path.write_bytes(path.read_bytes() + bytes(960))

    output.run(player)

    assert path.stat().st_size == 44 + 960


def test_a_program_that_rests_has_ended(player: ShortPlayer, tmp_path: Path) -> None:
    heard = tmp_path / "heard.raw"
    player.handle([FallAsleep()])

    CommandOutput(f"tee {heard}", 10).run(player)

    assert heard.read_bytes() == bytes(960)


def test_a_program_that_does_not_end_with_its_input_is_ended(player: ShortPlayer) -> None:
    player.handle([FallAsleep()])
    begun = time.monotonic()

    CommandOutput("sh -c 'head -c 960 > /dev/null; exec sleep 60'", 10).run(player)

    assert 0.4 < time.monotonic() - begun < 5
