"""RAVATAR's socket messages: rendering of ours, meaning of theirs. Pure.

Sources: the Live Mode and Chat Mode documents, and PROTOCOL.md. Missing and unknown fields are normal; a
field of an unusable type counts as missing.
"""

from __future__ import annotations

import binascii
import json
from dataclasses import dataclass
from typing import Any

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.fields import Fields, fields_of
from ravatard.cloud.foreign_json import text_of
from ravatard.core.audio.wav import wav_header
from ravatard.core.audio_format import SPEECH, padded
from ravatard.core.events import Answered, StreamBroke
from ravatard.core.states import Refusal
from ravatard.core.voice.inline_sound import inline_sound
from ravatard.secret import Secret

#: Live Mode document: "Buffer Size: 4,096 samples per chunk" = 8,192 bytes = 256 ms at 16 kHz.
CHUNK_SAMPLES = 4_096


class AudioTemplate:
    """Live-mode voice message with a gap for the sound: rendered once, filled for each chunk.

    base64 and ``json.dumps`` of a whole message take four times as long as filling the gap.
    """

    def __init__(self, common: dict[str, Any], license_id: Secret) -> None:
        """Render the message; ``common`` holds the fields of :func:`common_fields`."""
        self._head, self._tail = _around_sound(_voice_fields(common, license_id), "audio_base64_pcm")

    def __repr__(self) -> str:
        return "AudioTemplate()"

    def fill(self, pcm: bytes) -> str:
        """Return the message for one chunk; ``pcm`` (s16le mono 16 kHz) is padded to 4,096 samples."""
        return f"{self._head}{_base64(padded(pcm, CHUNK_SAMPLES))}{self._tail}"


def utterance_message(
    common: dict[str, Any], pcm: bytes, license_id: Secret | None, *, push_to_talk: bool
) -> str:
    """Return the message with a whole utterance as a WAV file.

    The documents name no largest message; a second of speech is 43 kB of it.

    Args:
        common: the fields of :func:`common_fields`.
        pcm: s16le mono 16 kHz.
        license_id: the live session it belongs to; None in chat mode.
        push_to_talk: the service's voice detection is off; only then is the field sent (Chat Mode document:
            "true when VAD is disabled").
    """
    fields = _voice_fields(common, license_id)
    if push_to_talk:
        fields["isPushToTalk"] = True
    head, tail = _around_sound(fields, "file_base64_data")
    return f"{head}{_base64(wav(pcm))}{tail}"


def wav(pcm: bytes) -> bytes:
    """Return ``pcm`` (s16le mono 16 kHz) as a WAV file: the Chat Mode document's "Standard Audio Format"."""
    return wav_header(SPEECH, len(pcm)) + pcm


def _voice_fields(common: dict[str, Any], license_id: Secret | None) -> dict[str, Any]:
    return {**common, "chat_type": "voice", "requestType": "audio", **_mode_fields(license_id)}


def _mode_fields(license_id: Secret | None) -> dict[str, Any]:
    """Return the fields of the mode: live mode names its session, chat mode has none."""
    return {"isLive": False} if license_id is None else {"isLive": True, "LicenseId": license_id.reveal()}


