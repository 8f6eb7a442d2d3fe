"""The flight recorder's lines: what happened and what became of it, as one checked line each, and back.

A line is ``checksum [at, word, …]`` with ``at`` in seconds of the loop's clock, every digit of it: the
conversation is deterministic in (event, now), so that replaying the lines reaches the same states. What was
said, heard or written is not in them (:mod:`ravatard.core.flight.codec`).
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.flight.codec import CodecError, build, from_plain, to_plain
from ravatard.core.indication import Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.errors import RavatardError

#: The longest line by far is a checkpoint with the sessions of a day in it (spending limits): some 30 kB.
LINE_LIMIT_BYTES = 64 * 1024
_CHECKSUM = 8

#: The word for each event. A new event needs one; the unit test says so.
EVENTS: dict[str, type[Any]] = {
    "mic-ready": ev.MicrophoneReady,
    "mic-lost": ev.MicrophoneLost,
    "mic-closed": ev.MicrophoneClosed,
    "mic-ended": ev.MicrophoneEnded,
    "listened": ev.Listened,
    "opened": ev.UtteranceOpened,
    "chunk": ev.ChunkCaptured,
    "closed": ev.UtteranceClosed,
    "press-ignored": ev.PressIgnored,
    "pressed": ev.ButtonPressed,
    "released": ev.ButtonReleased,
    "connecting": ev.LinkConnecting,
    "online": ev.LinkOnline,
    "offline": ev.LinkOffline,
    "denied": ev.LinkDenied,
    "session-started": ev.SessionStarted,
    "session-refused": ev.SessionRefused,
    "session-ended": ev.SessionEnded,
    "sent": ev.MessageSent,
    "dropped": ev.UtteranceDropped,
    "answered": ev.Answered,
    "stream-broke": ev.StreamBroke,
    "text": ev.TextGiven,
    "mute-asked": ev.MuteAsked,
    "restart-session": ev.RestartSessionAsked,
    "options": ev.OptionsChanged,
    "speaker-ready": ev.SpeakerReady,
    "speaker-lost": ev.SpeakerLost,
    "sounding": ev.Played,
    "playing": ev.PlaybackStarted,
    "played": ev.PlaybackEnded,
    "unplayable": ev.AnswerUnplayable,
    "voice-online": ev.VoiceOnline,
    "voice-offline": ev.VoiceOffline,
    "volume-asked": ev.VolumeAsked,
    "tick": ev.Tick,
}
_WORDS = {kind: word for word, kind in EVENTS.items()}


class JournalError(RavatardError):
    """A line cannot be read: torn, damaged, or written by another version."""


@dataclass(frozen=True, slots=True)
class Began:
    """From here on a conversation can be followed: it started, or this is a checkpoint of it.

    Attributes:
        why: "start", "new file", or what was left out before.
        version: of ravatard.
        boot: id of the boot, whose clock ``at`` counts on.
        wall_s: wall time, seconds since 1970, for people only: a Pi boots with a wrong date.
        allowance: bytes that may still be written at once.
        options: what the conversation was told.
        memory: what it remembered (:mod:`ravatard.core.flight.checkpoint`); None at its start.
    """

    why: str
    version: str
    boot: str
    wall_s: float
    allowance: float
    options: ConversationOptions
    memory: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Happened:
    """An event entered the hub."""

    event: ev.Event


@dataclass(frozen=True, slots=True)
class Reached:
    """A state was reached: the hub asked for something that tells.

    Attributes:
        what: "look", "session", "turn", "held", "muted" or "gate".
        value: which.
    """

    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Routine:
    """Everything since the last such line that changed nothing, in sum.

    Attributes:
        listened: signs of life of the ear.
        samples: captured since the device was opened.
        lowest_db, highest_db: range of the level, dBFS.
        floor_db: noise floor, dBFS.
        overruns: of the ring since the device was opened.
        sent: messages put on the socket.
        slowest_ms: the longest from a sample being read to its message being on the socket.
    """

    listened: int
    samples: int
    lowest_db: float
    highest_db: float
    floor_db: float
    overruns: int
    sent: int
    slowest_ms: float


@dataclass(frozen=True, slots=True)
class Gap:
    """From here to the next :class:`Began` something is left out."""

    why: str


Record = Began | Happened | Reached | Routine | Gap


def reached(action: object) -> Reached | None:
    """The state that an action tells of, or None."""
    match action:
        case Show(indication):
            return Reached("look", indication.look.value)
        case act.SessionChanged(session):
            return Reached("session", session.value)
        case act.TurnEnded(summary):
            return Reached("turn", f"{summary.turn} {summary.outcome.value}")
        case act.Hold(held):
            return Reached("held", "yes" if held else "no")
        case act.Mute(muted):
            return Reached("muted", "yes" if muted else "no")
        case act.SetGate(mode):
            return Reached("gate", mode.value)
    return None


def encode(at: float, record: Record, clean: Callable[[str], str] = str) -> bytes:
    """One line, with its newline. ``clean`` takes secrets out of sentences.

    Raises:
        JournalError: it would be too long.
    """
    content = json.dumps([at, *_plain(at, record, clean)], separators=(",", ":")).encode()
    line = b"%08x %b\n" % (zlib.crc32(content), content)
    if len(line) > LINE_LIMIT_BYTES:
        raise JournalError(f"a line of {len(line)} bytes is too long for the flight recorder")
    return line


def _plain(at: float, record: Record, clean: Callable[[str], str]) -> list[Any]:
    match record:
        case Happened(ev.ChunkCaptured() as chunk):
            # The most frequent line: when it was read is within milliseconds of ``at``.
            return ["chunk", *to_plain(chunk)[:-1]]
        case Happened(event):
            return [_WORDS[type(event)], *to_plain(event, clean)]
        case Reached(what, value):
            return ["=", what, value]
        case Routine():
            return ["routine", *to_plain(record)]
        case Gap(why):
            return ["gap", clean(why)]
        case Began():
            return ["began", *to_plain(record, clean)]
        case _:
            assert_never(record)


def decode(line: bytes) -> tuple[float, Record]:
    """The time and the record of one line, with or without its newline.

    Raises:
        JournalError: whatever is wrong with it.
    """
    line = line.removesuffix(b"\n")
    content = line[_CHECKSUM + 1 :]
    if len(line) > LINE_LIMIT_BYTES or line[: _CHECKSUM + 1] != b"%08x " % zlib.crc32(content):
        raise JournalError("a line of the flight recorder is torn or damaged: its checksum is wrong")
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise JournalError("a line of the flight recorder is not JSON") from error
    try:
        return _timed(plain)
    except CodecError as error:
        raise JournalError(f"a line of the flight recorder cannot be understood: {error}") from error


def _timed(plain: object) -> tuple[float, Record]:
    if not isinstance(plain, list) or len(plain) < 2:
        raise CodecError("it is not a list of a time, a word and more")
    at = from_plain(float, plain[0])
    if not math.isfinite(at):
        raise CodecError(f"{at} is not a time")
    return at, _record(at, plain[1], plain[2:])


def _record(at: float, word: object, rest: list[object]) -> Record:
    match word:
        case "=":
            return build(Reached, rest)
        case "routine":
            return build(Routine, rest)
        case "gap":
            return build(Gap, rest)
        case "began":
            return build(Began, rest)
        case "chunk":
            return Happened(build(ev.ChunkCaptured, [*rest, at]))
        case str() if word in EVENTS:
            return Happened(build(EVENTS[word], rest))
    raise CodecError(f"{word!r:.40} is no word of the flight recorder")
