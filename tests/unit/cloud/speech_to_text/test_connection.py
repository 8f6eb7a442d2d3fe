"""Sound goes to the recogniser, its words to the service; what fails there costs one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from ravatard.cloud.speech_to_text.connection import MOST_WAITING, TranscribedConnection
from ravatard.core import events as ev
from ravatard.core.capabilities import Capabilities
from ravatard.errors import DeniedError, LinkError, NoSessionError
from tests.unit.cloud.speech_to_text.fakes import READS, FakeRecogniser, Reader

CHUNK = bytes(8192)


class Line:
    """A connection at work, and what came out of it."""

    def __init__(self, recogniser: FakeRecogniser, capabilities: Capabilities = READS) -> None:
        self.recogniser = recogniser
        self.service = Reader(capabilities)
        self.line = TranscribedConnection(self.service, recogniser, "en", lambda: 0.5)
        self.told: list[ev.ServiceMessage] = []
        self.trouble: Exception | None = None

    async def listen(self) -> None:
        try:
            async for message in self.line.receive():
                self.told.append(message)
        except (LinkError, DeniedError) as error:
            self.trouble = error

    async def says(self, chunks: int = 2) -> None:
        for _ in range(chunks):
            await self.line.send_audio(CHUNK)
        await self.line.end_utterance()
        await asyncio.sleep(0.001)


@asynccontextmanager
async def at_work(*words: str | LinkError | None, capabilities: Capabilities = READS) -> AsyncIterator[Line]:
    line = Line(FakeRecogniser(*words), capabilities)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(line.line.run())
        listening = group.create_task(line.listen())
        await asyncio.sleep(0)
        try:
            yield line
        finally:
            await line.line.close()
            await running
            listening.cancel()
    assert line.recogniser.open_now == 0


async def test_words_go_out_and_the_answer_says_what_was_heard() -> None:
    async with at_work("what time is it") as line:
        await line.says()

        assert line.recogniser.fed == [CHUNK * 2]
        assert line.recogniser.languages == ["en"]
        assert line.service.log == ["text what time is it"]
        assert line.told == [ev.Answered("you said what time is it", heard="what time is it")]


async def test_only_the_first_answer_is_one_to_the_words() -> None:
    async with at_work("one") as line:
        await line.says()
        line.service.says.put_nowait(ev.Answered("and another thing"))
        await asyncio.sleep(0.001)

        assert line.told[1] == ev.Answered("and another thing")


def test_the_service_is_one_that_takes_sound_and_is_told_its_end() -> None:
    inner = replace(READS, needs_session=False, answer_timeout_s=7.0)

    line = Line(FakeRecogniser(), inner).line

    assert line.capabilities == replace(inner, streams_audio=True, marks_utterances=True)


async def test_a_whole_utterance_and_a_line_of_text_go_the_same_way() -> None:
    async with at_work("one") as line:
        await line.line.send_utterance(CHUNK * 3)
        await asyncio.sleep(0.001)
        await line.line.send_text("two")

        assert line.recogniser.fed == [CHUNK * 3]
        assert line.service.log == ["text one", "text two"]


async def test_words_that_take_their_time_hold_nothing_up_and_keep_their_order() -> None:
    async with at_work("one", "two") as line:
        line.recogniser.think_s = 3.0
        begun = asyncio.get_running_loop().time()
        await line.says()
        await line.says()
        assert asyncio.get_running_loop().time() - begun < 0.1
        await asyncio.sleep(7.0)

        assert line.service.log == ["text one", "text two"]


async def test_no_words_are_told_as_nothing_said() -> None:
    async with at_work("") as line:
        await line.says()

        assert line.told == [ev.NothingSaid()]
        assert line.service.log == []


async def test_no_end_without_an_utterance() -> None:
    async with at_work() as line:
        await line.line.end_utterance()
        await line.line.cancel_utterance()
        await asyncio.sleep(0.001)

        assert line.told == []


async def test_words_that_cannot_be_had_cost_one_turn() -> None:
    async with at_work(LinkError("no words within 10 s"), "two") as line:
        await line.says()
        await line.says()

        assert line.told[0] == ev.TurnFailed("no words within 10 s")
        assert line.service.log == ["text two"]


async def test_a_recogniser_that_breaks_off_costs_the_rest_of_the_utterance() -> None:
    async with at_work("two") as line:
        line.recogniser.breaks = LinkError("it broke off")
        await line.line.send_audio(CHUNK)
        line.recogniser.breaks = None
        await line.says(3)
        await line.says(1)

        assert line.told[0] == ev.TurnFailed("it broke off")
        assert line.recogniser.fed == [CHUNK]
        assert line.service.log == ["text two"]


async def test_a_cancelled_utterance_is_never_sent() -> None:
    async with at_work("two") as line:
        await line.line.send_audio(CHUNK)
        await line.line.cancel_utterance()
        assert line.recogniser.open_now == 0
        await line.says(1)

        assert line.service.log == ["text two"]


async def test_a_failed_utterance_that_is_cancelled_leaves_the_next_one_alone() -> None:
    async with at_work("two") as line:
        line.recogniser.breaks = LinkError("it broke off")
        await line.line.send_audio(CHUNK)
        line.recogniser.breaks = None
        await line.line.cancel_utterance()
        await line.says(1)

        assert line.service.log == ["text two"]


async def test_a_recogniser_that_is_away_makes_the_service_deaf_until_it_is_found_again() -> None:
    async with at_work("two") as line:
        line.recogniser.away = LinkError("it cannot be reached")
        await line.says()
        await line.says()
        await asyncio.sleep(20.0)
        gone = list(line.told)
        line.recogniser.away = None
        await asyncio.sleep(31.0)
        back = line.told[len(gone) :]
        await line.says()

        assert gone == [
            ev.ServiceHearing(True, "it cannot be reached"),
            ev.TurnFailed("it cannot be reached"),
            ev.ServiceHearing(True, "it cannot be reached"),
            ev.TurnFailed("it cannot be reached"),
        ]
        assert back == [ev.ServiceHearing(False)]
        assert line.service.log == ["text two"]


async def test_a_recogniser_that_fails_again_and_again_makes_the_service_deaf_until_it_gives_words() -> None:
    raves = LinkError("its answer cannot be read")
    async with at_work(raves, raves, raves, "", "two") as line:
        for _ in range(5):
            await line.says()
        # It can be reached all the time: looking for it proves nothing.
        await asyncio.sleep(60.0)

        failed = ev.TurnFailed("its answer cannot be read")
        deaf = ev.ServiceHearing(True, "its answer cannot be read")
        assert line.told[:7] == [
            *(failed, deaf, failed, deaf, failed),
            ev.ServiceHearing(False),
            ev.NothingSaid(),
        ]
        assert line.service.log == ["text two"]


async def test_a_recogniser_that_fails_now_and_then_is_heard() -> None:
    fails = LinkError("no words within 10 s")
    async with at_work(fails, "one", fails, "two") as line:
        for _ in range(4):
            await line.says()

        assert [one for one in line.told if isinstance(one, ev.ServiceHearing)] == []


async def test_an_utterance_finds_a_recogniser_that_is_back_before_the_search_does() -> None:
    async with at_work("two") as line:
        line.recogniser.away = LinkError("it cannot be reached")
        await line.says()
        line.recogniser.away = None
        await line.says()

        assert line.told[2] == ev.ServiceHearing(False)
        await asyncio.sleep(60.0)
        assert line.told.count(ev.ServiceHearing(False)) == 1


async def test_more_utterances_than_anybody_waits_for_fail() -> None:
    async with at_work(*[None] * (MOST_WAITING + 1)) as line:
        for _ in range(MOST_WAITING + 2):
            await line.says()

        (failed,) = line.told
        assert isinstance(failed, ev.TurnFailed)
        assert f"{MOST_WAITING} utterances wait" in failed.reason


async def test_an_interruption_reaches_the_service_first_and_drops_the_words_that_are_awaited() -> None:
    async with at_work("one", "two", "three") as line:
        line.recogniser.think_s = 1.0
        await line.says()
        await line.says()
        await line.line.interrupt()
        await line.says()
        await asyncio.sleep(5.0)

        assert line.service.log == ["interrupt", "text three"]
        assert [one for one in line.told if not isinstance(one, ev.Answered)] == []


async def test_an_interrupted_utterance_that_fails_is_not_told() -> None:
    async with at_work(LinkError("broke off")) as line:
        line.recogniser.think_s = 1.0
        await line.says()
        await line.line.interrupt()
        await asyncio.sleep(5.0)

        assert line.told == []


async def test_words_without_a_session_cost_one_turn() -> None:
    async with at_work("one", "two") as line:
        line.service.send_errors = [NoSessionError("no live session is open")]
        await line.says()
        await line.says()

        assert line.told[0] == ev.TurnFailed("no live session is open")
        assert line.service.log == ["text two"]


@pytest.mark.parametrize("error", [LinkError("the socket broke"), DeniedError("not any more")])
async def test_words_that_break_the_link_end_it(error: LinkError | DeniedError) -> None:
    async with at_work("one") as line:
        line.service.send_errors = [error]
        await line.says()

        assert line.trouble is error


@pytest.mark.parametrize("said", [LinkError("cut"), None])
async def test_a_link_that_breaks_is_told(said: LinkError | None) -> None:
    async with at_work() as line:
        line.service.says.put_nowait(said)
        await asyncio.sleep(0.001)

        assert isinstance(line.trouble, LinkError)


async def test_a_newer_connection_is_asked_for_as_the_service_wants_it() -> None:
    async with at_work() as line:
        line.service.renewed.set()
        await line.line.outdated()

        assert not line.service.renewed.is_set()


async def test_closing_gives_up_what_is_at_the_recogniser() -> None:
    async with at_work(None, None) as line:
        await line.says()
        await line.line.send_audio(CHUNK)
        assert line.recogniser.open_now == 2


async def test_cancelled_it_leaves_nothing_open() -> None:
    line = Line(FakeRecogniser(None))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(line.line.run())
        await line.says()
        await line.line.send_audio(CHUNK)
        running.cancel()

    assert running.cancelled()
    assert line.recogniser.open_now == 0
