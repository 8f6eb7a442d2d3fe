"""WebSocket of one open page: what waits for it is bounded, and the newest state replaces an older one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from ravatard.ports.page import KeptLine, RecentLog
from ravatard.web.headers import STRICT
from ravatard.web.page.api.health_types import LogEntry
from ravatard.web.page.api.status_types import LiveEnd, LiveLog, LiveWish

log = logging.getLogger(__name__)

#: A wish has some sixty bytes.
WISH_BYTES = 1_024
#: Turns that wait for a page; the oldest is left out.
MOST_TURNS = 20
#: Lines of the log in one message.
MOST_LINES = 200
#: A browser that died without closing its socket is noticed after 1.5 of these.
_PING_S = 15.0
_SEND_S = 5.0
_CLOSE_S = 1.0


class LiveSocket:
    """One page.

    Attributes:
        wish: what it wants besides state and turns.
    """

    def __init__(self, log: RecentLog, wished: Callable[[], None]) -> None:
        """Prepare.

        Args:
            log: lines of the log.
            wished: called when :attr:`wish` has changed.
        """
        self.wish = LiveWish()
        self._log = log
        self._wished = wished
        self._newest: dict[str, bytes] = {}
        self._turns: deque[bytes] = deque(maxlen=MOST_TURNS)
        self._end: LiveEnd | None = None
        self._wake = asyncio.Event()

    # ------------------------------------------------------------------ from the daemon; none of these waits

    def show(self, kind: str, message: bytes) -> None:
        """Send a message of which only the newest of its ``kind`` counts."""
        self._newest[kind] = message
        self._wake.set()

    def add_turn(self, message: bytes) -> None:
        """Send a turn; the oldest of too many is left out."""
        self._turns.append(message)
        self._wake.set()

    def wake(self) -> None:
        """Look for new lines of the log."""
        self._wake.set()

    def end(self, reason: str) -> None:
        """Close the socket, with ``reason`` as the last message."""
        self._end = LiveEnd(reason)
        self._wake.set()

    # ------------------------------------------------------------------ the socket

    async def serve(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Serve until the page closes, breaks off or does not read, or :meth:`end` is called."""
        socket = web.WebSocketResponse(
            timeout=_CLOSE_S, heartbeat=_PING_S, max_msg_size=WISH_BYTES, compress=False
        )
        socket.headers.update(STRICT)
        await socket.prepare(request)
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send(socket, request), name="live page")
                async for received in socket:
                    if received.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        self._heard(received.data)
                sending.cancel()
        except Exception:
            # It must not get further: a reply of HTTP would be written into the socket.
            log.exception("the page failed to serve a live page")
            if request.transport is not None:
                request.transport.abort()
        return socket

    def _heard(self, message: str | bytes) -> None:
        """Take a wish; anything else is ignored."""
        try:
            wish = msgspec.json.decode(message, type=LiveWish)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        if wish != self.wish:
            self.wish = wish
            self._wake.set()
            self._wished()

    async def _send(self, socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        sent_line = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with asyncio.timeout(_SEND_S):
                    sent_line = await self._send_all(socket, sent_line)
                    if self._end is not None:
                        await socket.send_str(encoded(self._end))
                        await socket.close()
                        return
            except (ConnectionError, TimeoutError):
                # The page is gone or does not read: aborting ends the receiving side at once.
                if request.transport is not None:
                    request.transport.abort()
                return

    async def _send_all(self, socket: web.WebSocketResponse, sent_line: int) -> int:
        """Send everything that waits; return the number of the last line of the log that was sent."""
        newest, self._newest = self._newest, {}
        for message in newest.values():
            await socket.send_str(message.decode())
        while self._turns:
            await socket.send_str(self._turns.popleft().decode())
        if not self.wish.log:
            return sent_line
        # A page that was open before a restart knows a number of the run before.
        known = self._log.began <= self.wish.log_after <= self._log.newest
        begin = max(sent_line, self.wish.log_after) if known else sent_line
        lines = self._log.after(begin, MOST_LINES)
        if lines:
            missed = lines[0].number - begin - 1 if begin else 0
            await socket.send_str(encoded(LiveLog([line_of_log(one) for one in lines], max(0, missed))))
            if lines[-1].number < self._log.newest:
                self._wake.set()
            return lines[-1].number
        return sent_line


def encoded(message: Any) -> str:
    """Return a message as the text of a frame."""
    return msgspec.json.encode(message).decode()


def line_of_log(kept: KeptLine) -> LogEntry:
    """Return a kept line in the type of the API."""
    return msgspec.convert(
        {"number": kept.number, "at": kept.at, "level": kept.level, "logger": kept.logger, "text": kept.text},
        LogEntry,
    )
