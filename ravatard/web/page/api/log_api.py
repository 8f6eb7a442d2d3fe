"""Endpoints of what was logged before: the flight recorder, and the journal of systemd."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from ravatard.ports.page import CommandFailed, CommandLine, Journal, KeptLine
from ravatard.web.page.api import health_types as ht
from ravatard.web.page.call import ApiCall
from ravatard.web.page.live_socket import line_of_log
from ravatard.web.page.refused import RequestRefused

MOST_LINES = 1_000
_RECORDING_S = 60.0
#: Exit statuses of ``ravatard replay``: the same states were reached, or others.
_REPLAYED = (0, 1)
#: Words in what is not as it should be; the rest is told for the record.
_BAD = ("Lost", "Offline", "Denied", "Refused", "Dropped", "Broke", "Failed")


class _Recorded(msgspec.Struct):
    """One line of ``ravatard replay --json``."""

    at: float = 0.0
    began: str = ""
    wall_s: float = 0.0
    event: str = ""
    text: str = ""
    what: str = ""
    value: str = ""
    gap: str = ""
    note: str = ""
    equal: bool | None = None


class LogApi:
    """Answers the endpoints of what was logged before; each method has the name of one."""

    def __init__(self, commands: CommandLine, journal: Journal) -> None:
        """Prepare.

        Args:
            commands: runs the replay of the flight recorder.
            journal: the journal of the daemon's unit.
        """
        self._commands = commands
        self._journal = journal
        self._busy = asyncio.Lock()

    async def recorded(self, call: ApiCall) -> ht.LogLines:
        """Return the newest lines of the flight recorder.

        Raises:
            RequestRefused: it holds nothing, or something is read already.
        """
        del call
        return await self._lines(self._recording)

    async def journal(self, call: ApiCall) -> ht.LogLines:
        """Return the newest lines of the journal.

        Raises:
            RequestRefused: it cannot be read, or something is read already.
        """
        del call
        return await self._lines(lambda: self._journal.newest(MOST_LINES))

    async def _lines(self, read: Callable[[], Awaitable[Sequence[KeptLine]]]) -> ht.LogLines:
        if self._busy.locked():
            raise RequestRefused(409, "busy", "a log is being read already; wait for its end")
        async with self._busy:
            try:
                return ht.LogLines([line_of_log(one) for one in await read()])
            except CommandFailed as error:
                raise RequestRefused(503, "no-log", str(error)) from error

    async def _recording(self) -> Sequence[KeptLine]:
        found = await self._commands.run("replay", "--json", limit_s=_RECORDING_S, statuses=_REPLAYED)
        # Up to a megabyte.
        return await asyncio.to_thread(recorded_lines, found)


def recorded_lines(found: bytes) -> Sequence[KeptLine]:
    """Return the newest lines of a replay, whose JSON is ``found``; a line that is none is left out."""
    kept: deque[KeptLine] = deque(maxlen=MOST_LINES)
    began = at = 0.0
    for number, line in enumerate(found.splitlines(), start=1):
        try:
            one = msgspec.json.decode(line, type=_Recorded)
        except ValueError:
            continue
        if one.began:
            began = one.wall_s - one.at
        # A ring that begins in the middle has no date until its first checkpoint; a note has none at all.
        at = began + one.at if one.at and began else at
        if text := _words(one):
            kept.append(KeptLine(number, at, _level(one), "recorder", text))
    return kept


def _words(one: _Recorded) -> str:
    if one.began:
        return "started" if one.began == "start" else f"goes on: {one.began}"
    if one.equal is False:
        return "from here on the recording and its replay differ"
    if one.what:
        return f"{one.what}: {one.value}"
    return one.text or one.gap or one.note


def _level(one: _Recorded) -> str:
    bad = one.gap or one.note or one.equal is False or any(word in one.event for word in _BAD)
    return "warning" if bad else "info"
