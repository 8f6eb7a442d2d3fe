"""Flight recorder: an observer of the hub that writes down its events, for finding out later what happened.

Costs next to nothing while nothing happens: it has no timer and no task, what changes nothing is summed up
once a minute, and lines are written in batches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import Enum, unique
from pathlib import Path
from typing import Self

from ravatard import __version__
from ravatard.core import events as ev
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.gate_mode import options_after
from ravatard.core.conversation.machines import ConversationState
from ravatard.core.flight.journal import Began, Gap, Happened, Record, reached
from ravatard.core.flight.summary import RoutineSummary
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.token_bucket import TokenBucket
from ravatard.host.flight.lines import JournalError, decode, encode
from ravatard.host.ring import FILE_BYTES, Ring

log = logging.getLogger(__name__)

#: random(4): another one at every boot; the loop's clock begins again with it.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: The limit of a day; half a megabyte of it may come at once, after a quiet time.
DAY_BYTES = 5_000_000
BURST_BYTES = 500_000
#: With less than this share of the burst left only what is rare is written, until more than that share is.
LEAN_BELOW, FULL_ABOVE = 0.2, 0.5
#: Waiting lines are written at the first event after this long.
BATCH_S = 5.0
BATCH_BYTES = 8_192
ROUTINE_S = 60.0
#: After a failure of the disk it is tried again this often.
RETRY_S = 30.0

#: Events that come several times a second; those that change nothing are summed up.
_FREQUENT = (ev.Listened, ev.MessageSent, ev.Played, ev.Tick)
_Frequent = ev.Listened | ev.MessageSent | ev.Played | ev.Tick
#: Events of a turn: left out when a talkative day is over its budget.
_TALK = (*_FREQUENT, ev.ChunkCaptured, ev.UtteranceOpened, ev.UtteranceClosed, ev.PressIgnored, ev.Answered)
#: States worth writing at once; the rest waits for its batch.
_URGENT = frozenset({"look", "session", "turn", "muted"})


@unique
class Keeping(Enum):
    """Amount of recording."""

    ALL = "all"
    RARE = "rare"
    """Over budget: sessions, link, microphone, mute, turns, lights; not enough to be replayed."""
    NOTHING = "nothing"
    """The disk failed, or the budget is used up to the last byte."""


class FlightRecorder:
    """An observer. Use as a context: leaving writes what still waits.

    The hub's conversation is looked at after each event: it shows which of them changed nothing, and gives
    the state for the beginning of a new file. No method raises for what the disk does.

    Attributes:
        keeping: how much is written now.
    """

    def __init__(
        self,
        ring: Ring,
        options: ConversationOptions,
        now: float,
        *,
        boot: str,
        wall: Callable[[], float] = time.time,
        clean: Callable[[str], str] = str,
    ) -> None:
        """Write that the conversation starts.

        Args:
            ring: where to.
            options: as the hub's conversation is given them.
            now: loop time in seconds.
            boot: id of this boot of the machine.
            wall: wall time in seconds, for people only.
            clean: takes secrets out of sentences.
        """
        self.keeping = Keeping.ALL
        self._ring = ring
        self._options = options
        self._conversation = Conversation(options)
        self._look = self._conversation.indication.look.value
        #: The frequent event that the hub handles now: its time, and the state before it.
        self._handled: tuple[_Frequent, float, ConversationState] | None = None
        self._boot, self._wall, self._clean = boot, wall, clean
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._flush_at = self._retry_at = now
        self._complained = False
        self._left_out = ""
        self._routine = RoutineSummary(now)
        self._allowance = TokenBucket(DAY_BYTES, BURST_BYTES, now)
        self._count_what_was_written(now)
        self._begin("start", now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            # The hub may have broken on it: then the reason is on disk.
            self._write_handled()
        self.close()

    def follow(self, conversation: Conversation) -> None:
        """Record the events of ``conversation``, which is only read. It has handled none yet."""
        self._conversation = conversation

    def close(self) -> None:
        """Write what still waits. Idempotent."""
        self._write_what_changed()
        self._flush(self._flush_at)
        self._ring.close()

    # -------------------------------------------------------------- the observer

    def on_event(self, event: ev.Event, now: float) -> None:
        """Record one event, which the hub is about to handle."""
        self._write_what_changed()
        self._allowance.passed(now)
        self._consider(now)
        if isinstance(event, _FREQUENT):
            self._on_frequent(event, now)
        else:
            # Written before the conversation handles it: should it break on it, the reason is on disk.
            if self.keeping is Keeping.ALL or not isinstance(event, _TALK):
                self._write(now, Happened(event))
            self._options = options_after(self._options, event)
        if now >= self._flush_at:
            self._flush(now)

    def on_action(self, action: object, now: float) -> None:
        """Record the state that an action shows."""
        # Whatever follows from it: it changed something.
        self._write_handled()
        state = reached(action)
        if state is None:
            return
        if state.what == "look":
            if state.value == self._look:
                # The same light with other words; those are in the event's line.
                return
            self._look = state.value
        self._write(now, state)
        if state.what in _URGENT:
            self._flush(now)
            self._ring.hasten()

    def _on_frequent(self, event: _Frequent, now: float) -> None:
        self._handled = event, now, self._conversation.state
        self._routine.add(event)
        if now >= self._routine.since + ROUTINE_S:
            if self._allowance.left > FULL_ABOVE * BURST_BYTES:
                self._write(now, self._routine.line())
            self._routine = RoutineSummary(now)

    def _write_what_changed(self) -> None:
        """Write the frequent event that was handled last, if it changed anything."""
        if self._handled is not None and self._conversation.state != self._handled[2]:
            self._write_handled()
        self._handled = None

    def _write_handled(self) -> None:
        """Write the frequent event that was handled last, unless it was written: it changed something."""
        if self._handled is None:
            return
        event, at, _ = self._handled
        self._handled = None
        if self.keeping is Keeping.ALL:
            self._write(at, Happened(event))

    # -------------------------------------------------------------- how much is written

    def _consider(self, now: float) -> None:
        """Between two events everything about the last one is written: the place for a new beginning."""
        if self.keeping is not Keeping.NOTHING and self._ring.size > FILE_BYTES - 2 * BATCH_BYTES:
            self._begin("new file", now)
        if self.keeping is Keeping.ALL:
            if self._allowance.left < LEAN_BELOW * BURST_BYTES:
                self.keeping, self._left_out = Keeping.RARE, "more happened than the day's budget allows"
                self._write(now, Gap(self._left_out))
        elif now >= self._retry_at and self._allowance.left > FULL_ABOVE * BURST_BYTES:
            self._begin(self._left_out, now)

    def _begin(self, why: str, now: float) -> None:
        """Write a line from which the conversation can be followed, in a new file if it is time for one."""
        self._flush(now)
        rare = self.keeping is Keeping.RARE and why == "new file"
        state = None if why == "start" else self._conversation.state
        record = Began(why, __version__, self._boot, self._wall(), self._allowance.left, self._options, state)
        self.keeping = Keeping.ALL
        try:
            self._ring.make_room(2 * BATCH_BYTES + len(encode(now, record, self._clean)))
        except (OSError, JournalError) as error:
            self._failed(error, now)
            return
        self._write(now, record)
        if rare:
            self.keeping = Keeping.RARE
            self._write(now, Gap(self._left_out))
        self._flush(now)

    def _count_what_was_written(self, now: float) -> None:
        """Go on with the allowance of the process before: a crash loop must not wear out the card."""
        try:
            written = self._ring.newest()
        except OSError:
            return
        lines = written.splitlines(keepends=True)
        spent, last_at = 0, None
        for line in reversed(lines):
            spent += len(line)
            if last_at is not None and b',"began",' not in line:
                continue
            try:
                at, record = decode(line)
            except JournalError:
                continue
            last_at = at if last_at is None else last_at
            if isinstance(record, Began):
                same_clock = bool(self._boot) and record.boot == self._boot
                self._allowance.resume(record.allowance, spent, (now if same_clock else last_at) - at)
                return
        self._allowance.resume(BURST_BYTES, spent, 0.0)

    # -------------------------------------------------------------- writing

    def _write(self, now: float, record: Record) -> None:
        if self.keeping is Keeping.NOTHING:
            return
        line = encode(now, record, self._clean)
        if self._bytes + len(line) > self._allowance.left:
            self.keeping, self._left_out = Keeping.NOTHING, "the day's budget was used up"
            return
        self._waiting.append(line)
        self._bytes += len(line)
        if self._bytes >= BATCH_BYTES:
            self._flush(now)

    def _flush(self, now: float) -> None:
        self._flush_at = now + BATCH_S
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        self._allowance.spend(len(data))
        try:
            self._ring.append(data)
        except OSError as error:
            self._failed(error, now)
        else:
            self._complained = False

    def _failed(self, error: OSError | JournalError, now: float) -> None:
        why = f"the disk failed: {error.strerror}" if isinstance(error, OSError) else str(error)
        self.keeping, self._left_out = Keeping.NOTHING, why
        self._retry_at = now + RETRY_S
        self._ring.close()
        if not self._complained:
            self._complained = True
            log.warning("the flight recorder cannot write and goes on trying: %s", error)


def flight_recorder(
    folder: Path, options: ConversationOptions, now: float, clean: Callable[[str], str]
) -> FlightRecorder:
    """The recorder of this machine, with its ring in ``folder``. Never raises for what the disk does."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        boot = ""
    return FlightRecorder(Ring(folder), options, now, boot=boot, clean=clean)
