"""Lines about the service for ``ravatard status``: no secrets, and nothing that people said."""

from __future__ import annotations

import asyncio

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.session_run import SessionRun
from ravatard.cloud.avatar.live.turn_keeper import TurnKeeper
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath
from ravatard.cloud.border import shown_word


def report(
    run: SessionRun, keeper: TurnKeeper, calls: ServiceCalls, intents: int
) -> tuple[tuple[str, str], ...]:
    """Return (label, value) lines.

    Args:
        run: the session that is held, and the picture.
        keeper: paths of microphone and voice.
        calls: limits of calls.
        intents: starts whose outcome is not known.
    """
    now = asyncio.get_running_loop().time()
    trial = keeper.learned.trial
    proven = "answered" if trial.path is MicrophonePath.TEXT else "heard"
    known = "not heard by the service" if trial.deaf else proven if trial.proven else "not tried yet"
    lines = [("voice by", f"{trial.path.value} ({known})"), ("spoken by", _side(keeper))]
    if run.held is not None:
        socket = "open" if run.held.is_up else "being opened"
        lines.append(("socket", f"{socket}, avatar {_state(keeper.status)}"))
        frames, size = run.frames.rate(now)
        lines.append(("picture", f"{frames:.1f} frames/s, {size / 1_000:.0f} kB/s, dropped unread"))
    if run.frames.count:
        total = f"{run.frames.count} frames, {run.frames.total_bytes / 1_000_000:.1f} MB"
        lines.append(("picture in all", total))
    waits = {
        call: calls.limiting.limits.wait_s(call, now)
        for call in (requests.NEW, requests.SPEAK, requests.CHAT)
    }
    if limited := ", ".join(f"{call} in {wait_s:.0f} s" for call, wait_s in waits.items() if wait_s > 0):
        lines.append(("limits", f"allowed again: {limited}"))
    if intents:
        lines.append(("unknown starts", f"{intents}; see `ravatard doctor`"))
    return tuple(lines)


def _state(status: str) -> str:
    """Return the service's word for its state, unless that may repeat a secret."""
    return (shown_word(status) or "in a state without a name") if status else "without a status"


def _side(keeper: TurnKeeper) -> str:
    return {
        "auto": "not known yet (the service, or avatar.speak)",
        "service": "the service",
        "us": "the service, at our request (avatar.speak)",
    }[keeper.learned.side.side.value]
