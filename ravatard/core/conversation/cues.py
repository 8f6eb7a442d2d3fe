"""Cues between the machines: facts that one of them reports and others act on.

A step of a machine returns its new state and its effects in order: actions, which leave the conversation, and
cues, which :class:`ravatard.core.conversation.conversation.Conversation` passes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ravatard.core.actions import Action
from ravatard.core.states import Cause

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Active:
    """The user said or wrote something, or the service answered: the session is not idle."""


@dataclass(frozen=True, slots=True)
class SessionWanted:
    """Turn ``turn`` needs a live session, if the service has such a thing."""

    turn: int


@dataclass(frozen=True, slots=True)
class SessionUnneeded:
    """The turn was cancelled that a session may be starting for."""


@dataclass(frozen=True, slots=True)
class SessionUseless:
    """The live session must be ended; ``reason`` for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class TurnOpened:
    """The user is listened to."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class TurnClosed:
    """The user was listened to until the end; None: the turn was written."""

    cause: Cause | None


@dataclass(frozen=True, slots=True)
class TurnSent:
    """The first message of a turn is with the service."""


@dataclass(frozen=True, slots=True)
class TurnAnswered:
    """The service answered a turn; ``spoken``: of the user's voice."""

    spoken: bool = False


@dataclass(frozen=True, slots=True)
class AnswerFollows:
    """An answered turn ended: what the live voice says from now on is that answer."""


@dataclass(frozen=True, slots=True)
class WordsLost:
    """Words were lost or not answered.

    Attributes:
        denied: the cause may be what the service refuses; False when it cannot be.
        reason: what the service did, "" when it is not the service's doing or passes by itself.
        spoken: the user's voice was part of them.
        taken: the service took them, and did not answer.
    """

    denied: bool = False
    reason: str = ""
    spoken: bool = False
    taken: bool = False


@dataclass(frozen=True, slots=True)
class MuteChanged:
    """The user muted or unmuted."""

    muted: bool


@dataclass(frozen=True, slots=True)
class VoiceSounds:
    """The avatar begins to be heard, or goes on after the user spoke."""


@dataclass(frozen=True, slots=True)
class VoiceGoesOn:
    """A further answer follows without a pause in the sound."""


@dataclass(frozen=True, slots=True)
class VoiceSilent:
    """The avatar fell silent, at loop time ``at``."""

    at: float


@dataclass(frozen=True, slots=True)
class SoundAwaited:
    """The sound of an answer is on its way; it is awaited until loop time ``until``."""

    until: float


@dataclass(frozen=True, slots=True)
class SoundMissing:
    """The sound of an answer that may be awaited will not come."""


@dataclass(frozen=True, slots=True)
class WakeHeard:
    """The wake word was spoken, and the user waits for a sign that it was heard."""


@dataclass(frozen=True, slots=True)
class InterruptionFalse:
    """A voice interrupted the avatar that was none: its turn is not to be answered."""


@dataclass(frozen=True, slots=True)
class InterruptionProven:
    """The voice that interrupted the avatar was surely a user's."""


@dataclass(frozen=True, slots=True)
class EchoMisheard:
    """The avatar's own voice was taken for a user's again and again."""


Cue = (
    Active
    | SessionWanted
    | SessionUnneeded
    | SessionUseless
    | TurnOpened
    | TurnClosed
    | TurnSent
    | TurnAnswered
    | AnswerFollows
    | WordsLost
    | MuteChanged
    | VoiceSounds
    | VoiceGoesOn
    | VoiceSilent
    | SoundAwaited
    | SoundMissing
    | WakeHeard
    | InterruptionFalse
    | InterruptionProven
    | EchoMisheard
)
Effect = Action | Cue
Effects = Sequence[Effect]
#: A machine's new state, and what follows from the step.
Step = tuple[S, Effects]