def _around_sound(message: dict[str, Any], name: str) -> tuple[str, str]:
    """Return the text before and after the sound in ``message``, with a field ``name`` for it."""
    gap = "\N{OBJECT REPLACEMENT CHARACTER}"
    # The sound comes last, so that a name with this character in it cannot be taken for the gap.
    head, _, tail = json.dumps({**message, name: gap}, ensure_ascii=False).rpartition(gap)
    return head, tail


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def common_fields(avatar_id: str, user_id: str, language: str, source: str, session: str) -> dict[str, Any]:
    """Return the fields of every message on the socket; ``session`` only when ``/connection`` gave one."""
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
    """Return the message with one line of text; ``license_id``: None in chat mode."""
    message = {**common, "chat_type": "text", "requestType": "text", "request": text}
    return json.dumps({**message, **_mode_fields(license_id)}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """Message without a meaning for us.

    Attributes:
        look: its look, without its content.
        malformed: True if it was no JSON object at all.
    """

    look: str
    malformed: bool = False


@dataclass(frozen=True, slots=True)
class FaultyAnswer:
    """Answer whose inline sound cannot be read.

    Attributes:
        answer: the answer without it; None when nothing else is in it.
        fault: the fault of the sound.
    """

    answer: Answered | None
    fault: str


#: PROTOCOL.md, "Stream errors come as text": beginnings, and their meaning for us.
_STREAM_ERRORS = (
    ("something went wrong", Refusal.FAILED, "something went wrong with the live session"),
    ("connection timeout", Refusal.TIMEOUT, "the stream's connection timed out"),
    ("all ai assistants are busy", Refusal.BUSY, "all avatars are busy at the moment"),
    ("session expired", Refusal.EXPIRED, "the live session has expired"),
)
#: A sentence of an avatar may begin like a stream error; the errors themselves are short.
_LONGEST_STREAM_ERROR = 60
#: Longer answers and questions are cut: half an hour of speech. Their words are compared on the event loop.
_LONGEST_TEXT = 20_000


def stream_error(text: str) -> StreamBroke | None:
    """Return the stream error in ``text``, or None."""
    plain = text.strip().strip('"').strip()[: _LONGEST_STREAM_ERROR + 1].casefold()
    if len(plain) > _LONGEST_STREAM_ERROR:
        return None
    for beginning, refusal, reason in _STREAM_ERRORS:
        if plain.startswith(beginning):
            return StreamBroke(refusal, reason)
    return None


#: Types of messages that are not meant for people (PROTOCOL.md, "Messages received on the socket").
_NOT_FOR_PEOPLE = frozenset({"connection", "system", "outgoing"})


def received(data: str | bytes) -> Answered | StreamBroke | FaultyAnswer | UnknownMessage:
    """Return the meaning of one message of the socket. Never raises, whatever came."""
    try:
        message = fields_of(data)
        if message is not None:
            return _meaning(message)
        broke = stream_error(text_of(data[: 4 * _LONGEST_STREAM_ERROR]))
    except FOREIGN_FAULTS:
        broke = None
    return broke or UnknownMessage(f"no JSON object ({len(data)} characters)", malformed=True)


def _meaning(message: Fields) -> Answered | StreamBroke | FaultyAnswer | UnknownMessage:
    # "What is two and three?" may be answered by a number.
    text = (message.text("answer", "content", "message") or message.identifier("answer"))[:_LONGEST_TEXT]
    broke = stream_error(text) or stream_error(message.text("error"))
    if broke is not None:
        return broke
    kinds = {message.text("type").casefold(), message.text("direction").casefold()}
    heard, text = _question(text)
    try:
        sound, fault = inline_sound(message.text("file_base64_data", "audio_base64")), ""
    except ValueError as error:
        sound, fault = b"", str(error)
    file_url = message.text("fileUrl")
    # Unknown kinds may carry an answer, too: the vendor's client shows every message with words or sound.
    if not kinds & _NOT_FOR_PEOPLE and (text or file_url or sound):
        answer = Answered(
            text=text, heard=heard or message.text("request")[:_LONGEST_TEXT], file_url=file_url, sound=sound
        )
        return FaultyAnswer(answer, fault) if fault else answer
    if fault:
        return FaultyAnswer(None, fault)
    kind = "/".join(sorted(kinds - {""}))
    return UnknownMessage(f"type {kind!r}" if len(kind) <= 32 else "an overlong type")


def _question(text: str) -> tuple[str, str]:
    """Split off the recognised question: a spoken answer may begin with ``>question`` and an empty line."""
    first, blank, rest = text.partition("\n\n")
    return (first[1:].strip(), rest) if first.startswith(">") and blank else ("", text)
