"""Hosting of the page: listens as configured, on sockets of its own or of systemd, with TLS or without."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

from ravatard.errors import ConfigError
from ravatard.installation import is_services
from ravatard.web.page.listening import bound, handed_over
from ravatard.web.page.options import PageOptions
from ravatard.web.page.server import Admits, Handler, opened
from ravatard.web.server_port import ServerPort

log = logging.getLogger(__name__)

#: A certificate that was replaced is in use after so long: programs that renew one do so weeks ahead.
RENEWED_S = 60.0
#: systemd starts no socket of a service that is active (systemd.socket(5)).
_FROM_SYSTEMD = (
    "have systemd open it: `sudo systemctl enable ravatard-page.socket`, `sudo systemctl stop ravatard`, "
    "`sudo systemctl start ravatard-page.socket ravatard`"
)


@dataclass(frozen=True, slots=True)
class PageTls:
    """Certificate of the page.

    Attributes:
        context: makes a context with the certificate as it is now. Blocks; raises ConfigError if it cannot be
            used, made or kept.
        stamp: returns a value that differs whenever its files were replaced; cheap.
    """

    context: Callable[[], ssl.SSLContext]
    stamp: Callable[[], object]


class Hosting:
    """Listens for the page, and tries again while that cannot be had."""

    def __init__(self, options: PageOptions, handed: Sequence[int], tls: PageTls | None) -> None:
        """Prepare.

        Args:
            options: section ``page``.
            handed: listening sockets that systemd opened; they replace the port.
            tls: its certificate; None: without TLS.
        """
        low = _FROM_SYSTEMD if is_services() else ""
        self._port = ServerPort("the page is not served", "page.port", options.port, low=low)
        self._options = options
        self._handed = handed
        self._certificate = None if tls is None else _Certificate(tls)

    @property
    def port(self) -> int | None:
        """Port that it is served at; None while it is not."""
        return self._port.number

    @property
    def trouble(self) -> str:
        """Why it is not served, or not with its newest certificate; "" while it is."""
        return self._port.fault or ("" if self._certificate is None else self._certificate.trouble)

    async def serve(self, answer: Handler, admits: Admits) -> NoReturn:
        """Serve for ever. Cancelling closes every connection.

        Args:
            answer: answers a request.
            admits: True if the client at an address may connect; the second one is ours.
        """
        scheme = "http" if self._certificate is None else "https"
        await self._port.serve(
            lambda: self._opened(answer, admits),
            lambda number: f"the owner's page is at port {number} ({scheme})",
        )

    @asynccontextmanager
    async def _opened(self, answer: Handler, admits: Admits) -> AsyncIterator[int]:
        """Serve inside the context; yield the port.

        Raises:
            ConfigError: the certificate cannot be used, made or kept.
            OSError: the port cannot be had.
        """
        if (certificate := self._certificate) is None:
            async with self._listening(answer, None, admits) as number:
                yield number
            return
        # Never without TLS where that is wanted.
        await certificate.load()
        async with (
            self._listening(answer, certificate.current, admits) as number,
            asyncio.TaskGroup() as group,
        ):
            renewing = group.create_task(certificate.renew(), name="page certificate")
            yield number
            renewing.cancel()

    @asynccontextmanager
    async def _listening(
        self, answer: Handler, tls: Callable[[], ssl.SSLContext] | None, admits: Admits
    ) -> AsyncIterator[int]:
        """Serve inside the context; yield the port.

        Raises:
            OSError: it cannot be had.
        """
        sockets = handed_over(self._handed) or bound(self._options.listen, self._options.port)
        number = int(sockets[0].getsockname()[1])
        async with opened(sockets, answer, tls, admits):
            yield number


class _Certificate:
    """Certificate in use, and the one that takes its place.

    Attributes:
        trouble: one sentence while a newer one cannot be used, else "".
    """

    def __init__(self, tls: PageTls) -> None:
        self.trouble = ""
        self._tls = tls
        self._seen: object = None
        self._context: ssl.SSLContext | None = None

    def current(self) -> ssl.SSLContext:
        """Return the context for a new connection; :meth:`load` must have been called."""
        if self._context is None:
            raise AssertionError  # it is loaded before the page listens
        return self._context

    async def load(self) -> None:
        """Load the certificate.

        Raises:
            ConfigError: it cannot be used, made or kept.
        """
        before = self._tls.stamp()
        context = await self._made()
        if (stamp := self._tls.stamp()) != before:
            # It was made just now, or replaced meanwhile.
            context = await self._made()
        self._context, self._seen, self.trouble = context, stamp, ""

    async def _made(self) -> ssl.SSLContext:
        try:
            return await asyncio.to_thread(self._tls.context)
        except RuntimeError as error:
            # The system gives no more threads.
            raise ConfigError(f"the page's certificate cannot be read now ({error})") from error

    async def renew(self) -> NoReturn:
        """Load one that was replaced, for ever. While it cannot be used, the one of before is."""
        while True:
            await asyncio.sleep(RENEWED_S)
            if self._tls.stamp() == self._seen:
                # Also one that was away for a moment.
                self.trouble = ""
                continue
            try:
                await self.load()
            except ConfigError as error:
                # Half of a pair may be the new one already. It is tried again.
                trouble = f"the page goes on with the certificate of before: {error}"
                if trouble != self.trouble:
                    log.warning("%s", trouble)
                self.trouble = trouble
            else:
                log.info("the page's certificate was replaced, and is in use")
