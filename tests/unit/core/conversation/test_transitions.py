"""Every state with every cue is in its table, and nothing else is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from ravatard.core.conversation.transitions import (
    LINK,
    MICROPHONE,
    SESSION,
    TALK,
    LinkCue,
    MicrophoneCue,
    SessionCue,
    TalkCue,
    step,
)
from ravatard.core.states import LinkState, MicrophoneStatus, SessionState, TalkState

MACHINES: list[tuple[Mapping[Any, Any], type[Enum], type[Enum]]] = [
    (LINK, LinkState, LinkCue),
    (SESSION, SessionState, SessionCue),
    (TALK, TalkState, TalkCue),
    (MICROPHONE, MicrophoneStatus, MicrophoneCue),
]
IDS = ["link", "session", "talk", "microphone"]


@pytest.mark.parametrize(("table", "states", "cues"), MACHINES, ids=IDS)
def test_every_state_has_an_answer_to_every_cue(
    table: Mapping[Any, Any], states: type[Enum], cues: type[Enum]
) -> None:
    assert set(table) == set(itertools.product(states, cues))


@pytest.mark.parametrize(("table", "states", "cues"), MACHINES[:3], ids=IDS[:3])
def test_every_state_can_be_reached_and_left(
    table: Mapping[Any, Any], states: type[Enum], cues: type[Enum]
) -> None:
    for state in states:
        assert any(after is state and before is not state for (before, _), after in table.items())
        assert any(table[state, cue] is not state for cue in cues)


def test_what_concerns_listening_does_not_open_a_muted_microphone() -> None:
    for cue in (MicrophoneCue.HOLD, MicrophoneCue.FREE, MicrophoneCue.CLOSED):
        assert step(MICROPHONE, MicrophoneStatus.MUTED, cue) is MicrophoneStatus.MUTED


def test_who_speaks_is_listened_to_whatever_the_speaker_does() -> None:
    assert step(TALK, TalkState.LISTENING, TalkCue.SOUNDED) is TalkState.LISTENING
    assert step(TALK, TalkState.LISTENING, TalkCue.SILENT) is TalkState.LISTENING


def test_a_pair_outside_its_table_is_a_bug_and_raises() -> None:
    with pytest.raises(KeyError):
        step({}, TalkState.IDLE, TalkCue.DONE)
