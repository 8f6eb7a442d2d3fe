"""Records of the flight recorder: events that entered the hub, and states that were reached."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.machines import ConversationState
from ravatard.core.indication import Show
from ravatard.core.options.conversation import ConversationOptions


@dataclass(frozen=True, slots=True)
class Began:
    """Point from which a conversation can be followed: its start, or a checkpoint of it.

    Attributes:
        why: "start", "new file", or what was left out before.
        version: of ravatard.
        boot: id of the boot, whose clock the times count on.
        wall_s: wall time, seconds since 1970, for people only: a Pi boots with a wrong date.
        allowance: bytes that may still be written at once.
        options: the conversation's options.
        state: the conversation's state, without what people said; None at its start.
    """

    why: str
    version: str
    boot: str
    wall_s: float
    allowance: float
    options: ConversationOptions
    state: ConversationState | None


@dataclass(frozen=True, slots=True)
class Happened:
    """An event entered the hub."""

    event: ev.Event


@dataclass(frozen=True, slots=True)
class Reached:
    """A state was reached: an action of the conversation shows it.

    Attributes:
        what: "look", "session", "turn", "held", "muted" or "gate".
        value: the state.
    """

    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Routine:
    """Sum of the events that changed nothing, since the last such line.

    Attributes:
        listened: signs of life of the microphone that reached the hub.
        samples: captured since the device was opened.
        lowest_db, highest_db: range of the level, dBFS.
        floor_db: noise floor, dBFS.
        overruns: of the ring since the device was opened.
        sent: messages put on the socket.
        slowest_ms: the longest from a sample being read to its message being on the socket.
    """

    listened: int
    samples: int
    lowest_db: float
    highest_db: float
    floor_db: float
    overruns: int
    sent: int
    slowest_ms: float


@dataclass(frozen=True, slots=True)
class Gap:
    """From here to the next :class:`Began` something is left out."""

    why: str


Record = Began | Happened | Reached | Routine | Gap


def reached(action: object) -> Reached | None:
    """Return the state that an action shows, or None."""
    match action:
        case Show(indication):
            return Reached("look", indication.look.value)
        case act.SessionChanged(session):
            return Reached("session", session.value)
        case act.TurnEnded(summary):
            return Reached("turn", f"{summary.turn} {summary.outcome.value}")
        case act.Hold(held):
            return Reached("held", "yes" if held else "no")
        case act.Mute(muted):
            return Reached("muted", "yes" if muted else "no")
        case act.SetGate(mode):
            return Reached("gate", mode.value)
    return None
