"""Checks of the fields of calls, as the document has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ravatard.sim.avatar.replies import CallRefused, invalid
from ravatard.sim.exchange import json_object

Fields = dict[str, object]

_QUALITIES = ("low", "medium", "high")
_ROLES = ("user", "assistant", "system", "agent")
_LONGEST_TEXT = 20_000
_MOST_MESSAGES = 200
#: Fields of each call (document, "Request Body").
FIELDS: Mapping[str, frozenset[str]] = {
    "streaming.new": frozenset({"quality", "avatar_id", "voice_id"}),
    "streaming.start": frozenset({"session_id", "sdp"}),
    "streaming.stop": frozenset({"session_id"}),
    "chat.completions": frozenset({"session_id", "messages", "stream", "model"}),
    "avatar.speak": frozenset({"session_id", "text", "voice_id", "voice_settings"}),
}


def fields_of(name: str, body: bytes, *, strict: bool, note: Callable[[str], None]) -> Fields:
    """Decode the body of a call.

    Args:
        name: the call.
        body: the body.
        strict: True: undocumented fields are refused.
        note: told about undocumented fields.

    Raises:
        CallRefused: not a JSON object, or undocumented fields.
    """
    try:
        fields = json_object(body)
    except ValueError as error:
        raise invalid(f"the body is {error}") from None
    if strange := sorted(fields.keys() - FIELDS[name]):
        listed = ", ".join(strange)[:80]
        if strict:
            raise invalid(f"unknown field: {listed}")
        note(f"{name}: {listed}")
    return fields


def check_new(fields: Fields) -> None:
    """Check the fields of ``streaming.new``.

    Raises:
        CallRefused: a field is wrong.
    """
    quality = fields.get("quality", "medium")
    if quality not in _QUALITIES:
        raise invalid("quality must be low, medium or high", field="quality")
    for name in ("avatar_id", "voice_id"):
        _optional_text(fields, name)


def offer_of(fields: Fields) -> str:
    """Return the offer of ``streaming.start``.

    Raises:
        CallRefused: there is none.
    """
    sdp = fields.get("sdp")
    if not isinstance(sdp, Mapping) or sdp.get("type") != "offer":
        raise invalid('sdp must be an object of type "offer"', field="sdp")
    text = sdp.get("sdp")
    if not isinstance(text, str) or not text.startswith("v=0"):
        raise invalid("sdp.sdp must be a session description", field="sdp")
    return text


def last_message(fields: Fields) -> str:
    """Return the newest message of the user in ``chat.completions``.

    Raises:
        CallRefused: there is none, or a message is malformed.
    """
    messages = fields.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST_MESSAGES:
        raise invalid("messages must be a list", field="messages")
    for one in messages:
        if not isinstance(one, Mapping) or one.get("role") not in _ROLES:
            raise invalid("each message has a role and a content", field="messages")
        if not isinstance(one.get("content"), str):
            raise invalid("content must be a string", field="messages")
    if not isinstance(fields.get("stream", False), bool):
        raise invalid("stream must be true or false", field="stream")
    _optional_text(fields, "model")
    newest = messages[-1]
    if newest["role"] != "user" or not 1 <= len(newest["content"]) <= _LONGEST_TEXT:
        raise invalid("the last message must be the user's and not empty", field="messages")
    return str(newest["content"])


def text_to_speak(fields: Fields) -> str:
    """Return the text of ``avatar.speak``.

    Raises:
        CallRefused: a field is wrong.
    """
    text = fields.get("text")
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= _LONGEST_TEXT:
        raise invalid("text must be a string and not empty", field="text")
    _optional_text(fields, "voice_id")
    settings = fields.get("voice_settings", {})
    if not isinstance(settings, Mapping):
        raise invalid("voice_settings must be an object", field="voice_settings")
    for name, value in settings.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name not in {"stability", "similarity_boost"} or not number or not 0 <= value <= 1:
            raise invalid(
                "voice_settings has stability and similarity_boost, from 0 to 1", field=str(name)[:40]
            )
    return text


def session_id_of(fields: Fields) -> str:
    """Return the session id of a call.

    Raises:
        CallRefused: there is none.
    """
    found = fields.get("session_id")
    if not isinstance(found, str) or not found:
        raise invalid("session_id is required", field="session_id")
    return found


def no_session(session_id: str) -> CallRefused:
    """Make the documented refusal of an unknown session."""
    details = {"session_id": session_id[:200]}
    return CallRefused(404, "SESSION_NOT_FOUND", "The specified session does not exist", details=details)


def _optional_text(fields: Fields, name: str) -> None:
    if name in fields and (not isinstance(fields[name], str) or not fields[name]):
        raise invalid(f"{name} must be a string", field=name)
