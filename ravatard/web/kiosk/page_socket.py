"""One open page: its WebSocket, over which it is told what to show and tells what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import WSMsgType, web

from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.page_state import REPORT_LIMIT_BYTES, PageReport, PageState, read_report

#: A browser that died without closing its socket is noticed after one and a half of these.
_PING_S = 10.0
_SEND_S = 5.0
_CLOSE_S = 1.0


class Page:
    """A page, from its socket's opening to its end.

    Attributes:
        embedder: the origin it was opened as.
        heard: the last it said of its frame.
    """

    def __init__(self, embedder: Origin) -> None:
        """``embedder`` is the origin the page was opened as."""
        self.embedder = embedder
        self.heard = PageReport(PageState.EMPTY)
        self._news = asyncio.Event()
        self._news.set()

    def nudge(self) -> None:
        """There is something new to show. However often this is called meanwhile, the newest is sent once."""
        self._news.set()

    async def converse(
        self, request: web.BaseRequest, message: Callable[[], str], reported: Callable[[], None]
    ) -> web.WebSocketResponse:
        """Talk until the page goes away, breaks off, or does not read.

        Args:
            request: its upgrade request.
            message: what it has to show at this moment.
            reported: called when :attr:`heard` is another one.
        """
        socket = web.WebSocketResponse(
            timeout=_CLOSE_S, heartbeat=_PING_S, max_msg_size=REPORT_LIMIT_BYTES, compress=False
        )
        await socket.prepare(request)
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._tell(socket, request, message), name="kiosk page")
            async for received in socket:
                if received.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    report = read_report(received.data)
                    if report is not None and report != self.heard:
                        self.heard = report
                        reported()
            telling.cancel()
        return socket

    async def _tell(
        self, socket: web.WebSocketResponse, request: web.BaseRequest, message: Callable[[], str]
    ) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                async with asyncio.timeout(_SEND_S):
                    await socket.send_str(message())
            except (ConnectionError, TimeoutError):
                # It is gone, or does not read: the listening side then ends at once.
                if request.transport is not None:
                    request.transport.abort()
                return
