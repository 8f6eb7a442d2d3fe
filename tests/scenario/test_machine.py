"""Whatever happens, in whatever order: the appliance keeps its promises, and is well again afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.core import events as ev
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import SessionOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import TurnOutcome
from ravatard.core.wakeword.watch import WakeWord
from tests.examples import examples
from tests.scenario.witness import INCIDENTS, Witness, mend
from tests.scenario.world import Wishes, World, appliance
from tests.unit.core.sounds import voice
from tests.unit.core.wakeword.fakes import THRESHOLD, FakeDetector
from tests.virtual_time import run

#: The longest pause between two attempts to connect, the longest wait for an answer, and a margin.
QUIET_S = 150.0
ANSWERED_WITHIN_S = 40.0
COUGH_MS = 260.0

DEEDS = (
    "speaks",
    "talks over",
    "coughs",
    "says the word",
    "is told",
    "presses",
    "writes",
    "mutes",
    "unmutes",
    "toggles",
    "reloads",
    "restarts",
    "waits",
)

Step = tuple[str, float]

#: A word for what happens, and the seconds it takes, or that pass afterwards.
STEPS: st.SearchStrategy[Step] = st.tuples(
    st.one_of(st.just("speaks"), st.sampled_from(DEEDS), st.sampled_from(sorted(INCIDENTS))),
    st.sampled_from([0.0, 0.013, 0.3, 1.0, 1.5, 3.0, 7.0]),
)


def beep_word() -> WakeWord:
    """The wake word of the tests, heard by a detector of its own."""
    return WakeWord(FakeDetector(), THRESHOLD)


WISHES = st.sampled_from(
    [
        Wishes(has_button=True),
        Wishes(gate=GateOptions(mode="vad"), has_button=True),
        Wishes(gate=GateOptions(mode="both", toggle=True), has_button=True),
        Wishes(session=SessionOptions(keep="always"), has_button=True),
        Wishes(gate=GateOptions(mode="wakeword-or-button"), has_button=True, speaks=True, word=beep_word),
        Wishes(
            audio=AudioOptions(echo="off"),
            gate=GateOptions(mode="wakeword-or-button"),
            has_button=True,
            speaks=True,
            word=beep_word,
        ),
        Wishes(session=SessionOptions(idle_s=5.0), has_button=True),
        Wishes(gate=GateOptions(mode="both"), has_button=True, speaks=True),
        Wishes(ravatar=RavatarOptions(mode="chat"), has_button=True, speaks=True),
        Wishes(ravatar=RavatarOptions(mode="auto"), has_button=True, speaks=True),
        Wishes(
            audio=AudioOptions(echo="off", barge_in="voice"),
            ravatar=RavatarOptions(mode="auto"),
            gate=GateOptions(mode="both", toggle=True),
            has_button=True,
            speaks=True,
        ),
        *(
            Wishes(
                audio=AudioOptions(echo="cancel", barge_in="voice"),
                ravatar=RavatarOptions(mode=mode),
                gate=GateOptions(mode="both"),
                has_button=True,
                speaks=True,
            )
            for mode in ("chat", "live")
        ),
        Wishes(
            audio=AudioOptions(echo="cancel", barge_in="voice"),
            ravatar=RavatarOptions(mode="chat"),
            gate=GateOptions(mode="wakeword-or-button"),
            has_button=True,
            speaks=True,
            word=beep_word,
        ),
    ]
)


async def sounds(world: World, word: str, seconds: float) -> None:
    """Somebody makes a sound; returns when it is over, and what nothing listened to is not heard later."""
    match word:
        case "speaks":
            await world.speaks(max(0.5, seconds))
        case "talks over":
            # Asks in writing, and goes on talking when the avatar speaks.
            world.controls.say("Good morning")
            await world.passes(2.0)
            await world.speaks(max(0.5, seconds))
        case "coughs":
            # Too short to be words, and long enough to open the gate.
            world.ear.sound(voice(COUGH_MS))
            await world.passes(0.5)
        case "says the word":
            await world.says_the_word()
    world.ear._pending.clear()


async def does(world: World, step: Step) -> None:
    """One step; returns when it is over."""
    word, seconds = step
    put = world.controls.inbox.put
    match word:
        case "speaks" | "talks over" | "coughs" | "says the word":
            await sounds(world, word, seconds)
            return
        case "is told":
            await world.voice.says(max(0.5, seconds))
            return
        case "presses":
            # Down, or up again: other steps happen in between.
            (world.button.release if world.button.down else world.button.press)()
        case "writes":
            world.controls.say("Good morning")
        case "mutes" | "unmutes" | "toggles":
            put(ev.MuteAsked({"mutes": True, "unmutes": False, "toggles": None}[word]))
        case "reloads":
            world.controls.reload.set()
        case "restarts":
            put(ev.RestartSessionAsked())
        case "waits":
            seconds *= 5
        case _:
            INCIDENTS[word](world)
    await world.passes(seconds)


async def recovers(world: World, witness: Witness, wishes: Wishes) -> None:
    """The faults are over and quiet time passes: all is well, and the next words are answered."""
    mend(world)
    await world.passes(0.1)
    # What waits for a person is tried again when a person presses; a short press means nothing else.
    world.button.press()
    await world.passes(0.05)
    world.button.release()
    await world.passes(QUIET_S)
    assert witness.ended == list(range(1, max([witness.begun, *witness.ended], default=0) + 1))
    if witness.muted and witness.muted[-1][1] is None:
        assert world.lamp.look.value == "muted"
        world.controls.inbox.put(ev.MuteAsked(False))
        await world.passes(1.0)
    assert world.lamp.look.value == ("ready" if wishes.word is None else "waiting")
    assert world.lamp.look is witness.look
    assert not witness.held
    answers = len(world.diary.answers)
    if wishes.word is not None:
        await world.says_the_word()
    await world.speaks(1.5)
    await world.until(lambda: len(world.diary.answers) > answers, ANSWERED_WITHIN_S)
    await world.passes(3.0)
    assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED


async def assert_lives(wishes: Wishes, steps: list[Step], *, to_the_end: bool) -> None:
    """One life: the steps, then either all is mended, or somebody pulls the plug in the middle of it."""
    witness = Witness()
    async with appliance(replace(wishes, observers=(witness,))) as world:
        witness.inbox = world.controls.inbox
        await world.passes(1.0)
        for step in steps:
            await does(world, step)
            witness.accept(world)
        if to_the_end:
            await recovers(world, witness, wishes)
        reachable = not world.network.down
    witness.accept(world)
    assert world.ear.closed
    assert world.voice.opened == world.voice.closed
    assert world.lamp.look.value == "off"
    if reachable:
        assert world.record.open_licences() == []
    starts, ends = world.record.counts["sessions_started"], world.record.counts["sessions_ended"]
    assert starts - ends == len(world.record.open_licences())


@pytest.mark.hours
@settings(
    max_examples=examples(100),
    deadline=None,
    derandomize=True,
    database=None,
    # Shrinking a failure would take longer than a test may.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(wishes=WISHES, steps=st.lists(STEPS, min_size=4, max_size=24), to_the_end=st.booleans())
def test_in_any_order(wishes: Wishes, steps: list[Step], to_the_end: bool) -> None:
    run(assert_lives(wishes, steps, to_the_end=to_the_end), debug=False)


async def test_a_press_while_muted_opens_nothing_when_unmuted() -> None:
    async with appliance(Wishes(gate=GateOptions(mode="both", toggle=True), has_button=True)) as world:
        await world.passes(1.0)
        world.controls.inbox.put(ev.MuteAsked(True))
        await world.passes(1.0)
        world.button.press()
        await world.passes(0.05)
        world.button.release()
        await world.passes(60.0)
        world.controls.inbox.put(ev.MuteAsked(False))
        await world.passes(3.0)

        assert world.diary.opened == []


async def test_words_that_are_not_too_old_are_sent_when_older_ones_are() -> None:
    async with appliance() as world:
        await world.passes(1.0)
        world.network.down = True
        world.network.drop_sockets()
        await world.speaks(1.5)
        await world.passes(18.0)
        await world.speaks(1.5)
        await world.passes(14.0)
        world.network.down = False
        # Whoever speaks now brings the link back, and with it what was said a quarter of a minute ago.
        await world.speaks(1.5)
        await world.passes(20.0)

        (session,) = world.record.sessions
        assert 15.0 < max(world.diary.ages_s) < 30.0
        assert session.samples > 2 * 24_000
        assert world.diary.turns[-1].outcome.value == "answered"
