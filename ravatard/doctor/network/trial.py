"""Trial of one destination, step by step: its name, a connection, TLS, and an answer of its protocol.

Each step has a deadline, and so has the whole. A trial asks for nothing that costs money and tells no secret
but the proxy's own password to the proxy: no token, no key, no cookie.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace

from ravatard.cloud.proxy import ASKS_FOR_PASSWORD, login_headers
from ravatard.cloud.web_address import as_authority
from ravatard.doctor.network.connector import Connector, Opened, Verification, exchange, refusal_of
from ravatard.doctor.network.destination import Destination, NetworkProtocol, Outcome, State
from ravatard.doctor.network.links import Links
from ravatard.doctor.network.questions import Question, dns_question, ntp_question, stun_question
from ravatard.doctor.network.reaching import (
    TrialEnded,
    addresses_of,
    by_each_version,
    of_this_machine,
    reach,
    with_clause,
    worst,
)
from ravatard.doctor.network.udp_answers import DatagramAnswer
from ravatard.doctor.network.web import (
    ReplyHead,
    is_switched,
    login_page,
    request_head,
    upgrade_headers,
    upgrade_key,
)

#: Limits: for the answer of a datagram, for the look for a login page, and for everything else about one
#: destination: together less than half a minute, and all destinations are tried at the same time.
DATAGRAM_S = 5.0
PORTAL_S = 4.0
WHOLE_S = 24.0
_HTTP_PORT, _HTTPS_PORT = 80, 443
#: Statuses to a request without an upgrade, by servers that wanted one: RFC 9110, 15.5.22, and as aiohttp, ws
#: and others answer. A redirect and a good reply are no answers to an upgrade either.
_WANTS_UPGRADE = frozenset({400, 405, 426, 501})


class Trial:
    """Trials over the same links."""

    def __init__(
        self,
        links: Links,
        verification: Verification,
        *,
        name: str = "",
        running: bool = False,
        online: bool = False,
    ) -> None:
        """Try nothing yet.

        Args:
            links: ways to other machines.
            verification: judgement of certificates.
            name: the name to ask name servers for.
            running: a daemon runs, so that its ports are listened at.
            online: it has its WebSocket open.
        """
        self._links = links
        self._connector = Connector(links, verification)
        self._now = verification.now
        self._name = name
        self._running = running
        self._online = online

    async def of(self, destination: Destination) -> Outcome:
        """Try one destination, in half a minute at most. Cancelling leaves nothing open."""
        if destination.untried or not destination.host or destination.port is None:
            state = State.UNKNOWN if destination.unknown else State.UNTRIED
            return Outcome(state, destination.untried)
        try:
            async with asyncio.timeout(WHOLE_S):
                return await self._tried(destination)
        except TrialEnded as ended:
            outcome = ended.outcome
        except TimeoutError:
            outcome = Outcome(State.SILENT, f"the trial had no end within {WHOLE_S:g} s")
        if destination.inbound:
            return self._unheard(outcome)
        return await self._portal(destination) or outcome

    async def _tried(self, destination: Destination) -> Outcome:
        match destination.protocol:
            case NetworkProtocol.DNS:
                return await self._names(destination)
            case NetworkProtocol.NTP:
                now_s = self._now().timestamp()
                return (await self._asked(destination, ntp_question(secrets.token_bytes(8), now_s)))[0]
            case NetworkProtocol.STUN:
                return (await self._asked(destination, stun_question(secrets.token_bytes(12))))[0]
            case NetworkProtocol.WSS | NetworkProtocol.WS:
                return await self._socket(destination)
            case _:
                return await self._stream(destination)

    def _unheard(self, outcome: Outcome) -> Outcome:
        """Return the outcome for a port of our own that is not listened at."""
        if self._running:
            return Outcome(State.FAILED, "ravatard runs, and does not listen at it")
        return Outcome(State.UNTRIED, "ravatard does not run") if outcome.state is State.REFUSED else outcome

    async def _names(self, destination: Destination) -> Outcome:
        """Ask a name server for a host, and for one that there is not: some answer for any name."""
        outcome, _ = await self._asked(destination, dns_question(self._name, secrets.token_bytes(2)))
        if outcome.state is not State.OPEN:
            return outcome
        nowhere = dns_question(f"{secrets.token_hex(6)}.invalid", secrets.token_bytes(2))
        _, answer = await self._asked(destination, nowhere)
        if answer is None or not answer.found:
            return outcome
        text = "also for a name that no host has: a captive portal, or a filter"
        return replace(outcome, text=f"{outcome.text}, {text}")

    async def _asked(
        self, destination: Destination, question: Question
    ) -> tuple[Outcome, DatagramAnswer | None]:
        """Ask a server by UDP, by each version of IP at once; one useful answer is enough."""
        addresses = await addresses_of(self._links, destination.host)
        answers: dict[int, DatagramAnswer] = {}

        async def ask(family: int, address: str) -> None:
            answers[family] = await self._links.ask(address, destination.port or 0, question)

        failures = await by_each_version(addresses, ask, DATAGRAM_S)
        useful = tuple(sorted(family for family, answer in answers.items() if answer.useful))
        if useful:
            answer = answers[useful[0]]
            outcome = Outcome(State.OPEN, answer.text, useful)
        elif answers:
            family, answer = min(answers.items())
            outcome = Outcome(State.WRONG, f"{addresses[family]} {answer.text}")
        else:
            answer, outcome = None, worst(failures)
        return with_clause(outcome, of_this_machine(destination.host, addresses)), answer

    async def _stream(self, destination: Destination) -> Outcome:
        """Try what is no WebSocket: with a request where it speaks HTTP."""
        opened = await self._connector.open(destination)
        try:
            if destination.inbound:
                return _open(opened, "listened at; whether others reach it only they can tell")
            if destination.protocol not in (NetworkProtocol.HTTPS, NetworkProtocol.HTTP):
                return _open(opened, "" if opened.issuer else "connected")
            reply = await exchange(opened.stream, _request(destination))
        finally:
            opened.stream.abort()
        return _of_stranger(destination, reply) or _open(opened, f"HTTP {reply.status}")

    async def _socket(self, destination: Destination) -> Outcome:
        """Ask for a WebSocket without a token: no session is opened, and the service may refuse.

        A proxy that takes the upgrade out leaves an ordinary request. So a refusal is compared with the reply
        to one: they differ if the upgrade has arrived.
        """
        key = upgrade_key(secrets.token_bytes(16))
        opened, reply = await self._reply(destination, key)
        if is_switched(reply, key):
            return _open(opened, "WebSocket accepted")
        if (outcome := _of_stranger(destination, reply)) is not None:
            return outcome
        _, ordinary = await self._reply(destination)
        if reply.status != ordinary.status:
            return _open(opened, f"WebSocket wants a token ({reply.status})")
        if self._online:
            return _open(opened, "the running daemon has its WebSocket open")
        same = f"the WebSocket upgrade is answered like a request without it ({reply.status})"
        if reply.status < 400 or reply.status in _WANTS_UPGRADE:
            text = f"{same}: something on the way takes it out"
            return Outcome(State.STRIPPED, text, opened.families, opened.issuer)
        text = f"{same}; only with a token it shows whether it passes"
        return Outcome(State.UNDECIDED, text, opened.families, opened.issuer)

    async def _reply(self, destination: Destination, key: str = "") -> tuple[Opened, ReplyHead]:
        """Open a connection for one request, and drop it; ``key``: ask for a WebSocket."""
        opened = await self._connector.open(destination)
        try:
            return opened, await exchange(opened.stream, _request(destination, key))
        finally:
            opened.stream.abort()

    async def _portal(self, destination: Destination) -> Outcome | None:
        """Return the outcome if a captive portal is in the way; None: none shows itself.

        Portals answer plain HTTP of any host, on its own port. It is only asked after a failure, as a service
        need not have that port.
        """
        host = destination.host
        if not destination.protocol.takes_proxy or destination.proxy is not None:
            return None
        try:
            async with asyncio.timeout(PORTAL_S):
                reached = await reach(self._links, host, _HTTP_PORT)
                try:
                    reply = await exchange(reached.stream, request_head("GET", "/", as_authority(host)))
                finally:
                    reached.stream.abort()
        except (TrialEnded, TimeoutError):
            return None
        return _logging_in(host, reply)


def _open(opened: Opened, text: str) -> Outcome:
    told = "; ".join(part for part in (text, *opened.notes) if part)
    return Outcome(State.OPEN, told, opened.families, opened.issuer)


def _of_stranger(destination: Destination, reply: ReplyHead) -> Outcome | None:
    """Return the outcome of a reply that is not the destination's: the proxy's, or a captive portal's."""
    if reply.status == ASKS_FOR_PASSWORD and destination.proxy is not None:
        return Outcome(State.REJECTED, refusal_of(destination.proxy, reply))
    # Inside TLS with a trusted certificate a redirect is the service's own.
    return None if destination.protocol.encrypted else _logging_in(destination.host, reply)


def _logging_in(host: str, reply: ReplyHead) -> Outcome | None:
    """Return the outcome of a reply without TLS that is a login page; None for any other."""
    if not (page := login_page(host, reply)):
        return None
    where = f" at {page}" if page != host else ""
    return Outcome(State.PORTAL, f"a login page of the network{where} answers in its place (captive portal)")


def _request(destination: Destination, key: str = "") -> bytes:
    """Return the head of a request for the destination's path; ``key``: ask for a WebSocket."""
    encrypted = destination.protocol.encrypted
    own_port = _HTTPS_PORT if encrypted else _HTTP_PORT
    port = destination.port or own_port
    # Of the scheme's own port nothing is said.
    authority = as_authority(destination.host, port if port != own_port else None)
    extra = upgrade_headers(key) if key else {}
    target = destination.path
    if destination.proxy is not None and not encrypted:
        target = f"http://{authority}{target}"
        extra |= login_headers(destination.proxy.url)
    return request_head("GET", target, authority, extra)
