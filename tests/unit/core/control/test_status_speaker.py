"""What a report says about what is heard."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core import events as ev
from ravatard.core.control.status_speaker import SpeakerReport
from ravatard.core.options.equipment import Equipment
from tests.unit.core.conversation.test_conversation import OPTIONS

ALOUD = replace(OPTIONS, equipment=Equipment(speaks=True))


def told(*events: ev.Event) -> SpeakerReport:
    report = SpeakerReport(ALOUD)
    for event in events:
        report.on_event(event)
    return report


def test_without_a_speaker_nothing_is_missing() -> None:
    report = SpeakerReport(OPTIONS)

    assert report.degraded == []
    assert report.snapshot()["state"] == "none"


def test_a_speaker_is_missing_until_it_is_open_and_when_it_is_lost() -> None:
    assert told().degraded == ["no speaker: not opened yet"]
    assert told(ev.SpeakerReady("usb", 20.04)).degraded == []
    lost = told(ev.SpeakerReady("usb", 20.0), ev.SpeakerLost("unplugged"))

    assert lost.degraded == ["no speaker: unplugged"]
    assert lost.counts["speaker_losses"] == 1


def test_attempts_to_open_a_speaker_that_is_missing_are_no_losses() -> None:
    missing = [ev.SpeakerLost("none is there")] * 3

    never = told(*missing)
    once = told(ev.SpeakerReady("usb", 20.0), ev.SpeakerAsleep(), *missing)

    assert never.counts["speaker_losses"] == 0
    assert once.counts["speaker_losses"] == 1


def test_answers_are_counted_that_are_heard_and_that_cannot_be_played() -> None:
    counts = told(ev.PlaybackStarted(0.0), ev.AnswerUnplayable(1, "no sound in it")).counts

    assert (counts["answers_heard"], counts["answers_unplayable"]) == (1, 1)


def test_an_open_speaker_is_described() -> None:
    report = told(ev.SpeakerReady("usb", 20.04), ev.VoiceOnline())

    assert report.snapshot() == {
        "state": "open",
        "device": "usb",
        "latency_ms": 20.0,
        "live_voice": True,
        "first_sound_ms": None,
    }


def test_a_live_voice_that_broke_is_told_until_it_is_back() -> None:
    ready = ev.SpeakerReady("usb", 20.0)

    assert told(ready, ev.VoiceOffline("no stream")).degraded == ["no live voice: no stream"]
    assert told(ready, ev.VoiceOffline("no stream"), ev.VoiceOnline()).degraded == []


def test_a_live_voice_that_ends_with_its_session_is_no_trouble() -> None:
    over = told(ev.SpeakerReady("usb", 20.0), ev.VoiceOnline(), ev.VoiceOffline(ev.SESSION_OVER))

    assert over.degraded == []
    assert over.counts["voice_losses"] == 0
    assert not over.snapshot()["live_voice"]


def test_a_session_that_is_over_has_no_voice() -> None:
    assert not told(ev.VoiceOnline(), ev.SessionEnded("over")).snapshot()["live_voice"]


def test_underruns_are_counted_over_all_openings_of_the_device() -> None:
    ready = ev.SpeakerReady("usb", 20.0)

    report = told(ready, ev.Played(1, 0.0), ev.Played(3, 0.0), ready, ev.Played(2, 0.0))

    assert report.counts["underruns"] == 5


def test_new_options_are_heeded() -> None:
    assert told(ev.OptionsChanged(OPTIONS)).degraded == []


def test_the_time_to_the_first_sound_is_told_with_the_speaker() -> None:
    assert told().snapshot(1.5004)["first_sound_ms"] == 1500


def test_a_speaker_that_sleeps_is_asleep_and_no_trouble_until_it_is_awake_or_lost() -> None:
    asleep = told(ev.SpeakerReady("usb", 20.0), ev.SpeakerAsleep())
    awake = told(ev.SpeakerReady("usb", 20.0), ev.SpeakerAsleep(), ev.SpeakerAwake())
    lost = told(ev.SpeakerReady("usb", 20.0), ev.SpeakerAsleep(), ev.SpeakerLost("unplugged"))

    assert (asleep.snapshot()["state"], asleep.snapshot()["device"]) == ("asleep", "usb")
    assert asleep.degraded == []
    assert asleep.face() != awake.face()
    assert awake.snapshot()["state"] == "open"
    assert lost.snapshot()["state"] == "absent"
    assert lost.degraded == ["no speaker: unplugged"]


def test_what_ran_dry_before_a_sleep_is_counted_once() -> None:
    report = told(ev.SpeakerReady("usb", 20.0), ev.Played(2, 0.0), ev.SpeakerAsleep(), ev.SpeakerAwake())

    report.on_event(ev.Played(3, 0.0))

    assert report.counts["underruns"] == 3
