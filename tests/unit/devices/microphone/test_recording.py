from __future__ import annotations

import struct
from pathlib import Path

import pytest

from ravatard.core.audio_format import AudioFormat
from ravatard.core.events import MicrophoneEnded
from ravatard.devices.microphone.options import CaptureOptions
from ravatard.devices.microphone.recording import WavSource
from ravatard.errors import DeviceError
from tests.unit.devices.media.test_wav_file import chunk, fmt, wav
from tests.unit.devices.sinks import EnoughError, FakeSink

CAPTURE = CaptureOptions(quiet_block_ms=60, speech_block_ms=20)


def recording(folder: Path, samples: int, rate_hz: int = 16_000) -> tuple[str, bytes]:
    sound = struct.pack(f"<{samples}h", *(n % 30_000 + 1 for n in range(samples)))
    path = folder / "recording.wav"
    path.write_bytes(
        wav(chunk(b"fmt ", fmt(rate_hz=rate_hz)), chunk(b"data", sound), chunk(b"LIST", b"tail"))
    )
    return str(path), sound


def play(path: str, sink: FakeSink, *, repeat: bool = False) -> None:
    with pytest.raises(EnoughError):
        WavSource(path, CAPTURE, repeat=repeat).run(sink)


def test_a_recording_is_paced_by_the_clock(tmp_path: Path) -> None:
    path, sound = recording(tmp_path, 9_600)
    sink = FakeSink(enough_s=0.6)

    play(path, sink)

    assert [when for when, _ in sink.heard] == [round(0.06 * n, 3) for n in range(1, 11)]
    assert b"".join(pcm for _, pcm in sink.heard) == sound
    assert (sink.device, sink.shape) == (f"recording {path}", AudioFormat())


def test_while_somebody_speaks_blocks_are_short(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 9_600)
    sink = FakeSink(enough_s=0.1)
    sink.attentive = True

    play(path, sink)

    assert [when for when, _ in sink.heard] == [0.02, 0.04, 0.06, 0.08, 0.1]


def test_a_stall_is_caught_up_with_and_the_pace_does_not_drift(tmp_path: Path) -> None:
    path, sound = recording(tmp_path, 16_000)
    sink = FakeSink(enough_s=0.9)
    # A command at 0.06 takes until 0.5, as if the machine had been stopped.
    sink.happens(0.06, lambda: None)
    sink.happens(0.07, lambda: setattr(sink, "_now", 0.5))

    play(path, sink)

    times = [when for when, _ in sink.heard]
    assert times[1:8] == [0.5] * 7
    assert times[8:] == [0.54, 0.6, 0.66, 0.72, 0.78, 0.84, 0.9]
    assert b"".join(pcm for _, pcm in sink.heard) == sound[: 15 * 1_920]


def test_after_its_end_silence_follows_and_the_end_is_told_once(tmp_path: Path) -> None:
    path, sound = recording(tmp_path, 1_000)
    sink = FakeSink(enough_s=0.3)

    play(path, sink)

    everything = b"".join(pcm for _, pcm in sink.heard)
    assert everything == sound + bytes(5 * 1_920 - len(sound))
    assert sink.reported == [MicrophoneEnded()]


def test_with_repeat_it_begins_again_without_a_gap(tmp_path: Path) -> None:
    path, sound = recording(tmp_path, 1_000)
    sink = FakeSink(enough_s=0.6)

    play(path, sink, repeat=True)

    everything = b"".join(pcm for _, pcm in sink.heard)
    assert everything == (sound * 10)[: len(everything)]
    assert sink.reported == []


def test_other_rates_keep_real_time(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 44_100, rate_hz=44_100)
    sink = FakeSink(enough_s=0.5)

    play(path, sink)

    assert [when for when, _ in sink.heard] == [pytest.approx(0.06 * n) for n in range(1, 9)]
    assert sum(len(pcm) for _, pcm in sink.heard) == 8 * 2_646 * 2


def test_a_recording_that_is_cut_off_while_it_is_played_is_an_error(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 16_000)
    sink = FakeSink()
    sink.happens(0.1, lambda: Path(path).write_bytes(b""))

    with pytest.raises(DeviceError, match="became shorter while it was played"):
        WavSource(path, CAPTURE, repeat=False).run(sink)
