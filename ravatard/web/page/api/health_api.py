"""Endpoints of health: the log, doctor's checks, the support bundle, and the API's own document."""

from __future__ import annotations

import asyncio
import json
import time

from msgspec import convert

from ravatard.ports.page import CommandFailed, CommandLine, RecentLog
from ravatard.web.page.api import health_types as ht
from ravatard.web.page.api.openapi import API_VERSION, encoded
from ravatard.web.page.call import ApiCall, FileReply
from ravatard.web.page.live_socket import line_of_log
from ravatard.web.page.refused import RequestRefused

MOST_LINES = 1_000
#: Exit statuses of doctor: all fine, something broken, something unknown.
_EXAMINED = (0, 1, 2)
_EXAMINATION_S = 170.0


class HealthApi:
    """Answers the endpoints of health; each method has the name of one."""

    def __init__(self, commands: CommandLine, log: RecentLog, version: str) -> None:
        """Prepare.

        Args:
            commands: runs doctor.
            log: the newest lines.
            version: of ravatard.
        """
        self._commands = commands
        self._log = log
        self._version = version
        self._report = ht.DoctorReport([])
        self._busy = asyncio.Lock()

    async def healthz(self, call: ApiCall) -> None:
        """Tell that the page is served."""

    async def openapi(self, call: ApiCall) -> FileReply:
        """Return the document of this API."""
        version = API_VERSION if call.visitor is None else self._version
        # Made once, in a thread: that takes 10 ms on a desktop, and a small board several times as long.
        return FileReply(await asyncio.to_thread(encoded, version), "application/json")

    async def log(self, call: ApiCall) -> ht.LogPage:
        """Return lines of the log."""
        after, newest = call.query.get("after", 0), self._log.newest
        if not self._log.began <= after <= newest:
            # Of an earlier run: all lines are new.
            after = self._log.began
        most = min(call.query.get("limit", MOST_LINES), MOST_LINES)
        lines = [line_of_log(one) for one in self._log.after(after, most)]
        missed = lines[0].number - after - 1 if lines else 0
        return ht.LogPage(lines, missed, lines[-1].number if lines else after)

    async def findings(self, call: ApiCall) -> ht.DoctorReport:
        """Return the last findings."""
        del call
        return self._report

    async def examine(self, call: ApiCall) -> ht.DoctorReport:
        """Run doctor's checks.

        Raises:
            RequestRefused: they run already, or cannot.
        """
        wish: ht.Examine = call.body
        words = ["doctor", "--json", *(["--echo"] if wish.echo else [])]
        if wish.only:
            words += ["--only", *wish.only]
        found = await self._run(*words, statuses=_EXAMINED)
        self._report = convert({**json.loads(found), "ended_at": time.time()}, ht.DoctorReport)
        return self._report

    async def bundle(self, call: ApiCall) -> FileReply:
        """Return the support bundle.

        Raises:
            RequestRefused: it is being made already, or cannot be.
        """
        del call
        content = await self._run("support-bundle", "--silent", "-")
        name = f"ravatard-support-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.tar.gz"
        return FileReply(
            content, "application/gzip", {"Content-Disposition": f'attachment; filename="{name}"'}
        )

    async def _run(self, *words: str, statuses: tuple[int, ...] = (0,)) -> bytes:
        if self._busy.locked():
            raise RequestRefused(409, "busy", "the checks are running already; wait for their end")
        async with self._busy:
            try:
                return await self._commands.run(*words, limit_s=_EXAMINATION_S, statuses=statuses)
            except CommandFailed as error:
                raise RequestRefused(503, "failed", str(error)) from error
