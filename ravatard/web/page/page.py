"""Owner's page: joins its parts and serves them, as a stage of the daemon."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ravatard.ports.page import AccessFile, Appliance, CommandLine, RecentLog, Trials
from ravatard.ports.settings import SettingsStore
from ravatard.web.page.access.doorkeeper import Doorkeeper
from ravatard.web.page.access.keys import Keys
from ravatard.web.page.access.vault import Vault
from ravatard.web.page.api.access_api import AccessApi, Identity
from ravatard.web.page.api.appliance_api import ApplianceApi
from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.health_api import HealthApi
from ravatard.web.page.api.settings_api import SettingsApi
from ravatard.web.page.api.sound_api import SoundApi
from ravatard.web.page.digits import spoken
from ravatard.web.page.dispatch import Answer, Dispatch
from ravatard.web.page.listening import bound, handed_over
from ravatard.web.page.live_feed import LiveFeed
from ravatard.web.page.options import PageOptions
from ravatard.web.page.requests import Requests
from ravatard.web.page.server import opened
from ravatard.web.page.static_files import StaticFiles

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class PageParts:
    """What the page needs of this machine.

    Attributes:
        file: passwords and tokens.
        commands: runs commands.
        log: the newest lines of the log.
        trials: tries the microphone.
        settings: the saved settings; None without.
        names: of this machine, in lower case.
        version: of ravatard.
        language: BCP 47 tag of the service's language.
        restarts: a service manager starts the daemon again.
        handed: listening sockets that systemd opened; they replace the port.
        tls: makes the context of TLS; None: without TLS.
    """

    file: AccessFile
    commands: CommandLine
    log: RecentLog
    trials: Trials
    settings: SettingsStore | None = None
    names: frozenset[str] = frozenset({"localhost"})
    version: str = ""
    language: str = ""
    restarts: bool = False
    handed: Sequence[int] = ()
    tls: Callable[[], ssl.SSLContext] | None = None


class Page:
    """Implements :class:`ravatard.ports.page.OwnerPage`.

    Attributes:
        port: port that it is served at; None while it is not.
    """

    def __init__(self, options: PageOptions, parts: PageParts) -> None:
        """Prepare; nothing is served yet."""
        self.port: int | None = None
        self._options = options
        self._parts = parts
        self._vault = Vault(parts.file)
        self._doorkeeper = Doorkeeper(self._vault, wall=time.time, clock=time.monotonic)
        self._appliance: Appliance | None = None
        self._trouble = ""

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each reason why the page is not served as configured."""
        found = (self._trouble, f"the page: {self._vault.trouble}" if self._vault.trouble else "")
        return tuple(filter(None, found))

    def takes_press(self) -> bool:
        """Return True if a press that begins now claims the appliance: then its digits are said."""
        appliance = self._appliance
        if appliance is None or not appliance.has_speaker:
            return False
        code = self._doorkeeper.code_for_press()
        if code is None:
            return False
        log.info("the button was pressed to claim the appliance: it says six digits")
        appliance.announce(spoken(code, self._parts.language))
        return True

    async def serve(self, appliance: Appliance) -> NoReturn:
        """Serve the page, for ever. Cancelling closes every connection."""
        self._appliance = appliance
        requests = Requests(appliance.control)
        feed = LiveFeed(requests, appliance.progress, self._parts.log, self._doorkeeper)
        dispatch = Dispatch(
            self._answers(appliance, requests, feed), self._doorkeeper, StaticFiles(), self._names()
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(feed.run(), name="page feed")
            await self._listen(dispatch)
        raise AssertionError  # the server never closes on its own

    def _names(self) -> frozenset[str]:
        return self._parts.names | {"localhost", *self._options.names}

    def _answers(self, appliance: Appliance, requests: Requests, feed: LiveFeed) -> Mapping[str, Answer]:
        """Return the function for each endpoint, by its name."""
        parts = self._parts
        wall = time.time
        can_say = appliance.has_button and appliance.has_speaker
        identity = Identity(parts.version, parts.language, can_say)
        apis = (
            AccessApi(self._vault, self._doorkeeper, Keys(self._vault, wall), identity),
            ApplianceApi(requests, appliance.stop, restarts=parts.restarts),
            SoundApi(appliance, requests, parts.commands, parts.trials),
            SettingsApi(parts.settings),
            HealthApi(parts.commands, parts.log, parts.version),
            feed,
        )
        return {
            endpoint.name: next(getattr(api, endpoint.name) for api in apis if hasattr(api, endpoint.name))
            for endpoint in ENDPOINTS
        }

    async def _listen(self, dispatch: Dispatch) -> NoReturn:
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                tls = None if self._parts.tls is None else await asyncio.to_thread(self._parts.tls)
                sockets = handed_over(self._parts.handed) or bound(self._options.listen, self._options.port)
                port = sockets[0].getsockname()[1]
                async with opened(sockets, dispatch.answer, tls):
                    self.port, self._trouble = port, ""
                    scheme = "http" if tls is None else "https"
                    log.info(
                        "the owner's page is at port %d, %s, for the %s", port, scheme, self._options.listen
                    )
                    await asyncio.Event().wait()
            except OSError as error:
                trouble = f"the page is not served: port {self._options.port}: {error.strerror or error}"
                if trouble != self._trouble:
                    log.warning("%s; stop the program that has it, or set page.port. Trying again", trouble)
                self._trouble = trouble
            finally:
                self.port = None
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
