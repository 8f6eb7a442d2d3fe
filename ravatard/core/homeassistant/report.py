"""State messages, made of the status report; the newest wins, and equal ones are not sent again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ravatard.core.states import MicrophoneStatus

#: As many faults as fit an attribute that people read.
MOST_FAULTS = 8
LONGEST_FAULT = 200

Report = Mapping[str, Any]
_DEVICE_OPEN = (MicrophoneStatus.OPEN.value, MicrophoneStatus.HELD.value)


def _switch(on: bool) -> str:
    """Return a state as Home Assistant's switches and binary sensors have it."""
    return "ON" if on else "OFF"


def payload_of(fields: Report) -> bytes:
    """Return a message's payload: compact JSON in UTF-8."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def state_of(report: Report) -> dict[str, Any]:
    """Return the fields of the topic ``state``.

    Muted is an appliance whose device is closed, not one that was asked to close it.
    """
    microphone = report["microphone"]["state"]
    degraded = [str(fault)[:LONGEST_FAULT] for fault in report["degraded"][:MOST_FAULTS]]
    return {
        "state": report["state"],
        "mute": _switch(microphone == MicrophoneStatus.MUTED.value),
        "volume": report["volume"],
        "problem": _switch(not report["working"]),
        "degraded": degraded,
        "microphone": _switch(microphone in _DEVICE_OPEN),
        "talk": report["talk"],
        "link": report["link"]["state"],
        "session": report["session"]["state"],
    }


def is_health_news(before: Report | None, now: Report) -> bool:
    """Return True if fields of the topic ``health`` are worth a message after those that were sent.

    A temperature that swings by a degree, as at rest, is not.
    """
    if before is None or before["minutes"] != now["minutes"]:
        return True
    was, is_now = before["temperature"], now["temperature"]
    if was is None or is_now is None:
        return was is not is_now
    return bool(abs(was - is_now) > 1)


def health_of(report: Report) -> dict[str, Any]:
    """Return the fields of the topic ``health``, rounded so that rest looks like rest."""
    temperature = (report.get("health") or {}).get("temperature_c")
    minutes = report["session"].get("day_minutes")
    return {
        "temperature": None if temperature is None else round(temperature),
        "minutes": None if minutes is None else round(minutes),
    }
