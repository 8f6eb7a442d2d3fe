"""RAVATAR's socket messages: wishes to text, text to facts. Pure.

Sources: the Live Mode and Chat Mode documents, and PROTOCOL.md. Missing and unknown fields are normal; a
field of a type nobody can use counts as missing.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

import msgspec

from ravatard.core.audio import CHUNK_SAMPLES, padded
from ravatard.core.events import Answered, StreamBroke
from ravatard.core.states import Refusal
from ravatard.secret import Secret


class AudioTemplate:
    """A live-mode voice message with a hole for the sound: rendered once, filled for each chunk.

    base64 and ``json.dumps`` of a whole message take four times as long as filling the hole.
    """

    def __init__(self, common: dict[str, Any], license_id: Secret) -> None:
        """``common``: the fields of :func:`common_fields`."""
        hole = "\N{OBJECT REPLACEMENT CHARACTER}"
        message = {
            **common,
            "chat_type": "voice",
            "requestType": "audio",
            "isLive": True,
            "LicenseId": license_id.reveal(),
            "audio_base64_pcm": hole,
        }
        self._head, self._tail = json.dumps(message, ensure_ascii=False).split(hole)

    def __repr__(self) -> str:
        return "AudioTemplate()"

    def fill(self, pcm: bytes) -> str:
        """The message for one chunk; ``pcm`` (s16le mono 16 kHz) is padded with silence to 4,096 samples."""
        sound = binascii.b2a_base64(padded(pcm, CHUNK_SAMPLES), newline=False).decode("ascii")
        return f"{self._head}{sound}{self._tail}"


def common_fields(avatar_id: str, user_id: str, language: str, source: str, session: str) -> dict[str, Any]:
    """What every message on the socket carries; ``session`` only when ``/connection`` gave one."""
    fields: dict[str, Any] = {
        "avatar_id": avatar_id,
        "user_id": user_id,
        "language": language,
        "source": source,
    }
    if session:
        fields["session"] = session
    return fields


def text_message(common: dict[str, Any], text: str, license_id: Secret | None) -> str:
    """One line of text; in live mode with the LicenseId, in chat mode (None) without."""
    message: dict[str, Any] = {**common, "chat_type": "text", "requestType": "text", "request": text}
    message["isLive"] = license_id is not None
    if license_id is not None:
        message["LicenseId"] = license_id.reveal()
    return json.dumps(message, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message that says nothing to us.

    Attributes:
        what: how it looked, without its content.
        malformed: it was no JSON object at all.
    """

    what: str
    malformed: bool = False


#: PROTOCOL.md, "Stream errors come as text": how they begin, and what they mean for us.
_STREAM_ERRORS = (
    ("something went wrong", Refusal.FAILED, "something went wrong with the live session"),
    ("connection timeout", Refusal.TIMEOUT, "the stream's connection timed out"),
    ("all ai assistants are busy", Refusal.BUSY, "all avatars are busy at the moment"),
    ("session expired", Refusal.EXPIRED, "the live session has expired"),
)
#: A sentence of an avatar may begin like a stream error; the errors themselves are short.
_LONGEST_STREAM_ERROR = 60


def stream_error(text: str) -> StreamBroke | None:
    """The stream error that ``text`` is, or None."""
    plain = text.strip().strip('"').casefold()
    if len(plain) > _LONGEST_STREAM_ERROR:
        return None
    for beginning, refusal, reason in _STREAM_ERRORS:
        if plain.startswith(beginning):
            return StreamBroke(refusal, reason)
    return None


def received(data: str | bytes) -> Answered | StreamBroke | Unknown:
    """What one message of the socket means. Never raises, whatever came."""
    try:
        message = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        return stream_error(text) or Unknown(f"no JSON ({len(data)} characters)", malformed=True)
    if isinstance(message, str):
        return stream_error(message) or Unknown("a JSON string")
    if not isinstance(message, dict):
        return Unknown(f"JSON, but a {type(message).__name__} and no object", malformed=True)
    return _meaning(message)


def _meaning(message: dict[str, Any]) -> Answered | StreamBroke | Unknown:
    def first(*names: str) -> str:
        return next((v for n in names if isinstance(v := message.get(n), str) and v), "")

    text = first("answer", "content", "message")
    broke = stream_error(text) or stream_error(first("error"))
    if broke is not None:
        return broke
    kind = first("type", "direction").casefold()
    file_url = first("fileUrl")
    sound = _inline_sound(first("file_base64_data", "audio_base64"))
    # Without a kind, an answer is an answer: the documents promise no kind at all.
    if kind in ("incoming", "") and (text or file_url or sound):
        return Answered(text=text, heard=first("request"), file_url=file_url, sound=sound)
    return Unknown(f"type {kind!r}" if len(kind) <= 32 else "an overlong type")


def _inline_sound(value: str) -> bytes:
    """The bytes of base64 sound, which may be a ``data:`` URI; b"" when it is neither."""
    if value.startswith("data:"):
        value = value.partition(",")[2]
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
