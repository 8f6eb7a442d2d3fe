"""How late the echo comes back is followed, and a change of it is noticed."""

from __future__ import annotations

import audioop

import pytest

from ravatard.core.audio.echo.echo_path import EchoPath, PathLook
from ravatard.core.audio.echo.talk_over import FRAME_BYTES
from tests.unit.core.sounds import noise, quiet, voice

SPOKEN = noise(4_500.0)


def follows(path: EchoPath, heard: bytes, first: int, end: int) -> int:
    """Feed frames; returns how many times the delay changed."""
    parts = [slice(at * FRAME_BYTES, (at + 1) * FRAME_BYTES) for at in range(first, end)]
    return sum(path.take(heard[part], SPOKEN[part]) for part in parts)


def echo(delay_ms: float, gain: float = 0.3) -> bytes:
    return quiet(delay_ms) + audioop.mul(SPOKEN, 2, gain)


@pytest.mark.parametrize("delay_ms", [0.0, 40.0, 110.5, 250.0])
def test_the_delay_is_found_and_stays(delay_ms: float) -> None:
    path = EchoPath()

    changes = follows(path, echo(delay_ms), 0, 150)

    assert changes == 0
    assert path.delay_ms == pytest.approx(delay_ms, abs=0.2)


@pytest.mark.parametrize("by_ms", [0.5, -1.0, 2.0, 12.0, 60.0])
def test_a_change_is_noticed_once(by_ms: float) -> None:
    path = EchoPath()
    follows(path, echo(100.0), 0, 60)

    changes = follows(path, echo(100.0 + by_ms), 60, 150)

    assert changes == 1
    assert path.delay_ms == pytest.approx(100.0 + by_ms, abs=0.2)


def test_a_small_change_can_be_asked_for_at_once() -> None:
    path = EchoPath()
    follows(path, echo(100.0), 0, 60)
    follows(path, echo(101.0), 60, 67)

    assert path.look() is PathLook.DOUBTED
    assert path.look() is PathLook.CHANGED
    assert path.look() is PathLook.CONFIRMED


@pytest.mark.parametrize("by_ms", [4.0, -20.0])
def test_a_larger_change_is_seen_where_a_user_seems_to_speak(by_ms: float) -> None:
    path = EchoPath()
    follows(path, echo(100.0), 0, 60)
    follows(path, echo(100.0 + by_ms), 60, 67)

    assert path.look() is PathLook.DOUBTED
    assert path.look() is PathLook.CHANGED
    assert path.delay_ms == pytest.approx(100.0 + by_ms, abs=0.2)


@pytest.mark.parametrize(("old", "seen"), [(0.0, PathLook.DOUBTED), (0.1, PathLook.SAME)])
def test_what_is_a_little_like_another_place_and_less_like_the_old_one_is_doubted(
    old: float, seen: PathLook
) -> None:
    path, end = EchoPath(), len(SPOKEN)
    follows(path, echo(100.0), 0, 60)
    faint = audioop.add(audioop.mul(voice(4_500.0), 2, 0.5), echo(104.0, 0.12)[:end], 2)
    follows(path, audioop.add(faint, echo(100.0, old)[:end], 2), 60, 67)

    assert [path.look() for _ in range(3)] == [seen] * 3
    assert path.delay_ms == pytest.approx(100.0, abs=0.2)


def test_one_look_that_is_wrong_is_no_change() -> None:
    path, right = EchoPath(), echo(100.0)
    follows(path, right, 0, 60)
    follows(path, echo(101.0), 60, 64)
    assert path.look() is PathLook.DOUBTED

    assert follows(path, right, 64, 110) == 0

    assert path.look() is PathLook.CONFIRMED
    assert path.delay_ms == pytest.approx(100.0, abs=0.2)


def test_another_reflection_of_the_room_that_is_a_little_louder_is_no_change() -> None:
    path, end = EchoPath(), len(SPOKEN)
    follows(path, echo(100.0), 0, 60)
    both = audioop.add(echo(100.0)[:end], echo(101.0, 0.32)[:end], 2)

    assert follows(path, both, 60, 150) == 0

    assert path.delay_ms == pytest.approx(100.0, abs=0.3)


def test_drift_is_no_change() -> None:
    path = EchoPath()

    changes = sum(follows(path, echo(100.0 + 0.0625 * step), 10 * step, 10 * step + 10) for step in range(15))

    assert changes == 0


def test_a_users_voice_and_silence_say_nothing() -> None:
    path = EchoPath()
    follows(path, echo(100.0), 0, 60)

    assert follows(path, voice(4_500.0), 60, 100) == 0
    assert follows(path, quiet(4_500.0), 100, 150) == 0
    assert path.delay_ms == pytest.approx(100.0, abs=0.2)


def test_another_delay_in_a_new_answer_is_a_change_too() -> None:
    path = EchoPath()
    follows(path, echo(100.0), 0, 60)

    path.begin()

    assert path.look() is PathLook.SAME
    assert follows(path, echo(130.0), 60, 150) == 1
    assert path.delay_ms == pytest.approx(130.0, abs=0.2)


@pytest.mark.parametrize(("gain", "seen"), [(0.3, PathLook.CONFIRMED), (0.0, PathLook.SAME)])
def test_an_echo_under_a_users_voice_confirms_the_delay_and_the_voice_alone_does_not(
    gain: float, seen: PathLook
) -> None:
    path, end = EchoPath(), len(SPOKEN)
    follows(path, echo(100.0), 0, 60)
    follows(path, audioop.add(audioop.mul(voice(4_500.0), 2, 0.5), echo(100.0, gain)[:end], 2), 60, 67)

    assert path.look() is seen
    assert path.delay_ms == pytest.approx(100.0, abs=0.2)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("later_ms", [100.0, 120.0, 160.0])
def test_sound_is_compared_near_the_delay_or_anywhere(later_ms: float, known: bool) -> None:
    path = EchoPath()
    follows(path, echo(100.0) if known else quiet(4_500.0), 0, 60)
    left = echo(later_ms)[55 * FRAME_BYTES : 60 * FRAME_BYTES]

    near, anywhere = path.likeness(left, near=True), path.likeness(left, near=False)

    assert anywhere > 0.9
    # An unknown delay is none to look near to.
    assert near > 0.9 if not known or later_ms < 125.0 else near < 0.25
