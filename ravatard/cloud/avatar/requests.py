"""Requests of the AvaTar API: path and body of every call. Pure.

Source: the API reference, "Core Endpoints". Only documented fields are sent, and optional ones only when they
are configured: a strict server refuses what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ravatard.core.private import PRIVATE
from ravatard.secret import Secret

NEW, START, STOP, SESSIONS = "streaming.new", "streaming.start", "streaming.stop", "streaming.sessions"
CHAT, SPEAK = "chat.completions", "avatar.speak"
#: Beside the API's version, not under it.
HEALTH, METRICS = "health", "metrics"
#: API reference, POST /v1/streaming.new.
QUALITIES = ("low", "medium", "high")

#: Accepted answers: a chat comes as a stream of events, or whole.
ACCEPT = "application/json"
ACCEPT_CHAT = "text/event-stream, application/json"


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """Shape of the avatar's voice; None leaves a field out.

    Attributes:
        stability: 0 to 1.
        similarity_boost: 0 to 1.
    """

    stability: float | None = None
    similarity_boost: float | None = None

    def __bool__(self) -> bool:
        return self.stability is not None or self.similarity_boost is not None


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of a conversation.

    Attributes:
        role: "user" or "assistant".
        content: the words.
    """

    role: str
    content: str = field(repr=False, metadata=PRIVATE)


def headers(key: Secret | None, accept: str = ACCEPT) -> dict[str, str]:
    """Return the headers of a call; ``key``: None sends no authorization."""
    made = {"Content-Type": "application/json", "Accept": accept}
    return made if key is None else {**made, "Authorization": f"Bearer {key.reveal()}"}


def new_request(quality: str, avatar_id: str | None = None, voice_id: str | None = None) -> bytes:
    """Return the body of ``streaming.new``; ``quality`` is always sent, as nothing says it is optional."""
    return _body({"quality": quality, "avatar_id": avatar_id, "voice_id": voice_id})


def start_request(session_id: Secret, sdp: str, kind: str = "offer") -> bytes:
    """Return the body of ``streaming.start`` with a description of ours."""
    return _body({"session_id": session_id.reveal(), "sdp": {"type": kind, "sdp": sdp}})


def stop_request(session_id: Secret) -> bytes:
    """Return the body of ``streaming.stop``."""
    return _body({"session_id": session_id.reveal()})


def chat_request(
    session_id: Secret, lines: Sequence[ChatLine], *, stream: bool = True, model: str | None = None
) -> bytes:
    """Return the body of ``chat.completions``; the newest line comes last."""
    messages = [{"role": line.role, "content": line.content} for line in lines]
    return _body({"session_id": session_id.reveal(), "messages": messages, "stream": stream, "model": model})


def speak_request(
    session_id: Secret, text: str, voice_id: str | None = None, settings: VoiceSettings | None = None
) -> bytes:
    """Return the body of ``avatar.speak``."""
    shape = None
    if settings:
        shape = _known({"stability": settings.stability, "similarity_boost": settings.similarity_boost})
    return _body(
        {"session_id": session_id.reveal(), "text": text, "voice_id": voice_id, "voice_settings": shape}
    )


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _body(fields: dict[str, Any]) -> bytes:
    # Halves of surrogate pairs, from a terminal, cannot be encoded: JSON's escapes carry them.
    return json.dumps(_known(fields)).encode()
