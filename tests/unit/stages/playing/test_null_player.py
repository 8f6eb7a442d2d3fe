"""An appliance without a speaker."""

from __future__ import annotations

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.stages.mailbox import Inbox
from ravatard.stages.playing.null_player import NullAnswerPlayer

LOUD = bytes(4800)


async def test_without_a_speaker_only_the_news_of_the_live_voice_is_passed_on() -> None:
    inbox = Inbox()
    player = NullAnswerPlayer(inbox)

    player.do(act.StopPlayback())
    player.do(act.ResumeVoice())
    player.do(act.PrepareDecoder())
    player.online()
    player.feed(LOUD)
    player.offline("the page was closed.")

    assert await inbox.get() == ev.VoiceOnline()
    assert await inbox.get() == ev.VoiceOffline("the page was closed.")


async def test_without_a_speaker_an_answer_in_pieces_is_discarded() -> None:
    inbox = Inbox()
    player = NullAnswerPlayer(inbox)

    player.begin_answer()
    player.feed(LOUD)
    player.end_answer()

    assert inbox._queue.empty()
