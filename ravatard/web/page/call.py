"""One call of an endpoint: what was asked, by whom, and the reply."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web

from ravatard.log_rate import AUDIT
from ravatard.web.page.access.doorkeeper import Visitor
from ravatard.web.page.guard import is_loopback
from ravatard.web.page.refused import RequestRefused

log = logging.getLogger(__name__)

#: Seconds for which a browser keeps the cookie; the appliance ends the session itself.
_COOKIE_S = 30 * 86_400


@dataclass(slots=True)
class ApiCall:
    """A request that passed the guard.

    Attributes:
        request: the request itself.
        body: its body, in the type that the endpoint takes.
        visitor: who asks; None: not known.
        client: address under which attempts are counted.
        encrypted: it came by TLS.
        query: whole numbers of its address.
        id: last part of an address that ends with one.
        changed: what was changed, for the log, where the endpoint's name does not say it; never a value.
        cookie: value of the cookie to set; "": remove it; None: leave it.
    """

    request: web.BaseRequest
    body: Any
    visitor: Visitor | None
    client: str
    encrypted: bool
    query: Mapping[str, int] = field(default_factory=dict)
    id: str = ""
    changed: str = ""
    cookie: str | None = None

    @property
    def is_private(self) -> bool:
        """True if no other machine can read along: the call came by TLS, or from this machine."""
        if self.encrypted:
            return True
        transport = self.request.transport
        peer = None if transport is None else transport.get_extra_info("peername")
        return peer is not None and is_loopback(str(peer[0]))

    @property
    def known(self) -> Visitor:
        """The visitor of an endpoint that needs one."""
        return cast(Visitor, self.visitor)

    def audit(self, did: str) -> None:
        """Write into the log that the caller ``did`` something, however much else is logged.

        Args:
            did: a verb in the past tense, and names; no value.
        """
        who = self.visitor.name if self.visitor is not None else self.client
        log.info("the page: %s %s", who, did, extra=AUDIT)

    def header(self, name: str, meaning: str) -> str:
        """Return a header of the request; ``meaning`` says what it holds, and where that comes from.

        Raises:
            RequestRefused: it is missing.
        """
        found = self.request.headers.get(name)
        if found is None:
            raise RequestRefused(428, "header-missing", f"this request needs the header {name}: {meaning}")
        return found


@dataclass(frozen=True, slots=True)
class FileReply:
    """Reply that is a file.

    Attributes:
        body: its content.
        content_type: its type.
        headers: further headers.
    """

    body: bytes = field(repr=False)
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tagged:
    """Reply with an ETag.

    Attributes:
        body: the reply.
        tag: the revision, without quotes.
    """

    body: Any
    tag: str


def cookie_name(*, encrypted: bool) -> str:
    """Return the name of the session's cookie; by __Host- a browser takes it from this very host only."""
    return "__Host-ravatard" if encrypted else "ravatard"


def set_cookie(value: str, *, encrypted: bool) -> str:
    """Return the header that sets the session's cookie; "" removes it."""
    name = cookie_name(encrypted=encrypted)
    secure = "; Secure" if encrypted else ""
    kept_s = _COOKIE_S if value else 0
    return f"{name}={value}; Max-Age={kept_s}; Path=/; HttpOnly; SameSite=Strict{secure}"
