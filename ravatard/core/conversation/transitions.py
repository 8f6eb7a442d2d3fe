"""The four small machines as tables: every state with every cue, so that none is forgotten.

A cue is what an event means for one machine. The machines are coupled in ``conversation.py``, never
multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from typing import TypeVar

from ravatard.core.states import Link, Microphone, Session, Talk

S = TypeVar("S", bound=Enum)
C = TypeVar("C", bound=Enum)


@unique
class LinkCue(Enum):
    """What happens to the link."""

    TRYING = "trying"
    UP = "up"
    DOWN = "down"
    REFUSED = "refused"


@unique
class SessionCue(Enum):
    """What happens to the live session."""

    WANTED = "wanted"
    STARTED = "started"
    OVER = "over"


@unique
class TalkCue(Enum):
    """What happens in the conversation."""

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
    """What happens to the capture device."""

    READY = "ready"
    LOST = "lost"
    HOLD = "hold"
    FREE = "free"
    CLOSED = "closed"
    """The device was closed because somebody muted it."""


LINK: Mapping[tuple[Link, LinkCue], Link] = {
    (Link.OFFLINE, LinkCue.TRYING): Link.CONNECTING,
    (Link.OFFLINE, LinkCue.UP): Link.ONLINE,
    (Link.OFFLINE, LinkCue.DOWN): Link.OFFLINE,
    (Link.OFFLINE, LinkCue.REFUSED): Link.DENIED,
    (Link.CONNECTING, LinkCue.TRYING): Link.CONNECTING,
    (Link.CONNECTING, LinkCue.UP): Link.ONLINE,
    (Link.CONNECTING, LinkCue.DOWN): Link.OFFLINE,
    (Link.CONNECTING, LinkCue.REFUSED): Link.DENIED,
    (Link.ONLINE, LinkCue.TRYING): Link.CONNECTING,
    (Link.ONLINE, LinkCue.UP): Link.ONLINE,
    (Link.ONLINE, LinkCue.DOWN): Link.OFFLINE,
    (Link.ONLINE, LinkCue.REFUSED): Link.DENIED,
    # While denied, a new attempt shows as denied until it succeeded: the owner must still act.
    (Link.DENIED, LinkCue.TRYING): Link.DENIED,
    (Link.DENIED, LinkCue.UP): Link.ONLINE,
    (Link.DENIED, LinkCue.DOWN): Link.OFFLINE,
    (Link.DENIED, LinkCue.REFUSED): Link.DENIED,
}

SESSION: Mapping[tuple[Session, SessionCue], Session] = {
    (Session.NONE, SessionCue.WANTED): Session.STARTING,
    # A start that was given up may still succeed: then a session is held, and the idle limit ends it.
    (Session.NONE, SessionCue.STARTED): Session.LIVE,
    (Session.NONE, SessionCue.OVER): Session.NONE,
    (Session.STARTING, SessionCue.WANTED): Session.STARTING,
    (Session.STARTING, SessionCue.STARTED): Session.LIVE,
    (Session.STARTING, SessionCue.OVER): Session.NONE,
    (Session.LIVE, SessionCue.WANTED): Session.LIVE,
    (Session.LIVE, SessionCue.STARTED): Session.LIVE,
    (Session.LIVE, SessionCue.OVER): Session.NONE,
}

TALK: Mapping[tuple[Talk, TalkCue], Talk] = {
    (Talk.IDLE, TalkCue.OPENED): Talk.LISTENING,
    (Talk.IDLE, TalkCue.CLOSED): Talk.IDLE,
    (Talk.IDLE, TalkCue.WROTE): Talk.THINKING,
    (Talk.IDLE, TalkCue.DONE): Talk.IDLE,
    (Talk.IDLE, TalkCue.AWAITED): Talk.THINKING,
    (Talk.IDLE, TalkCue.SOUNDED): Talk.SPEAKING,
    (Talk.IDLE, TalkCue.SILENT): Talk.IDLE,
    (Talk.LISTENING, TalkCue.OPENED): Talk.LISTENING,
    (Talk.LISTENING, TalkCue.CLOSED): Talk.THINKING,
    (Talk.LISTENING, TalkCue.WROTE): Talk.LISTENING,
    (Talk.LISTENING, TalkCue.DONE): Talk.IDLE,
    (Talk.LISTENING, TalkCue.AWAITED): Talk.LISTENING,
    # Who speaks is listened to, whatever the speaker does.
    (Talk.LISTENING, TalkCue.SOUNDED): Talk.LISTENING,
    (Talk.LISTENING, TalkCue.SILENT): Talk.LISTENING,
    (Talk.THINKING, TalkCue.OPENED): Talk.LISTENING,
    (Talk.THINKING, TalkCue.CLOSED): Talk.THINKING,
    (Talk.THINKING, TalkCue.WROTE): Talk.THINKING,
    (Talk.THINKING, TalkCue.DONE): Talk.IDLE,
    (Talk.THINKING, TalkCue.AWAITED): Talk.THINKING,
    (Talk.THINKING, TalkCue.SOUNDED): Talk.SPEAKING,
    (Talk.THINKING, TalkCue.SILENT): Talk.THINKING,
    (Talk.SPEAKING, TalkCue.OPENED): Talk.LISTENING,
    (Talk.SPEAKING, TalkCue.CLOSED): Talk.SPEAKING,
    (Talk.SPEAKING, TalkCue.WROTE): Talk.THINKING,
    # The answer's text may come while its sound is already playing.
    (Talk.SPEAKING, TalkCue.DONE): Talk.SPEAKING,
    (Talk.SPEAKING, TalkCue.AWAITED): Talk.SPEAKING,
    (Talk.SPEAKING, TalkCue.SOUNDED): Talk.SPEAKING,
    (Talk.SPEAKING, TalkCue.SILENT): Talk.IDLE,
}

MICROPHONE: Mapping[tuple[Microphone, MicrophoneCue], Microphone] = {
    (Microphone.ABSENT, MicrophoneCue.READY): Microphone.OPEN,
    (Microphone.ABSENT, MicrophoneCue.LOST): Microphone.ABSENT,
    (Microphone.ABSENT, MicrophoneCue.HOLD): Microphone.ABSENT,
    (Microphone.ABSENT, MicrophoneCue.FREE): Microphone.ABSENT,
    (Microphone.ABSENT, MicrophoneCue.CLOSED): Microphone.MUTED,
    (Microphone.OPEN, MicrophoneCue.READY): Microphone.OPEN,
    (Microphone.OPEN, MicrophoneCue.LOST): Microphone.ABSENT,
    (Microphone.OPEN, MicrophoneCue.HOLD): Microphone.HELD,
    (Microphone.OPEN, MicrophoneCue.FREE): Microphone.OPEN,
    (Microphone.OPEN, MicrophoneCue.CLOSED): Microphone.MUTED,
    (Microphone.HELD, MicrophoneCue.READY): Microphone.HELD,
    (Microphone.HELD, MicrophoneCue.LOST): Microphone.ABSENT,
    (Microphone.HELD, MicrophoneCue.HOLD): Microphone.HELD,
    (Microphone.HELD, MicrophoneCue.FREE): Microphone.OPEN,
    (Microphone.HELD, MicrophoneCue.CLOSED): Microphone.MUTED,
    # Muted: the device is closed on purpose. It only opens, or turns out to be missing, after un-muting.
    (Microphone.MUTED, MicrophoneCue.READY): Microphone.OPEN,
    (Microphone.MUTED, MicrophoneCue.LOST): Microphone.ABSENT,
    (Microphone.MUTED, MicrophoneCue.HOLD): Microphone.MUTED,
    (Microphone.MUTED, MicrophoneCue.FREE): Microphone.MUTED,
    (Microphone.MUTED, MicrophoneCue.CLOSED): Microphone.MUTED,
}


def step(table: Mapping[tuple[S, C], S], state: S, cue: C) -> S:
    """The next state. A pair that is not in its table is a bug of ours and raises KeyError."""
    return table[state, cue]
