from __future__ import annotations

import json
from collections import deque
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.turn import Turn
from ravatard.core.flight.checkpoint import DERIVED, OF_THE_TURN, REMEMBERED, marks, memory, restored
from ravatard.core.flight.codec import CodecError
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import Cause
from tests.unit.core.recorded import OPTIONS, options, stories


def _fields(owner: object, prefix: str) -> set[str]:
    return {prefix + name for name in vars(owner)}


def test_everything_a_conversation_has_is_remembered_or_known_to_be_derived() -> None:
    conversation = Conversation(OPTIONS)
    parts = {"": conversation}
    parts |= {
        f"{path}.": attrgetter(path)(conversation)
        for path in (
            "_listening",
            "_signals",
            "_speaking",
            "_standing",
            "_standing._spend",
            "_turns",
        )
    }

    found = set().union(*(_fields(owner, prefix) for prefix, owner in parts.items()))

    assert found == set(REMEMBERED) | DERIVED, "enter it in REMEMBERED, or in DERIVED with its reason"
    assert set(vars(Turn(1, None, 0.0))) == set(OF_THE_TURN)


def _wordless(actions: list[Any]) -> list[Any]:
    """Without what people said: it is not kept, and so not said again by who only remembers."""
    return [one for one in actions if not isinstance(one, act.SendAudio | act.SendText | act.SendUtterance)]


@settings(deadline=None, max_examples=300)
@given(options(), stories(), stories())
def test_a_restored_conversation_goes_on_exactly_as_the_one_it_was(
    told: ConversationOptions, before: list[tuple[float, ev.Event]], after: list[tuple[float, ev.Event]]
) -> None:
    original = Conversation(told)
    now = 1000.1
    for passed, event in before:
        now += passed
        original.handle(event, now)
        told = event.options if isinstance(event, ev.OptionsChanged) else told

    copy = restored(told, tuple(json.loads(json.dumps(memory(original)))))

    assert memory(copy) == memory(original)
    for passed, event in after:
        now += passed
        assert _wordless(copy.handle(event, now)) == _wordless(original.handle(event, now))
        assert copy.deadline == original.deadline
        assert memory(copy) == memory(original)


def test_the_sessions_of_the_day_are_remembered_as_they_were() -> None:
    conversation = Conversation(OPTIONS)
    attrgetter("_standing._spend")(conversation)._past.append((1.0, 2.5))

    copy = restored(OPTIONS, memory(conversation))

    assert attrgetter("_standing._spend._past")(copy) == deque([(1.0, 2.5)])


def test_the_marks_show_every_change_and_nothing_else() -> None:
    conversation = Conversation(OPTIONS)
    before = marks(conversation)
    conversation.handle(ev.Listened(1, -60.0, -66.0), 1.0)
    assert marks(conversation) == before

    conversation.handle(ev.MicrophoneReady("mic"), 2.0)
    conversation.handle(ev.UtteranceOpened(1, Cause.VOICE, 0, 1), 3.0)
    open_turn = marks(conversation)
    conversation.handle(ev.ChunkCaptured(1, 0, 0, bytes(8192), 3.1), 3.1)

    assert open_turn != before
    assert marks(conversation) != open_turn


@pytest.mark.parametrize(
    "change",
    [
        lambda good: (),
        lambda good: good[:-2],
        lambda good: (*good, None),
        lambda good: ("shouting", *good[1:]),
        lambda good: (*good[:-1], 7),
        lambda good: (*good[:-1], []),
        lambda good: (*good[:-1], [None] * len(OF_THE_TURN)),
    ],
)
def test_what_is_no_memory_is_refused(change: Any) -> None:
    good = memory(Conversation(OPTIONS))

    with pytest.raises(CodecError):
        restored(OPTIONS, change(good))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), min_size=23, max_size=23))
def test_any_content_is_a_memory_or_refused(content: list[object]) -> None:
    with pytest.raises(CodecError):
        restored(OPTIONS, tuple(content))
