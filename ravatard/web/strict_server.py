"""HTTP server whose every reply is ours, also one to a request that the library cannot read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

log = logging.getLogger(__name__)

Refuse = Callable[[int], web.Response]


class StrictServer(web.Server):
    """Server of one handler; makes the protocols of its connections, as aiohttp's does."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        refuse: Refuse,
        **settings: Any,
    ) -> None:
        """Prepare.

        Args:
            handler: answers a request.
            refuse: returns the reply for a status: to a request that is none, or whose handler has failed.
            settings: of each protocol, see ``aiohttp.web.Server``.
        """
        super().__init__(handler, **settings)
        self._refuse = refuse
        self._settings = settings

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of one connection."""
        return _StrictProtocol(self, self._refuse, **self._settings)


class _StrictProtocol(web.RequestHandler):
    """Connection whose errors are replies of ours."""

    __slots__ = ("_refuse",)

    def __init__(self, server: StrictServer, refuse: Refuse, **settings: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **settings)
        self._refuse = refuse

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the reply for an error; the library's own repeats what was sent, and lacks the headers."""
        del message
        if isinstance(exc, ConnectionError):
            # A phone out of reach; and a neighbour who breaks off must not fill the log with tracebacks.
            log.debug("a client broke its request off: %s", exc)
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("a request could not be answered", exc_info=exc)
        # Not the library's traceback with what a stranger has sent: a neighbour could fill the log with it.
        if request.writer.output_size > 0:
            raise ConnectionError("a reply has begun already; the connection is closed")
        reply = self._refuse(status)
        reply.force_close()
        return reply
