"""Format 1 of the flight recorder (ravatard 0.1.0): everything was a list of fields, without names.

The names below are those of format 2 for the places of format 1, as it was; they never change again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: For each field in its place: None for a plain value, else the fields inside.
_Shape = Mapping[str, "_Shape | None"]


class ShapeError(Exception):
    """A list does not have as many fields as format 1 has there."""


def _fields(*names: str) -> dict[str, _Shape | None]:
    return dict.fromkeys(names)


#: "chunk_samples" is left out when a record is made of the names: it has no field any more.
_CAPABILITIES = _fields(
    "streams_audio",
    "chunk_samples",
    "needs_session",
    "listens",
    "answer_timeout_s",
    "avatar",
    "language",
    "voice",
)
_OPTIONS: _Shape = {
    "session": _fields("keep", "idle_s"),
    "turn": _fields("answer_s", "closing_silence_s", "busy_shown_s"),
    "gate": _fields(
        "mode", "preroll_ms", "silence_ms", "longest_s", "no_speech_s", "shortest_press_ms", "toggle"
    ),
    **_fields("has_button", "long_press_mutes"),
    "spend": _fields("session_minutes", "day_minutes"),
    "muted": None,
    "equipment": {
        **_fields("speaks", "earcons", "volume"),
        "audio": _fields("echo", "tail_ms", "barge_in", "longest_answer_s"),
        **_fields("streams", "other_mode"),
    },
}
_BEGINNING: _Shape = {
    **_fields("why", "version", "boot", "wall_s", "allowance"),
    "options": _OPTIONS,
    "state": None,
}
_TURN = _fields(
    *("number", "cause", "opened_at", "closed_at", "answered_at", "begun", "resent", "whole", "answer_by"),
    *("silence_due", "silence_until", "samples", "speech_ms", "messages", "silences"),
)
#: The state was one list: machine after machine, and the open turn at its end.
_STATE: Mapping[str, _Shape] = {
    "": {"gate": None, "indication": _fields("look", "status"), "pressed": None},
    "microphone": _fields("status", "muted", "known", "held", "free_at", "toggle_at"),
    "service": {
        **_fields("link", "session"),
        "capabilities": _CAPABILITIES,
        **_fields("detail", "active_at", "tried", "session_used", "refusal", "asked_at", "busy_until"),
        **_fields("no_money_until", "renew_at", "spent"),
    },
    "paid": _fields("since", "past"),
    "turns": _fields("talk", "count", "utterance", "waiting", "sound_by", "postponed_by"),
    "earcons": _fields("loss_reported"),
    "playback": _fields("since", "volume", "streaming", "gave_up"),
    "turn": {"turn": _TURN},
}
#: The version that wrote format 1 played whatever came.
_NO_LIMIT = {"left_s": 1e9, "at": 0.0, "asked_until": 1e12}


def event(word: str, row: list[Any]) -> list[Any]:
    """Return the fields of an event as format 2 has them, whichever of both it is in."""
    # The last field of "opened" and "closed" was the number of the sample at which the decision fell.
    match word, row:
        case "online", [list() as capabilities]:
            return [_named(_CAPABILITIES, capabilities)]
        case "options", [list() as options]:
            return [_named(_OPTIONS, options)]
        case ("opened", [*fields, _]) if len(row) == 4:
            return fields
        case ("closed", [*_, bool()]) if len(row) == 5:
            # Before the silence at its end was told.
            return [*row, 0.0]
        case ("closed", [*fields, _]) if len(row) == 5:
            return [*fields, True, 0.0]
        case ("closed", [*fields]) if len(row) == 4:
            # Before an utterance could be an echo.
            return [*fields, True, 0.0]
        case ("listened", [_, _, _, _]):
            # There was no wake word.
            return [*row, 0.0]
    return row


def beginning(row: list[Any]) -> dict[str, Any]:
    """Return a beginning with the names of format 2.

    Raises:
        ShapeError: it is none of format 1.
    """
    began = _named(_BEGINNING, row)
    if began["state"] is not None:
        began["state"] = _state(began["state"])
    return began


def _state(plain: Any) -> dict[str, Any]:
    if not isinstance(plain, list):
        raise ShapeError("the state is not a list")
    left = list(plain)
    machines: dict[str, Any] = {}
    for name, shape in _STATE.items():
        machines[name], left = _named(shape, left[: len(shape)]), left[len(shape) :]
    if left:
        raise ShapeError(f"a state of {len(plain)} fields has {len(left)} too many")
    machines["service"]["paid"] = machines.pop("paid")
    machines["turns"] |= machines.pop("turn")
    machines["playback"]["budget"] = _NO_LIMIT
    machines |= machines.pop("")
    return machines


def _named(shape: _Shape, plain: list[Any]) -> dict[str, Any]:
    if len(plain) != len(shape):
        raise ShapeError(f"{len(plain)} fields where {len(shape)} belong")
    named = {}
    for (name, inner), value in zip(shape.items(), plain, strict=True):
        named[name] = _named(inner, value) if inner is not None and isinstance(value, list) else value
    return named
