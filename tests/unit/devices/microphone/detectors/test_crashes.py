"""An echo canceller that crashes its process twice is done without."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.detectors.crashes import Crashes
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import Start

PLAIN = Start(MicrophoneOptions(), CaptureOptions(), GateOptions(), VoiceOptions(), GateMode.VAD)


def test_the_second_crash_takes_the_canceller_away() -> None:
    crashes, cancelled = Crashes(), replace(PLAIN, talk_over="cancel", echo_fd=7)

    assert (crashes.failed(cancelled), crashes.lost) == (cancelled, [])
    assert crashes.failed(cancelled) == PLAIN
    (lost,) = crashes.lost
    assert "crashed 2 times" in lost.reason


def test_without_a_canceller_nothing_changes() -> None:
    crashes = Crashes()

    assert [crashes.failed(PLAIN) for _ in range(3)] == [PLAIN] * 3
    assert crashes.lost == []


def test_a_confirmation_that_fails_twice_is_done_without_for_an_hour() -> None:
    crashes, confirmed = Crashes(), replace(PLAIN, voice=VoiceOptions(confirm="neural"))

    for now_s in (0.0, 10.0):
        assert crashes.first(confirmed, now_s) == confirmed
        crashes.ended("SIGSEGV", now_s)

    assert crashes.first(confirmed, 20.0) == PLAIN
    assert "SIGSEGV" in crashes.lost[0].reason
    assert crashes.first(confirmed, 4_000.0) == confirmed
    assert crashes.lost == []


def test_other_ends_take_no_confirmation_away() -> None:
    crashes, confirmed = Crashes(), replace(PLAIN, voice=VoiceOptions(confirm="neural"))

    for _ in range(5):
        assert crashes.first(confirmed, 0.0) == confirmed
        crashes.ended("", 0.0)
        assert crashes.first(PLAIN, 0.0) == PLAIN
        crashes.ended("SIGSEGV", 0.0)

    assert crashes.lost == []
