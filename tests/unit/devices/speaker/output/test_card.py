from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.cards.identity import SoundDevice
from ravatard.devices.process.pipes import PipeWriter
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.output.card import CardOutput, Widener, shapes
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.devices.speaker.protocol import FallAsleep, Feed, Finish
from ravatard.errors import DeviceError
from tests.unit.devices.portaudio import FakePortAudio

TIMES = {"current_time": 5.0, "output_buffer_dac_time": 5.02}


class FakeStream:
    def __init__(self, callback: Callable[..., tuple[bytes, int]]) -> None:
        self.callback = callback
        self.started = False
        self.ended: list[str] = []

    def get_output_latency(self) -> float:
        return 0.03

    def start_stream(self) -> None:
        self.started = True

    def stop_stream(self) -> None:
        self.ended.append("stop")

    def close(self) -> None:
        self.ended.append("close")


class FakeSpeakers(FakePortAudio):
    """PortAudio with speakers that take only some shapes."""

    def __init__(
        self, refuses: Callable[[dict[str, Any]], bool] = lambda _: False, code: int = -9997
    ) -> None:
        super().__init__(default=0)
        self._refuses = refuses
        self._code = code
        self.tried: list[dict[str, Any]] = []
        self.terminated = 0

    def open(self, **asked: Any) -> Any:
        self.tried.append(asked)
        if self._refuses(asked):
            raise OSError(self._code, "Invalid sample rate")
        self.speaker = FakeStream(asked["stream_callback"])
        return self.speaker

    def terminate(self) -> None:
        self.terminated += 1


@pytest.fixture
def player() -> Iterator[SoundPlayer]:
    theirs, ours = os.pipe()
    yield SoundPlayer(100, PipeWriter(ours))
    os.close(theirs)
    os.close(ours)


def tone(samples: int) -> bytes:
    return array("h", [2_000] * samples).tobytes()


def run(portaudio: FakeSpeakers, player: SoundPlayer, root: Path, **options: Any) -> CardOutput:
    """An output that has played and rests."""
    output = CardOutput(lambda: portaudio, SpeakerOptions(device="Box", **options), root=str(root))
    player.handle([FallAsleep()])
    output.run(player)
    return output


def speakers(refuses: Callable[[dict[str, Any]], bool] = lambda _: False, code: int = -9997) -> FakeSpeakers:
    portaudio = FakeSpeakers(refuses, code)
    portaudio.infos.append(
        {
            "index": 0,
            "name": "Box",
            "hostApi": 0,
            "maxInputChannels": 0,
            "maxOutputChannels": 2,
            "defaultSampleRate": 44_100.0,
        }
    )
    return portaudio


def test_what_needs_least_converting_is_asked_for_first() -> None:
    device = SoundDevice(0, "Box", 0, 2, 44_100)

    first, second, third, *rest = shapes(device)

    assert first == AudioFormat(48_000, 1)
    assert second == AudioFormat(48_000, 2)
    assert third == AudioFormat(48_000, 1, "s32le")
    assert rest[-1].rate_hz == 44_100


@pytest.mark.parametrize(
    ("shape", "frame"),
    [
        (AudioFormat(48_000, 1), b"\xd0\x07"),
        (AudioFormat(48_000, 2), b"\xd0\x07" * 2),
        (AudioFormat(48_000, 2, "s32le"), b"\0\0\xd0\x07" * 2),
        (AudioFormat(48_000, 1, "s24le"), b"\0\xd0\x07"),
        (AudioFormat(48_000, 4), b"\xd0\x07" * 2 + bytes(4)),
        (AudioFormat(48_000, 6, "s24le"), b"\0\xd0\x07" * 2 + bytes(12)),
    ],
)
def test_sound_takes_the_shape_of_the_card(shape: AudioFormat, frame: bytes) -> None:
    widener = Widener(shape)

    assert widener.frames(10, lambda _: tone(10)) == frame * 10
    assert widener.frames(10, lambda _: None) == bytes(10 * shape.frame_bytes)


def test_another_rate_is_converted_without_a_gap() -> None:
    widener = Widener(AudioFormat(44_100, 2))
    asked: list[int] = []

    def pull(samples: int) -> bytes:
        asked.append(samples)
        return tone(samples)

    blocks = [widener.frames(441, pull) for _ in range(100)]

    assert {len(block) for block in blocks} == {441 * 4}
    assert abs(sum(asked) - 48_000) <= 100
    assert blocks[50] == tone(882)


def test_widener_fills_silence_at_another_rate() -> None:
    assert Widener(AudioFormat(16_000)).frames(160, lambda _: None) == bytes(320)


def test_a_busy_device_is_told_at_once(player: SoundPlayer, tmp_path: Path) -> None:
    portaudio = speakers(lambda _: True, code=-9985)

    with pytest.raises(DeviceError, match="speaker 'Box' cannot be opened"):
        run(portaudio, player, tmp_path)

    assert len(portaudio.tried) == 1


def test_a_device_that_takes_nothing_is_told(player: SoundPlayer, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"opens in none of \d+ shapes"):
        run(speakers(lambda _: True), player, tmp_path)


def test_the_stream_takes_sound_in_its_callback(player: SoundPlayer, tmp_path: Path) -> None:
    portaudio = speakers(lambda asked: bool(asked["channels"] == 1))
    output = run(portaudio, player, tmp_path)
    player.handle([Feed(1, tone(480)), Finish(1)])

    first = portaudio.speaker.callback(None, 480, TIMES, 0)
    for _ in range(5):
        rest = portaudio.speaker.callback(None, 480, {**TIMES, "output_buffer_dac_time": 0.0}, 0)

    assert output is not None
    assert portaudio.speaker.started
    assert first == (tone(960), 0)
    assert rest == (bytes(1_920), 0)


def test_a_card_that_rests_is_closed_and_opened_again_from_the_same_list(
    player: SoundPlayer, tmp_path: Path
) -> None:
    started, portaudio = [], speakers()

    def start() -> FakeSpeakers:
        started.append(portaudio)
        return portaudio

    output = CardOutput(start, SpeakerOptions(device="Box"), root=str(tmp_path))
    player.handle([FallAsleep()])

    output.run(player)
    first = portaudio.speaker
    output.run(player)

    assert first.ended == portaudio.speaker.ended == ["stop", "close"]
    assert first is not portaudio.speaker
    assert portaudio.speaker.started
    assert len(started) == 1


def test_when_cards_came_or_went_meanwhile_they_are_listed_anew(player: SoundPlayer, tmp_path: Path) -> None:
    portaudio = speakers()
    output = run(portaudio, player, tmp_path)
    portaudio.infos.clear()
    card = tmp_path / "proc/asound/card3"
    card.mkdir(parents=True)
    (card / "id").write_text("Headset\n")

    with pytest.raises(DeviceError, match="Box"):
        output.run(player)

    assert portaudio.terminated == 1


def test_a_card_that_is_busy_when_it_is_to_wake_is_told(player: SoundPlayer, tmp_path: Path) -> None:
    busy: list[bool] = []
    portaudio = speakers(lambda _: bool(busy), code=-9985)
    output = run(portaudio, player, tmp_path)
    busy.append(True)

    with pytest.raises(DeviceError, match="another program may have it"):
        output.run(player)
