"""WebSocket of one open page: sends the content to show, receives reports about the picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import WSMsgType, web

from ravatard.web.headers import STRICT
from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.page_state import REPORT_LIMIT_BYTES, PageReport, PageState, read_report

#: A browser that died without closing its socket is noticed after 1.5 of these.
_PING_S = 10.0
_SEND_S = 5.0
_CLOSE_S = 1.0


class PageSocket:
    """Socket of an open page.

    Attributes:
        embedder: the origin the page was opened as.
        report: its last report about its frame.
    """

    def __init__(self, embedder: Origin) -> None:
        """``embedder`` is the origin the page was opened as."""
        self.embedder = embedder
        self.report = PageReport(PageState.EMPTY)
        self._changed = asyncio.Event()
        self._changed.set()

    def update(self) -> None:
        """Send the content again; calls before it is sent are merged."""
        self._changed.set()

    async def serve(
        self, request: web.BaseRequest, message: Callable[[], str], reported: Callable[[], None]
    ) -> web.WebSocketResponse:
        """Serve until the page closes, breaks off or does not read.

        Args:
            request: its upgrade request.
            message: makes the message with the current content.
            reported: called when :attr:`report` has changed.
        """
        socket = web.WebSocketResponse(
            timeout=_CLOSE_S, heartbeat=_PING_S, max_msg_size=REPORT_LIMIT_BYTES, compress=False
        )
        socket.headers.update(STRICT)
        await socket.prepare(request)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_updates(socket, request, message), name="kiosk page")
            async for received in socket:
                if received.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    report = read_report(received.data)
                    if report is not None and report != self.report:
                        self.report = report
                        reported()
            sending.cancel()
        return socket

    async def _send_updates(
        self, socket: web.WebSocketResponse, request: web.BaseRequest, message: Callable[[], str]
    ) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                async with asyncio.timeout(_SEND_S):
                    await socket.send_str(message())
            except (ConnectionError, TimeoutError):
                # The page is gone or does not read: aborting ends the receiving side at once.
                if request.transport is not None:
                    request.transport.abort()
                return
