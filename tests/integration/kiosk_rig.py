"""A served kiosk, and a streaming server with pages of every kind for it to show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from ravatard.secret import Secret
from ravatard.web.kiosk.design import Design, read_design
from ravatard.web.kiosk.embedding import Inspection
from ravatard.web.kiosk.inspection import inspect
from ravatard.web.kiosk.kiosk import Kiosk
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.page_state import PageState
from ravatard.web.kiosk.texts import PageTexts, read_texts
from tests.integration.program import until

TOKEN = "planted-token/+="
QUOTED_TOKEN = "planted-token%2F%2B%3D"

STREAMING_PAGE = """<!doctype html><title>stream</title>
<style>html, body { height: 100%; margin: 0; background: linear-gradient(#26364d, #8a9bb5) }
svg { position: absolute; bottom: 0; left: 50%; height: 90%; transform: translateX(-50%) }</style>
<svg viewBox="0 0 100 90"><circle cx="50" cy="35" r="18" fill="#e8c4a8"/>
<path d="M15 90a35 32 0 0 1 70 0z" fill="#34527a"/></svg>
<script>parent.postMessage("MESSAGE", "*")</script>"""


class Streamer:
    """A streaming server with pages of every kind.

    Attributes:
        base: where it is.
        by_browser: the targets a browser asked for, in order.
        over: set when nobody waits for an answer any more.
    """

    def __init__(self) -> None:
        self.base = ""
        self.by_browser: list[str] = []
        self.over = asyncio.Event()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if "Mozilla" in request.headers["User-Agent"]:
            self.by_browser.append(request.path_qs)
        match request.path:
            case "/deny":
                return self.page("ravatar-session-start", {"X-Frame-Options": "DENY"})
            case "/close":
                return self.page("ravatar-session-close")
            case "/aloud":
                return self.page("ravatar-session-start", then="ravatar-sound-start")
            case "/mute":
                return self.page("something-else")
            case "/403" | "/404" | "/502":
                return web.Response(status=int(request.path[1:]))
            case "/loop" | "/there":
                return moved("/loop" if request.path == "/loop" else "/s")
            case "/mail":
                return moved("mailto:somebody")
            case "/hang":
                await self.over.wait()
        return self.page("ravatar-session-start")

    def page(self, message: str, headers: dict[str, str] | None = None, then: str = "") -> web.Response:
        text = STREAMING_PAGE.replace("MESSAGE", message)
        if then:
            text += f"<script>parent.postMessage('{then}', '*')</script>"
        return web.Response(text=text, content_type="text/html", headers=headers)


def moved(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location})


@asynccontextmanager
async def streaming() -> AsyncIterator[Streamer]:
    streamer = Streamer()
    runner = web.ServerRunner(web.Server(streamer.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    streamer.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield streamer
    finally:
        streamer.over.set()
        await runner.cleanup()


class Served:
    """A kiosk that is served.

    Attributes:
        kiosk: the kiosk.
        screens: what it reported, in order.
        inspected: the addresses it had looked at.
        sounds: when its browser began to be heard, and fell silent, in order.
    """

    def __init__(self, options: KioskOptions, texts: PageTexts, design: Design | None = None) -> None:
        self.screens: list[PageState] = []
        self.inspected: list[str] = []
        self.sounds: list[bool] = []
        self.kiosk = Kiosk(options, texts, design=design, report=self.screens.append, inspect=self._inspect)

    async def hear(self) -> None:
        async for sounds in self.kiosk.sounding():
            self.sounds.append(sounds)

    async def _inspect(self, address: Secret, within_s: float) -> Inspection:
        self.inspected.append(address.reveal())
        return await inspect(address, within_s)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.kiosk.port}"

    @asynccontextmanager
    async def page(self, session: aiohttp.ClientSession) -> AsyncIterator[Any]:
        headers = {"Origin": self.base}
        async with session.ws_connect(f"{self.base}/state", headers=headers) as connected:
            yield connected

    async def shows(self, screen: PageState) -> None:
        def story() -> str:
            return str(self.screens)

        await until(lambda: self.kiosk.screen is screen, f"the display is {screen}", 40, story)


@asynccontextmanager
async def serving(language: str = "en", **options: Any) -> AsyncIterator[Served]:
    chosen = KioskOptions(**{"enabled": True, "port": 0, **options})
    served = Served(chosen, read_texts(language, chosen.texts, chosen.contact), read_design(chosen.design))
    async with asyncio.TaskGroup() as group:
        serve = group.create_task(served.kiosk.serve(), name="kiosk")
        hear = group.create_task(served.hear(), name="kiosk's sound")
        await until(lambda: served.kiosk.port, "the page is served")
        yield served
        serve.cancel()
        hear.cancel()
