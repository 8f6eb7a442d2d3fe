"""``ravatard replay``: show a flight recording in order, and replay it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ravatard import __version__
from ravatard.cli.json_output import json_line
from ravatard.cli.options import add_json
from ravatard.cli.terminal import visible
from ravatard.core import events as ev
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record
from ravatard.core.flight.replay import Difference, Replay
from ravatard.exit_status import ExitStatus
from ravatard.host.flight.lines import BeginningError, JournalError, decode
from ravatard.host.ring import parts
from ravatard.host.state_file import read_state

#: A file of the recorder is an eighth of a megabyte; a much bigger one is none.
_MOST_BYTES = 4_000_000
#: Events worth a line of their own; of the others, the states that follow are shown.
_SHOWN = (
    ev.MicrophoneReady,
    ev.MicrophoneLost,
    ev.MicrophoneClosed,
    ev.LinkOnline,
    ev.LinkOffline,
    ev.LinkDenied,
    ev.SessionRefused,
    ev.SessionEnded,
    ev.UtteranceDropped,
    ev.StreamBroke,
    ev.TurnFailed,
    ev.NothingSaid,
    ev.ServiceHearing,
    ev.MuteAsked,
    ev.RestartSessionAsked,
    ev.OptionsChanged,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "recording",
        type=Path,
        metavar="FILE|DIR",
        help="a file of the flight recorder, or its folder: recorder/ in the daemon's state directory",
    )
    add_json(parser, "print one JSON object per line")


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when the same states are reached, 1 at a difference, 2 with nothing to replay."""
    output = _Json() if arguments.json else _Words()
    replay, readable, found = Replay(), 0, False
    try:
        for at, record in _records(arguments.recording):
            if isinstance(record, str):
                output.note(record)
                replay.interrupted()
                continue
            readable += 1
            replay.take(at, record)
            found = found or replay.following
            output.record(at, record)
            if replay.difference is not None:
                output.differ(replay.difference)
                return ExitStatus.FAILED
    except OSError as error:
        return _nothing(f"{arguments.recording} cannot be read: {error.strerror}")
    if not readable:
        return _nothing(f"{arguments.recording} holds no line of a flight recorder that can be read")
    if not found:
        return _nothing(f"{arguments.recording} holds no beginning from which a conversation can be followed")
    output.agree(replay)
    return 0


def _nothing(sentence: str) -> int:
    print(f"ravatard: {visible(sentence)}", file=sys.stderr)
    return ExitStatus.UNDECIDED


def _records(recording: Path) -> Iterator[tuple[float, Record | str]]:
    """Yield every record in order, and a sentence for everything that is missing.

    Raises:
        OSError: a file cannot be read.
    """
    files = parts(recording) if recording.is_dir() else [(1, recording)]
    before: int | None = None
    for number, path in files:
        if before is not None and number != before + 1:
            yield 0.0, f"missing: {number - before - 1} files before {path.name}"
        before = number
        yield from _records_of(path)


def _records_of(path: Path) -> Iterator[tuple[float, Record | str]]:
    content = read_state(path, _MOST_BYTES)
    damaged = 0
    for line in content.split(b"\n"):
        if not line:
            continue
        try:
            at, record = decode(line)
        except BeginningError as error:
            yield 0.0, f"what follows is only shown: {error}"
            continue
        except JournalError:
            damaged += 1
            continue
        if damaged:
            yield 0.0, _damage(path, damaged, tail=isinstance(record, Began))
            damaged = 0
        yield at, record
    if damaged:
        yield 0.0, _damage(path, damaged, tail=True)


def _damage(path: Path, lines: int, *, tail: bool) -> str:
    if tail and lines == 1:
        return f"torn: the last line of {path.name} was being written when it ended"
    return f"damaged: {lines} line{'s' if lines > 1 else ''} of {path.name}"


class _Words:
    """Output for people. Times are seconds since the start or checkpoint that is shown above them."""

    def __init__(self) -> None:
        self._began_at: float | None = None

    def record(self, at: float, record: Record) -> None:
        match record:
            case Began(why, version, _, wall_s):
                self._began_at = at
                other = "" if version == __version__ else f", recorded by version {visible(version)}"
                begun = "started" if why == "start" else f"goes on ({visible(why)})"
                print(f"{_date(wall_s)}  {begun}{other}")
            case Happened(event) if isinstance(event, _SHOWN):
                self._line(at, "event", repr(event))
            case Reached(what, value):
                self._line(at, what, value)
            case Gap(why):
                self._line(at, "left out", why)
            case _:
                pass

    def note(self, sentence: str) -> None:
        print(f"            {visible(sentence)}")

    def differ(self, one: Difference) -> None:
        self._line(
            one.at,
            "DIFFERENT",
            f"after {one.event}: replayed {_state(one.replayed)}, recorded {_state(one.recorded)}",
        )

    def agree(self, replay: Replay) -> None:
        print(f"{replay.events} events replayed; the same {replay.states} states were reached")

    def _line(self, at: float, what: str, text: str) -> None:
        # A ring that begins in the middle has no start to count from until the first checkpoint.
        since = at if self._began_at is None else at - self._began_at
        print(f"{since:10.3f} s  {visible(what):<9} {visible(text)}")


class _Json:
    """Output for programs."""

    def record(self, at: float, record: Record) -> None:
        match record:
            case Began(why, version, _, wall_s):
                self._print(at=at, began=why, version=version, wall_s=wall_s)
            case Happened(event) if isinstance(event, _SHOWN):
                self._print(at=at, event=type(event).__name__, text=repr(event))
            case Reached(what, value):
                self._print(at=at, what=what, value=value)
            case Gap(why):
                self._print(at=at, gap=why)
            case _:
                pass

    def note(self, sentence: str) -> None:
        self._print(note=sentence)

    def differ(self, one: Difference) -> None:
        self._print(
            at=one.at,
            equal=False,
            after=one.event,
            replayed=_state(one.replayed),
            recorded=_state(one.recorded),
        )

    def agree(self, replay: Replay) -> None:
        self._print(equal=True, events=replay.events, states=replay.states)

    def _print(self, **content: object) -> None:
        print(json_line(content))


def _state(one: Reached | None) -> str:
    return "nothing" if one is None else f"{one.what} {one.value}"


def _date(wall_s: float) -> str:
    try:
        return f"{datetime.fromtimestamp(wall_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "(no date)"
