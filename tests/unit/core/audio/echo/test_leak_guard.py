"""A user is told from the rest of an echo by level."""

from __future__ import annotations

from ravatard.core.audio.echo.leak_guard import LeakGuard


def learnt(*, leak_db: float = -30.0, frames: int = 100) -> LeakGuard:
    """A guard in a room that leaves so much of the avatar's voice."""
    guard = LeakGuard()
    for number in range(frames):
        guard.passes(-20.0 + leak_db - number % 5, -20.0)
    return guard


def test_nothing_passes_before_enough_is_known() -> None:
    guard = LeakGuard()

    passed = [guard.passes(-5.0, -20.0) for _ in range(99)]

    assert not any(passed)
    assert not guard.is_ready
    guard.passes(-5.0, -20.0)
    assert guard.is_ready


def test_only_what_is_well_above_the_rest_of_the_echo_passes() -> None:
    guard = learnt()

    assert not guard.passes(-46.0, -20.0)
    assert guard.passes(-40.0, -20.0)
    assert guard.leak_db is not None
    assert -31.0 <= guard.leak_db <= -29.0


def test_the_rest_of_a_loud_word_lasts_for_a_third_of_a_second() -> None:
    guard = learnt()
    guard.passes(-30.0, 0.0)

    passed = [guard.passes(-28.0, -50.0) for _ in range(11)]

    assert passed == [False] * 10 + [True]


def test_while_the_speaker_is_silent_only_silence_does_not_pass() -> None:
    guard = LeakGuard()

    assert guard.passes(-40.0, -96.0)
    assert not guard.passes(-67.0, -96.0)


def test_what_is_near_silence_never_passes() -> None:
    guard = learnt(leak_db=-70.0)

    assert not guard.passes(-67.0, -20.0)


def test_it_follows_a_room_that_changes_and_forgets_the_one_before() -> None:
    guard = learnt(frames=700)
    for _ in range(700):
        guard.passes(-30.0, -20.0)

    assert guard.leak_db == -10.0


def test_after_forgetting_it_learns_anew() -> None:
    guard = learnt()
    guard.forget()

    assert not guard.is_ready
    assert guard.leak_db is None
    assert not guard.passes(0.0, -20.0)


def test_after_a_disturbance_nothing_passes_for_600_ms_and_then_what_did_before() -> None:
    guard = learnt(frames=700)
    guard.disturbed()
    assert not guard.passes(-40.0, -20.0)

    behind = [guard.passes(-52.0, -20.0) for _ in range(19)]

    assert not any(behind)
    assert guard.passes(-40.0, -20.0)


def test_the_level_is_doubtful_from_600_ms_behind_a_disturbance_until_it_is_settled() -> None:
    guard = learnt(frames=700)
    assert not guard.is_doubtful
    guard.disturbed()

    doubtful = []
    for level_db in (*[-30.0] * 30, *[-52.0] * 10):
        guard.passes(level_db, -20.0)
        doubtful.append(guard.is_doubtful)

    assert doubtful == [False] * 19 + [True] * 20 + [False]


def test_a_canceller_that_has_not_found_the_echo_again_is_waited_for_but_not_for_ever() -> None:
    guard = learnt(frames=700)
    guard.disturbed()

    passed = [guard.passes(-50.0 if number % 8 else -30.0, -20.0) for number in range(105)]

    assert passed.index(True) == 104


def test_after_a_disturbance_a_louder_rest_of_the_echo_that_goes_on_is_known_before_anything_passes() -> None:
    guard = learnt(frames=700)
    guard.disturbed()

    passed = [guard.passes(-30.0, -20.0) for _ in range(150)]

    assert not any(passed)
    assert guard.leak_db == -10.0


def test_loud_sound_behind_a_disturbance_that_ends_is_not_the_rest_of_the_echo_and_a_user_is_found() -> None:
    guard = learnt(frames=700)
    before_db = guard.leak_db
    guard.disturbed()

    for level_db in (*[-30.0] * 60, *[-52.0] * 10):
        assert not guard.passes(level_db, -20.0)

    assert guard.leak_db == before_db
    assert guard.passes(-30.0, -20.0)


def test_how_far_a_frame_is_above_the_rest_of_the_echo_is_told_once_it_is_known() -> None:
    guard = LeakGuard()
    guard.passes(-5.0, -20.0)
    assert guard.excess_db is None
    assert not guard.is_loud

    guard = learnt()
    guard.passes(-40.0, -20.0)
    assert guard.excess_db is not None
    # 6 dB above -50 dBFS, of which 9 in 10 frames were.
    assert 3.0 <= guard.excess_db <= 5.0
    assert guard.is_loud

    guard.passes(-60.0, -20.0)
    assert guard.excess_db < 0.0
    assert not guard.is_loud


def test_levels_tell_something_once_enough_is_known_and_not_just_behind_a_disturbance() -> None:
    assert not LeakGuard().is_telling
    guard = learnt(frames=700)
    assert guard.is_telling
    guard.disturbed()

    telling = []
    for _ in range(25):
        guard.passes(-30.0, -20.0)
        telling.append(guard.is_telling)

    assert telling == [False] * 19 + [True] * 6
