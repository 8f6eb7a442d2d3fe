"""Events of a session's socket: meaning of the service's messages. Pure.

Source: the API reference, "Server → Client Events". Missing and unknown fields are normal; a field may also
stand in an object ``data``, as it does in the client's own messages. Frames of the picture are recognised by
their ends and not parsed, unless those leave it open: they come 25 times a second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any

from ravatard.cloud.border import FOREIGN_FAULTS, plain, shown_word
from ravatard.cloud.fields import Fields
from ravatard.cloud.foreign_json import decoded, finite
from ravatard.core.private import PRIVATE

#: Bytes at each end of a message that tell a frame: its type, id and time fit into them.
_END = 160
#: A shorter message is no frame that would cost anything.
_SHORTEST_FRAME = 1_024
#: Members whose values are no objects or lists, and no text with an escape in it; then a text whose end, or
#: whose beginning, lies elsewhere. These tell members of the object itself from deeper ones.
_MEMBER = rb'"([^"\\]*+)"\s*+:\s*+("[^"\\]*+"|[-+.\w]++)'
#: The same without groups. Repeated, it is counted, not possessive: CPython 3.11.2, which Debian 12 has, goes
#: on behind a repetition that has failed half way.
_ANY_MEMBER = rb'"[^"\\]*+"\s*+:\s*+(?:"[^"\\]*+"|[-+.\w]++)'
_HEAD = re.compile(rb"\s*+\{\s*+((?:" + _ANY_MEMBER + rb'\s*+,\s*+){0,32})"[^"\\]*+"\s*+:\s*+"[^"\\]*+')
_TAIL = re.compile(rb'[^"\\{}\[\]:,]*+"((?:\s*+,\s*+' + _ANY_MEMBER + rb"){0,32})\s*+\}\s*+")
_MEMBERS = re.compile(_MEMBER)
_TIME = re.compile(rb'"timestamp"\s*:\s*"?([0-9]{1,15}(?:\.[0-9]{1,9})?)')
_LONGEST_TEXT = 20_000
_LONGEST_MESSAGE = 500
_LONGEST_WORD = 64
#: A longer piece of sound than this is a broken number.
_LONGEST_PIECE_S = 3_600.0
#: Messages in one: more are a service that has lost its way.
_MOST_TOGETHER = 64
#: One object behind another, perhaps, and the parts of JSON between which objects begin and end. A string
#: that never ends is taken to its end.
_ANOTHER = re.compile(r"\}[ \t\r\n\x1e]*+\{")
_STRING_OR_BRACE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}]', re.DOTALL)
_MOST_BRACES = 10_000
_AGENT = frozenset({"agent", "assistant", "bot", "avatar", "ai", "system"})


@unique
class AvatarStatus(Enum):
    """State that the service reports. It is evidence, and a border between answers, never a light."""

    LISTENING = "listening"
    SPEAKING = "speaking"
    IDLE = "idle"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """Frame of the picture, dropped unread.

    Attributes:
        size_bytes: length of its message.
        timestamp_s: the service's clock; None when it was not at the ends of the message.
    """

    size_bytes: int
    timestamp_s: float | None = None


@dataclass(frozen=True, slots=True)
class AudioPiece:
    """Piece of the avatar's voice.

    Attributes:
        data: base64 of a WAV file, or of its bare samples (:class:`ravatard.cloud.avatar.sound.PiecedSound`).
        duration_s: as stated; None when it was not.
        sample_rate_hz: as stated; it counts for bare samples only.
    """

    data: str = field(repr=False, metadata=PRIVATE)
    duration_s: float | None = None
    sample_rate_hz: int | None = None


@dataclass(frozen=True, slots=True)
class ChatWords:
    """Words of the conversation.

    Attributes:
        by_user: the service repeats the user's words; False: they are the avatar's.
        text: the words.
    """

    by_user: bool
    text: str = field(repr=False, metadata=PRIVATE)


@dataclass(frozen=True, slots=True)
class StatusNow:
    """State of the avatar changed.

    Attributes:
        status: its meaning.
        word: as it came.
        message: for people.
    """

    status: AvatarStatus
    word: str = ""
    message: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ErrorSaid:
    """Error that the service reports; see :func:`ravatard.cloud.avatar.reactions.reaction_to`.

    Attributes:
        code: such as "AUDIO_PROCESSING_ERROR"; "" when missing.
        message: for people.
    """

    code: str = ""
    message: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Code for people and logs: a message may repeat what was said, and so may a code that is none."""
        return shown_word(self.code) or "an error"


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Message without a meaning for us.

    Attributes:
        look: its look, without its content.
        malformed: True if it was no JSON object at all.
    """

    look: str
    malformed: bool = False


AvatarEvent = FrameSeen | AudioPiece | ChatWords | StatusNow | ErrorSaid | UnknownEvent


def received(data: str | bytes) -> AvatarEvent:
    """Return the meaning of one text message of the socket. Never raises, whatever came."""
    frame = frame_in(data)
    if frame is not None:
        return frame
    return meaning_of(object_in(data), len(data))


def frame_in(data: str | bytes) -> FrameSeen | None:
    """Return the frame that a message is, told by its ends; None for one that must be read to be known."""
    if len(data) < _SHORTEST_FRAME:
        return None
    head, tail = _bytes(data[:_END]), _bytes(data[-_END:])
    if b'"frame"' not in head and b'"frame"' not in tail:
        return None
    # With a second brace there is an object in it, or another one behind it.
    close = data.find("}") if isinstance(data, str) else data.find(b"}")
    if 0 <= close < len(data.rstrip()) - 1 or _kind_by_ends(head, tail) != b'"frame"':
        return None
    time = _TIME.search(tail) or _TIME.search(head)
    return FrameSeen(len(data), float(time[1]) if time is not None else None)


def _kind_by_ends(head: bytes, tail: bytes) -> bytes | None:
    """Return the value of a long object's own ``type``, as it stands there; None without a single one."""
    begins, ends = _HEAD.match(head), _TAIL.fullmatch(tail)
    if begins is None:
        return None
    members = _MEMBERS.findall(begins[1]) + (_MEMBERS.findall(ends[1]) if ends is not None else [])
    kinds = [value for name, value in members if name == b"type"]
    return kinds[0] if len(kinds) == 1 else None


