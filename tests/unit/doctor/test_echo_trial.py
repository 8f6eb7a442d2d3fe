"""A trial of an echo canceller: what a room without a user says about it."""

from __future__ import annotations

import audioop
from collections.abc import Callable

import pytest

from ravatard.core.audio_format import VOICE
from ravatard.devices.echo.canceller import NoCanceller
from ravatard.doctor.echo_trial import Heard, speech, tried
from tests.unit.core.sounds import hears_sound, noise, quiet, voice


class Perfect:
    """A canceller that leaves a thousandth."""

    def reference(self, block: bytes) -> None:
        """It needs none."""

    def process(self, block: bytes) -> bytes:
        return audioop.mul(block, 2, 0.001)


def detector(aggressiveness: int) -> Callable[[bytes], bool]:
    return hears_sound


def room(*, sudden: bool = False) -> list[Heard]:
    """The avatar alone: at first soft, then in loud sounds that were not played, as a bad loudspeaker has."""
    parts = [(voice(3_000.0, 1_000), voice(3_000.0, 10_000))]
    if sudden:
        parts.append((noise(300.0, 20_000), voice(300.0, 10_000)))
    parts.append((quiet(1_000.0), quiet(1_000.0)))
    return [
        (heard[at : at + 640], played[at : at + 640], 25.0)
        for heard, played in parts
        for at in range(0, len(heard), 640)
    ]


def test_what_a_canceller_removes_is_measured() -> None:
    trial = tried(room(), Perfect(), detector)

    assert trial.interrupted == 0
    assert trial.removed_db > 40
    assert trial.echo_db == pytest.approx(-40.2, abs=2)
    assert trial.leak_db is not None
    assert trial.drift_ppm == 25.0


def test_the_delay_is_measured() -> None:
    played = noise(3_000.0)
    heard = quiet(100.0) + audioop.mul(played, 2, 0.1)

    blocks = [(heard[at : at + 640], played[at : at + 640], 0.0) for at in range(0, len(played), 640)]

    assert tried(blocks, Perfect(), detector).delay_ms == pytest.approx(100, abs=1)


def test_an_even_echo_is_told_from_a_user_without_a_canceller_and_other_sounds_are_not() -> None:
    even, sudden = (tried(room(sudden=each), NoCanceller(), detector) for each in (False, True))

    assert (even.interrupted, sudden.interrupted) == (0, 1)
    assert even.removed_db == 0


def test_where_nothing_is_played_nothing_is_known() -> None:
    trial = tried([(quiet(20.0), quiet(20.0), 0.0)] * 50, Perfect(), detector)

    assert trial.leak_db is None


def test_the_trial_says_twelve_seconds_of_speech() -> None:
    assert len(speech()) / VOICE.bytes_for(1000) == pytest.approx(12.0, abs=0.2)
