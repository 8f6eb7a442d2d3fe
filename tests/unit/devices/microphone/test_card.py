from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.microphone.card import CardSource
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import FailureKind, SourceFailed
from ravatard.errors import DeviceError
from tests.unit.devices.cards.test_identity import Machine
from tests.unit.devices.portaudio import FLOAT, S16, S24, S32, FakePortAudio, Shape
from tests.unit.devices.sinks import FakeSink


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
    with pytest.raises(DeviceError, match="nothing on this machine records sound; plug a microphone in"):
        source(FakePortAudio(default=None), tmp_path).open(FakeSink())


def test_a_name_of_a_speaker_is_no_microphone(tmp_path: Path) -> None:
    portaudio = FakePortAudio()
    portaudio.plug_in("Speaker (hw:1,0)", inputs=0, outputs=2)

    with pytest.raises(DeviceError, match="there is no device 'Speaker' at the moment"):
        source(portaudio, tmp_path, device="Speaker").open(FakeSink())


def test_a_failure_to_open_is_told_and_not_raised_into_the_thread(tmp_path: Path) -> None:
    sink = FakeSink()

    source(FakePortAudio(default=None), tmp_path).open_or_report(sink)

    assert sink.reported == [
        SourceFailed(FailureKind.OPENING, "nothing on this machine records sound; plug a microphone in")
    ]
