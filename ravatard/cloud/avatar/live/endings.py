"""Starts whose answer never came: they may have left a session open that only the service knows.

An intent is written before ``streaming.new`` is asked for, and struck off when the answer names the session,
or says that there is none. On the ledger it is an entry whose id is the time of the call. Entries of the
service's list carry no owner: on a shared server a neighbour's session looks the same, so one that fits is
reported, and ended only with leave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ravatard.cloud.avatar.address import ServiceAccess
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.refusals import CallMissing
from ravatard.cloud.avatar.sessions.doubts import DOUBTED_S, Doubts, EndInDoubt
from ravatard.cloud.avatar.sessions.intents import KIND, Clocks, age_of, findings, is_intent
from ravatard.cloud.kind import GivenUp
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.errors import DeniedError, LinkError, LinkTimeout, PeerError
from ravatard.ports.host import Ledger, OwedSession
from ravatard.ports.network import Network
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: A start that was not answered in its time is waited for so much longer: its answer names a session. A
#: service may take as long for one whose client is gone.
LATE_START_S = 120.0
#: A longer id is kept in memory alone: a list of such is larger than any that is read again.
_LONGEST_LISTED = 8_000
#: Limit for the stop of a session that failed, before the next is started; it goes on behind that.
STOPPED_FIRST_S = 1.0
#: Far more sessions than starts without an answer can have left.
_MOST_LEFT = 100
#: Intents that are looked at in one pass: each asks for the list.
_MOST_AT_ONCE = 5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def owed_session(session_id: Secret, base_url: str) -> OwedSession:
    """Return the ledger's entry of a session."""
    return OwedSession(KIND, session_id, base_url, "")


def read_clocks() -> Clocks:
    """Return the time by the clocks of this computer; random(4) has the id of the boot."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        boot = ""
    return Clocks(time.time(), boot, time.clock_gettime(time.CLOCK_BOOTTIME))


class SessionLedger:
    """Ledger as a lease sees it: sessions alone; implements :class:`ravatard.ports.host.Ledger`."""

    def __init__(self, ledger: Ledger | None) -> None:
        """``ledger``: None keeps everything in memory."""
        self._ledger: Ledger = MemoryLedger() if ledger is None else ledger
        #: Sessions whose ids are too long for the list.
        self._long = MemoryLedger()
        #: Intents of the starts under way: one that was given up is still waited for beside the next.
        self._open: dict[OwedSession, None] = {}

    def owed(self) -> list[OwedSession]:
        """Return the sessions of every kind."""
        return [entry for entry in self._ledger.owed() if not is_intent(entry)] + self._long.owed()

    @property
    def is_starting(self) -> bool:
        """True while a start is under way: its session may be on the service's list, and not on ours."""
        return bool(self._open)

    def intents(self) -> list[OwedSession]:
        """Return the starts whose outcome is not known, without those under way."""
        return [entry for entry in self._ledger.owed() if is_intent(entry) and entry not in self._open]

    def intend(self, intent: OwedSession) -> None:
        """Note, durably, that a start is asked for now."""
        self._open[intent] = None
        self._ledger.add(intent)

    def add(self, session: OwedSession) -> None:
        """Add a session, durably."""
        ledger = self._long if len(session.id.reveal()) > _LONGEST_LISTED else self._ledger
        ledger.add(session)

    def settle(self, intent: OwedSession) -> None:
        """Note that a start under way has left nothing open that is not on the list."""
        if intent in self._open:
            del self._open[intent]
            self._ledger.strike(intent)

    def leave_open(self, intent: OwedSession) -> None:
        """Note that nothing is known of a start that was under way: its intent stays on the list."""
        self._open.pop(intent, None)

    def strike(self, session: OwedSession) -> None:
        """Remove an entry."""
        self._long.strike(session)
        self._ledger.strike(session)


class UnknownSessionLeft(DeniedError):
    """The service lists a session that one of our starts may have left, and that we may not end."""


@dataclass(frozen=True, slots=True)
class Search:
    """Way to look for what a start without an answer has left.

    Attributes:
        known: gives the sessions that are not looked for, as they are when the service has answered; None
            while a session that is on no list of ours may be our own.
        within_s: seconds after the intent in which a session may have been made.
        most: sessions that may be ended; 0: none without leave.
    """

    known: Callable[[], Sequence[OwedSession] | None]
    within_s: float
    most: int


