"""A whole appliance at a service that is told: pieces, interruptions, marks; then all of it in any order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ravatard.cloud.speech_to_text.cloud import TranscribedCloud
from ravatard.cloud.speech_to_text.transcriber import Transcriber
from ravatard.core import events as ev
from ravatard.core.audio_format import VOICE
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import SessionOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import TurnOutcome
from ravatard.errors import LinkError
from tests.examples import examples
from tests.scenario.told import PIECE, PIECE_MS, TOLD, Manner, ToldService, ToldWorld, told_appliance
from tests.scenario.world import Wishes, appliance
from tests.unit.cloud.speech_to_text.fakes import FakeRecogniser
from tests.virtual_time import run

BUTTON = Wishes(gate=GateOptions(mode="both"), has_button=True)


def now() -> float:
    return asyncio.get_running_loop().time()


async def asked(world: ToldWorld, seconds: float = 30.0) -> None:
    """Somebody speaks, and time for the answer passes."""
    await asyncio.sleep(1.0)
    await world.speaks()
    await asyncio.sleep(seconds)


@pytest.mark.parametrize("text", ["before", "between", "after", "never"])
@pytest.mark.parametrize("every_s", [0.0, 0.15, 0.19])
async def test_an_answer_in_pieces_is_heard_once_in_order_without_a_hole(text: str, every_s: float) -> None:
    service = ToldService()
    service.manner = Manner(pieces=40, every_s=every_s, text=text)
    async with told_appliance(BUTTON, service) as world:
        await asked(world)

        assert b"".join(piece.pcm for piece in world.speaker.played) == PIECE * 40
        first, last = world.speaker.played[0], world.speaker.played[-1]
        assert last.until - first.at == pytest.approx(40 * PIECE_MS / 1000)
        assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED]
        assert world.lamp.look.value == "ready"
        assert len(service.heard) == 1
        world.accept()


async def test_the_lights_follow_what_is_heard() -> None:
    service = ToldService()
    service.manner = Manner(pieces=10, gap_s=2.0)
    async with told_appliance(BUTTON, service) as world:
        await asked(world)

        looks = [look.value for _, look in world.lamp.shown]
        assert looks[looks.index("listening") :] == ["listening", "thinking", "speaking", "ready"]


async def test_the_microphone_is_held_from_the_first_piece_to_the_last_however_late_one_is() -> None:
    service = ToldService()
    service.manner = Manner(pieces=10, gap_s=3.0)
    held: list[tuple[float, bool]] = []
    async with told_appliance(BUTTON, service) as world:
        world.witness.held = False
        await asyncio.sleep(1.0)
        await world.speaks()
        for _ in range(1_000):
            held.append((now(), world.witness.held))
            await asyncio.sleep(0.01)

        changes = [at for (at, one), (_, other) in itertools.pairwise(held) if one is not other]
        taken, freed = changes
        assert freed - taken > 10 * PIECE_MS / 1000 + 2.0
        world.accept()


@pytest.mark.parametrize("every_s", [0.0, 0.19])
async def test_a_press_silences_the_speaker_and_the_service_at_once(every_s: float) -> None:
    service = ToldService()
    service.manner = Manner(pieces=100, every_s=every_s)
    async with told_appliance(BUTTON, service) as world:
        await asked(world, 4.0)
        pressed_at = now()
        await world.taps()
        await asyncio.sleep(30.0)

        (stopped_at,) = world.speaker.stopped_at
        assert stopped_at - pressed_at <= 0.01
        assert service.interrupted_at == pytest.approx([pressed_at], abs=0.01)
        assert world.heard_s(pressed_at) <= 0.05
        assert world.lamp.look.value == "ready"
        world.accept()


async def test_a_press_while_the_avatar_thinks_gives_the_answer_up() -> None:
    service = ToldService()
    service.manner = Manner(think_s=5.0)
    async with told_appliance(BUTTON, service) as world:
        await asked(world, 2.0)
        await world.taps()
        await asyncio.sleep(20.0)

        assert len(service.interrupted_at) == 1
        assert world.speaker.played == []
        assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.CANCELLED]


async def test_muting_in_the_middle_takes_back_what_went_out() -> None:
    service = ToldService()
    async with told_appliance(BUTTON, service) as world:
        await asyncio.sleep(1.0)
        speaking = world.speaks(3.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(speaking)
            await asyncio.sleep(1.5)
            world.controls.inbox.put(ev.MuteAsked(True))
        await asyncio.sleep(20.0)

        assert (service.cancelled, service.heard) == (1, [])
        world.accept()


async def test_a_session_that_vanished_is_replaced_and_the_words_are_said_again_once() -> None:
    service = ToldService()
    async with told_appliance(BUTTON, service) as world:
        await asked(world)
        service.vanish()
        await world.speaks()
        await asyncio.sleep(20.0)

        assert service.started == 2
        assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2
        assert len(service.heard) == 2
        world.accept()


@pytest.mark.parametrize(
    ("fails", "outcome"), [("failed", TurnOutcome.FAILED), ("nothing said", TurnOutcome.NOTHING_SAID)]
)
async def test_a_turn_that_fails_ends_at_once_and_the_session_stays(fails: str, outcome: TurnOutcome) -> None:
    service = ToldService()
    service.manner.fails = fails
    async with told_appliance(BUTTON, service) as world:
        await asked(world, 3.0)

        assert [turn.outcome for turn in world.diary.turns] == [outcome]
        assert service.is_open
        assert world.lamp.look.value == "ready"
        assert len(world.speaker.earcons) == (fails == "failed")


async def test_what_was_said_before_the_first_link_reaches_a_service_that_is_told() -> None:
    service = ToldService()
    service.down = True
    async with told_appliance(BUTTON, service) as world:
        await asked(world, 1.0)
        service.down = False
        await asyncio.sleep(20.0)

        assert len(service.heard) == 1
        assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED]
        world.accept()


async def test_a_service_that_listens_gets_no_mark_of_what_was_begun_before_it_was_known() -> None:
    async with appliance() as world:
        world.network.down = True
        async with asyncio.TaskGroup() as group:
            group.create_task(world.speaks(6.0))
            await world.passes(2.0)
            world.network.down = False
            await world.until(lambda: world.record.counts["samples"] > 8_192)
            # Given up in the middle: what went out stays, and nothing is taken back there.
            world.controls.inbox.put(ev.MuteAsked(True))
        await world.passes(1.0)
        world.controls.inbox.put(ev.MuteAsked(False))
        await world.passes(1.0)
        await world.speaks(1.5)
        await world.passes(10.0)

        assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.CANCELLED, TurnOutcome.ANSWERED]
        assert not world.record.violations


async def test_a_recogniser_before_the_service_is_heard_as_well() -> None:
    service = ToldService(replace(TOLD, streams_audio=False, marks_utterances=False))
    recogniser = FakeRecogniser("good morning")
    cloud = TranscribedCloud(service, Transcriber(recogniser, "en", lambda: 0.5))  # type: ignore[arg-type]
    async with told_appliance(BUTTON, service, cloud) as world:
        await asked(world)

        assert service.read == ["good morning"]
        assert service.sent_at == []
        assert world.heard_s() == pytest.approx(2.0)
        assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED]


async def test_a_recogniser_that_is_away_is_shown_and_costs_no_session_for_every_word() -> None:
    service = ToldService(replace(TOLD, streams_audio=False, marks_utterances=False))
    recogniser = FakeRecogniser("good morning")
    recogniser.away = LinkError("it cannot be reached")
    cloud = TranscribedCloud(service, Transcriber(recogniser, "en", lambda: 0.5))  # type: ignore[arg-type]
    wishes = Wishes(session=SessionOptions(idle_s=5.0))
    async with told_appliance(wishes, service, cloud) as world:
        await asked(world, 20.0)
        shown = world.lamp.look.value
        for _ in range(5):
            await world.speaks()
            await asyncio.sleep(20.0)
        started = service.started
        recogniser.away = None
        await asyncio.sleep(60.0)
        await world.speaks()
        await asyncio.sleep(20.0)

        assert shown == "service-deaf"
        # Every pause is longer than the one before.
        assert started <= 3
        assert service.read == ["good morning"]
        assert world.lamp.look.value == "ready"


# ---------------------------------------------------------------- in any order


INCIDENTS: dict[str, Callable[[ToldWorld], None]] = {
    "link drops": lambda world: world.service.drop(),
    "service goes down": lambda world: setattr(world.service, "down", True),
    "service comes up": lambda world: setattr(world.service, "down", False),
    "session vanishes": lambda world: world.service.vanish(),
    "service is deaf": lambda world: world.service.tell(ev.ServiceHearing(True, "no ear")),
    "service hears": lambda world: world.service.tell(ev.ServiceHearing(False)),
    "turns fail": lambda world: setattr(world.service.manner, "fails", "failed"),
    "turns are mute": lambda world: setattr(world.service.manner, "fails", "nothing said"),
    "turns are answered": lambda world: setattr(world.service.manner, "fails", ""),
    "speaks unasked": lambda world: world.service.answer("by the way"),
    "pieces are slow": lambda world: setattr(world.service.manner, "every_s", 0.5),
    "pieces are fast": lambda world: setattr(world.service.manner, "every_s", 0.0),
    "answers are long": lambda world: setattr(world.service.manner, "pieces", 500),
    "answers are short": lambda world: setattr(world.service.manner, "pieces", 5),
    "text comes late": lambda world: setattr(world.service.manner, "text", "after"),
    "no text comes": lambda world: setattr(world.service.manner, "text", "never"),
    "something goes wrong": lambda world: world.service.tell(ev.TurnFailed("something went wrong")),
    "microphone is unplugged": lambda world: world.ear.unplug(),
    "microphone is plugged in": lambda world: world.ear.replug(),
    "speaker is unplugged": lambda world: world.speaker.unplug(),
    "speaker is plugged in": lambda world: world.speaker.replug(),
}
DEEDS = ("speaks", "presses", "taps", "writes", "mutes", "unmutes", "restarts", "reloads", "waits")

Step = tuple[str, float]
STEPS: st.SearchStrategy[Step] = st.tuples(
    st.one_of(st.just("speaks"), st.sampled_from(DEEDS), st.sampled_from(sorted(INCIDENTS))),
    st.sampled_from([0.0, 0.013, 0.3, 1.0, 1.5, 3.0, 7.0]),
)
WISHES = st.sampled_from(
    [
        BUTTON,
        Wishes(gate=GateOptions(mode="vad"), has_button=True),
        Wishes(gate=GateOptions(mode="both", toggle=True), has_button=True),
        Wishes(session=SessionOptions(keep="always"), has_button=True),
        Wishes(session=SessionOptions(idle_s=5.0), has_button=True),
        Wishes(audio=AudioOptions(echo="off", barge_in="voice"), has_button=True),
        Wishes(audio=AudioOptions(longest_answer_s=10.0), has_button=True),
    ]
)


async def does(world: ToldWorld, step: Step) -> None:
    word, seconds = step
    put = world.controls.inbox.put
    match word:
        case "speaks":
            await world.speaks(max(0.5, seconds))
            world.ear._pending.clear()
            return
        case "presses":
            (world.button.release if world.button.down else world.button.press)()
        case "taps":
            if not world.button.down:
                await world.taps()
        case "writes":
            world.controls.say("Good morning")
        case "mutes" | "unmutes":
            put(ev.MuteAsked(word == "mutes"))
        case "restarts":
            put(ev.RestartSessionAsked())
        case "reloads":
            world.controls.reload.set()
        case "waits":
            seconds *= 5
        case _:
            INCIDENTS[word](world)
    await asyncio.sleep(seconds)


async def recovers(world: ToldWorld) -> None:
    """All is mended, quiet time passes, and the next words are answered aloud."""
    world.service.down = False
    world.service.manner = Manner()
    world.ear.replug()
    world.speaker.replug()
    if world.button.down:
        world.button.release()
    world.controls.inbox.put(ev.MuteAsked(False))
    await asyncio.sleep(0.1)
    await world.taps()
    await asyncio.sleep(200.0)
    world.service.tell(ev.ServiceHearing(False))
    await asyncio.sleep(1.0)
    assert world.lamp.look.value == "ready"
    assert not world.witness.held
    begun = now()
    await world.speaks()
    await asyncio.sleep(20.0)
    assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED
    assert world.heard_s(begun) == pytest.approx(2.0)
    assert world.lamp.look.value == "ready"


async def assert_lives(wishes: Wishes, steps: list[Step], *, to_the_end: bool) -> None:
    service = ToldService()
    async with told_appliance(wishes, service) as world:
        await asyncio.sleep(1.0)
        for step in steps:
            await does(world, step)
            world.accept()
        if to_the_end:
            await recovers(world)
    world.accept()
    assert world.ear.closed
    assert world.lamp.look.value == "off"
    assert (service.is_open, service.started) == (False, service.ended)


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


def test_a_piece_is_as_long_as_it_says() -> None:
    assert len(PIECE) == VOICE.bytes_for(PIECE_MS)
