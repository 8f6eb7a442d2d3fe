"""An announcement on its way to the speaker, among answers, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.stages.playing.announcer import REST_S
from tests.unit.stages.fakes import running
from tests.unit.stages.test_playback import LOUD, QUIET, Desk


def announcements(desk: Desk) -> list[ev.Event]:
    return [one for one in desk.told() if isinstance(one, ev.AnnouncementEvent)]


async def test_it_is_played_at_its_own_volume_which_is_given_back() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD * 20)

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, 35, 80))
        await asyncio.sleep(1)
        meanwhile = desk.speaker.percent
        await asyncio.sleep(2)

    assert (meanwhile, desk.speaker.percent) == (35, 80)
    assert desk.heard_s() == pytest.approx(2.0)
    assert announcements(desk) == [ev.AnnouncementBegun(1), ev.AnnouncementEnded(1)]


async def test_without_a_volume_of_its_own_the_speakers_is_left_alone() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD)
    desk.speaker.percent = 55

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, None, 80))
        await asyncio.sleep(3)

    assert desk.speaker.percent == 55


async def test_a_volume_that_the_user_sets_meanwhile_holds() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD * 30)

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, 35, 80))
        await asyncio.sleep(1)
        desk.playback.do(act.SetVolume(60))
        at_once = desk.speaker.percent
        await asyncio.sleep(5)

    assert (at_once, desk.speaker.percent) == (60, 60)


async def test_a_stop_ends_it_and_those_that_wait_and_all_are_told() -> None:
    desk = Desk()
    for number in (1, 2, 3):
        desk.contents.put(number, LOUD * 50)

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, 35, 80))
        desk.playback.do(act.PlayAnnouncement(2, None, 80))
        await asyncio.sleep(1)
        desk.playback.do(act.StopPlayback())
        await asyncio.sleep(1)
        # One that is stopped before it was begun.
        desk.playback.do(act.PlayAnnouncement(3, None, 80))
        desk.playback.do(act.StopPlayback())
        await asyncio.sleep(1)

    ended = [one for one in announcements(desk) if isinstance(one, ev.AnnouncementEnded)]
    assert sorted(one.number for one in ended) == [1, 2, 3]
    assert {one.reason for one in ended} == {"it was stopped"}
    assert desk.speaker.percent == 80
    assert desk.heard_s() < 1.2


async def test_what_is_no_sound_is_told_and_nothing_is_begun() -> None:
    desk = Desk()
    desk.contents.put(1, b"garbage")

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, 35, 80))
        await asyncio.sleep(1)

    assert announcements(desk) == [ev.AnnouncementEnded(1, "this is no sound.")]
    assert desk.speaker.percent == 100


async def test_a_file_of_silence_is_over_after_a_while() -> None:
    desk = Desk()
    desk.contents.put(1, QUIET)

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, None, 80))
        await asyncio.sleep(REST_S + 1)

    assert announcements(desk)[-1] == ev.AnnouncementEnded(1)


async def test_without_a_speaker_its_end_says_so_and_does_not_keep_the_next_waiting() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD * 50)
    desk.contents.put(2, LOUD)
    desk.speaker.unplug()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, None, 80))
        await asyncio.sleep(0.1)
        desk.speaker.replug()
        desk.playback.do(act.PlayAnnouncement(2, None, 80))
        await asyncio.sleep(2)

    assert announcements(desk) == [
        ev.AnnouncementBegun(1),
        ev.AnnouncementEnded(1, "there is no speaker"),
        ev.AnnouncementBegun(2),
        ev.AnnouncementEnded(2),
    ]


async def test_a_speaker_that_is_lost_ends_the_wait() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD * 10)

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, None, 80))
        await asyncio.sleep(0.5)
        desk.speaker.unplug("pulled out")
        await asyncio.sleep(REST_S + 5)

    assert announcements(desk)[-1] == ev.AnnouncementEnded(
        1, "the speaker was lost before its end: pulled out"
    )


async def test_the_live_voice_is_heard_again_afterwards() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD * 5)

    async with running(desk.playback.run):
        desk.playback.online()
        desk.playback.do(act.PlayAnnouncement(1, None, 80))
        await asyncio.sleep(2)
        before_s = desk.heard_s()
        for _ in range(20):
            desk.playback.feed(LOUD)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)

    assert before_s == pytest.approx(0.5)
    assert desk.heard_s() > 2.0


async def test_an_answer_behind_it_is_played_after_it() -> None:
    desk = Desk()
    desk.contents.put(1, LOUD * 5)

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnnouncement(1, 20, 80))
        desk.playback.do(act.PlayAnswer(1, "10"))
        await asyncio.sleep(5)

    assert desk.heard_s() == pytest.approx(1.5)
    assert desk.speaker.percent == 80
