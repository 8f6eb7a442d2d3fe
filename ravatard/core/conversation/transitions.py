"""Tables of the small machines: every state with every cue, so that none is forgotten.

A cue is what an event means for one machine. The machines are coupled in ``machines.py``, never
multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import TypeVar

from ravatard.core.states import AttentionState, LinkState, MicrophoneStatus, SessionState, TalkState

S = TypeVar("S", bound=Enum)
C = TypeVar("C", bound=Enum)


@unique
class LinkCue(Enum):
    """Cue for the link."""

    TRYING = "trying"
    UP = "up"
    DOWN = "down"
    REFUSED = "refused"


@unique
class SessionCue(Enum):
    """Cue for the live session."""

    WANTED = "wanted"
    STARTED = "started"
    OVER = "over"


@unique
class TalkCue(Enum):
    """Cue for the conversation."""

    OPENED = "opened"
    """The gate opened."""
    CLOSED = "closed"
    """The gate closed and an answer is awaited."""
    WROTE = "wrote"
    """Text was given."""
    DONE = "done"
    """The turn is over: answered, given up, cancelled."""
    AWAITED = "awaited"
    """It was answered, and the sound of the answer is on its way."""
    SOUNDED = "sounded"
    """The speaker began to sound."""
    SILENT = "silent"
    """The speaker fell silent, or was silenced."""


@unique
class MicrophoneCue(Enum):
    """Cue for the capture device."""

    READY = "ready"
    LOST = "lost"
    HOLD = "hold"
    FREE = "free"
    CLOSED = "closed"
    """The device was closed because the user muted it."""


@unique
class AttentionCue(Enum):
    """Cue for the attention of a gate with a wake word."""

    WORD = "word"
    """The word was spoken."""
    ANSWER = "answer"
    """An answer is over."""
    OVER = "over"
    """The user goes on, or the time for that is over."""


LINK: Mapping[tuple[LinkState, LinkCue], LinkState] = {
    (LinkState.OFFLINE, LinkCue.TRYING): LinkState.CONNECTING,
    (LinkState.OFFLINE, LinkCue.UP): LinkState.ONLINE,
    (LinkState.OFFLINE, LinkCue.DOWN): LinkState.OFFLINE,
    (LinkState.OFFLINE, LinkCue.REFUSED): LinkState.DENIED,
    (LinkState.CONNECTING, LinkCue.TRYING): LinkState.CONNECTING,
    (LinkState.CONNECTING, LinkCue.UP): LinkState.ONLINE,
    (LinkState.CONNECTING, LinkCue.DOWN): LinkState.OFFLINE,
    (LinkState.CONNECTING, LinkCue.REFUSED): LinkState.DENIED,
    (LinkState.ONLINE, LinkCue.TRYING): LinkState.CONNECTING,
    (LinkState.ONLINE, LinkCue.UP): LinkState.ONLINE,
    (LinkState.ONLINE, LinkCue.DOWN): LinkState.OFFLINE,
    (LinkState.ONLINE, LinkCue.REFUSED): LinkState.DENIED,
    # While denied, a new attempt shows as denied until it succeeded: the owner must still act.
    (LinkState.DENIED, LinkCue.TRYING): LinkState.DENIED,
    (LinkState.DENIED, LinkCue.UP): LinkState.ONLINE,
    (LinkState.DENIED, LinkCue.DOWN): LinkState.OFFLINE,
    (LinkState.DENIED, LinkCue.REFUSED): LinkState.DENIED,
}

SESSION: Mapping[tuple[SessionState, SessionCue], SessionState] = {
    (SessionState.NONE, SessionCue.WANTED): SessionState.STARTING,
    # A start that was given up may still succeed: then a session is held, and the idle limit ends it.
    (SessionState.NONE, SessionCue.STARTED): SessionState.LIVE,
    (SessionState.NONE, SessionCue.OVER): SessionState.NONE,
    (SessionState.STARTING, SessionCue.WANTED): SessionState.STARTING,
    (SessionState.STARTING, SessionCue.STARTED): SessionState.LIVE,
    (SessionState.STARTING, SessionCue.OVER): SessionState.NONE,
    (SessionState.LIVE, SessionCue.WANTED): SessionState.LIVE,
    (SessionState.LIVE, SessionCue.STARTED): SessionState.LIVE,
    (SessionState.LIVE, SessionCue.OVER): SessionState.NONE,
}

TALK: Mapping[tuple[TalkState, TalkCue], TalkState] = {
    (TalkState.IDLE, TalkCue.OPENED): TalkState.LISTENING,
    (TalkState.IDLE, TalkCue.CLOSED): TalkState.IDLE,
    (TalkState.IDLE, TalkCue.WROTE): TalkState.THINKING,
    (TalkState.IDLE, TalkCue.DONE): TalkState.IDLE,
    (TalkState.IDLE, TalkCue.AWAITED): TalkState.THINKING,
    (TalkState.IDLE, TalkCue.SOUNDED): TalkState.SPEAKING,
    (TalkState.IDLE, TalkCue.SILENT): TalkState.IDLE,
    (TalkState.LISTENING, TalkCue.OPENED): TalkState.LISTENING,
    (TalkState.LISTENING, TalkCue.CLOSED): TalkState.THINKING,
    (TalkState.LISTENING, TalkCue.WROTE): TalkState.LISTENING,
    (TalkState.LISTENING, TalkCue.DONE): TalkState.IDLE,
    (TalkState.LISTENING, TalkCue.AWAITED): TalkState.LISTENING,
    # A user who speaks is listened to, whatever the speaker does.
    (TalkState.LISTENING, TalkCue.SOUNDED): TalkState.LISTENING,
    (TalkState.LISTENING, TalkCue.SILENT): TalkState.LISTENING,
    (TalkState.THINKING, TalkCue.OPENED): TalkState.LISTENING,
    (TalkState.THINKING, TalkCue.CLOSED): TalkState.THINKING,
    (TalkState.THINKING, TalkCue.WROTE): TalkState.THINKING,
    (TalkState.THINKING, TalkCue.DONE): TalkState.IDLE,
    (TalkState.THINKING, TalkCue.AWAITED): TalkState.THINKING,
    (TalkState.THINKING, TalkCue.SOUNDED): TalkState.SPEAKING,
    (TalkState.THINKING, TalkCue.SILENT): TalkState.THINKING,
    (TalkState.SPEAKING, TalkCue.OPENED): TalkState.LISTENING,
    (TalkState.SPEAKING, TalkCue.CLOSED): TalkState.SPEAKING,
    (TalkState.SPEAKING, TalkCue.WROTE): TalkState.THINKING,
    # The answer's text may come while its sound is already playing.
    (TalkState.SPEAKING, TalkCue.DONE): TalkState.SPEAKING,
    (TalkState.SPEAKING, TalkCue.AWAITED): TalkState.SPEAKING,
    (TalkState.SPEAKING, TalkCue.SOUNDED): TalkState.SPEAKING,
    (TalkState.SPEAKING, TalkCue.SILENT): TalkState.IDLE,
}

MICROPHONE: Mapping[tuple[MicrophoneStatus, MicrophoneCue], MicrophoneStatus] = {
    (MicrophoneStatus.ABSENT, MicrophoneCue.READY): MicrophoneStatus.OPEN,
    (MicrophoneStatus.ABSENT, MicrophoneCue.LOST): MicrophoneStatus.ABSENT,
    (MicrophoneStatus.ABSENT, MicrophoneCue.HOLD): MicrophoneStatus.ABSENT,
    (MicrophoneStatus.ABSENT, MicrophoneCue.FREE): MicrophoneStatus.ABSENT,
    (MicrophoneStatus.ABSENT, MicrophoneCue.CLOSED): MicrophoneStatus.MUTED,
    (MicrophoneStatus.OPEN, MicrophoneCue.READY): MicrophoneStatus.OPEN,
    (MicrophoneStatus.OPEN, MicrophoneCue.LOST): MicrophoneStatus.ABSENT,
    (MicrophoneStatus.OPEN, MicrophoneCue.HOLD): MicrophoneStatus.HELD,
    (MicrophoneStatus.OPEN, MicrophoneCue.FREE): MicrophoneStatus.OPEN,
    (MicrophoneStatus.OPEN, MicrophoneCue.CLOSED): MicrophoneStatus.MUTED,
    (MicrophoneStatus.HELD, MicrophoneCue.READY): MicrophoneStatus.HELD,
    (MicrophoneStatus.HELD, MicrophoneCue.LOST): MicrophoneStatus.ABSENT,
    (MicrophoneStatus.HELD, MicrophoneCue.HOLD): MicrophoneStatus.HELD,
    (MicrophoneStatus.HELD, MicrophoneCue.FREE): MicrophoneStatus.OPEN,
    (MicrophoneStatus.HELD, MicrophoneCue.CLOSED): MicrophoneStatus.MUTED,
    # Muted: the device is closed on purpose. It only opens, or turns out to be missing, after un-muting.
    (MicrophoneStatus.MUTED, MicrophoneCue.READY): MicrophoneStatus.OPEN,
    (MicrophoneStatus.MUTED, MicrophoneCue.LOST): MicrophoneStatus.ABSENT,
    (MicrophoneStatus.MUTED, MicrophoneCue.HOLD): MicrophoneStatus.MUTED,
    (MicrophoneStatus.MUTED, MicrophoneCue.FREE): MicrophoneStatus.MUTED,
    (MicrophoneStatus.MUTED, MicrophoneCue.CLOSED): MicrophoneStatus.MUTED,
}

ATTENTION: Mapping[tuple[AttentionState, AttentionCue], AttentionState] = {
    (AttentionState.WAITING, AttentionCue.WORD): AttentionState.WOKEN,
    (AttentionState.WAITING, AttentionCue.ANSWER): AttentionState.FOLLOW_UP,
    (AttentionState.WAITING, AttentionCue.OVER): AttentionState.WAITING,
    (AttentionState.WOKEN, AttentionCue.WORD): AttentionState.WOKEN,
    # The word was spoken later than what is answered: what follows the word is awaited.
    (AttentionState.WOKEN, AttentionCue.ANSWER): AttentionState.WOKEN,
    (AttentionState.WOKEN, AttentionCue.OVER): AttentionState.WAITING,
    (AttentionState.FOLLOW_UP, AttentionCue.WORD): AttentionState.WOKEN,
    (AttentionState.FOLLOW_UP, AttentionCue.ANSWER): AttentionState.FOLLOW_UP,
    (AttentionState.FOLLOW_UP, AttentionCue.OVER): AttentionState.WAITING,
}


def step(table: Mapping[tuple[S, C], S], state: S, cue: C) -> S:
    """Return the next state. A pair that is not in its table is a bug of ours and raises KeyError."""
    return table[state, cue]
