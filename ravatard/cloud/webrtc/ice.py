"""ICE: the choice of STUN and TURN servers, the limit of gathering, and the peer's usable candidates."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from ravatard.cloud.network.trust import Issuers
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import Secret

log = logging.getLogger(__name__)

# RFC 7064 and 7065: scheme:host[:port][?transport=…]. aiortc, which is told of STUN servers, reads no IPv6
# address here, and takes a stun: address with a transport (which the RFC does not know) as a reason to give
# up altogether.
_ADDRESS = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>[^?:\s\[\]@/]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<over>\w+))?",
    re.IGNORECASE,
)
#: Ways to a TURN server, the best one first.
WAYS = ("udp", "tcp", "tls")
#: RFC 7065 section 3.2: ports of turn: and turns: addresses without one.
_PORT, _TLS_PORT = 3478, 5349

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
#: Limit for relays by TCP and TLS while nothing but addresses of this machine is known: UDP is closed then,
#: and their handshakes with two requests behind them take six round trips.
PATIENT_S = 3.0


@dataclass(frozen=True, slots=True)
class IceHelper:
    """STUN or TURN server that aiortc can use.

    Attributes:
        url: its address, as the service gave it.
        username: name for TURN.
        credential: password for TURN.
        address: the numeric address to connect to; None: not looked up, or left to the proxy.
        proxy: URL of the HTTP proxy before it, with its login; None: there is none.
        proxy_name: that proxy for people.
        issuers: issuers to trust beside those of this machine.
    """

    url: str
    username: str | None = None
    credential: Secret | None = None
    address: str | None = None
    proxy: Secret | None = None
    proxy_name: str = ""
    issuers: Issuers = field(default=Issuers(), repr=False)

    @property
    def role(self) -> str:
        """STUN or TURN."""
        return "STUN" if self.url.startswith("stun:") else "TURN"

    @property
    def host(self) -> str:
        """Name or address in its URL."""
        match = _ADDRESS.fullmatch(self.url)
        return match["host"].strip("[]") if match is not None else ""

    @property
    def port(self) -> int:
        """Port in its URL, or the usual one."""
        match = _ADDRESS.fullmatch(self.url)
        usual = _TLS_PORT if self.encrypted else _PORT
        return int((match["port"] if match is not None else None) or usual)

    @property
    def way(self) -> str:
        """Way to a TURN server, one of :data:`WAYS`."""
        if self.encrypted:
            return "tls"
        return "tcp" if self.url.endswith("?transport=tcp") else "udp"

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
    """Choose the servers to ask: at most one STUN server, and one TURN server for each way to it.

    Returns:
        The servers, and for each address that is left out a text with the reason, without credentials.
    """
    chosen: dict[str, IceHelper] = {}
    dropped: list[str] = []
    more = 0
    for server in servers:
        for url in server.urls:
            role, lack = _judge(url, server)
            kind = role if role != "TURN" else f"TURN by {IceHelper(url).way}"
            if not lack and kind in chosen:
                lack = f"one {role} server is enough" if kind == role else f"one {kind} is enough"
            if lack and len(dropped) < _MOST_REASONS:
                dropped.append(f"{url[:80]} ({lack})")
            elif lack:
                more += 1
            elif role == "STUN":
                chosen[kind] = IceHelper(url)
            else:
                chosen[kind] = IceHelper(url, server.username, server.credential)
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
        if match["host"].startswith("["):
            return "STUN", "by IPv6 no address is translated"
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


@dataclass(frozen=True, slots=True)
class AskRelay:
    """Question to one TURN server.

    Attributes:
        ask: asks it, for a component; any exception means that it gives no relay.
        patient: it has longer while nothing but addresses of this machine is known.
    """

    ask: Callable[[int], Awaitable[Any]]
    patient: bool


class IceGathering:
    """Wrapper of aioice's gathering, whose five seconds for a dead server are out of reach of aiortc's API.

    It also adds loopback addresses where wanted, which aioice leaves out: a machine with only ``lo`` has no
    other. And it has TURN servers asked, of which aioice would ask one.
    """

    def __init__(
        self,
        gather: Callable[..., Coroutine[Any, Any, Any]],
        limit_s: float,
        *,
        loopback: bool,
        patient_s: float = PATIENT_S,
        relays: Sequence[AskRelay] = (),
        found: Callable[[Any], Any] = lambda relay: relay,
    ) -> None:
        """Wrap ``gather``: aioice's ``get_component_candidates``, bound to its connection.

        Args:
            gather: see above.
            limit_s: limit for STUN and TURN servers.
            loopback: add this machine's loopback addresses.
            patient_s: the longer limit for relays.
            relays: TURN servers to ask.
            found: takes over what one of them gave, and returns its candidate.
        """
        self._gather = gather
        self._limit_s = limit_s
        self._patient_s = patient_s
        self._extra = ["127.0.0.1", "::1"] if loopback else []
        self._relays = relays
        self._found = found

    async def __call__(self, component: int, addresses: list[str]) -> Any:
        """Gather as aioice asks to, for ``limit_s``, or until a relay is found while nothing else is.

        Cancelled in the middle, aioice would leave sockets and requests unclosed: cancelling lets it come to
        its end first, for a second at most.
        """
        addresses = [*self._extra, *addresses]
        relaying: list[asyncio.Task[Any]] = []
        async with asyncio.TaskGroup() as group:
            gathering = group.create_task(
                self._gather(component=component, addresses=addresses, timeout=self._limit_s),
                name="pixelstreaming gathering",
            )
            relaying += [
                group.create_task(_or_none(relay.ask(component)), name="pixelstreaming relay")
                for relay in self._relays
            ]
            try:
                candidates = await self._in_time(gathering, relaying)
            except asyncio.CancelledError:
                await asyncio.wait([gathering], timeout=_GRACE_S)
                raise
            finally:
                for task in relaying:
                    task.cancel()
        relays = [task.result() for task in relaying if not task.cancelled()]
        return [*candidates, *(self._found(relay) for relay in relays if relay is not None)]

    async def _in_time(self, gathering: asyncio.Task[Any], relaying: list[asyncio.Task[Any]]) -> Any:
        """Return aioice's candidates when relays have had their time."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        if relaying:
            await asyncio.wait(relaying, timeout=self._limit_s)
        candidates = await asyncio.shield(gathering)
        reflexive = any(getattr(one, "type", "") == "srflx" for one in candidates)
        patient = [task for task, relay in zip(relaying, self._relays, strict=True) if relay.patient]
        while not reflexive and (left := [task for task in patient if not task.done()]):
            remaining_s = begun + self._patient_s - loop.time()
            if remaining_s <= 0 or any(task.done() and task.result() is not None for task in relaying):
                break
            await asyncio.wait(left, timeout=remaining_s, return_when=asyncio.FIRST_COMPLETED)
        return candidates


async def _or_none(relay: Awaitable[Any]) -> Any:
    """Return what ``relay`` gives; None if it fails."""
    try:
        return await relay
    except Exception as error:  # noqa: BLE001 - aioice raises anything for what a server sends
        log.debug("a TURN server is of no use (%s)", type(error).__name__)
        return None
