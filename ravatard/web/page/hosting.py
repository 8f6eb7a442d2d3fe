"""Hosting of the page: listens as configured, and tries again while that cannot be had."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from typing import NoReturn

from ravatard.errors import ConfigError
from ravatard.web.page.listening import bound, handed_over
from ravatard.web.page.options import PageOptions
from ravatard.web.page.server import Admits, Handler, opened

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0


class Hosting:
    """Listens for the page.

    Attributes:
        port: port that it is served at; None while it is not.
        trouble: why it is not served; "" while it is.
    """

    def __init__(
        self, options: PageOptions, handed: Sequence[int], tls: Callable[[], ssl.SSLContext] | None
    ) -> None:
        """Prepare.

        Args:
            options: section ``page``.
            handed: listening sockets that systemd opened; they replace the port.
            tls: makes the context of TLS; None: without TLS.
        """
        self.port: int | None = None
        self.trouble = ""
        self._options = options
        self._handed = handed
        self._tls = tls

    async def serve(self, answer: Handler, admits: Admits) -> NoReturn:
        """Serve for ever. Cancelling closes every connection.

        Args:
            answer: answers a request.
            admits: True if the client at an address may connect; the second one is ours.
        """
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                # Never without TLS where that is wanted.
                tls = None if self._tls is None else await asyncio.to_thread(self._tls)
                sockets = handed_over(self._handed) or bound(self._options.listen, self._options.port)
                port = int(sockets[0].getsockname()[1])
                async with opened(sockets, answer, tls, admits):
                    self.port, self.trouble = port, ""
                    scheme = "http" if tls is None else "https"
                    log.info("the owner's page is at port %d (%s)", port, scheme)
                    await asyncio.Event().wait()
            except (OSError, ConfigError) as error:
                trouble = self._words(error)
                if trouble != self.trouble:
                    log.warning("%s. Trying again", trouble)
                self.trouble = trouble
            finally:
                self.port = None
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _words(self, error: OSError | ConfigError) -> str:
        if isinstance(error, ConfigError):
            return f"the page is not served: {error}"
        why = error.strerror or error
        return (
            f"the page is not served: port {self._options.port} cannot be had ({why}); stop the program that "
            "has it, or set page.port"
        )
