"""Start and end of sessions, so that none is lost: not even one whose start was never answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.endings import (
    LATE_START_S,
    Ender,
    SessionLedger,
    owed_session,
)
from ravatard.cloud.avatar.live.held import CreatedSession
from ravatard.cloud.avatar.replies import new_reply
from ravatard.cloud.avatar.sessions.intents import KIND, Clocks, intent_at
from ravatard.cloud.avatar.sessions.named_ids import ids_in, is_name_of_id
from ravatard.cloud.border import foreign
from ravatard.cloud.kind import CloudResources, GivenUp
from ravatard.cloud.option_groups import CloudOptions
from ravatard.errors import BusyError, DeniedError
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

#: Statuses with which nothing was made (RFC 9110, 15.5); not those of a time-out or a conflict.
_REFUSED = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431}
)


class _StartWatch:
    """Sees the answers to a start; implements :class:`ravatard.cloud.avatar.sessions.call_watch.CallWatch`.

    Attributes:
        named: ids of all sessions that they named.
        is_refused: the last one says that nothing was made.
    """

    def __init__(self, ledger: SessionLedger, intent: Callable[[], OwedSession]) -> None:
        """See nothing yet; ``intent`` gives the entry of a start that is asked for now."""
        self.named: list[str] = []
        self.is_refused = False
        self._heads: list[str] = []
        self._ledger = ledger
        self._intent = intent
        self._open: OwedSession | None = None

    def before(self) -> None:
        """Note an intent, durably, in the place of that of a request that was refused."""
        self.settle()
        self._open = self._intent()
        self._ledger.intend(self._open)

    def header(self, name: str, value: str) -> None:
        """Note the session that a header names; a body that names one knows better."""
        if is_name_of_id(name) and value.strip():
            self._heads.append(value)

    def says_enough(self, body: bytes) -> bool:
        """Return True if the beginning of an answer names a session."""
        return bool(ids_in(body, good=False))

    def answered(self, status: int | None, body: bytes) -> None:
        """Note the sessions that an answer names."""
        self.is_refused = status in _REFUSED
        self.named += ids_in(body, good=status is None or 200 <= status < 300) or self._heads
        self._heads = []

    def settle(self) -> None:
        """Strike the intent: the start has left nothing open that is not on the list."""
        if self._open is not None:
            self._ledger.settle(self._open)

    def leave_open(self) -> None:
        """Leave the intent on the list: the start may have made a session all the same."""
        if self._open is not None:
            self._ledger.leave_open(self._open)


class SessionStarts:
    """Starts and ends sessions, for a lease.

    Attributes:
        ledger: sessions that must be ended, and starts without an answer.
        created: the newest session.
        owe: puts a session on the list that was started without being wanted, and ends it in the background
            if its second argument is True.
    """

    def __init__(
        self,
        options: CloudOptions,
        resources: CloudResources,
        calls: ServiceCalls,
        now: Callable[[], Clocks],
    ) -> None:
        """Start nothing yet; ``now`` gives the time."""
        self.ledger = SessionLedger(resources.ledger)
        self.created: CreatedSession | None = None
        self.owe: Callable[[OwedSession, bool], None] = self._list
        self._options = options
        self._calls = calls
        self._now = now
        self._end_other = resources.end_other
        self._ender = Ender(options, resources.network, resources.chance, now, calls=calls)

    async def start(self) -> OwedSession:
        """Ask for a session. An intent on the ledger outlives a start that is never answered.

        Raises:
            BusyError, LinkError, DeniedError, PeerError: there is none.
        """
        service, voice = self._options.service, self._options.avatar_voice
        body = requests.new_request(self._options.avatar.quality, service.avatar, voice.voice_id)
        # The lease gives up at start_s; an answer that comes later names a session, which is then ended.
        limit_s = self._options.deadlines.start_s + LATE_START_S
        watch = _StartWatch(self.ledger, lambda: intent_at(self._now(), service.base_url))
        try:
            answer = await self._calls.call(requests.NEW, body, deadline_s=limit_s, watch=watch)
            with foreign("the service's reply to streaming.new"):
                reply = new_reply(answer)
        except BaseException as error:
            # Whatever an answer says, the sessions that it names may be paid for.
            self._owe(watch.named, end=not isinstance(error, asyncio.CancelledError))
            if watch.named or watch.is_refused or isinstance(error, BusyError | DeniedError):
                watch.settle()
            else:
                # Only the service's list can tell.
                watch.leave_open()
            raise
        self._owe(one for one in watch.named if one != reply.session_id.reveal())
        owed = owed_session(reply.session_id, service.base_url)
        # The lease adds it, too; no moment is left in which neither it nor the intent is on the list.
        self.ledger.add(owed)
        watch.settle()
        self.created = CreatedSession(owed, reply)
        return owed

    async def end(self, session: OwedSession) -> str | None:
        """End a session, at the service and by the kind that started it; return a sentence if it was none.

        Raises:
            LinkError, DeniedError, PeerError: it may still be open.
        """
        if session.kind != KIND:
            return await self._end_other(session)
        created = self.created
        ours = created is not None and created.owed == session
        token = created.reply.access_token if created is not None and ours else None
        return await self._ender.end(session, token)

    def tell_of_given_up(self, tell: Callable[[GivenUp], object]) -> None:
        """Have ``tell`` called for each start without an answer that is given up."""
        self._ender.tell = tell

    def renew_key(self, key: Secret | None) -> None:
        """Send another key from the next request on."""
        self._ender.renew_key(key)

    async def settle_intents(self) -> None:
        """Find out what starts without an answer have left."""
        await self._ender.settle_intents(self.ledger)

    def _list(self, session: OwedSession, _end: bool) -> None:
        self.ledger.add(session)

    def _owe(self, named: Iterable[str], *, end: bool = True) -> None:
        """End the sessions that the answers to a start named, beside the one that is used."""
        for one in dict.fromkeys(named):
            self.owe(owed_session(Secret(one), self._options.service.base_url), end)
