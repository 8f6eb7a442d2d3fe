from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.cards.portaudio import CardSource, devices, listing
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import SourceFailed, Trouble
from ravatard.errors import DeviceError
from tests.unit.devices.cards.test_identity import Machine
from tests.unit.devices.sinks import FakeSink

S16, S32, S24, FLOAT = 0x8, 0x2, 0x4, 0x1
ALSA, OSS = 8, 7
Shape = tuple[int, int, int]


class FakeStream:
    def __init__(self, callback: Callable[[bytes, int, object, int], tuple[None, int]]) -> None:
        self.callback = callback
        self.started = False

    def start_stream(self) -> None:
        self.started = True


class FakePortAudio:
    """PortAudio as PyAudio shows it: devices that open only in the shapes they can do."""

    def __init__(self, default: int | None = 0) -> None:
        self.infos: list[dict[str, Any]] = []
        self.can: dict[int, set[Shape]] = {}
        self.asked: list[Shape] = []
        self.broken: OSError | None = None
        self.stream: FakeStream | None = None
        self.opened: dict[str, Any] = {}
        self._default = default

    def plug_in(
        self, name: str, *can: Shape, inputs: int = 1, outputs: int = 0, rate_hz: int = 48_000, api: int = 0
    ) -> None:
        index = len(self.infos)
        self.can[index] = set(can)
        self.infos.append(
            {
                "index": index,
                "name": name,
                "hostApi": api,
                "maxInputChannels": inputs,
                "maxOutputChannels": outputs,
                "defaultSampleRate": float(rate_hz),
            }
        )

    def get_device_count(self) -> int:
        return len(self.infos)

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        return self.infos[index]

    def get_host_api_info_by_index(self, index: int) -> dict[str, Any]:
        return {"type": [ALSA, OSS][index]}

    def get_default_input_device_info(self) -> dict[str, Any]:
        if self._default is None:
            raise OSError("No Default Input Device Available")
        return self.infos[self._default]

    def get_default_output_device_info(self) -> dict[str, Any]:
        raise OSError("No Default Output Device Available")

    def open(self, **asked: Any) -> FakeStream:
        if self.broken is not None:
            raise self.broken
        shape = (asked["rate"], asked["channels"], asked["format"])
        self.asked.append(shape)
        if shape not in self.can[asked["input_device_index"]]:
            raise OSError(-9997, "Invalid sample rate")
        self.opened = asked
        self.stream = FakeStream(asked["stream_callback"])
        return self.stream


def source(portaudio: FakePortAudio, root: Path, **capture: Any) -> CardSource:
    device = capture.pop("device", None)
    microphone = MicrophoneOptions(device=device)
    return CardSource(lambda: portaudio, microphone, CaptureOptions(**capture), root=str(root))


def test_16_khz_mono_s16_is_asked_for_first(tmp_path: Path) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("USB Mic: Audio (hw:1,0)", (16_000, 1, S16), (48_000, 2, S32))

    source(portaudio, tmp_path, quiet_block_ms=60).open(sink)

    assert portaudio.asked == [(16_000, 1, S16)]
    assert portaudio.opened["frames_per_buffer"] == 960
    assert (sink.device, sink.shape) == ("USB Mic: Audio", AudioFormat())
    assert portaudio.stream is not None
    assert portaudio.stream.started


@pytest.mark.parametrize(
    ("can", "shape"),
    [
        ((16_000, 2, S16), AudioFormat(16_000, 2)),
        ((16_000, 2, S32), AudioFormat(16_000, 2, "s32le")),
        ((48_000, 1, S16), AudioFormat(48_000)),
        ((44_100, 1, FLOAT), AudioFormat(44_100, 1, "f32le")),
        ((48_000, 4, S24), AudioFormat(48_000, 4, "s24le")),
    ],
)
def test_a_card_that_cannot_is_opened_at_what_it_can_do(
    tmp_path: Path, can: Shape, shape: AudioFormat
) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("USB Mic: Audio (hw:1,0)", can, inputs=4)

    source(portaudio, tmp_path).open(sink)

    assert sink.shape == shape
    assert portaudio.opened["frames_per_buffer"] == round(shape.rate_hz * 0.06)


def test_what_needs_least_converting_is_preferred(tmp_path: Path) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("Mic (hw:1,0)", (48_000, 1, S16), (16_000, 2, S32), (44_100, 1, FLOAT), inputs=2)

    source(portaudio, tmp_path).open(sink)

    assert sink.shape == AudioFormat(16_000, 2, "s32le")


def test_configured_channels_and_rate_are_asked_for_first(tmp_path: Path) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("Array (hw:1,0)", (16_000, 6, S16), (16_000, 1, S16), inputs=6)

    source(portaudio, tmp_path, channels=6, channel=4).open(sink)

    assert sink.shape == AudioFormat(16_000, 6)


