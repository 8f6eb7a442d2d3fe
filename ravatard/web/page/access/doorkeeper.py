"""Doorkeeper of the page: knows callers by cookie or token, and checks passwords and codes."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from ravatard.installation import owners_command
from ravatard.web.page.access.attempt_gate import AttemptGate
from ravatard.web.page.access.claim import MOST_SAID, Claim
from ravatard.web.page.access.password import PasswordHash, hashed, matches
from ravatard.web.page.access.record import (
    ID_BYTES,
    NOTED_S,
    AccessRecord,
    KeptCode,
    KeptSession,
    KeptToken,
    digest_of,
    six_digits,
)
from ravatard.web.page.access.vault import Vault
from ravatard.web.page.api.types import ClaimOffer, Scope
from ravatard.web.page.refused import RequestRefused

log = logging.getLogger(__name__)

ALL_SCOPES: tuple[Scope, ...] = ("read", "control", "configure")
_COOKIE_BYTES = 32
#: What a full disk did not take is tried again so often, while the page is used.
_SAVE_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """Caller that was recognised.

    Attributes:
        id: of the session or token.
        name: for the log.
        scopes: what it may do.
        owner: a browser that was logged in by the password.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    owner: bool


class Doorkeeper:
    """Decides who is let in."""

    def __init__(self, vault: Vault, *, wall: Callable[[], float], clock: Callable[[], float]) -> None:
        """Prepare.

        Args:
            vault: passwords and tokens.
            wall: seconds since 1970.
            clock: seconds of a clock that does not go back.
        """
        self._vault = vault
        self._wall = wall
        self._clock = clock
        self._gate = AttemptGate(clock)
        # Strangers who use up the attempts of a minute do not keep a logged-in owner from a new password.
        self._owners_gate = AttemptGate(clock)
        self._claim = Claim()
        self._save_again_at = 0.0

    # ------------------------------------------------------------------ who it is

    def visitor(self, cookie: str | None, token: str | None) -> Visitor | None:
        """Return the caller that has this cookie or bearer token; None: it has none that is valid."""
        self._vault.refresh()
        if self._vault.trouble or not self._vault.claimed:
            return None
        record, now = self._vault.record, self._wall()
        # A hash of 256 random bits tells nothing by the time of its comparison.
        if token is not None:
            digest = digest_of(token)
            found = next((one for one in record.tokens if one.digest == digest), None)
            if found is None:
                return None
            return Visitor(found.id, f"token {found.name!r}", tuple(found.scopes), owner=False)
        digest = digest_of(cookie) if cookie else ""
        known = next((one for one in record.sessions if one.digest == digest), None)
        if known is None or known.is_over(now):
            return None
        return Visitor(known.id, f"session {known.id[:6]} from {known.address}", ALL_SCOPES, owner=True)

    def check_readable(self) -> None:
        """Check that callers can be known.

        Raises:
            RequestRefused: the file of passwords cannot be read.
        """
        _ = self._vault.record

    def still_in(self, visitor: Visitor) -> bool:
        """Return True if a visitor's session or token was not ended since."""
        self._vault.refresh()
        if self._vault.trouble:
            return False
        record, now = self._vault.record, self._wall()
        if visitor.owner:
            return any(one.id == visitor.id and not one.is_over(now) for one in record.sessions)
        return any(one.id == visitor.id for one in record.tokens)

    async def note_use(self, visitor: Visitor) -> None:
        """Note that a session or token was used, at most once an hour. A full disk is asked once a minute."""
        now, record = self._wall(), self._vault.record
        keys: list[KeptSession | KeptToken] = [*record.sessions, *record.tokens]
        kept = next((one for one in keys if one.id == visitor.id), None)
        is_due = kept is not None and (kept.used_at is None or abs(now - kept.used_at) >= NOTED_S)
        if not (is_due or self._vault.has_unsaved) or self._clock() < self._save_again_at:
            return

        def noted(before: AccessRecord) -> AccessRecord | None:
            if not is_due:
                return None
            sessions = [replace(s, used_at=now) if s.id == visitor.id else s for s in before.sessions]
            tokens = [replace(t, used_at=now) if t.id == visitor.id else t for t in before.tokens]
            return replace(before, sessions=sessions, tokens=tokens)

        # Before it is tried: of many requests at once the first one tries it.
        self._save_again_at = self._clock() + _SAVE_AGAIN_S
        try:
            await self._vault.change(noted)
        except RequestRefused as error:
            log.debug("the use of the page is not noted: %s", error)
        else:
            self._save_again_at = 0.0

    # ------------------------------------------------------------------ passwords

    async def log_in(self, password: str, address: str) -> str:
        """Return the cookie of a new session.

        Raises:
            RequestRefused: wrong, too often, or there is no password yet.
        """
        if self._vault.record.password is None:
            raise RequestRefused(409, "not-claimed", "this appliance has no password yet: claim it first")
        async with self._gate.enter(address) as attempt:
            # Read in here: it may have been replaced while this one waited.
            stored = self._vault.record.password
            if stored is None or not await asyncio.to_thread(matches, password, stored):
                attempt.wrong("wrong-password", "the password is wrong")
        return await self._new_session(address, stored)

    async def change_password(self, current: str, password: str, address: str) -> str:
        """Replace the password, end every session, and return the cookie of a new one.

        Raises:
            RequestRefused: ``current`` is wrong, or too many were, or it cannot be saved; then the new one is
                in force until the next start.
        """
        async with self._owners_gate.enter(address) as attempt:
            stored = self._vault.record.password
            if stored is None or not await asyncio.to_thread(matches, current, stored):
                attempt.wrong("wrong-password", "the current password is wrong")
            new = await asyncio.to_thread(hashed, password)

            def replaced(before: AccessRecord) -> AccessRecord | None:
                return before.with_password(new) if before.password == stored else None

            await self._vault.change_at_once(replaced)
        return await self._new_session(address, new)

    async def _new_session(self, address: str, password: PasswordHash) -> str:
        """Return the cookie of a new session of one who knew ``password``.

        On a full disk it lasts until the appliance restarts: an owner must be able to see what is wrong.

        Raises:
            RequestRefused: that is not the password any more, or too many sessions could not be saved.
        """
        cookie, now = secrets.token_urlsafe(_COOKIE_BYTES), self._wall()
        session = KeptSession(secrets.token_hex(ID_BYTES), digest_of(cookie), address, now, now)

        def entered(before: AccessRecord) -> AccessRecord | None:
            if before.password != password or any(one.id == session.id for one in before.sessions):
                return None
            return before.with_session(session, now)

        if not self._vault.has_room:
            await self._vault.change(entered)
        else:
            try:
                await self._vault.change_at_once(entered)
            except RequestRefused as refused:
                if refused.code != "not-saved":
                    raise
        if all(one.id != session.id for one in self._vault.record.sessions):
            raise RequestRefused(401, "wrong-password", "the password was replaced meanwhile")
        return cookie

    # ------------------------------------------------------------------ the claim

    def offer(self, *, button: bool) -> ClaimOffer:
        """Return how the appliance is claimed; ``button``: it has one, and a speaker."""
        now, claim = self._clock(), self._claim
        if self._vault.claimed:
            return ClaimOffer(open=False, button=button)
        valid = claim.is_valid(now)
        return ClaimOffer(
            open=True,
            button=button,
            waiting=claim.is_awaited(now),
            spoken=valid,
            tries_left=claim.tries_left if valid else 0,
            expires_s=claim.expires_s(now),
            command=owners_command("ravatard page code"),
        )

    def await_press(self, *, button: bool) -> None:
        """Make the next press of the button say digits; ``button``: it has one, and a speaker.

        Raises:
            RequestRefused: there is a password, no way to say digits, or digits were said too
                often.
        """
        self._check_unclaimed()
        if not button:
            shows = owners_command("ravatard page code")
            raise RequestRefused(
                409, "no-button", f"there is no button with a speaker that says digits; `{shows}` shows some"
            )
        if wait_s := math.ceil(self._claim.quiet_s(self._clock())):
            shows = owners_command("ravatard page code")
            raise RequestRefused(
                429,
                "said-too-often",
                f"the digits were said {MOST_SAID} times within an hour: wait {math.ceil(wait_s / 60)} min, "
                f"or have `{shows}` show others",
                retry_after_s=wait_s,
            )
        self._claim = self._claim.awaiting(self._clock())

    def code_for_press(self) -> str | None:
        """Return the digits to say for a press that begins now; None: it is an ordinary one."""
        now = self._clock()
        if not self._claim.takes_press(now) or self._vault.claimed:
            return None
        code = six_digits()
        self._claim = self._claim.said(code, now)
        return code

    async def take_claim(self, code: str, password: str, address: str) -> str:
        """Set the first password, and return the cookie of a session.

        Raises:
            RequestRefused: the code is wrong or over, there were too many, or there is a password already.
        """
        self._check_unclaimed()
        async with self._gate.enter(address) as attempt:
            kept = self._vault.record.code
            from_terminal = kept is not None and kept.matches(code, self._wall())
            if not (self._claim.matches(code, self._clock()) or from_terminal):
                attempt.count_wrong()
                self._claim = self._claim.failed(self._clock())
                if kept is not None:
                    await self._count_wrong_code(kept)
                raise RequestRefused(401, "wrong-code", "these digits are wrong, or not valid any more")
            new = await asyncio.to_thread(hashed, password)

            def first(before: AccessRecord) -> AccessRecord | None:
                return None if before.password is not None else before.with_password(new)

            await self._vault.change(first)
        if self._vault.record.password != new:
            raise RequestRefused(409, "claimed", "another caller was faster: log in with its password")
        self._claim = Claim()
        return await self._new_session(address, new)

    async def _count_wrong_code(self, kept: KeptCode) -> None:
        """Count a wrong code; also while the disk is full."""

        def counted(before: AccessRecord) -> AccessRecord | None:
            return before.after_wrong_code() if before.code == kept else None

        try:
            await self._vault.change_at_once(counted)
        except RequestRefused as error:
            log.debug("a wrong code is counted until the next start only: %s", error)

    def _check_unclaimed(self) -> None:
        if self._vault.claimed:
            raise RequestRefused(409, "claimed", "this appliance has a password already: log in with it")
