"""Journal of the daemon's unit, read by journalctl in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import msgspec

from ravatard.host.page.command_line import Subcommands
from ravatard.ports.page import CommandFailed, KeptLine
from ravatard.secret import cut

#: The unit that ravatard installs, read by a daemon that belongs to none.
UNIT = "ravatard.service"
READ_S = 15.0
#: Longest text of a line, as in the page's own log.
TEXT_LIMIT = 4_000
#: Severities of syslog(3) by their numbers.
_LEVELS = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
_UNREADABLE = (
    "the journal has no line that ravatard may read: `sudo adduser ravatard systemd-journal`, "
    "then `sudo systemctl restart ravatard`"
)
#: Time of a line, in the order of the journal's fields; microseconds since 1970.
_MICRO = 1_000_000


class _Line(msgspec.Struct):
    """Fields of one line that are looked at; a text that is no UTF-8 comes as a list of numbers."""

    at: Annotated[str, msgspec.Meta(max_length=20)] = msgspec.field(name="__REALTIME_TIMESTAMP", default="0")
    priority: str | list[int | str] | None = msgspec.field(name="PRIORITY", default="6")
    message: str | list[int | str] | None = msgspec.field(name="MESSAGE", default="")
    source: str | list[int | str] | None = msgspec.field(name="SYSLOG_IDENTIFIER", default="")


class Journalctl:
    """Implements :class:`ravatard.ports.page.Journal`."""

    def __init__(
        self,
        environ: Mapping[str, str],
        unit: str,
        clean: Callable[[str], str],
        journalctl: Sequence[str] = ("journalctl",),
    ) -> None:
        """Prepare.

        Args:
            environ: the daemon's environment variables.
            unit: the daemon's unit; "" for the one that is installed.
            clean: takes secrets out of a text: lines of the unit are not only the daemon's own.
            journalctl: how journalctl is started.
        """
        path = environ.get("PATH", "/usr/bin:/bin")
        self._command = Subcommands({"PATH": path, "LC_ALL": "C.UTF-8"}, program=journalctl)
        self._unit = unit or UNIT
        self._clean = clean

    async def newest(self, lines: int) -> Sequence[KeptLine]:
        """See :meth:`ravatard.ports.page.Journal.newest`.

        Raises:
            CommandFailed: there is no journal, or this user may not read it.
        """
        words = (
            "--quiet",
            f"--unit={self._unit}",
            f"--lines={lines}",
            "--output=json",
            "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER",
            "--no-pager",
        )
        try:
            found = await self._command.run(*words, limit_s=READ_S)
        except CommandFailed as error:
            if "cannot be started" in str(error):
                raise CommandFailed("this machine has no journal of systemd") from error
            if "ended with status" in str(error):
                raise CommandFailed(_UNREADABLE) from error
            raise
        # A thousand lines of four thousand characters, cleaned one by one.
        kept = await asyncio.to_thread(self._kept, found, lines)
        if not kept:
            raise CommandFailed(_UNREADABLE)
        return kept

    def _kept(self, found: bytes, most: int) -> Sequence[KeptLine]:
        kept = []
        for number, one in enumerate(found.splitlines()[-most:], start=1):
            try:
                line = msgspec.json.decode(one, type=_Line)
                at = int(line.at) / _MICRO
            except ValueError:
                continue
            text = self._clean(cut(_text(line.message), TEXT_LIMIT))
            kept.append(KeptLine(number, at, _level(_text(line.priority)), _text(line.source)[:60], text))
        return kept


def _text(field: str | list[int | str] | None) -> str:
    """Return a field as text: one that appears twice is a list, and so are bytes that are no UTF-8."""
    if isinstance(field, str) or field is None:
        return field or ""
    numbers = [one for one in field if isinstance(one, int) and 0 <= one < 256]
    if len(numbers) == len(field):
        return bytes(numbers).decode(errors="replace")
    return str(field[0])


def _level(priority: str) -> str:
    return _LEVELS[int(priority)] if priority in tuple("01234567") else "info"
