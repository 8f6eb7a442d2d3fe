"""Check of client messages: every field against the documents, without state.

Chat Mode and Live Mode documents, "Sending Text Messages" … "Live Mode Messages".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from ravatard.core.audio_format import CHUNK_BYTES, SAMPLE_BYTES
from ravatard.sim.exchange import json_object
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar import avatars
from ravatard.sim.sound.container import ContainerError, Recording, opened

_DOCUMENTED = (
    "avatar_id",
    "user_id",
    "language",
    "source",
    "isLive",
    "session",
    "chat_type",
    "requestType",
    "request",
    "LicenseId",
    "isPushToTalk",
)
_SOUND = ("audio_base64_pcm", "file_base64_data")
_ANSWER_SOUND = ("file_base64_data", "audio_base64")


class MessageRefused(Exception):
    """A message violates the documents.

    Attributes:
        kind: one word for counting.
        detail: one sentence for readers.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """A valid message of a client.

    Attributes:
        avatar: its addressee.
        language: language code.
        licence: the LicenseId in live mode, None in chat mode.
        fields: its documented fields, sound replaced by its size.
        content: text, PCM (s16le mono 16 kHz) or a recording.
    """

    avatar: avatars.SimAvatar
    language: str
    licence: str | None
    fields: dict[str, object] = field(repr=False)
    content: str | bytes | Recording = field(repr=False)


def fields_of(message: str | bytes) -> dict[str, object]:
    """Decode the JSON object in ``message``; a binary message is read as text.

    Raises:
        MessageRefused: it is not a JSON object.
    """
    try:
        return json_object(message)
    except ValueError as error:
        raise MessageRefused("malformed_json", f"the message is {error}") from None


def shown(fields: Mapping[str, object]) -> dict[str, object]:
    """Return a message for the record: documented fields only, sound replaced by its size, text cut."""
    kept = {name: _short(fields[name]) for name in _DOCUMENTED if name in fields}
    return kept | {name: _sized(fields[name]) for name in _SOUND if name in fields}


def without_sound(fields: Mapping[str, object]) -> dict[str, object]:
    """Return a message of the service for the record: sound replaced by its size."""
    return {name: _sized(value) if name in _ANSWER_SOUND else value for name, value in fields.items()}


def check(fields: Mapping[str, object], user_id: str, options: SimOptions) -> ClientMessage:
    """Check every field of a message.

    Args:
        fields: the message.
        user_id: user of the socket's token.
        options: strictness and announced values of the service.

    Raises:
        MessageRefused: with the first violation.
    """
    avatar = avatars.avatar(_text(fields, "avatar_id"))
    if avatar is None:
        raise MessageRefused("unknown_avatar", f"avatar_id {_quoted(fields, 'avatar_id')} is not known")
    if _text(fields, "user_id") != user_id:
        raise MessageRefused(
            "wrong_user", f"user_id {_quoted(fields, 'user_id')} is not the one the token was made for"
        )
    language = _text(fields, "language")
    if language not in avatars.LANGUAGES:
        raise MessageRefused("unknown_language", f"language {_quoted(fields, 'language')} is not known")
    _text(fields, "source")
    if "session" in fields and _text(fields, "session") != avatars.session_id(user_id):
        raise MessageRefused("unknown_session", "session is not the one GET /connection gave this user")
    licence = _licence(fields)
    content = _content(fields, licence is not None, options.strict_chunks)
    _check_push_to_talk(fields, chat=licence is None, vad_enabled=options.vad_enabled)
    return ClientMessage(avatar, language, licence, shown(fields), content)


def _check_push_to_talk(fields: Mapping[str, object], *, chat: bool, vad_enabled: bool) -> None:
    """Check ``isPushToTalk``, "true when VAD is disabled" (Chat Mode document, "Sending Audio Messages").

    With VAD enabled it may be true as well: the user may hold a button all the same. In live mode no table of
    the documents has the field, and the vendor's client omits it.
    """
    held = fields.get("isPushToTalk", False)
    if not isinstance(held, bool):
        raise MessageRefused("wrong_field", "isPushToTalk must be true or false")
    if chat and not vad_enabled and not held and fields["chat_type"] == "voice":
        raise MessageRefused(
            "push_to_talk", "isPushToTalk must be true: GET /connection says that vadEnabled is false"
        )


def _licence(fields: Mapping[str, object]) -> str | None:
    live = fields.get("isLive")
    if not isinstance(live, bool):
        raise MessageRefused(
            "missing_field" if live is None else "wrong_field", "isLive must be true or false"
        )
    return _text(fields, "LicenseId") if live else None


def _content(fields: Mapping[str, object], live: bool, strict_chunks: bool) -> str | bytes | Recording:
    chat_type, request_type = _text(fields, "chat_type"), _text(fields, "requestType")
    sounds = [name for name in _SOUND if name in fields]
    match (chat_type, request_type, sounds):
        case ("text", "text", []):
            return _text(fields, "request")
        case ("voice", "audio", ["file_base64_data"]):
            return _recording(_decoded(fields, "file_base64_data"))
        case ("voice", "audio", ["audio_base64_pcm"]) if live:
            return _pcm(_decoded(fields, "audio_base64_pcm"), strict_chunks)
        case ("voice", "audio", ["audio_base64_pcm"]):
            raise MessageRefused(
                "wrong_field", "audio_base64_pcm belongs to live mode; send file_base64_data"
            )
        case ("voice", "audio", []):
            raise MessageRefused(
                "missing_field", "audio_base64_pcm or file_base64_data is required for audio"
            )
        case ("text", "text", _) | ("voice", "audio", _):
            raise MessageRefused(
                "wrong_field", f"{' and '.join(sounds)} do not belong together in this message"
            )
    raise MessageRefused(
        "wrong_combination",
        f"chat_type {_quoted(fields, 'chat_type')} with requestType {_quoted(fields, 'requestType')} "
        "is neither text/text nor voice/audio",
    )


def _pcm(pcm: bytes, strict: bool) -> bytes:
    if len(pcm) == CHUNK_BYTES or (not strict and pcm and len(pcm) % SAMPLE_BYTES == 0):
        return pcm
    raise MessageRefused("pcm_size", f"audio_base64_pcm holds {len(pcm)} bytes; it must be {CHUNK_BYTES}")


def _recording(raw: bytes) -> Recording:
    try:
        return opened(raw)
    except ContainerError as error:
        raise MessageRefused("wrong_container", str(error)) from None


def _decoded(fields: Mapping[str, object], name: str) -> bytes:
    try:
        return base64.b64decode(_text(fields, name), validate=True)
    except (binascii.Error, ValueError):
        raise MessageRefused("bad_base64", f"{name} is not base64") from None


def _text(fields: Mapping[str, object], name: str) -> str:
    found = fields.get(name)
    if isinstance(found, str) and found:
        return found
    if name not in fields or found is None or found == "":
        raise MessageRefused("missing_field", f"{name} is required")
    raise MessageRefused("wrong_field", f"{name} must be a string")


def _quoted(fields: Mapping[str, object], name: str) -> str:
    return repr(_short(fields[name]))


def _sized(sound: object) -> object:
    return f"({len(sound)} characters)" if isinstance(sound, str) else _short(sound)


def _short(found: object) -> object:
    """Return ``found`` if it is small, else a shortened form or its type."""
    match found:
        case str() if len(found) > 200:
            return found[:200] + "…"
        case str() | bool() | int() | float() | None:
            return found
    return f"({type(found).__name__})"
