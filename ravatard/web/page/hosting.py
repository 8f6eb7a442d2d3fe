"""Hosting of the page: listens as configured, on sockets of its own or of systemd, with TLS or without."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

from ravatard.installation import is_services
from ravatard.web.page.listening import bound, handed_over
from ravatard.web.page.options import PageOptions
from ravatard.web.page.server import Admits, Handler, opened
from ravatard.web.server_port import ServerPort

#: systemd starts no socket of a service that is active (systemd.socket(5)).
_FROM_SYSTEMD = (
    "have systemd open it: `sudo systemctl enable ravatard-page.socket`, `sudo systemctl stop ravatard`, "
    "`sudo systemctl start ravatard-page.socket ravatard`"
)


class Hosting:
    """Listens for the page, and tries again while that cannot be had."""

    def __init__(
        self, options: PageOptions, handed: Sequence[int], tls: Callable[[], ssl.SSLContext] | None
    ) -> None:
        """Prepare.

        Args:
            options: section ``page``.
            handed: listening sockets that systemd opened; they replace the port.
            tls: makes the context of TLS; None: without TLS.
        """
        low = _FROM_SYSTEMD if is_services() else ""
        self._port = ServerPort("the page is not served", "page.port", options.port, low=low)
        self._options = options
        self._handed = handed
        self._tls = tls

    @property
    def port(self) -> int | None:
        """Port that it is served at; None while it is not."""
        return self._port.number

    @property
    def trouble(self) -> str:
        """Why it is not served; "" while it is."""
        return self._port.fault

    async def serve(self, answer: Handler, admits: Admits) -> NoReturn:
        """Serve for ever. Cancelling closes every connection.

        Args:
            answer: answers a request.
            admits: True if the client at an address may connect; the second one is ours.
        """
        scheme = "http" if self._tls is None else "https"
        await self._port.serve(
            lambda: self._opened(answer, admits),
            lambda number: f"the owner's page is at port {number} ({scheme})",
        )

    @asynccontextmanager
    async def _opened(self, answer: Handler, admits: Admits) -> AsyncIterator[int]:
        """Serve inside the context; yield the port.

        Raises:
            ConfigError: the certificate cannot be used or made.
            OSError: the port cannot be had, or the certificate not kept.
        """
        # Never without TLS where that is wanted.
        tls = None if self._tls is None else await asyncio.to_thread(self._tls)
        sockets = handed_over(self._handed) or bound(self._options.listen, self._options.port)
        number = int(sockets[0].getsockname()[1])
        async with opened(sockets, answer, tls, admits):
            yield number
