"""Answers find their way to the speaker, and stop on their way when they are to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import VOICE
from ravatard.core.states import Earcon
from ravatard.errors import MediaError
from ravatard.sim.speaker import SimSpeaker
from ravatard.stages.mailbox import Inbox
from ravatard.stages.playback import MOST_NEWS, MOST_WAITING, ROOM_S, Playback
from ravatard.stages.playing.content import AnnouncementContents
from tests.unit.stages.fakes import running

LOUD = b"\x00\x20\x00\xe0" * (VOICE.bytes_for(100) // 4)
QUIET = bytes(VOICE.bytes_for(100))


class Page:
    """A download of the same piece a number of times."""

    content_type = "audio/test"

    def __init__(self, pieces: int) -> None:
        self.left = pieces

    async def pieces(self) -> AsyncIterator[bytes]:
        for _ in range(self.left):
            yield LOUD


class Shelf:
    """A ``Fetch`` whose files have as many pieces as their address says."""

    def __init__(self) -> None:
        self.open_now = 0

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Page]:
        if not url.isdigit():
            raise MediaError("there is no such file.")
        self.open_now += 1
        try:
            yield Page(int(url))
        finally:
            self.open_now -= 1


class AsIs:
    """A ``Decoder`` for sound that is none but PCM."""

    def __init__(self) -> None:
        self.types: list[str] = []
        self.prepared = 0

    async def pcm(self, pieces: AsyncIterator[bytes], content_type: str = "") -> AsyncGenerator[bytes, None]:
        self.types.append(content_type)
        async for piece in pieces:
            if piece == b"garbage":
                raise MediaError("this is no sound.")
            yield piece

    async def prepare(self) -> None:
        self.prepared += 1

    async def close(self) -> None:
        self.prepared = 0


class Desk:
    """The stage with everything around it."""

    def __init__(self) -> None:
        self.speaker, self.inbox = SimSpeaker(), Inbox()
        self.shelf, self.decoder = Shelf(), AsIs()
        self.contents = AnnouncementContents(asyncio.get_running_loop().time)
        self.playback = Playback(self.speaker, self.shelf, self.decoder, self.inbox, self.contents)

    def heard_s(self) -> float:
        return sum(len(piece.pcm) for piece in self.speaker.played) / VOICE.bytes_for(1000)

    def told(self) -> list[ev.Event]:
        events = []
        while not self.inbox._queue.empty():
            events.append(self.inbox._queue.get_nowait())
        return events


async def test_a_file_is_fetched_decoded_and_played() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "30"))
        await asyncio.sleep(10)

    assert desk.heard_s() == pytest.approx(3.0)
    assert desk.decoder.types == ["audio/test"]
    kinds = [type(event) for event in desk.told()]
    assert kinds == [ev.SpeakerReady, ev.PlaybackStarted, ev.PlaybackEnded]


async def test_a_long_answer_is_not_fetched_faster_than_it_is_played() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "600"))
        await asyncio.sleep(10)

        assert 10.0 < desk.heard_s() < 13.0
        assert desk.shelf.open_now == 1


async def test_inline_sound_needs_no_fetching() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "", LOUD))
        await asyncio.sleep(1)

    assert desk.heard_s() == pytest.approx(0.1)


async def test_answers_are_played_one_after_the_other() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "10"))
        desk.playback.do(act.PlayAnswer(2, "20"))
        await asyncio.sleep(10)

    assert desk.heard_s() == pytest.approx(3.0)


async def test_more_answers_than_anybody_would_listen_to_are_refused() -> None:
    desk = Desk()

    for turn in range(MOST_WAITING + 1):
        desk.playback.do(act.PlayAnswer(turn, "10"))

    (refused,) = desk.told()
    assert isinstance(refused, ev.AnswerUnplayable)
    assert refused.turn == MOST_WAITING


@pytest.mark.parametrize(("url", "sound"), [("nowhere", b""), ("", b"garbage")])
async def test_what_cannot_be_played_is_told_and_the_next_answer_plays(url: str, sound: bytes) -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(7, url, sound))
        desk.playback.do(act.PlayAnswer(8, "10"))
        await asyncio.sleep(5)

    assert [event.turn for event in desk.told() if isinstance(event, ev.AnswerUnplayable)] == [7]
    assert desk.heard_s() == pytest.approx(1.0)


async def test_a_speaker_that_takes_nothing_ends_the_answer() -> None:
    desk = Desk()

    async def full() -> None:
        await asyncio.Event().wait()

    desk.speaker.room = full  # type: ignore[method-assign]
    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(7, "10"))
        await asyncio.sleep(ROOM_S + 1)

    (refused,) = [event for event in desk.told() if isinstance(event, ev.AnswerUnplayable)]
    assert "took nothing" in refused.reason


async def test_an_answer_that_the_speaker_does_not_play_is_told_with_its_turn() -> None:
    desk = Desk()
    desk.speaker.unplug()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(7, "10"))
        desk.playback.do(act.PlayAnswer(9, "10"))
        await asyncio.sleep(1)
        desk.playback.begin_answer()
        desk.playback.feed(LOUD)
        desk.playback.end_answer()
        await asyncio.sleep(1)
        desk.playback.online()
        desk.playback.feed(LOUD * 10)
        await asyncio.sleep(1)

    told = [event for event in desk.told() if isinstance(event, ev.AnswerUnplayable)]
    assert told == [ev.AnswerUnplayable(turn, "there is no speaker") for turn in (7, 9, 0)]


async def test_of_answers_of_long_ago_the_turns_are_forgotten() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        for turn in range(100):
            desk.playback.do(act.PlayAnswer(turn, "1"))
            await asyncio.sleep(1)

    assert list(desk.playback._turns.values()) == list(range(100 - MOST_NEWS, 100))


async def test_stopping_silences_what_plays_and_forgets_what_waits() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "100"))
        desk.playback.do(act.PlayAnswer(2, "100"))
        await asyncio.sleep(1.0)
        desk.playback.do(act.StopPlayback())
        await asyncio.sleep(5.0)

        assert desk.heard_s() < 1.1
        assert desk.shelf.open_now == 0
        desk.playback.do(act.PlayAnswer(3, "10"))
        await asyncio.sleep(5.0)
        assert desk.heard_s() == pytest.approx(2.0, abs=0.1)


async def test_earcons_and_volume_reach_the_speaker() -> None:
    desk = Desk()

    desk.playback.do(act.PlayEarcon(Earcon.SENT))
    desk.playback.do(act.SetVolume(30))

    assert [earcon for _, earcon in desk.speaker.earcons] == [Earcon.SENT]
    assert desk.speaker.percent == 30


async def test_the_speaker_is_kept_awake_and_let_sleep_as_the_core_says() -> None:
    desk = Desk()

    desk.playback.do(act.KeepSpeakerAwake(True))
    desk.playback.do(act.KeepSpeakerAwake(False))

    assert desk.speaker.kept_awake == [(0.0, True), (0.0, False)]


async def test_the_decoder_is_prepared_while_an_answer_is_awaited() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PrepareDecoder())
        await asyncio.sleep(0.1)

        assert desk.decoder.prepared == 1


# ---------------------------------------------------------------- the live voice


async def test_the_live_voice_is_played_as_it_comes() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        await asyncio.sleep(0.01)
        desk.playback.online()
        for _ in range(5):
            desk.playback.feed(LOUD)
            await asyncio.sleep(0.1)
        desk.playback.offline("the stream broke.", hopeless=True)
        await asyncio.sleep(1.0)

    assert desk.heard_s() == pytest.approx(0.5)
    told = desk.told()
    assert [type(event) for event in told] == [
        ev.SpeakerReady,
        ev.VoiceOnline,
        ev.PlaybackStarted,
        ev.VoiceOffline,
        ev.PlaybackEnded,
    ]
    assert told[3] == ev.VoiceOffline("the stream broke.", hopeless=True)


async def test_nothing_is_played_of_a_stream_that_is_over() -> None:
    desk = Desk()
    desk.playback.online()
    desk.playback.offline("the stream broke.")

    desk.playback.feed(LOUD)

    assert desk.heard_s() == 0.0


async def test_a_stream_that_never_was_can_be_told_of() -> None:
    desk = Desk()

    desk.playback.offline("nobody is there.")

    assert desk.told() == [ev.VoiceOffline("nobody is there.")]


async def test_what_still_comes_of_an_interrupted_live_answer_is_not_played() -> None:
    desk = Desk()
    desk.playback.online()
    desk.playback.do(act.StopPlayback())

    for piece in (LOUD, LOUD, QUIET, LOUD, *[QUIET] * 9):
        desk.playback.feed(piece)
    assert desk.heard_s() == 0.0
    desk.playback.feed(LOUD)

    assert desk.heard_s() == pytest.approx(0.1)


async def test_the_next_answer_is_played_whatever_was_interrupted() -> None:
    desk = Desk()
    desk.playback.online()
    desk.playback.do(act.StopPlayback())

    desk.playback.do(act.ResumeVoice())
    desk.playback.feed(LOUD)

    assert desk.heard_s() == pytest.approx(0.1)


async def test_the_speaker_is_told_which_voice_is_live() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "1"))
        await asyncio.sleep(1)
        desk.playback.online()

    assert desk.speaker.live == {1: False, 2: True}


# ---------------------------------------------------------------- an answer in pieces


async def test_an_answer_in_pieces_is_one_finite_voice_however_early_they_come() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.begin_answer()
        for _ in range(300):
            desk.playback.feed(LOUD)
        desk.playback.end_answer()
        await asyncio.sleep(40.0)

    assert desk.heard_s() == pytest.approx(30.0)
    assert desk.speaker.live == {1: False}
    assert [type(event) for event in desk.told()] == [
        ev.SpeakerReady,
        ev.AnswerBegun,
        ev.AnswerComplete,
        ev.PlaybackStarted,
        ev.PlaybackEnded,
    ]


async def test_an_answer_follows_the_one_before_without_a_gap() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        for _ in range(2):
            desk.playback.begin_answer()
            for _ in range(10):
                desk.playback.feed(LOUD)
            desk.playback.end_answer()
        await asyncio.sleep(5.0)

    assert [piece.at for piece in desk.speaker.played] == pytest.approx(
        [desk.speaker.played[0].at + 0.1 * number for number in range(20)]
    )


async def test_what_still_comes_of_a_stopped_answer_is_discarded_until_the_next_begins() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.begin_answer()
        for _ in range(100):
            desk.playback.feed(LOUD)
        await asyncio.sleep(1.0)
        desk.playback.do(act.StopPlayback())
        stopped_s = desk.heard_s()
        for _ in range(50):
            desk.playback.feed(LOUD)
            await asyncio.sleep(0.1)
        desk.playback.end_answer()
        assert desk.heard_s() == stopped_s < 1.1
        desk.playback.begin_answer()
        desk.playback.feed(LOUD)
        await asyncio.sleep(1.0)

        assert desk.heard_s() == pytest.approx(stopped_s + 0.1)
        told = [event for event in desk.told() if isinstance(event, ev.AnswerBegun | ev.AnswerComplete)]
        assert told == [ev.AnswerBegun(), ev.AnswerBegun()]


async def test_an_answer_that_begins_ends_the_one_before() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.begin_answer()
        desk.playback.begin_answer()
        await asyncio.sleep(0.1)

    told = [event for event in desk.told() if not isinstance(event, ev.SpeakerReady)]
    assert told == [ev.AnswerBegun(), ev.AnswerComplete(), ev.AnswerBegun()]


async def test_a_flood_of_answers_leaves_room_in_the_inbox_and_ends_as_it_is() -> None:
    desk = Desk()

    told: list[ev.Event] = []
    async with running(desk.playback.run):
        for _ in range(10_000):
            desk.playback.begin_answer()
        desk.playback.end_answer()
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                while True:
                    told.append(await desk.inbox.get())

    news = [event for event in told if not isinstance(event, ev.SpeakerReady)]
    assert len(news) <= MOST_NEWS
    assert news[-1] == ev.AnswerComplete()


# ---------------------------------------------------------------- a pause


async def test_an_answer_that_is_paused_goes_on_where_it_was() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "60"))
        await asyncio.sleep(2)
        desk.playback.do(act.PausePlayback())
        await asyncio.sleep(ROOM_S + 5)
        paused_s = desk.heard_s()
        desk.playback.do(act.ResumePlayback())
        await asyncio.sleep(10)

    assert paused_s == pytest.approx(2.0, abs=0.2)
    assert desk.heard_s() == pytest.approx(6.0)
    assert not any(isinstance(event, ev.AnswerUnplayable) for event in desk.told())


async def test_an_answer_that_was_stopped_in_a_pause_does_not_go_on() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.do(act.PlayAnswer(1, "60"))
        await asyncio.sleep(2)
        desk.playback.do(act.PausePlayback())
        desk.playback.do(act.StopPlayback())
        desk.playback.do(act.ResumePlayback())
        await asyncio.sleep(10)

    assert desk.heard_s() == pytest.approx(2.0, abs=0.2)


async def test_a_live_voice_is_stopped_where_an_answer_would_be_paused() -> None:
    desk = Desk()

    async with running(desk.playback.run):
        desk.playback.online()
        desk.playback.feed(LOUD)
        await asyncio.sleep(0.1)
        desk.playback.do(act.PausePlayback())
        desk.playback.feed(LOUD)
        desk.playback.do(act.ResumePlayback())
        await asyncio.sleep(1)

    assert len(desk.speaker.stopped_at) == 1
    assert desk.heard_s() < 0.1