def object_in(data: str | bytes) -> Mapping[str, Any] | None:
    """Return the JSON object in a message; None when there is none. Never raises."""
    value = decoded(data)
    return value if isinstance(value, dict) else None


def objects_in(data: str | bytes) -> tuple[Mapping[str, Any] | None, ...]:
    """Return the JSON objects in a message, one behind the other or in a list; (None,) without one.

    Never raises.
    """
    value = decoded(data)
    if isinstance(value, list):
        return tuple(one for one in value if isinstance(one, dict))[:_MOST_TOGETHER] or (None,)
    text = data if isinstance(data, str) else data.decode("latin-1")
    if _ANOTHER.search(text) is None or text.count("{") > _MOST_BRACES:
        return (value if isinstance(value, dict) else None,)
    return tuple(object_in(data[begin:end]) for begin, end in _places(text)) or (None,)


def _places(text: str) -> list[tuple[int, int]]:
    """Return (beginning, end) of each object that stands in no other one."""
    places: list[tuple[int, int]] = []
    depth = begin = 0
    for found in _STRING_OR_BRACE.finditer(text):
        match found[0]:
            case "{":
                begin = found.start() if depth == 0 else begin
                depth += 1
            case "}" if depth > 0:
                depth -= 1
                if depth == 0:
                    places.append((begin, found.end()))
        if len(places) == _MOST_TOGETHER:
            break
    return places


def meaning_of(message: Mapping[str, Any] | None, size: int) -> AvatarEvent:
    """Return the meaning of a message's object; ``size``: of the message, in characters. Never raises."""
    if message is None:
        return UnknownEvent(f"no JSON object ({size} characters)", malformed=True)
    try:
        return _meaning(message, size)
    except FOREIGN_FAULTS as error:
        return UnknownEvent(f"a message that cannot be read ({type(error).__name__})", malformed=True)


def _meaning(message: Mapping[str, Any], size: int) -> AvatarEvent:
    outer = Fields(message)
    inner = outer.inner("data") or Fields({})
    kind = plain(outer.text("type", "event"), _LONGEST_WORD).casefold()
    match kind:
        case "frame":
            return FrameSeen(size, finite(message.get("timestamp")))
        case "audio":
            return _audio(outer, inner)
        case "chat":
            text = outer.text("content", "text") or inner.text("content", "text")
            role = (outer.text("role") or inner.text("role")).strip().casefold()
            return ChatWords(role not in _AGENT, text[:_LONGEST_TEXT])
        case "status":
            return _status(outer.text("status") or inner.text("status"), outer.text("message"))
        case "error":
            return _error(outer, inner)
    shown = shown_word(kind) or f"of {len(kind)} characters"
    return UnknownEvent(f"type {shown!r}" if kind else "an object without a type")


def _audio(outer: Fields, inner: Fields) -> AudioPiece | UnknownEvent:
    sound = outer.text("data", "audio") or inner.text("audio", "data")
    if not sound:
        return UnknownEvent("an audio event without sound")
    duration = outer.number("duration") or inner.number("duration")
    rate = outer.number("sample_rate") or inner.number("sample_rate")
    return AudioPiece(
        sound,
        duration if duration is not None and 0.0 < duration <= _LONGEST_PIECE_S else None,
        int(rate) if rate is not None and 1.0 <= rate <= 1e6 else None,
    )


def _status(word: str, message: str) -> StatusNow:
    word = plain(word, _LONGEST_WORD)
    known = {status.value: status for status in AvatarStatus}
    return StatusNow(known.get(word.casefold(), AvatarStatus.OTHER), word, plain(message, _LONGEST_MESSAGE))


def _error(outer: Fields, inner: Fields) -> ErrorSaid:
    nested = outer.inner("error") or inner
    code = outer.identifier("code") or nested.identifier("code")
    message = outer.text("message", "error", "detail") or nested.text("message", "detail")
    return ErrorSaid(plain(code, _LONGEST_WORD), plain(message, _LONGEST_MESSAGE))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")
