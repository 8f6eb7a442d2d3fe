"""A headless Chromium that a test asks questions, over its debugging socket on loopback."""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

#: Media from and to 127.0.0.1, sound without a click, and no look at the world outside.
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--remote-debugging-port=0",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2",
)


def chromium() -> str | None:
    """The program, or None where it is missing."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0

    async def _call(self, method: str, **parameters: object) -> Any:
        self._asked += 1
        await self._socket.send_json({"id": self._asked, "method": method, "params": parameters})
        while True:
            reply = await self._socket.receive_json()
            if reply.get("id") == self._asked:
                return reply["result"]

    async def go(self, url: str) -> None:
        """Load a page."""
        await self._call("Page.navigate", url=url)

    async def ask(self, script: str) -> Any:
        """What a script comes to; promises are waited for."""
        result = await self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until a script comes to something true."""
        while not await self.ask(script):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.1)


@asynccontextmanager
async def browsing(folder: Path, *flags: str) -> AsyncIterator[Browser]:
    """A browser that keeps all it knows in ``folder``, for as long as it lasts; with more ``flags``."""
    program = chromium()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program,
        *_FLAGS,
        *flags,
        f"--user-data-dir={folder}",
        "about:blank",
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )
    try:
        port_file = folder / "DevToolsActivePort"
        while not port_file.exists() or not port_file.read_text().strip():  # noqa: ASYNC110 - nor has a file
            await asyncio.sleep(0.1)
        port = port_file.read_text().splitlines()[0]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as reply:
                (page, *_) = [one for one in await reply.json() if one["type"] == "page"]
            url = page["webSocketDebuggerUrl"]
            async with http.ws_connect(url, max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
