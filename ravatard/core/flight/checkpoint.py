"""All that a conversation remembers, as plain values, and a conversation that remembers it.

The flight recorder is a ring: its beginning is overwritten. Each of its files begins with a checkpoint, from
which what is left can be followed.
"""

from __future__ import annotations

from collections import deque
from operator import attrgetter
from typing import Any

from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.turn import Turn
from ravatard.core.flight.codec import CodecError, from_plain, to_plain
from ravatard.core.indication import Indication
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import (
    Cause,
    GateMode,
    LinkState,
    MicrophoneStatus,
    Refusal,
    SessionState,
    TalkState,
)

#: Where each piece of memory is, with its type. A new one must be entered here; the unit test says so.
REMEMBERED: dict[str, Any] = {
    "gate": GateMode,
    "indication": Indication,
    "_pressed": bool,
    "_listening.microphone": MicrophoneStatus,
    "_listening.muted": bool,
    "_listening.known": bool,
    "_listening._held": bool,
    "_listening._free_at": float | None,
    "_listening._toggle_at": float | None,
    "_standing.link": LinkState,
    "_standing.session": SessionState,
    "_standing.capabilities": Capabilities | None,
    "_standing.detail": str,
    "_standing.active_at": float,
    "_standing.tried": bool,
    "_standing.session_used": bool,
    "_standing._refusal": Refusal | None,
    "_standing._asked_at": float | None,
    "_standing._busy_until": float | None,
    "_standing._no_money_until": float | None,
    "_standing._renew_at": float | None,
    "_standing._spent": bool,
    "_standing._spend._since": float | None,
    "_standing._spend._past": tuple[tuple[float, float], ...],
    "_turns.talk": TalkState,
    "_turns._count": int,
    "_turns._utterance": int | None,
    "_turns._waiting": tuple[tuple[int, float], ...],
    "_turns._sound_by": float | None,
    "_turns._postponed_by": float | None,
    "_signals._told": bool,
    "_speaking.since": float | None,
    "_speaking.volume": int,
    "_speaking.streaming": bool,
    "_speaking._gave_up": bool,
}
#: The same of the turn that is open, if one is.
OF_THE_TURN: dict[str, Any] = {
    "number": int,
    "cause": Cause | None,
    "opened_at": float,
    "closed_at": float | None,
    "answered_at": float | None,
    "begun": bool,
    "resent": bool,
    "whole": bool,
    "answer_by": float | None,
    "silence_due": float | None,
    "_silence_until": float,
    "_samples": int,
    "_speech_ms": float,
    "_messages": int,
    "_silences": int,
}
#: What need not be remembered: told anew (options), the way things are joined, or worked out at every event.
DERIVED = frozenset(
    {
        "_options",
        "_actions",
        "_handlers",
        "_listening",
        "_listening._out",
        "_standing",
        "_standing.options",
        "_standing._out",
        "_standing._spend",
        "_standing._spend.options",
        "_standing._spend_ends_at",
        "_turns",
        "_turns.options",
        "_turns._out",
        # Speech is not kept on disk; what is sent anew changes no state.
        "_turns._said",
        "_turns._standing",
        "_turns._signals",
        "_signals",
        "_signals.options",
        "_signals._out",
        "_speaking",
        "_speaking.options",
        "_speaking._standing",
        "_speaking._turns",
        "_speaking._listening",
        "_speaking._signals",
        "_speaking._out",
        "_turns.turn",
    }
)
_ALL = attrgetter(*REMEMBERED)
_ALL_OF_THE_TURN = attrgetter(*OF_THE_TURN)
_TURN = attrgetter("_turns.turn")


def marks(conversation: Conversation) -> tuple[Any, ...]:
    """Everything it remembers as it is, quickly: an event after which this is the same changed nothing."""
    turn = _TURN(conversation)
    own = _ALL(conversation)
    return own if turn is None else (*own, *_ALL_OF_THE_TURN(turn))


def memory(conversation: Conversation) -> tuple[Any, ...]:
    """Everything it remembers, between two events, as plain values."""
    turn = _TURN(conversation)
    plain = [to_plain(one) for one in _ALL(conversation)]
    return (*plain, None if turn is None else [to_plain(one) for one in _ALL_OF_THE_TURN(turn)])


def restored(options: ConversationOptions, remembered: tuple[Any, ...]) -> Conversation:
    """A conversation that was told ``options`` and remembers what :func:`memory` gave.

    Raises:
        CodecError: this is no conversation's memory, or that of another version.
    """
    conversation = Conversation(options)
    *own, turn = remembered or (None,)
    _set(conversation, REMEMBERED, own)
    if turn is not None:
        if not isinstance(turn, list):
            raise CodecError("the memory of a turn is not a list")
        open_turn = Turn(0, None, 0.0)
        _set(open_turn, OF_THE_TURN, turn)
        attrgetter("_turns")(conversation).turn = open_turn
    return conversation


def _set(owner: object, hints: dict[str, Any], values: list[Any]) -> None:
    if len(values) != len(hints):
        raise CodecError(f"{len(values)} memories where {len(hints)} belong")
    for (path, hint), plain in zip(hints.items(), values, strict=True):
        above, _, name = path.rpartition(".")
        value = from_plain(hint, plain)
        if path.endswith("_past"):
            value = deque(value)
        setattr(attrgetter(above)(owner) if above else owner, name, value)
