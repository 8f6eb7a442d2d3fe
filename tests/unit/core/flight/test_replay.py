from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from ravatard.core import events as ev
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record, Routine, reached
from ravatard.core.flight.replay import Difference, Replay
from ravatard.core.options.conversation import ConversationOptions
from tests.examples import examples
from tests.unit.core.recorded import OPTIONS, options, stories

START = Began("start", "0.1.0", "b", 0.0, 0.0, OPTIONS, None)
ROUTINE = Routine(1, 1, 0.0, 0.0, 0.0, 0, 0, 0.0)
READY = ev.MicrophoneReady("mic")


def _replayed(records: Sequence[tuple[float, Record]]) -> Replay:
    replay = Replay()
    for at, record in records:
        replay.take(at, record)
    return replay


def _recorded(told: ConversationOptions, story: list[tuple[float, ev.Event]]) -> list[tuple[float, Record]]:
    conversation = Conversation(told)
    look = conversation.indication.look.value
    now, records = 0.0, list[tuple[float, Record]]()
    for passed, event in story:
        now += passed
        records.append((now, Happened(event)))
        for state in map(reached, conversation.handle(event, now)):
            if state is not None and state != Reached("look", look):
                look = state.value if state.what == "look" else look
                records.append((now, state))
    return records


@settings(deadline=None, max_examples=examples(200))
@given(options(), stories())
def test_whatever_happened_leads_to_the_same_states_again(
    told: ConversationOptions, story: list[tuple[float, ev.Event]]
) -> None:
    began = Began("start", "0.1.0", "b", 0.0, 0.0, told, None)
    records = _recorded(told, story)

    replay = _replayed([(0.0, began), *records])

    assert replay.difference is None
    assert replay.events == len(story)
    assert replay.states == len(records) - len(story)


def test_a_state_that_was_recorded_and_is_not_reached_is_a_difference() -> None:
    replay = _replayed([(1.0, START), (2.0, Happened(READY)), (2.0, Reached("session", "live"))])

    assert replay.difference == Difference(2.0, "MicrophoneReady", None, Reached("session", "live"))
    assert not replay.following


def test_a_state_that_is_reached_and_was_not_recorded_is_a_difference() -> None:
    mute = Happened(ev.MuteAsked(True))

    replay = _replayed([(1.0, START), (2.0, mute), (3.0, Happened(READY))])

    assert replay.difference == Difference(2.0, "MuteAsked", Reached("muted", "yes"), None)


def test_another_state_is_a_difference_and_the_first_one_counts() -> None:
    mute = Happened(ev.MuteAsked(True))

    replay = _replayed([(1.0, START), (2.0, mute), (2.0, Reached("muted", "no"))])
    first = replay.difference
    replay.take(3.0, START)
    replay.take(4.0, Reached("muted", "no"))

    assert first == Difference(2.0, "MuteAsked", Reached("muted", "yes"), Reached("muted", "no"))
    assert replay.difference == first


def test_states_missing_at_the_end_or_before_a_new_start_are_no_difference() -> None:
    mute = Happened(ev.MuteAsked(True))

    replay = _replayed([(1.0, START), (2.0, mute), (3.0, START), (4.0, mute)])

    assert replay.difference is None
    assert replay.events == 2


@pytest.mark.parametrize("interruption", [Gap("the disk was full"), None])
def test_after_a_gap_nothing_is_compared_until_a_new_beginning(interruption: Gap | None) -> None:
    replay = _replayed([(1.0, START), (2.0, Happened(READY))])
    if interruption is None:
        replay.interrupted()
    else:
        replay.take(2.5, interruption)

    replay.take(3.0, Reached("look", "fault"))
    replay.take(4.0, Happened(READY))
    replay.take(5.0, ROUTINE)

    assert replay.difference is None
    assert replay.events == 1
    assert not replay.following


def test_from_a_checkpoint_it_goes_on_where_it_was() -> None:
    conversation = Conversation(OPTIONS)
    conversation.handle(ev.MuteAsked(True), 2.0)
    began = Began("new file", "0.1.0", "b", 0.0, 0.0, OPTIONS, conversation.state)

    replay = _replayed([(3.0, began), (4.0, Happened(ev.MuteAsked(None))), (4.0, Reached("muted", "no"))])

    assert replay.difference is None
    assert replay.states == 1
