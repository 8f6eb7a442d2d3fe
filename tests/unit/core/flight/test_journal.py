from __future__ import annotations

import pytest

from ravatard.core import actions as act
from ravatard.core.flight.journal import Reached, reached
from ravatard.core.indication import Indication, Look, Show
from ravatard.core.states import Cause, GateMode, SessionState, TurnOutcome


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Show(Indication(Look.READY, "ready: Ava")), Reached("look", "ready")),
        (act.SessionChanged(SessionState.LIVE, "started"), Reached("session", "live")),
        (
            act.TurnEnded(act.TurnSummary(3, TurnOutcome.ANSWERED, Cause.VOICE, 1.0, 1.0, 1, 1, 1.0)),
            Reached("turn", "3 answered"),
        ),
        (act.Hold(held=True), Reached("held", "yes")),
        (act.Hold(held=False), Reached("held", "no")),
        (act.Mute(muted=True), Reached("muted", "yes")),
        (act.Mute(muted=False), Reached("muted", "no")),
        (act.SetGate(GateMode.BOTH), Reached("gate", "both")),
        (act.LogLine("something"), None),
        (act.SendText(1, "something"), None),
    ],
)
def test_an_action_tells_of_a_state_or_of_none(action: object, state: Reached | None) -> None:
    assert reached(action) == state