async def resolve(intent: OwedSession, calls: ServiceCalls, now: Clocks, search: Search) -> str:
    """Find out what an intent has left; return a sentence about it. The intent is settled then.

    Args:
        intent: the intent.
        calls: its service.
        now: the time.
        search: way to look for it.

    Raises:
        UnknownSessionLeft: one or more fit, and must not be ended by us.
        LinkError, DeniedError, PeerError: the service cannot be asked, or it is too early to tell.
    """
    try:
        listed, is_whole = await calls.listed()
    except CallMissing:
        return "a start had no answer, and the service has no list of sessions to look for it"
    known = search.known()
    if known is None:
        raise LinkError("a start is under way; what an earlier one has left is looked for again")
    age = age_of(intent, now)
    found = findings(listed, known, age, search.within_s)
    # Where every session is ours, none is chosen by a clock that may be wrong.
    fitting = found.possible if search.most > 1 else found.likely or found.possible
    if not fitting:
        if (not is_whole or found.doubtful) and age.least_s >= search.within_s + DOUBTED_S:
            return GivenUp(
                f"what a start without an answer has left at {calls.host} is not looked for any more: the "
                "list of sessions does not tell for sure, and names none that fits; look for one there"
            )
        if not is_whole or found.doubtful:
            raise LinkError(
                "the list of sessions does not tell for sure what a start without an answer has left"
            )
        if age.least_s < search.within_s:
            raise LinkError("a start without an answer has left nothing open so far; it is looked for again")
        return "a start without an answer has left nothing open"
    ages = ", ".join(
        "unknown" if entry.duration_s is None else f"{entry.duration_s:.0f} s" for entry in fitting
    )
    if len(fitting) > search.most:
        what = "a session" if len(fitting) == 1 else f"{len(fitting)} sessions, of which one"
        raise UnknownSessionLeft(
            f"{what} at {calls.host} (open for {ages}) may be one that this appliance asked for without "
            "getting an answer; `ravatard end-sessions --unknown` ends a single one, and with "
            "avatar.sole_client: true that is done always"
        )
    for entry in fitting:
        await calls.stop(entry.session_id)
    return f"a session that a start without an answer had left (open for {ages}) was ended"


class Ender:
    """Ends sessions of this kind, also at a service that is not configured any more."""

    def __init__(
        self,
        options: CloudOptions,
        network: Network,
        chance: Callable[[], float],
        now: Callable[[], Clocks],
        *,
        calls: ServiceCalls | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            options: key, deadlines, and leave to end sessions that are not on the ledger.
            network: the way to the services.
            chance: gives numbers in [0, 1).
            now: gives the time.
            calls: those of the configured service, whose limits count for it.
        """
        self._options = options
        self._network = network
        self._chance = chance
        self._now = now
        self._known = {} if calls is None else {options.service.base_url: calls}
        self._accesses: list[ServiceAccess] = []
        self._doubts = Doubts()
        self.tell: Callable[[GivenUp], object] = lambda told: log.warning("%s", told)
        self._passes = 0
        self._reported: set[OwedSession] = set()
        #: Sessions that were to be ended: they are not unknown.
        self._told: deque[OwedSession] = deque(maxlen=_MOST_LEFT)

    def renew_key(self, key: Secret | None) -> None:
        """Send another key from the next request on, to the services that it asks by itself."""
        self._options = replace(self._options, service=replace(self._options.service, api_key=key))
        for access in self._accesses:
            access.key = key

    async def end(self, session: OwedSession, token: Secret | None = None) -> str | None:
        """End a session, or find out what a start without an answer has left; return a sentence about that.

        ``token``: of the session, for a service that wants it in the place of a key; no disk keeps it.

        Raises:
            LinkError, DeniedError, PeerError: it may still be open.
        """
        if is_intent(session):
            # Leave for a single one is not leave for each that fits.
            most = 1 if self._options.avatar.sole_client else 0
            return await self._resolve(session, lambda: self._told, most)
        self._told.append(session)
        limit_s = 2 * self._options.deadlines.end_s
        try:
            async with asyncio.timeout(limit_s):
                lasted_s = await self._calls_of(session.base_url).stop(session.id, token)
        except EndInDoubt:
            if not self._doubts.again(session, self._now().uptime_s):
                raise
            self._doubts.forget(session)
            host = self._calls_of(session.base_url).host
            return GivenUp(
                f"a paid session at {host} was given up: for {DOUBTED_S / 3600:g} hours the service has not "
                "said that it is over, and its list, of another form than documented, does not name it; look "
                "for it there"
            )
        except TimeoutError:
            raise LinkTimeout(f"a session was not ended within {limit_s:g} s") from None
        self._doubts.forget(session)
        log.debug("a session was ended; the service counts %s s", lasted_s)
        return None

    async def settle_intents(self, ledger: SessionLedger) -> None:
        """Find out what starts without an answer have left. What cannot be found out stays on the ledger."""
        most = _MOST_LEFT if self._options.avatar.sole_client else 0
        waiting = ledger.intents()
        # In turn: one that stays for long holds up no other.
        first = self._passes * _MOST_AT_ONCE % max(len(waiting), 1)
        self._passes += 1
        for intent in (waiting[first:] + waiting[:first])[:_MOST_AT_ONCE]:
            try:
                outcome = await self._resolve(
                    intent, lambda: None if ledger.is_starting else ledger.owed(), most
                )
            except UnknownSessionLeft as error:
                if intent not in self._reported:
                    self._reported.add(intent)
                    log.warning("%s", error)
            except (LinkError, DeniedError, PeerError) as error:
                log.debug("a start without an answer: %s", error)
            else:
                ledger.strike(intent)
                if isinstance(outcome, GivenUp):
                    self.tell(outcome)
                else:
                    log.info("%s", outcome)

    async def _resolve(
        self, intent: OwedSession, known: Callable[[], Sequence[OwedSession] | None], most: int
    ) -> str:
        within_s = self._options.deadlines.start_s + LATE_START_S
        calls = self._calls_of(intent.base_url)
        return await resolve(intent, calls, self._now(), Search(known, within_s, most))

    def _calls_of(self, base_url: str) -> ServiceCalls:
        if base_url not in self._known:
            access = ServiceAccess(base_url, self._options.service.api_key, self._options.avatar.plain_key)
            self._accesses.append(access)
            self._known[base_url] = ServiceCalls(access, self._options.deadlines, self._network, self._chance)
        return self._known[base_url]
