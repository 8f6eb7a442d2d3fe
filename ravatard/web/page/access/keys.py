"""Keys of the page: the sessions of browsers and the tokens of programs, to list and to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ravatard.web.page.access.record import MOST_TOKENS, AccessRecord, KeptToken, random_token
from ravatard.web.page.access.vault import Vault
from ravatard.web.page.api.types import BrowserEntry, MadeToken, Scope, TokenEntry
from ravatard.web.page.refused import RequestRefused


class Keys:
    """Lists, makes and ends sessions and tokens. Ids that are not there are refused with 404."""

    def __init__(self, vault: Vault, wall: Callable[[], float]) -> None:
        """``wall``: seconds since 1970."""
        self._vault = vault
        self._wall = wall

    def sessions(self, current: str = "") -> list[BrowserEntry]:
        """Return every browser that is logged in; ``current``: id of the caller's session."""
        now = self._wall()
        return [
            BrowserEntry(one.id, one.address, one.made_at, one.used_at, one.id == current)
            for one in self._vault.record.sessions
            if not one.is_over(now)
        ]

    async def end_session(self, key: str) -> None:
        """Log one browser out.

        Raises:
            RequestRefused: there is none, or it cannot be saved; then it is ended until the next start.
        """
        if all(one.id != key for one in self._vault.record.sessions):
            raise RequestRefused(404, "not-found", "there is no session of this id")

        def without(before: AccessRecord) -> AccessRecord:
            return replace(before, sessions=[one for one in before.sessions if one.id != key])

        await self._vault.change_at_once(without)

    async def end_sessions(self) -> None:
        """Log every browser out.

        Raises:
            RequestRefused: it cannot be saved; they are out until the next start.
        """
        ended = {one.id for one in self._vault.record.sessions}

        def without(before: AccessRecord) -> AccessRecord:
            return replace(before, sessions=[one for one in before.sessions if one.id not in ended])

        await self._vault.change_at_once(without)

    def tokens(self) -> list[TokenEntry]:
        """Return every token, without its secret."""
        return [_entry(one) for one in self._vault.record.tokens]

    async def make_token(self, name: str, scopes: Sequence[Scope], maker: str) -> MadeToken:
        """Make a token; its secret is in the reply, and nowhere else.

        Args:
            name: of the token.
            scopes: what it may do.
            maker: id of the session that makes it. If that ends before the reply, the token goes with it: its
                owner, who ends a stolen session, cannot see a token that is not written yet.

        Raises:
            RequestRefused: there are too many, it cannot be saved, or the session has ended.
        """
        secret, made = random_token(name, scopes, self._wall())
        await self._vault.change(lambda before: _with(before, made) if _has(before, maker) else None)
        written = any(one.id == made.id for one in self._vault.record.tokens)
        if not _has(self._vault.record, maker):
            if written:
                await self.revoke_token(made.id)
            raise RequestRefused(401, "not-logged-in", "this session was ended meanwhile; no token was made")
        if not written:
            raise RequestRefused(409, "too-many-tokens", f"there are {MOST_TOKENS} tokens: revoke one first")
        return MadeToken(secret, _entry(made))

    async def revoke_token(self, key: str) -> None:
        """Revoke a token.

        Raises:
            RequestRefused: there is none, or it cannot be saved; then it is ended until the next start.
        """
        if all(one.id != key for one in self._vault.record.tokens):
            raise RequestRefused(404, "not-found", "there is no token of this id")

        def without(before: AccessRecord) -> AccessRecord:
            return replace(before, tokens=[one for one in before.tokens if one.id != key])

        await self._vault.change_at_once(without)


def _has(record: AccessRecord, session: str) -> bool:
    return any(one.id == session for one in record.sessions)


def _with(before: AccessRecord, made: KeptToken) -> AccessRecord | None:
    return None if len(before.tokens) >= MOST_TOKENS else replace(before, tokens=[*before.tokens, made])


def _entry(kept: KeptToken) -> TokenEntry:
    return TokenEntry(kept.id, kept.name, kept.scopes, kept.made_at, kept.used_at)
