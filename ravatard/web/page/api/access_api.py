"""Endpoints of access: log-in, claim, password, sessions and tokens."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.web.page.access.doorkeeper import Doorkeeper
from ravatard.web.page.access.keys import Keys
from ravatard.web.page.access.vault import Vault
from ravatard.web.page.api import types as t
from ravatard.web.page.call import ApiCall


@dataclass(frozen=True, slots=True)
class Identity:
    """Facts that a page shows before and after its log-in.

    Attributes:
        version: of ravatard.
        language: BCP 47 tag of the service's language.
        can_say: the appliance has a button and a speaker.
    """

    version: str
    language: str
    can_say: bool


class AccessApi:
    """Answers the endpoints of access; each method has the name of one."""

    def __init__(self, vault: Vault, doorkeeper: Doorkeeper, keys: Keys, identity: Identity) -> None:
        self._vault = vault
        self._doorkeeper = doorkeeper
        self._keys = keys
        self._identity = identity

    async def who_am_i(self, call: ApiCall) -> t.WhoAmI:
        """Tell who the caller is."""
        visitor, identity = call.visitor, self._identity
        return t.WhoAmI(
            authenticated=visitor is not None,
            owner=visitor is not None and visitor.owner,
            name=visitor.name if visitor is not None else "",
            scopes=list(visitor.scopes) if visitor is not None else [],
            claimed=self._vault.claimed,
            encrypted=call.encrypted,
            private=call.is_private,
            language=identity.language,
            version=identity.version if visitor is not None else "",
            claim=self._doorkeeper.offer(button=identity.can_say),
        )

    async def log_in(self, call: ApiCall) -> t.WhoAmI:
        """Log a browser in."""
        wish: t.LogIn = call.body
        return await self._entered(call, await self._doorkeeper.log_in(wish.password, call.client))

    async def log_out(self, call: ApiCall) -> None:
        """Log this browser out."""
        await self._keys.end_session(call.known.id)
        call.cookie = ""

    async def claim_offer(self, call: ApiCall) -> t.ClaimOffer:
        """Tell how the appliance is claimed."""
        del call
        return self._doorkeeper.offer(button=self._identity.can_say)

    async def await_press(self, call: ApiCall) -> t.ClaimOffer:
        """Await a press of the button."""
        self._doorkeeper.await_press(button=self._identity.can_say)
        return await self.claim_offer(call)

    async def claim(self, call: ApiCall) -> t.WhoAmI:
        """Set the first password."""
        wish: t.ClaimCode = call.body
        cookie = await self._doorkeeper.take_claim(wish.code, wish.password, call.client)
        return await self._entered(call, cookie)

    async def change_password(self, call: ApiCall) -> t.WhoAmI:
        """Replace the password."""
        wish: t.NewPassword = call.body
        cookie = await self._doorkeeper.change_password(wish.current, wish.password, call.client)
        entered = await self._entered(call, cookie)
        call.audit("changed the password")
        return entered

    async def sessions(self, call: ApiCall) -> t.SessionList:
        """List browsers logged in."""
        return t.SessionList(self._keys.sessions(call.known.id))

    async def end_sessions(self, call: ApiCall) -> None:
        """Log every browser out."""
        await self._keys.end_sessions()
        call.audit("logged every browser out")
        call.cookie = ""

    async def end_session(self, call: ApiCall) -> None:
        """Log one browser out."""
        await self._keys.end_session(call.id)
        call.audit(f"logged the browser {call.id[:6]} out")

    async def tokens(self, call: ApiCall) -> t.TokenList:
        """List tokens."""
        del call
        return t.TokenList(self._keys.tokens())

    async def make_token(self, call: ApiCall) -> t.MadeToken:
        """Make a token."""
        wish: t.NewToken = call.body
        made = await self._keys.make_token(wish.name, wish.scopes, call.known.id)
        call.audit(f"made the token {made.entry.name!r} with {', '.join(made.entry.scopes)}")
        return made

    async def revoke_token(self, call: ApiCall) -> None:
        """Revoke a token."""
        named = next((one.name for one in self._keys.tokens() if one.id == call.id), "")
        await self._keys.revoke_token(call.id)
        call.audit(f"revoked the token {named!r}")

    async def _entered(self, call: ApiCall, cookie: str) -> t.WhoAmI:
        """Return who the caller is from now on."""
        call.cookie = cookie
        call.visitor = self._doorkeeper.visitor(cookie, None)
        return await self.who_am_i(call)
