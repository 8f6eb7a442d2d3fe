"""The avatar's voice is taken from one place, decided at a session's first answer."""

from __future__ import annotations

from ravatard.cloud.avatar.turns.sound_side import SoundFrom, SoundSide


def test_an_event_on_the_socket_decides_for_the_socket() -> None:
    side = SoundSide(SoundFrom.AUTO)

    assert side.track_sound(0.0, loud=True) is False
    assert side.audio_event() is True
    assert side.track_sound(5.0, loud=True) is False


def test_a_second_of_sound_on_the_track_alone_decides_for_the_track() -> None:
    side = SoundSide(SoundFrom.AUTO)

    assert [side.track_sound(at, loud=at < 0.5) for at in (0.0, 0.5, 0.98, 1.0)] == [
        False,
        False,
        False,
        True,
    ]
    assert side.audio_event() is False


def test_a_silent_track_decides_nothing() -> None:
    side = SoundSide(SoundFrom.AUTO)

    assert not any(side.track_sound(float(at), loud=False) for at in range(60))
    assert side.side is SoundFrom.AUTO


def test_a_setting_is_kept_and_a_session_begins_anew() -> None:
    side = SoundSide(SoundFrom.TRACK)
    auto = SoundSide(SoundFrom.AUTO)
    auto.audio_event()

    auto.begin_session()

    assert side.audio_event() is False
    assert auto.side is SoundFrom.AUTO
    side.without_track()
    assert side.audio_event() is True
