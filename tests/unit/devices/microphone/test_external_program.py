from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ravatard.core.events import MicrophoneLost
from ravatard.devices.microphone.external_program import CommandSource, FifoSource, PipeReader
from ravatard.devices.microphone.options import CaptureOptions
from ravatard.errors import DeviceError
from tests.unit.devices.sinks import EnoughError, FakeSink

PIECE = bytes(640)  # 20 ms


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe; whoever closes one of them is right, too."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            continue


def read_for(sink: FakeSink, reader: PipeReader) -> None:
    """Read until the sink has seen enough."""

    def read() -> None:
        while pcm := reader.read(sink, 5):
            sink.write(pcm, sink.now())

    with pytest.raises(EnoughError):
        read()


def test_while_it_is_quiet_small_pieces_are_read_once_a_long_block(pipe: tuple[int, int]) -> None:
    sink = FakeSink(enough_s=1.0)
    for piece in range(40):
        sink.written(0.020 * (piece + 1), pipe[1], PIECE)

    read_for(sink, PipeReader(pipe[0], CaptureOptions(quiet_block_ms=60)))

    assert [when for when, _ in sink.heard[:4]] == [0.02, 0.08, 0.14, 0.2]
    assert {len(pcm) for _, pcm in sink.heard[1:-1]} == {3 * 640}


def test_while_somebody_speaks_each_piece_is_read_as_it_comes(pipe: tuple[int, int]) -> None:
    sink = FakeSink(enough_s=1.0)
    sink.attentive = True
    for piece in range(10):
        sink.written(0.020 * (piece + 1), pipe[1], PIECE)

    read_for(sink, PipeReader(pipe[0], CaptureOptions(speech_block_ms=20)))

    assert [when for when, _ in sink.heard] == [round(0.02 * (n + 1), 3) for n in range(10)]


def test_pieces_smaller_than_a_short_block_are_left_to_come_together(pipe: tuple[int, int]) -> None:
    sink = FakeSink(enough_s=1.0)
    sink.attentive = True
    for piece in range(50):
        sink.written(0.002 * (piece + 1), pipe[1], bytes(64))

    read_for(sink, PipeReader(pipe[0], CaptureOptions(speech_block_ms=20)))

    assert len(sink.heard) <= 8
    assert sum(len(pcm) for _, pcm in sink.heard) == 50 * 64


def test_a_command_that_makes_the_gate_attentive_shortens_the_wait(pipe: tuple[int, int]) -> None:
    sink = FakeSink(enough_s=0.5)
    for piece in range(10):
        sink.written(0.020 * (piece + 1), pipe[1], PIECE)
    sink.happens(0.05, lambda: setattr(sink, "attentive", True))

    read_for(sink, PipeReader(pipe[0], CaptureOptions(quiet_block_ms=200)))

    assert [when for when, _ in sink.heard[:3]] == [0.02, 0.05, 0.06]


def test_after_a_stall_all_that_waits_is_read_in_a_few_big_blocks(pipe: tuple[int, int]) -> None:
    sink = FakeSink(enough_s=1.0)
    os.write(pipe[1], bytes(32_000))

    read_for(sink, PipeReader(pipe[0], CaptureOptions(quiet_block_ms=60)))

    assert sum(len(pcm) for _, pcm in sink.heard) == 32_000
    assert len(sink.heard) == 3


def test_only_whole_frames_are_handed_on(pipe: tuple[int, int]) -> None:
    sink = FakeSink(enough_s=1.0)
    capture = CaptureOptions(channels=2, sample_format="s24le", quiet_block_ms=10)
    content = bytes(range(240))
    for piece in range(0, 240, 5):
        sink.written(0.001 * (piece + 1), pipe[1], content[piece : piece + 5])

    read_for(sink, PipeReader(pipe[0], capture))

    assert all(len(pcm) % 6 == 0 for _, pcm in sink.heard)
    assert b"".join(pcm for _, pcm in sink.heard) == content


def test_a_pipe_that_delivers_nothing_is_given_up_after_the_limit(pipe: tuple[int, int]) -> None:
    sink = FakeSink()

    assert PipeReader(pipe[0], CaptureOptions()).read(sink, 0.7) is None
    assert sink.now() == pytest.approx(0.7)


def test_the_end_of_a_pipe_is_no_sound(pipe: tuple[int, int]) -> None:
    sink = FakeSink()
    sink.written(0.1, pipe[1], b"")

    assert PipeReader(pipe[0], CaptureOptions()).read(sink, 5) == b""


def test_a_program_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"cannot start 'arecrod': No such file .* check its spelling"):
        CommandSource("arecrod -q", CaptureOptions())


def test_a_program_that_may_not_be_run_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "notes.txt"
    script.write_text("no program")

    with pytest.raises(DeviceError, match="Permission denied"):
        CommandSource(str(script), CaptureOptions())


def test_a_fifo_that_is_missing_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"mic cannot be opened: No such file .* `mkfifo .*mic`"):
        FifoSource(str(tmp_path / "mic"), CaptureOptions())


def test_a_file_is_no_fifo(tmp_path: Path) -> None:
    path = tmp_path / "mic"
    path.write_bytes(b"")

    with pytest.raises(DeviceError, match="mic is not a FIFO"):
        FifoSource(str(path), CaptureOptions())


def test_a_fifo_nobody_writes_into_is_waited_for_and_each_writer_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "mic"
    os.mkfifo(path)
    source = FifoSource(str(path), CaptureOptions())
    writer = os.open(path, os.O_WRONLY)
    sink = FakeSink(enough_s=20.0)
    sink.written(0.1, writer, b"\x01\x02\x03")
    sink.written(5.0, writer, b"\x04\x05")

    with pytest.raises(EnoughError):
        source.run(sink)
    os.close(writer)

    assert sink.device == f"FIFO {path}"
    assert [pcm for _, pcm in sink.heard] == [b"\x01\x02", b"\x04\x05"]
    assert sink.reported == [MicrophoneLost(f"no program writes into the FIFO {path}")] * 2