def test_a_shape_without_the_wanted_channel_is_not_tried(tmp_path: Path) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("Array (hw:1,0)", (16_000, 1, S16), inputs=6)

    with pytest.raises(DeviceError, match="opens in none of"):
        source(portaudio, tmp_path, channels=6, channel=4).open(sink)

    assert all(channels > 4 for _, channels, _ in portaudio.asked)


def test_a_device_that_is_busy_is_not_asked_again_and_again(tmp_path: Path) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("USB Mic: Audio (hw:1,0)")
    portaudio.broken = OSError(-9985, "Device unavailable")

    with pytest.raises(DeviceError, match=r"'USB Mic: Audio' cannot be opened: Device unavailable; .*fuser"):
        source(portaudio, tmp_path).open(sink)


def test_sound_and_overruns_reach_the_sink(tmp_path: Path) -> None:
    portaudio, sink = FakePortAudio(), FakeSink()
    portaudio.plug_in("USB Mic: Audio (hw:1,0)", (16_000, 1, S16))
    source(portaudio, tmp_path).open(sink)
    assert portaudio.stream is not None

    answers = [portaudio.stream.callback(b"ab", 1, {}, 0), portaudio.stream.callback(b"cd", 1, {}, 2)]

    assert answers == [(None, 0), (None, 0)]
    assert [pcm for _, pcm in sink.heard] == [b"ab", b"cd"]
    assert sink.overruns == 1


def test_the_only_usb_microphone_is_taken_before_the_default(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.plug_in(0, "PCH")
    machine.plug_in(1, "Device", usb="0d8c:0014", port="1-1.2")
    portaudio, sink = FakePortAudio(default=0), FakeSink()
    portaudio.plug_in("PCH: Analog (hw:0,0)", (16_000, 1, S16))
    portaudio.plug_in("USB Mic: Second (hw:1,1)", (16_000, 1, S16))
    portaudio.plug_in("USB Mic: Audio (hw:1,0)", (16_000, 1, S16))

    source(portaudio, tmp_path).open(sink)

    assert sink.device == "USB Mic: Audio"


def test_with_two_usb_microphones_the_default_is_taken(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.plug_in(0, "One", usb="0d8c:0014", port="1-1.2")
    machine.plug_in(1, "Two", usb="0d8c:0014", port="1-1.3")
    portaudio, sink = FakePortAudio(default=2), FakeSink()
    portaudio.plug_in("Mic: One (hw:0,0)", (16_000, 1, S16))
    portaudio.plug_in("Mic: Two (hw:1,0)", (16_000, 1, S16))
    portaudio.plug_in("default", (16_000, 1, S16))

    source(portaudio, tmp_path).open(sink)

    assert sink.device == "default"


def test_without_a_default_the_names_to_write_are_listed(tmp_path: Path) -> None:
    portaudio = FakePortAudio(default=None)
    portaudio.plug_in("Mic: One (hw:0,0)")
    portaudio.plug_in("Speaker (hw:1,0)", inputs=0, outputs=2)

    with pytest.raises(DeviceError, match="is the system's default; write one of 'Mic: One' as microphone"):
        source(portaudio, tmp_path).open(FakeSink())


def test_without_any_microphone_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="there is no microphone; plug one in"):
        source(FakePortAudio(default=None), tmp_path).open(FakeSink())


def test_a_name_of_a_speaker_is_no_microphone(tmp_path: Path) -> None:
    portaudio = FakePortAudio()
    portaudio.plug_in("Speaker (hw:1,0)", inputs=0, outputs=2)

    with pytest.raises(DeviceError, match="there is no microphone 'Speaker' at the moment"):
        source(portaudio, tmp_path, device="Speaker").open(FakeSink())


def test_a_failure_to_open_is_told_and_not_raised_into_the_thread(tmp_path: Path) -> None:
    sink = FakeSink()

    source(FakePortAudio(default=None), tmp_path).open_or_tell(sink)

    assert sink.told == [SourceFailed(Trouble.OPENING, "there is no microphone; plug one in")]


def test_devices_of_other_host_apis_are_left_out_when_alsa_is_there(tmp_path: Path) -> None:
    portaudio = FakePortAudio()
    portaudio.plug_in("Mic (hw:0,0)")
    portaudio.plug_in("/dev/dsp", api=1)

    assert [device.text for device in devices(portaudio, str(tmp_path))] == ["Mic"]


def test_the_listing_has_a_name_to_write_for_each(tmp_path: Path) -> None:
    Machine(tmp_path).plug_in(1, "Device", usb="0d8c:0014", port="1-1.2")
    portaudio = FakePortAudio()
    portaudio.plug_in("USB Audio: Both (hw:1,0)", inputs=1, outputs=2, rate_hz=44_100)

    listed = json.loads(listing(portaudio, str(tmp_path)))

    common = {
        "name": "USB Audio: Both",
        "text": "USB Audio: Both",
        "index": 0,
        "rate_hz": 44_100,
        "card": "Device",
        "usb": "0d8c:0014",
        "port": "1-1.2",
    }
    assert listed == {
        "microphones": [common | {"channels": 1, "default": True}],
        "speakers": [common | {"channels": 2, "default": False}],
    }
