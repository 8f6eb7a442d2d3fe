"""Events of turns for automations: few kinds, numbers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ravatard.core.actions import TurnSummary
from ravatard.core.states import TurnOutcome

#: Kind of event for each outcome.
_KINDS: Mapping[TurnOutcome, str] = {
    TurnOutcome.ANSWERED: "answered",
    TurnOutcome.UNANSWERED: "unanswered",
    TurnOutcome.NOTHING_SAID: "dropped",
    TurnOutcome.SELF_HEARD: "dropped",
    TurnOutcome.SUPERSEDED: "interrupted",
    TurnOutcome.CANCELLED: "dropped",
    TurnOutcome.FAILED: "failed",
}
#: Every kind there is.
TURN_EVENTS = tuple(dict.fromkeys(_KINDS.values()))


def turn_event(summary: TurnSummary) -> dict[str, Any]:
    """Return the event of a turn that is over, as plain data; nothing of what was said."""
    return {
        "event_type": _KINDS[summary.outcome],
        "outcome": summary.outcome.value,
        "cause": summary.cause.value if summary.cause is not None else "text",
        "spoken_s": round(summary.spoken_ms / 1000, 1),
        "answer_s": None if summary.answer_ms is None else round(summary.answer_ms / 1000, 1),
    }
