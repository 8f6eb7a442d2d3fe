"""A headless Chromium with one tab, driven, touched and photographed over its DevTools socket."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: A browser takes seconds to come up on a busy machine.
PATIENCE_S = 40.0
_LOOK_EVERY_S = 0.05
#: Keys that a test presses: their code for Windows, which a browser goes by, and the text they write.
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "ArrowRight": (39, ""),
    "ArrowLeft": (37, ""),
    "End": (35, ""),
}


class Tab:
    """What one tab shows.

    Attributes:
        events: what the browser told by itself, of the domains that were enabled.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.events: list[dict[str, Any]] = []
        self._socket = socket
        self._numbers = itertools.count(1)

    async def command(self, method: str, **parameters: Any) -> Any:
        """One DevTools command, and its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_S):
            while True:
                reply = json.loads((await self._socket.receive()).data)
                if reply.get("id") == number:
                    assert "error" not in reply, reply
                    return reply["result"]
                if "method" in reply:
                    self.events.append(reply)

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression is in the page at this moment."""
        result = await self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    async def until(self, expression: str, wanted: object = True) -> None:
        """Wait until ``expression`` is ``wanted``."""
        found: list[Any] = []

        async def reached() -> bool:
            found[:] = [await self.value(expression)]
            return bool(found[0] == wanted)

        await _until(reached, lambda: f"{expression} is {found}, not {wanted!r}")

    async def touch(self, selector: str) -> None:
        """A finger on the middle of an element."""
        box = f"document.querySelector({selector!r}).getBoundingClientRect()"
        x = await self.value(f"{box}.x + {box}.width / 2")
        y = await self.value(f"{box}.y + {box}.height / 2")
        for kind in ("mousePressed", "mouseReleased"):
            await self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def hold(self, selector: str, *, until: str) -> None:
        """A finger that stays on the middle of an element until an expression is true."""
        box = f"document.querySelector({selector!r}).getBoundingClientRect()"
        at = {
            "x": await self.value(f"{box}.x + {box}.width / 2"),
            "y": await self.value(f"{box}.y + {box}.height / 2"),
            "button": "left",
            "clickCount": 1,
        }
        await self.command("Input.dispatchMouseEvent", type="mousePressed", **at)
        await self.until(until)
        await self.command("Input.dispatchMouseEvent", type="mouseReleased", **at)

    async def answer(self, expression: str) -> Any:
        """What a promise comes to."""
        result = await self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def key(self, name: str, *, shift: bool = False, phases: str = "du") -> None:
        """Press a key, and let it go; ``phases``: "d" or "u" for one of both."""
        code, text = _KEYS[name]
        same = {"key": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        if "d" in phases:
            written = {"text": text} if text else {}
            kind = "keyDown" if text else "rawKeyDown"
            await self.command("Input.dispatchKeyEvent", type=kind, **same, **written)
        if "u" in phases:
            await self.command("Input.dispatchKeyEvent", type="keyUp", **same)

    async def write(self, text: str) -> None:
        """Write into what has the focus."""
        await self.command("Input.insertText", text=text)

    async def resize(self, width: int, height: int) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def screenshot(self, path: Path) -> None:
        shot = await self.command("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))  # noqa: ASYNC240 - some kilobytes


async def _until(reached: Callable[[], Awaitable[bool]], story: Callable[[], str]) -> None:
    """Look again and again until it is so.

    Raises:
        AssertionError: it never was.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            # A browser has no event to wait for.
            while not await reached():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise AssertionError(story()) from None


@asynccontextmanager
async def chromium(profile: Path, *words: str) -> AsyncIterator[Tab]:
    """A browser with a new profile; ``words``: more of its command line."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--hide-scrollbars",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        *words,
        "about:blank",
    ]
    with (profile.parent / f"{profile.name}.log").open("wb") as output:
        # A group of its own: a browser is many processes.
        process = subprocess.Popen(  # noqa: ASYNC220 - forking takes milliseconds
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        address = profile / "DevToolsActivePort"

        async def up() -> bool:
            assert process.poll() is None, "the browser ended"
            return address.exists() and len(address.read_text().splitlines()) == 2

        await _until(up, lambda: "the browser did not start")
        port = address.read_text().splitlines()[0]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/json/list") as reply:
                tabs = await reply.json()
            tab = next(tab for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Tab(socket)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
