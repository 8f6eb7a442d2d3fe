"""The owner's page on a real socket, before an appliance that a test plays."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import structs

from ravatard.core.audio.progress import Progress
from ravatard.core.control import protocol
from ravatard.errors import DeviceError
from ravatard.host.page.access_file import StateAccessFile
from ravatard.ports.page import Appliance, CommandFailed, TrialSound
from ravatard.web.page.access import password
from ravatard.web.page.access.record import AccessRecord, changing, one_time_code
from ravatard.web.page.log_ring import LogRing
from ravatard.web.page.options import PageOptions
from ravatard.web.page.page import Page, PageParts
from tests.integration.program import until
from tests.unit.web.page.samples import PlayedJournal, status

PASSWORD = "a password nobody guesses"


class PlayedControl:
    """Handler of control requests as a test wants it.

    Attributes:
        asked: every request, as a dictionary.
        report: the status that is told.
        refusal: the error of every command; "": it is carried out.
        holds: a press takes as long as is asked.
        released: milliseconds asked of each press that is over.
        slow: a command for the volume waits for it; None: for nothing.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.report = status()
        self.refusal = ""
        self.holds = False
        self.released: list[float] = []
        self.slow: asyncio.Event | None = None
        self._changed = asyncio.Event()

    def change(self, **fields: Any) -> None:
        """The state is another one."""
        self.report = {**self.report, **fields}
        self._changed.set()
        self._changed = asyncio.Event()

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        protocol.decode(line)
        asked = json.loads(line)
        self.asked.append(asked)
        if asked["do"] == "watch":
            while True:
                changed = self._changed
                yield protocol.agreed("", status=self.report)
                await changed.wait()
        if asked["do"] == "status":
            yield protocol.agreed("", status=self.report)
        elif self.refusal:
            yield protocol.refused(self.refusal)
        else:
            if asked["do"] in ("mute", "unmute"):
                self.change(muted=asked["do"] == "mute")
            if asked["do"] == "press" and self.holds:
                try:
                    await asyncio.sleep(asked["ms"] / 1000)
                finally:
                    self.released.append(asked["ms"])
            if asked["do"] == "volume" and self.slow is not None:
                await self.slow.wait()
            yield protocol.agreed("done", **({"volume": 40} if asked["do"] == "volume" else {}))


class PlayedCommands:
    """Commands with outputs that a test writes; ``ran``: every command."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, ...]] = []
        self.outputs: dict[str, bytes] = {}
        self.hold: asyncio.Event | None = None

    async def run(self, *words: str, limit_s: float, statuses: Sequence[int] = (0,)) -> bytes:
        self.ran.append(words)
        if self.hold is not None:
            await self.hold.wait()
        if words[0] not in self.outputs:
            raise CommandFailed(f"there is no output of {words[0]}")
        return self.outputs[words[0]]


class PlayedTrials:
    """A microphone that records silence, or none."""

    def __init__(self) -> None:
        self.missing = ""

    async def record(self, seconds: float) -> TrialSound:
        if self.missing:
            raise DeviceError(self.missing)
        return TrialSound("a microphone", bytes(round(seconds * 32_000)), -60.0, -50.0)


class ServedPage:
    """A page that is served.

    Attributes:
        page: the page.
        control: its appliance.
        session: a browser without a cookie; see :meth:`log_in`.
    """

    def __init__(self, folder: Path, options: PageOptions, **parts: Any) -> None:
        self.file = StateAccessFile(folder)
        self.control = PlayedControl()
        self.commands = PlayedCommands()
        self.trials = PlayedTrials()
        self.journal = PlayedJournal()
        self.log = LogRing()
        self.watched: list[bool] = []
        self.progress = Progress()
        chosen: dict[str, Any] = {
            "file": self.file,
            "commands": self.commands,
            "log": self.log,
            "journal": self.journal,
            "trials": self.trials,
        }
        self.page = Page(options, PageParts(**{**chosen, "version": "9.9", "language": "de", **parts}))
        self.appliance = Appliance(
            control=self.control,
            progress=self.progress,
            has_button=True,
            has_speaker=True,
            watch_level=self.watched.append,
        )
        self.session: aiohttp.ClientSession

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.page.port}"

    @property
    def origin(self) -> dict[str, str]:
        """Headers of a browser on the page."""
        return {"Origin": self.base, "Sec-Fetch-Site": "same-origin"}

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body and headers of the reply; a body is sent as JSON."""
        sent: dict[str, Any] = {} if body is None else {"json": body}
        async with self.session.request(
            method, f"{self.base}{path}", headers={**self.origin, **(headers or {})}, **{**sent, **more}
        ) as reply:
            text = await reply.text()
            is_json = reply.content_type == "application/json" and text
            return reply.status, json.loads(text) if is_json else text, reply.headers

    def set_code(self) -> str:
        """Return digits as the command line makes them."""
        digits, kept = one_time_code(time.time())
        self.file.update(changing(lambda before: _with_code(before, kept)))
        return digits

    async def log_in(self) -> None:
        """Claim the appliance, or log in, with the session's cookie."""
        _, who, _ = await self.call("GET", "/api/v1/session")
        if not who["claimed"]:
            body = {"code": self.set_code(), "password": PASSWORD}
            assert (await self.call("POST", "/api/v1/claim", body))[0] == 200
        else:
            assert (await self.call("POST", "/api/v1/session", {"password": PASSWORD}))[0] == 200

    @asynccontextmanager
    async def live(self, **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open the WebSocket as the page does."""
        async with self.session.ws_connect(
            f"{self.base}/api/v1/live", headers={**self.origin, **headers}
        ) as socket:
            yield socket


def _with_code(before: AccessRecord, code: Any) -> AccessRecord:
    return structs.replace(before, code=code)


async def told(socket: aiohttp.ClientWebSocketResponse, condition: Callable[[Any], bool]) -> Any:
    """The first message for which ``condition`` holds."""
    async with asyncio.timeout(20):
        while True:
            message = json.loads((await socket.receive()).data)
            if condition(message):
                return message


@asynccontextmanager
async def serving_page(
    folder: Path, options: PageOptions | None = None, *, logged_in: bool = False, **parts: Any
) -> AsyncIterator[ServedPage]:
    served = ServedPage(folder, options or PageOptions(listen="loopback", port=0), **parts)
    if "appliance" in parts:
        served.appliance = replace(served.appliance, **parts["appliance"])
    root = logging.getLogger()
    root.addHandler(served.log)
    # The real cost is 40 ms and more; nothing here measures it.
    cost, password.COST = password.COST, 16
    try:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session, asyncio.TaskGroup() as group:
            served.session = session
            serve = group.create_task(served.page.serve(served.appliance), name="page")
            await until(lambda: served.page.port, "the page is served")
            if logged_in:
                await served.log_in()
            yield served
            serve.cancel()
    finally:
        password.COST = cost
        root.removeHandler(served.log)
