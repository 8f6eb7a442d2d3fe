"""Port of a server for browsers and programs, waited for while it cannot be had."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from ravatard.errors import ConfigError

log = logging.getLogger(__name__)

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 60.0
#: Below it a port is for root alone (capabilities(7), CAP_NET_BIND_SERVICE).
_FIRST_FREE = 1_024


class ServerPort:
    """Port that a server wants. Its fault is told once in the log, and is there for the status.

    Attributes:
        number: port that is served; None while none is.
        fault: one sentence while it is not served, else "".
    """

    def __init__(self, without: str, setting: str, wanted: int, *, low: str = "") -> None:
        """Prepare; nothing is opened yet.

        Args:
            without: the beginning of the fault, such as "no page for the display".
            setting: key of the port, such as "kiosk.port".
            wanted: the port that is configured.
            low: remedy for a port that is for root alone; "" for another port.
        """
        self.number: int | None = None
        self.fault = ""
        self._without = without
        self._setting = setting
        self._wanted = wanted
        self._low = low

    async def serve(
        self, opened: Callable[[], AbstractAsyncContextManager[int]], told: Callable[[int], str]
    ) -> NoReturn:
        """Serve for ever; a port that cannot be had is tried again. Cancelling closes the server.

        Args:
            opened: serves inside a context, and yields the port; OSError and ConfigError: it cannot.
            told: returns a line for the log, once the port is open.
        """
        wait_s = FIRST_WAIT_S
        while True:
            try:
                async with opened() as number:
                    self.number, self.fault = number, ""
                    log.info("%s", told(number))
                    await asyncio.Event().wait()
            except (OSError, ConfigError) as error:
                self._refused(error)
            finally:
                self.number = None
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def _refused(self, error: OSError | ConfigError) -> None:
        fault = f"{self._without}: {self._why(error)}"
        if fault != self.fault:
            log.warning("%s. Trying again", fault)
        self.fault = fault

    def _why(self, error: OSError | ConfigError) -> str:
        if isinstance(error, ConfigError):
            return str(error)
        refused = f"port {self._wanted} cannot be had"
        if error.errno == errno.EADDRINUSE:
            return f"{refused}, another program has it; stop that, or set {self._setting} to another one"
        if error.errno in (errno.EACCES, errno.EPERM) and self._wanted < _FIRST_FREE:
            remedy = self._low or f"set {self._setting} to {_FIRST_FREE} or more"
            return f"{refused}, it is for root alone; {remedy}"
        # asyncio writes a sentence of its own into the error.
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        return f"{refused} ({why}); set {self._setting} to another one"
