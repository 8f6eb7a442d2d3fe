"""Lines of the flight recorder: one checked line for each record, and strictly back.

A line is ``checksum [at, word, …]`` with ``at`` in seconds of the loop's clock, every digit of it: the
conversation is deterministic in (event, now), so that replaying the lines reaches the same states. An event
is the list of its fields; everything inside a field is named. What people said is not in the lines: of a
private field (:mod:`ravatard.core.private`) an event keeps only the length, which comes back as that many
zero bytes or blanks, and a state keeps nothing.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeVar, assert_never, get_type_hints

import msgspec

from ravatard.core import events as ev
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record, Routine
from ravatard.core.private import is_private
from ravatard.errors import RavatardError
from ravatard.host.flight import format1

T = TypeVar("T")

#: Format of the lines written; a beginning carries it since format 2. Raise it with every change that an
#: older or newer reader would misunderstand, and keep a module like format1.py for what was before.
FORMAT = 2
#: The longest line by far is a checkpoint with the sessions of a day in it (spending limits): some 30 kB.
LINE_LIMIT_BYTES = 64 * 1024
#: Sentences are cut to this; none of ours comes near it, a service's own words may.
TEXT_LIMIT = 300
#: No chunk, answer or sound is longer; a damaged length must not cost memory.
LENGTH_LIMIT = 1 << 20
_CHECKSUM = 8

_Length = Annotated[int, msgspec.Meta(ge=0, le=LENGTH_LIMIT)]

#: The word for each event. A new event needs one; the unit test says so.
EVENTS: dict[str, type[Any]] = {
    "mic-ready": ev.MicrophoneReady,
    "mic-lost": ev.MicrophoneLost,
    "mic-closed": ev.MicrophoneClosed,
    "mic-ended": ev.MicrophoneEnded,
    "unconfirmed": ev.ConfirmationLost,
    "echo-removed": ev.EchoRemoved,
    "listened": ev.Listened,
    "opened": ev.UtteranceOpened,
    "chunk": ev.ChunkCaptured,
    "closed": ev.UtteranceClosed,
    "press-ignored": ev.PressIgnored,
    "woken": ev.Woken,
    "wake-missed": ev.WakeMissed,
    "wake-unused": ev.WakeUnused,
    "wakeword-lost": ev.WakeWordLost,
    "pressed": ev.ButtonPressed,
    "released": ev.ButtonReleased,
    "connecting": ev.LinkConnecting,
    "online": ev.LinkOnline,
    "offline": ev.LinkOffline,
    "denied": ev.LinkDenied,
    "network": ev.NetworkChanged,
    "session-started": ev.SessionStarted,
    "session-refused": ev.SessionRefused,
    "session-ended": ev.SessionEnded,
    "sent": ev.MessageSent,
    "dropped": ev.UtteranceDropped,
    "answered": ev.Answered,
    "stream-broke": ev.StreamBroke,
    "turn-failed": ev.TurnFailed,
    "nothing-said": ev.NothingSaid,
    "hearing": ev.ServiceHearing,
    "text": ev.TextGiven,
    "mute-asked": ev.MuteAsked,
    "restart-session": ev.RestartSessionAsked,
    "options": ev.OptionsChanged,
    "elsewhere": ev.AnsweredElsewhere,
    "speaker-ready": ev.SpeakerReady,
    "speaker-lost": ev.SpeakerLost,
    "speaker-asleep": ev.SpeakerAsleep,
    "speaker-awake": ev.SpeakerAwake,
    "sounding": ev.Played,
    "playing": ev.PlaybackStarted,
    "played": ev.PlaybackEnded,
    "unplayable": ev.AnswerUnplayable,
    "answer-begun": ev.AnswerBegun,
    "answer-complete": ev.AnswerComplete,
    "voice-online": ev.VoiceOnline,
    "voice-offline": ev.VoiceOffline,
    "volume-asked": ev.VolumeAsked,
    "announcement-asked": ev.AnnouncementAsked,
    "announcement-begun": ev.AnnouncementBegun,
    "announcement-ended": ev.AnnouncementEnded,
    "quiet": ev.QuietChanged,
    "tick": ev.Tick,
}
_WORDS = {kind: word for word, kind in EVENTS.items()}
_ROWS: dict[str, type[Any]] = {"=": Reached, "routine": Routine, "gap": Gap}


class JournalError(RavatardError):
    """A line cannot be read: torn, damaged, or written by another version."""


class BeginningError(JournalError):
    """A beginning is whole but cannot be used, so that what follows it cannot be replayed."""


def encode(at: float, record: Record, clean: Callable[[str], str] = str) -> bytes:
    """Return one line, with its newline. ``clean`` takes secrets out of sentences.

    Raises:
        JournalError: it would be too long.
    """
    content = json.dumps([at, *_content(record, clean)], separators=(",", ":")).encode()
    line = b"%08x %b\n" % (zlib.crc32(content), content)
    if len(line) > LINE_LIMIT_BYTES:
        raise JournalError(f"a line of {len(line)} bytes is too long for the flight recorder")
    return line


def _content(record: Record, clean: Callable[[str], str]) -> list[Any]:
    match record:
        case Happened(ev.ChunkCaptured() as chunk):
            # The most frequent line: when it was read is within milliseconds of ``at``.
            return ["chunk", *_row(chunk, clean)[:-1]]
        case Happened(event):
            return [_WORDS[type(event)], *_row(event, clean)]
        case Reached():
            return ["=", *_row(record, clean)]
        case Routine():
            return ["routine", *_row(record, clean)]
        case Gap():
            return ["gap", *_row(record, clean)]
        case Began():
            return ["began", {"format": FORMAT, **_plain(record, clean)}]
        case _:
            assert_never(record)


@cache
def _columns(kind: Any) -> tuple[tuple[str, bool], ...]:
    """The fields of a dataclass in order, each with whether it is private."""
    return tuple((one.name, is_private(one)) for one in fields(kind))


def _row(record: Any, clean: Callable[[str], str]) -> list[Any]:
    return [
        min(len(getattr(record, name)), LENGTH_LIMIT) if private else _plain(getattr(record, name), clean)
        for name, private in _columns(record.__class__)
    ]


def _plain(value: Any, clean: Callable[[str], str]) -> Any:
    # A text is asked for first: an Enum of texts would be one too, and there is none.
    if isinstance(value, str):
        return clean(value)[:TEXT_LIMIT]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one, clean) for one in value]
    if is_dataclass(value):
        columns = _columns(value.__class__)
        return {name: _plain(getattr(value, name), clean) for name, private in columns if not private}
    raise TypeError(f"{type(value).__name__} has no plain form")


def decode(line: bytes) -> tuple[float, Record]:
    """Return the time and the record of one line, with or without its newline.

    Raises:
        BeginningError: a conversation's beginning cannot be used, for one by being of a later format.
        JournalError: anything else is wrong with it.
    """
    line = line.removesuffix(b"\n")
    content = line[_CHECKSUM + 1 :]
    if len(line) > LINE_LIMIT_BYTES or line[: _CHECKSUM + 1] != b"%08x " % zlib.crc32(content):
        raise JournalError("a line of the flight recorder is torn or damaged: its checksum is wrong")
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise JournalError("a line of the flight recorder is not JSON") from error
    if not isinstance(plain, list) or len(plain) < 2:
        raise JournalError("a line of the flight recorder is not a list of a time, a word and more")
    try:
        at = msgspec.convert(plain[0], float)
        record = _record(at, plain[1], plain[2:])
    except (msgspec.ValidationError, format1.ShapeError) as error:
        problem = f"a line of the flight recorder cannot be understood: {error!s:.200}"
        raise BeginningError(problem) if plain[1] == "began" else JournalError(problem) from error
    if not math.isfinite(at):
        raise JournalError(f"a line of the flight recorder has no time but {at}")
    return at, record


def _record(at: float, word: object, rest: list[Any]) -> Record:
    match word, rest:
        case "began", [dict() as beginning]:
            return _began(beginning)
        case "began", _:
            return msgspec.convert(format1.beginning(rest), Began)
        case "chunk", _:
            return Happened(_built(ev.ChunkCaptured, [*rest, at]))
        case str(), _ if word in EVENTS:
            return Happened(_built(EVENTS[word], format1.event(word, rest)))
        case str(), _ if word in _ROWS:
            row: Reached | Routine | Gap = _built(_ROWS[word], rest)
            return row
    raise JournalError(f"{word!r:.40} is no word of the flight recorder")


def _began(beginning: dict[str, Any]) -> Began:
    if (found := beginning.get("format")) != FORMAT:
        version = str(beginning.get("version"))
        raise BeginningError(
            f"recorded by ravatard {version:.20} in format {found!r:.20}; this version reads formats 1 and "
            f"{FORMAT}, so replay it with that one"
        )
    return msgspec.convert(beginning, Began)


@cache
def _types(kind: Any) -> tuple[Any, tuple[type[Any] | None, ...]]:
    """The type of a dataclass's row, and for each field the type to make blank if it is private."""
    hints = get_type_hints(kind)
    columns = _columns(kind)
    row = tuple.__class_getitem__(tuple(_Length if private else hints[name] for name, private in columns))
    return row, tuple(hints[name] if private else None for name, private in columns)


def _built(kind: Callable[..., T], row: list[Any]) -> T:
    types, blanks = _types(kind)
    return kind(*map(_blank, blanks, msgspec.convert(row, types)))


def _blank(kind: type[Any] | None, value: Any) -> Any:
    if kind is None:
        return value
    return bytes(value) if kind is bytes else " " * value
