"""ICE: the choice of STUN and TURN servers, the limit of gathering, and the peer's usable candidates."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import Secret

# RFC 7064 and 7065: scheme:host[:port][?transport=…]. aiortc reads no IPv6 address here, and takes a stun:
# address with a transport (which the RFC does not know) as a reason to give up altogether.
_ADDRESS = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>[^?:\s\[\]@/]+)(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<over>\w+))?",
    re.IGNORECASE,
)

#: Most candidates of the peer for one transport, in offers and after them: aioice's work grows with their
#: square. A browser with several networks has some ten.
MOST_CANDIDATES = 32
#: Candidates that aioice may learn beyond them, from the peer's own checks: one for each of its addresses.
MOST_LEARNED = 16
_LONGEST_URL = 300
_LONGEST_CANDIDATE = 500
_MOST_REASONS = 8
#: Limit for the end of a gathering that was cancelled.
_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class IceHelper:
    """STUN or TURN server that aiortc can use.

    Attributes:
        url: its address, as the service gave it.
        username: name for TURN.
        credential: password for TURN.
        address: the numeric address to connect to; None: not looked up yet.
    """

    url: str
    username: str | None = None
    credential: Secret | None = None
    address: str | None = None

    @property
    def role(self) -> str:
        """STUN or TURN."""
        return "STUN" if self.url.startswith("stun:") else "TURN"

    @property
    def host(self) -> str:
        """Name or address in its URL."""
        match = _ADDRESS.fullmatch(self.url)
        return match["host"] if match is not None else ""

    @property
    def encrypted(self) -> bool:
        """True for TURN over TLS."""
        return self.url.startswith("turns:")


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """Candidate of the peer: the fields of RFC 8839 section 5.1 that matter."""

    foundation: str
    component: int
    priority: int
    host: str
    port: int
    kind: str
    related_host: str | None = None
    related_port: int | None = None


def usable(servers: Iterable[IceServer]) -> tuple[list[IceHelper], list[str]]:
    """Choose the servers to ask, at most one STUN and one TURN: aiortc uses no more.

    Returns:
        The servers, and for each address that is left out a text with the reason, without credentials.
    """
    chosen: dict[str, IceHelper] = {}
    dropped: list[str] = []
    more = 0
    for server in servers:
        for url in server.urls:
            role, lack = _judge(url, server)
            if not lack and role in chosen:
                lack = f"one {role} server is enough"
            if lack and len(dropped) < _MOST_REASONS:
                dropped.append(f"{url[:80]} ({lack})")
            elif lack:
                more += 1
            elif role == "STUN":
                chosen[role] = IceHelper(url)
            else:
                chosen[role] = IceHelper(url, server.username, server.credential)
    return list(chosen.values()), [*dropped, f"{more} more"] if more else dropped


def _judge(url: str, server: IceServer) -> tuple[str, str]:
    """Return STUN or TURN, and the reason why it cannot be used, or ""."""
    match = _ADDRESS.fullmatch(url) if len(url) <= _LONGEST_URL else None
    if match is None or int(match["port"] or 1) not in range(1, 65_536):
        return "", "not understood"
    scheme, over = match["scheme"], (match["over"] or "").lower()
    if scheme != scheme.lower() or over != (match["over"] or ""):
        return "", "not written in lower case"
    if scheme == "stuns":
        return "", "STUN over TLS is not supported"
    if scheme == "stun":
        return "STUN", "a stun: address has no transport" if over else ""
    if over not in (("", "tcp") if scheme == "turns" else ("", "udp", "tcp")):
        return "", "this transport is not supported"
    if not server.username or not server.credential:
        return "", "without user name or credential"
    return "TURN", ""


def parse_candidate(text: str) -> RemoteAddress | None:
    """Return the address in ``text``, with or without ``candidate:`` or ``a=candidate:`` before it.

    None for the end of candidates (""), TCP, another component than RTP's (all is multiplexed on it), and
    malformed text.
    """
    if len(text) > _LONGEST_CANDIDATE:
        return None
    words = text.strip().removeprefix("a=").removeprefix("candidate:").split()
    if len(words) < 8 or words[2].lower() != "udp" or words[6] != "typ":
        return None
    component, priority, port = (_number(words[place]) for place in (1, 3, 5))
    if component != 1 or priority is None or not port or port > 65_535 or not _is_address(words[4]):
        return None
    more = dict(zip(words[8::2], words[9::2], strict=False))
    return RemoteAddress(
        foundation=words[0],
        component=component,
        priority=priority,
        host=words[4],
        port=port,
        kind=words[7],
        related_host=more.get("raddr"),
        related_port=_number(more.get("rport", "")),
    )


def _is_address(host: str) -> bool:
    """Return True for an IP address.

    Names of multicast DNS, behind which browsers hide theirs, are left out: each that is not found costs a
    second, and such a peer finds us by the addresses we send.
    """
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None


class _NamedTls(ssl.SSLContext):
    """Context for a server that is reached by its address and must prove to have a name."""

    host = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """See :meth:`ssl.SSLContext.wrap_bio`; the name to verify is always :attr:`host`."""
        del server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, self.host, session)


def named_tls(host: str) -> ssl.SSLContext:
    """Return a context that verifies the certificate of ``host``, whatever address is connected to."""
    context = _NamedTls(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.host = host
    return context


class IceGathering:
    """Wrapper of aioice's gathering, whose five seconds for a dead server are out of reach of aiortc's API.

    It also adds 127.0.0.1 where wanted, which aioice leaves out: a machine with only ``lo`` has no other.
    """

    def __init__(
        self, gather: Callable[..., Coroutine[Any, Any, Any]], limit_s: float, *, loopback: bool
    ) -> None:
        """Wrap ``gather``: aioice's ``get_component_candidates``, bound to its connection."""
        self._gather = gather
        self._limit_s = limit_s
        self._extra = ["127.0.0.1"] if loopback else []

    async def __call__(self, component: int, addresses: list[str]) -> Any:
        """Gather as aioice asks to, for ``limit_s`` at most.

        Cancelled in the middle, aioice would leave sockets and requests unclosed: cancelling lets it come to
        its end first, for a second at most.
        """
        addresses = [*self._extra, *addresses]
        async with asyncio.TaskGroup() as group:
            gathering = group.create_task(
                self._gather(component=component, addresses=addresses, timeout=self._limit_s),
                name="pixelstreaming gathering",
            )
            try:
                return await asyncio.shield(gathering)
            except asyncio.CancelledError:
                await asyncio.wait([gathering], timeout=_GRACE_S)
                raise
