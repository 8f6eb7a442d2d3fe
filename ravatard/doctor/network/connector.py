"""Connection of a trial up to the first request: by the proxy, with TLS, and whose certificate was shown."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ravatard.cloud.border import plain
from ravatard.cloud.certificate import EXPIRED, OTHER_HOST, OUT_OF_DATE, lost
from ravatard.cloud.network.trust import unverified
from ravatard.cloud.proxy import Proxy, login_headers, named, status_of
from ravatard.cloud.replies import cause_of
from ravatard.cloud.web_address import as_authority
from ravatard.core.certificate_fields import issuer_of
from ravatard.doctor.network.added_issuers import LONGEST_ISSUER
from ravatard.doctor.network.destination import Destination, Outcome, State
from ravatard.doctor.network.links import Links, TcpStream
from ravatard.doctor.network.reaching import ReachedHost, TrialEnded, reach
from ravatard.doctor.network.web import (
    ReplyHead,
    reply_head,
    request_head,
)

#: Limits: for a handshake of TLS, and for one reply.
TLS_S = 5.0
REPLY_S = 5.0
_HTTP_PORT = 80

#: Gives the context that verifies a server by the issuers in a PEM file, or by the machine's for "". Raises
#: OSError when there is no such file.
Trust = Callable[[str], ssl.SSLContext]


@dataclass(frozen=True, slots=True)
class Verification:
    """Judgement of certificates.

    Attributes:
        trust: gives the issuers that are trusted.
        now: wall clock, for certificates that are out of date.
        added: names of issuers that were added to this machine.
        stale: sentence about issuers in ``network.ca`` that are out of date; "" for none.
    """

    trust: Trust
    now: Callable[[], datetime]
    added: frozenset[str] = frozenset()
    stale: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """Connection that a request can be sent on.

    Attributes:
        stream: the connection; to be aborted by its owner.
        families: versions of IP that it was had by: to the proxy, where there is one.
        notes: clauses about the way.
        issuer: issuer of the certificate; "" without TLS.
    """

    stream: TcpStream
    families: tuple[int, ...]
    notes: tuple[str, ...]
    issuer: str = ""


class Connector:
    """Opens connections to destinations."""

    def __init__(self, links: Links, verification: Verification) -> None:
        """Open nothing yet."""
        self._links = links
        self._verification = verification

    async def open(self, destination: Destination) -> Opened:
        """Connect to ``destination``, with TLS where it has any. Cancelling leaves nothing open.

        Raises:
            TrialEnded: one of the steps failed.
        """
        reached = await self._way(destination)
        notes = (reached.note,) if reached.note else ()
        if not destination.protocol.encrypted:
            return Opened(reached.stream, reached.families, notes)
        try:
            certificate = await self._encrypt(reached.stream, destination)
        except BaseException:
            reached.stream.abort()
            raise
        issuer = _issuer(certificate)
        told = (f"certificate by {issuer}{self._whose(issuer, destination)}",) if issuer else ()
        return Opened(reached.stream, reached.families, (*told, *notes), issuer)

    def _whose(self, issuer: str, destination: Destination) -> str:
        """Return a remark on an issuer that is trusted only here: it may read what it passes on."""
        if issuer not in self._verification.added or destination.issuers:
            return ""
        return ", an issuer added to this machine: TLS is inspected on the way, or the service is yours"

    async def _way(self, destination: Destination) -> ReachedHost:
        """Connect to the host, or by its proxy: through a tunnel for what is encrypted."""
        port, proxy = destination.port or 0, destination.proxy
        if proxy is None:
            return await reach(self._links, destination.host, port)
        try:
            reached = await reach(self._links, proxy.url.host or "", proxy.url.port or _HTTP_PORT)
        except TrialEnded as ended:
            text = f"{named(str(proxy))} is not reached: {ended.outcome.text}"
            raise TrialEnded(replace(ended.outcome, text=text)) from None
        try:
            if proxy.url.scheme == "https":
                await self._encrypt_to_proxy(reached.stream, proxy)
            if destination.protocol.encrypted:
                await _tunnel(reached.stream, proxy, as_authority(destination.host, port))
        except BaseException:
            reached.stream.abort()
            raise
        return reached

    async def _encrypt_to_proxy(self, stream: TcpStream, proxy: Proxy) -> None:
        try:
            async with asyncio.timeout(TLS_S):
                await stream.encrypt(self._verification.trust(""), proxy.url.host or "")
        except TimeoutError:
            raise _ended(State.SILENT, f"{named(str(proxy))} begins no TLS within {TLS_S:g} s") from None
        except OSError as error:
            text = lost(
                f"{named(str(proxy))} has no TLS", proxy.url.host or "", error, self._verification.now()
            )
            raise _ended(State.FAILED, str(text)) from None

    async def _encrypt(self, stream: TcpStream, destination: Destination) -> bytes:
        """Begin TLS; return the certificate, which is trusted.

        Raises:
            TrialEnded: there is no TLS, or the certificate is not trusted.
        """
        host = destination.host
        try:
            context = self._verification.trust(destination.issuers)
        except OSError as error:
            text = f"{destination.issuers} cannot be used ({plain(cause_of(error), 80)})"
            raise _ended(State.FAILED, text) from None
        try:
            async with asyncio.timeout(TLS_S):
                return await stream.encrypt(context, host)
        except TimeoutError:
            raise _ended(State.SILENT, f"TLS does not begin within {TLS_S:g} s") from None
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in OUT_OF_DATE:
                # A fault of a clock or of the service, and no sign that another one has made it.
                text = str(lost("", host, error, self._verification.now()))
                if self._verification.stale and error.verify_code == EXPIRED and not destination.issuers:
                    text = f"a certificate on the way is out of date; {self._verification.stale}"
                raise _ended(State.FAILED, text) from None
            raise TrialEnded(await self._distrusted(destination, error)) from None
        except OSError as error:
            raise _ended(State.FAILED, f"{host} is reached, but not by TLS ({_why_no_tls(error)})") from None

    async def _distrusted(self, destination: Destination, error: ssl.SSLCertVerificationError) -> Outcome:
        """Return the outcome for a certificate that is not trusted, with its issuer.

        The library does not show a certificate that it refuses, so a second connection reads it. Nothing is
        sent there.
        """
        issuer = ""
        try:
            reached = await self._way(destination)
        except TrialEnded:
            pass
        else:
            try:
                async with asyncio.timeout(TLS_S):
                    issuer = _issuer(await reached.stream.encrypt(unverified(), destination.host))
            except OSError:
                pass
            finally:
                reached.stream.abort()
        signed = f"the certificate is signed by {issuer}" if issuer else "the certificate"
        if error.verify_code in OTHER_HOST:
            text = f"{signed}{' and' if issuer else ''} is made for another host"
        else:
            text = f"{signed}, which this machine does not trust" if issuer else f"{signed} is not trusted"
        return Outcome(State.UNTRUSTED, text, issuer=issuer)


async def exchange(stream: TcpStream, request: bytes) -> ReplyHead:
    """Send the head of a request; return that of the reply.

    Raises:
        TrialEnded: there is none.
    """
    try:
        async with asyncio.timeout(REPLY_S):
            return reply_head(await stream.exchange(request))
    except TimeoutError:
        raise _ended(State.SILENT, f"connected, but a request has no answer within {REPLY_S:g} s") from None
    except OSError as error:
        text = f"connected, but a request has no answer ({plain(cause_of(error), 80)})"
        raise _ended(State.FAILED, text) from None
    except ValueError as error:
        raise _ended(State.FAILED, f"connected, but {error}") from None


async def _tunnel(stream: TcpStream, proxy: Proxy, target: str) -> None:
    """Have a proxy connect to ``target``. Its password goes to the proxy alone.

    Raises:
        TrialEnded: it does not.
    """
    request = request_head("CONNECT", target, target, login_headers(proxy.url))
    try:
        reply = await exchange(stream, request)
    except TrialEnded as ended:
        text = ended.outcome.text.replace("a request", f"CONNECT {target}")
        raise _ended(ended.outcome.state, f"{named(str(proxy))}: {text}") from None
    if not 200 <= reply.status < 300:
        raise _ended(State.REJECTED, f"CONNECT {target}: {refusal_of(proxy, reply)}")


def refusal_of(proxy: Proxy, reply: ReplyHead) -> str:
    """Return a sentence about a reply of the proxy's own; it names the logins that the proxy takes."""
    asked = plain(reply.headers.get("proxy-authenticate", ""), 100)
    return status_of(str(proxy), reply.status, {"Proxy-Authenticate": asked} if asked else None)


def _ended(state: State, text: str) -> TrialEnded:
    return TrialEnded(Outcome(state, text))


def _why_no_tls(error: OSError) -> str:
    """Return why a handshake failed, in OpenSSL's or the system's few words."""
    reason = getattr(error, "reason", None)
    return reason.replace("_", " ").lower()[:80] if isinstance(reason, str) else plain(cause_of(error), 80)


def _issuer(certificate: bytes) -> str:
    """Return the name of an issuer for people; "" without one. It is a stranger's."""
    try:
        return plain(issuer_of(certificate), LONGEST_ISSUER)
    except ValueError:
        return ""
