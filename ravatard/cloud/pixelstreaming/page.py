"""Page and signalling socket of a stream, opened as a browser would: token first, then cookies."""

from __future__ import annotations

import http.cookies
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from ravatard.cloud.certificate import lost, without_url
from ravatard.cloud.media.address_rule import AddressRule, CheckedResolver, is_numeric
from ravatard.cloud.pixelstreaming.address import StreamAddress, same_place, stream_address, with_token
from ravatard.cloud.web_address import as_it_came
from ravatard.errors import DeniedError, LinkError
from ravatard.ports.network import AddressRefused
from ravatard.secret import Secret

_REDIRECTS = 5
#: The page is a few kilobytes; the text that reports a refused token is within this limit.
_PAGE_LIMIT_BYTES = 256 * 1024
#: Offers with many codecs have 10 kB. Decoding 256 kB of tiny values takes 50 ms.
_MESSAGE_LIMIT_BYTES = 96 * 1024
#: The vendor's page for a refused token posts only the closing of the session to its parent; a page that
#: plays may post it at its end, but posts the session's start, too.
_FORBIDDEN_PAGE = "/forbidden.html"
_FORBIDDEN_WORD = b"ravatar-session-close"
_PLAYING_WORD = b"ravatar-session-start"
_REFUSED = frozenset({401, 403})
_MOVED = frozenset({301, 302, 303, 307, 308})
_LONGEST_URL = 8_000
_SHOWN_HOST = 80
#: What aiohttp raises for a server that is not there, or for anything that one may send.
_FAULTS = (aiohttp.ClientError, OSError, ValueError, TypeError, LookupError, http.cookies.CookieError)
#: Limit for the socket's close; the whole player has two seconds.
_CLOSE_S = 0.4


@asynccontextmanager
async def browser(rule: AddressRule, tls: ssl.SSLContext | None) -> AsyncIterator[Browser]:
    """Open a browser with a cookie jar of its own; the caller sets the deadlines.

    Args:
        rule: addresses that may be connected to.
        tls: issuers to trust; None: those this machine trusts.
    """
    # Cookies are also sent back to an IP address: a test stand has no names.
    jar = aiohttp.CookieJar(unsafe=True)
    connector = aiohttp.TCPConnector(
        ssl=True if tls is None else tls, resolver=CheckedResolver(rule), use_dns_cache=False
    )
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None), cookie_jar=jar, connector=connector
    ) as session:
        yield Browser(session, rule)


class Browser:
    """Cookies and connections of one visit; connects only where the rule allows it."""

    def __init__(self, session: aiohttp.ClientSession, rule: AddressRule) -> None:
        self._session = session
        self._rule = rule

    async def visit(self, url: Secret, token: Secret) -> StreamAddress:
        """Fetch the page; its cookies stay in the session.

        Addresses are requested exactly as they came: their escapes may be part of a signature.

        Raises:
            LinkError: the page cannot be fetched, or no socket can be derived from it.
            DeniedError: the token is refused.
        """
        text = with_token(url.reveal(), token.reveal())
        for _ in range(_REDIRECTS + 1):
            address = _url(text)
            try:
                await self._check(address)
                async with self._session.get(address, allow_redirects=False) as response:
                    location = response.headers.get("Location", "")
                    if response.status not in _MOVED or not location:
                        return await _page(response, text)
            except _FAULTS as error:
                raise _unreached("cannot fetch the stream's page", address, error) from None
            text = _redirected(text, location)
        raise LinkError(f"the stream's page redirects more than {_REDIRECTS} times")

    async def connect(
        self, address: StreamAddress, url: Secret, token: Secret
    ) -> aiohttp.ClientWebSocketResponse:
        """Open the signalling socket; the caller closes it, and answers its pings.

        The vendor's page never sends the token to the socket. Where that is refused, the token is sent once,
        to the server it was made for and to no other.

        Raises:
            LinkError: the socket did not open.
            DeniedError: it is refused with the token, too.
        """
        status = 0
        attempts = [address.socket]
        if same_place(address.socket, url.reveal()):
            attempts.append(with_token(address.socket, token.reveal()))
        for attempt in attempts:
            place = _url(attempt)
            try:
                await self._check(place)
                # aiohttp would answer all pings of one reading, 130,000 at most, in one turn of the loop.
                return await self._session.ws_connect(
                    place,
                    headers={"Origin": address.origin},
                    max_msg_size=_MESSAGE_LIMIT_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                    autoping=False,
                )
            except aiohttp.WSServerHandshakeError as error:
                status = error.status
                if status not in _REFUSED:
                    raise LinkError(f"the signalling server refuses the socket (status {status})") from None
            except _FAULTS as error:
                raise _unreached("cannot reach the signalling server", place, error) from None
        raise _refused(f"status {status} for the signalling socket")

    async def _check(self, address: URL) -> None:
        """Check a numeric host, for which aiohttp asks no resolver."""
        host = address.raw_host or ""
        if is_numeric(host):
            await self._rule.admitted(host, address.port or 0)


async def _page(response: aiohttp.ClientResponse, text: str) -> StreamAddress:
    if response.status in _REFUSED or response.url.path.endswith(_FORBIDDEN_PAGE):
        raise _refused(f"status {response.status}")
    if response.status >= 400:
        raise LinkError(f"the stream's page answers with status {response.status}")
    page = await _beginning(response)
    if _FORBIDDEN_WORD in page and _PLAYING_WORD not in page:
        raise _refused("the page closes the session")
    return stream_address(text)


def _redirected(text: str, location: str) -> str:
    """Return where a redirect leads."""
    try:
        target = urljoin(text, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        raise LinkError("the stream's page redirects to an address that cannot be read") from None
    if scheme not in ("http", "https"):
        raise LinkError("the stream's page redirects to an address that is neither http nor https")
    if text.startswith("https:") and scheme != "https":
        raise LinkError("the stream's page leads from https to http; it is not followed")
    return target


def _unreached(what: str, address: URL, error: Exception) -> LinkError:
    """Return the error for a host that was not reached, without the address's path and query."""
    host = (address.raw_host or "?")[:_SHOWN_HOST]
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefused):
        return LinkError(f"{what}: {host} is {cause}")
    return lost(what, host, without_url(error))


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    page = bytearray()
    async for piece in response.content.iter_any():
        page += piece
        if len(page) >= _PAGE_LIMIT_BYTES:
            break
    return bytes(page)


def _url(text: str) -> URL:
    if len(text) > _LONGEST_URL:
        raise LinkError("the stream's address is too long")
    try:
        return as_it_came(text)
    except ValueError:
        raise LinkError("the stream's address cannot be read") from None


def _refused(how: str) -> DeniedError:
    return DeniedError(f"the stream refuses the token ({how})")
