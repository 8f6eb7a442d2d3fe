"""Requests of the control protocol, made by the page: the same validator and handler as for the socket."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from ravatard.core.control.lines import line_of, upload_parts
from ravatard.core.control.protocol import BadRequest, ControlHandler, decode, first_reply
from ravatard.web.page.refused import RequestRefused


class Requests:
    """Makes requests of a running appliance."""

    def __init__(self, control: ControlHandler) -> None:
        self._control = control

    async def ask(self, do: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the reply to a request that was carried out.

        Raises:
            RequestRefused: it cannot be understood, or the appliance refused it.
        """
        line = line_of({"do": do, **(fields or {})})
        try:
            decode(line)
        except BadRequest as error:
            raise RequestRefused(400, "not-valid", str(error)) from None
        reply = await first_reply(self._control, line)
        if reply is None:
            raise RequestRefused(503, "no-answer", "the appliance did not answer")
        if reply.get("ok") is not True:
            raise RequestRefused(409, "refused", str(reply.get("error", "refused")))
        return reply

    async def announce(self, wav: bytes, volume: int | None = None) -> str:
        """Have a WAV file played to the room, behind what is heard or awaited; return what became of it.

        Args:
            wav: the file.
            volume: percent of full; None: as loud as the answers.

        Raises:
            RequestRefused: it cannot be played.
        """
        name = secrets.token_hex(16)
        for part in upload_parts(name, wav):
            await self.ask("upload", part)
        loudness = {} if volume is None else {"volume": volume}
        return str((await self.ask("play", {"upload": name, **loudness}))["says"])

    async def status(self) -> dict[str, Any]:
        """Return the status report."""
        report: dict[str, Any] = (await self.ask("status"))["status"]
        return report

    async def changes(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the status report now and at every change, for ever."""
        async with aclosing(self._control.answers(line_of({"do": "watch"}))) as replies:
            async for reply in replies:
                yield json.loads(reply)["status"]
