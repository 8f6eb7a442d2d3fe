"""Owner's page: joins its parts and serves them, as a stage of the daemon."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ravatard.installation import owners_command
from ravatard.ports.page import AccessFile, Appliance, CommandLine, Journal, PagePlace, RecentLog, Trials
from ravatard.ports.settings import SettingsStore
from ravatard.web.page import guard
from ravatard.web.page.access.doorkeeper import Doorkeeper
from ravatard.web.page.access.keys import Keys
from ravatard.web.page.access.vault import Vault
from ravatard.web.page.api.access_api import AccessApi, Identity
from ravatard.web.page.api.appliance_api import ApplianceApi
from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.health_api import HealthApi
from ravatard.web.page.api.log_api import LogApi
from ravatard.web.page.api.service_api import ServiceApi
from ravatard.web.page.api.settings_api import SettingsApi
from ravatard.web.page.api.sound_api import SoundApi
from ravatard.web.page.browser.first_document import Answer
from ravatard.web.page.browser.static_files import StaticFiles
from ravatard.web.page.digits import spoken
from ravatard.web.page.dispatch import Dispatch
from ravatard.web.page.hosting import Hosting, PageTls
from ravatard.web.page.live_feed import LiveFeed
from ravatard.web.page.options import PageOptions, why_locked
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests

log = logging.getLogger(__name__)

#: Loudness of the digits in percent of full, at least.
LEAST_VOLUME = 60


@dataclass(frozen=True, slots=True)
class PageParts:
    """Parts of this machine that the page needs.

    Attributes:
        file: passwords and tokens.
        commands: runs commands.
        log: the newest lines of the log.
        journal: the journal of the daemon's unit.
        trials: tries the microphone.
        settings: the saved settings; None without.
        names: of this machine, in lower case.
        version: of ravatard.
        language: BCP 47 tag of the service's language.
        handed: listening sockets that systemd opened; they replace the port.
        tls: its certificate; None: without TLS.
    """

    file: AccessFile
    commands: CommandLine
    log: RecentLog
    journal: Journal
    trials: Trials
    settings: SettingsStore | None = None
    names: frozenset[str] = frozenset({"localhost"})
    version: str = ""
    language: str = ""
    handed: Sequence[int] = ()
    tls: PageTls | None = None


class Page:
    """Implements :class:`ravatard.ports.page.OwnerPage`."""

    def __init__(self, options: PageOptions, parts: PageParts) -> None:
        """Prepare; nothing is served yet."""
        self._options = options
        self._parts = parts
        self._vault = Vault(parts.file)
        self._doorkeeper = Doorkeeper(self._vault, wall=time.time, clock=time.monotonic)
        self._appliance: Appliance | None = None
        self._to_say: deque[str] = deque(maxlen=1)
        self._something_to_say = asyncio.Event()
        self._hosting = Hosting(options, parts.handed, parts.tls)

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each reason why the page is not served as configured."""
        vault = self._vault.trouble
        found = (
            self._hosting.trouble,
            f"the page lets no caller in: {vault}" if vault else "",
            f"the page is served to this machine only: {why_locked()}" if self._locked else "",
        )
        return tuple(filter(None, found))

    @property
    def port(self) -> int | None:
        """Port that it is served at; None while it is not."""
        return self._hosting.port

    def place(self) -> PagePlace:
        """See the port."""
        scheme = "http" if self._parts.tls is None else "https"
        listen = "loopback" if self._locked else self._options.listen
        return PagePlace(listen, scheme, self._hosting.port, self._options.names, self._vault.claimed)

    def takes_press(self) -> bool:
        """Return True if a press that begins now claims the appliance: then its digits are said."""
        appliance = self._appliance
        if appliance is None or not appliance.has_speaker:
            return False
        code = self._doorkeeper.code_for_press()
        if code is None:
            return False
        log.info("the button was pressed to claim the appliance: it says six digits")
        self._to_say.append(code)
        self._something_to_say.set()
        return True

    async def serve(self, appliance: Appliance) -> NoReturn:
        """Serve the page, for ever. Cancelling closes every connection."""
        self._appliance = appliance
        requests = Requests(appliance.control)
        feed = LiveFeed(requests, appliance, self._parts.log, self._doorkeeper)
        dispatch = Dispatch(
            self._answers(appliance, requests, feed), self._doorkeeper, StaticFiles(), self._names()
        )
        if self._locked:
            log.warning("the page is served to this machine only: %s", why_locked())
        async with asyncio.TaskGroup() as group:
            group.create_task(feed.run(), name="page feed")
            group.create_task(self._say(requests), name="page digits")
            await self._hosting.serve(dispatch.answer, self._admits)
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
            ApplianceApi(requests),
            SoundApi(appliance, requests, parts.commands, parts.trials),
            SettingsApi(parts.settings),
            ServiceApi(parts.commands),
            LogApi(parts.commands, parts.journal),
            HealthApi(parts.commands, parts.log, parts.version),
            feed,
        )
        return {
            endpoint.name: next(getattr(api, endpoint.name) for api in apis if hasattr(api, endpoint.name))
            for endpoint in ENDPOINTS
        }

    async def _say(self, requests: Requests) -> NoReturn:
        """Say the digits of a claim; of several that wait the newest, since no other is valid."""
        while True:
            await self._something_to_say.wait()
            self._something_to_say.clear()
            sound = spoken(self._to_say.pop(), self._parts.language)
            try:
                # An owner who has turned the answers down must hear these all the same.
                loudness = max(LEAST_VOLUME, int((await requests.status())["volume"]))
                await requests.announce(sound, loudness)
            except RequestRefused as error:
                others = owners_command("ravatard page code")
                log.warning("the digits cannot be said: %s; `%s` shows others", error, others)

    def _admits(self, peer: str, own_address: str) -> bool:
        """Return True if a client may connect: of this machine, or of its networks where that is wanted."""
        if guard.is_loopback(peer):
            return True
        return self._options.listen == "lan" and not self._locked and guard.is_neighbour(peer, own_address)

    @property
    def _locked(self) -> bool:
        """True if there is neither a password nor a way to claim the appliance at the page."""
        appliance = self._appliance
        can_say = appliance is not None and appliance.has_button and appliance.has_speaker
        return self._options.listen == "lan" and not can_say and not self._vault.claimed
