"""State report of ``GET /sim/state``: the newest entries of the record as JSON, without tokens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from ravatard.core.audio_format import seconds_of
from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.ravatar.shared_state import SharedState

_SHOWN = 50

_T = TypeVar("_T")


def state_of(shared: SharedState, sockets: int, now: float) -> dict[str, object]:
    """Return the state at ``now``. Times are seconds on the simulator's clock; ``now_s`` is its time.

    Args:
        shared: the cloud.
        sockets: number of open sockets.
        now: seconds on the front's clock.
    """
    record = shared.record
    return {
        "now_s": now,
        "epoch_s": shared.epoch_s,
        "licences": {"total": shared.licences.total, "open": record.open_licences()},
        "sockets": sockets,
        "counts": dict(record.counts),
        "audio_s": seconds_of(record.counts["samples"]),
        "refusals": dict(record.refusals),
        "violations": _newest(record.violations),
        "sessions": [_session(one) for one in _newest(record.sessions)],
        # PCM messages come four times a second and are summed up in their session.
        "messages": _newest(record.messages, lambda message: message.kind != "pcm"),
        "requests": _newest(record.requests),
    }


def _newest(things: deque[_T], wanted: Callable[[_T], bool] = lambda _: True) -> list[_T]:
    """Return the last few entries that are wanted, oldest first."""
    return list(islice(filter(wanted, reversed(things)), _SHOWN))[::-1]


def _session(session: SessionRecord) -> dict[str, object]:
    return {
        "number": session.number,
        "licence": session.licence,
        "user_id": session.user_id,
        "avatar_id": session.avatar_id,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "ended_by": session.ended_by,
        "end_reason": session.end_reason,
        "audio_s": seconds_of(session.samples),
        "turns": [
            {
                "began_at": turn.began_at,
                "ended_at": turn.ended_at,
                "answered_at": turn.answered_at,
                "speech_s": turn.speech_s,
            }
            for turn in session.turns[-_SHOWN:]
        ],
    }
