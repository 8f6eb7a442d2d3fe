"""The marker of private fields is where words are, and nowhere else."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from ravatard.core import actions as act
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.private import is_private
from tests.unit.core.recorded import EVERY_EVENT

ACTIONS = [one for one in vars(act).values() if is_dataclass(one) and isinstance(one, type)]


def test_what_people_said_is_marked_and_nothing_else_is() -> None:
    marked = {
        f"{kind.__name__}.{one.name}"
        for kind in (*EVERY_EVENT, *ACTIONS, TurnTaking)
        for one in fields(kind)
        if is_private(one)
    }

    assert marked == {
        *("Answered.text", "Answered.heard", "Answered.file_url", "Answered.sound", "TextGiven.text"),
        *("ChunkCaptured.pcm", "SendAudio.pcm", "SendUtterance.pcm", "SendText.text"),
        *("PlayAnswer.file_url", "PlayAnswer.sound", "TurnTaking.said"),
    }
    for kind in (*EVERY_EVENT, *ACTIONS, TurnTaking):
        assert [one.name for one in fields(kind) if is_private(one) is one.repr] == []
