"""A gate that waits for the wake word, in a whole appliance: what is sent, and what never is."""

from __future__ import annotations

from dataclasses import replace

from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Cause
from ravatard.core.wakeword.attention import MOST_FOLLOW_UPS
from ravatard.core.wakeword.watch import WakeWord
from tests.scenario.world import Wishes, World, appliance
from tests.unit.core.wakeword.fakes import THRESHOLD, FakeDetector

WISHES = Wishes(
    gate=GateOptions(mode="wakeword"),
    ravatar=RavatarOptions(mode="chat"),
    speaks=True,
    word=lambda: WakeWord(FakeDetector(), THRESHOLD),
)


def causes(world: World) -> list[Cause | None]:
    return [turn.cause for turn in world.diary.turns]


async def test_a_television_opens_nothing_all_evening() -> None:
    async with appliance(WISHES) as world:
        await world.passes(1.0)
        for _ in range(100):
            await world.speaks(6.0)
            await world.passes(3.0)

        assert world.diary.opened == []
        assert world.record.counts["sessions_started"] == 0
        assert set(world.looks()) >= {"waiting"}


async def test_the_word_then_words_and_words_after_the_answer_are_turns_and_later_ones_are_not() -> None:
    async with appliance(WISHES) as world:
        await world.passes(1.0)
        await world.says_the_word()
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 1)
        await world.until(lambda: world.looks()[-1] == "ready")
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 2)
        await world.until(lambda: world.looks()[-1] == "waiting")
        await world.speaks(1.5)
        await world.passes(10.0)

        assert causes(world) == [Cause.WAKEWORD, Cause.VOICE]
        assert len(world.diary.answers) == 2


async def test_the_word_alone_shows_listening_and_then_waits_again() -> None:
    async with appliance(WISHES) as world:
        await world.passes(1.0)
        await world.says_the_word()
        assert world.looks()[-1] == "listening"
        await world.passes(6.0)

        assert world.looks()[-1] == "waiting"
        assert world.diary.opened == []


async def test_the_word_in_an_answer_stops_it_where_the_microphone_listens() -> None:
    async with appliance(replace(WISHES, audio=AudioOptions(echo="off"))) as world:
        await world.passes(1.0)
        await world.says_the_word()
        await world.speaks(1.5)
        await world.until(lambda: world.looks()[-1] == "speaking")
        await world.says_the_word()

        assert world.looks()[-1] == "ready"


async def test_one_word_and_then_a_television_keep_no_session_for_ever() -> None:
    async with appliance(WISHES) as world:
        await world.passes(1.0)
        await world.says_the_word()
        for _ in range(100):
            await world.speaks(6.0)
            await world.passes(3.0)

        assert causes(world) == [Cause.WAKEWORD] + [Cause.VOICE] * MOST_FOLLOW_UPS
        assert world.looks()[-1] == "waiting"
