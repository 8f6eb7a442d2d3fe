"""Page and signalling socket of a stream, opened as a browser would: token first, then cookies."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from ravatard.cloud.certificate import lost, without_url
from ravatard.cloud.pixelstreaming.address import StreamAddress, same_place, stream_address, with_token
from ravatard.errors import DeniedError, LinkError
from ravatard.secret import Secret

log = logging.getLogger(__name__)

_REDIRECTS = 5
#: The page is a few kilobytes; the text that reports a refused token is within this limit.
_PAGE_LIMIT_BYTES = 256 * 1024
#: Offers with many codecs have 10 kB.
_MESSAGE_LIMIT_BYTES = 1024 * 1024
#: The vendor's page for a refused token posts only the closing of the session to its parent; a page that
#: plays may post it at its end, but posts the session's start, too.
_FORBIDDEN_PAGE = "/forbidden.html"
_FORBIDDEN_WORD = b"ravatar-session-close"
_PLAYING_WORD = b"ravatar-session-start"
_REFUSED = frozenset({401, 403})
#: Limit for the socket's close; the whole player has two seconds.
_CLOSE_S = 0.4


@asynccontextmanager
async def browser(tls: ssl.SSLContext | None) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session with a cookie jar of its own; the caller sets the deadlines.

    Args:
        tls: issuers to trust; None: those this machine trusts.
    """
    # Cookies are also sent back to an IP address: a test stand has no names.
    jar = aiohttp.CookieJar(unsafe=True)
    connector = aiohttp.TCPConnector(ssl=True if tls is None else tls)
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None), cookie_jar=jar, connector=connector
    ) as session:
        yield session


async def visit(session: aiohttp.ClientSession, url: Secret, token: Secret) -> StreamAddress:
    """Fetch the page; its cookies stay in ``session``.

    Raises:
        LinkError: the page cannot be fetched, or no socket can be derived from it.
        DeniedError: the token is refused.
    """
    address = _url(with_token(url.reveal(), token.reveal()))
    try:
        async with session.get(address, max_redirects=_REDIRECTS) as response:
            if address.scheme == "https" and any(
                one.url.scheme != "https" for one in (*response.history, response)
            ):
                raise LinkError("the stream's page leads from https to http; it is not followed")
            if response.status in _REFUSED or response.url.path.endswith(_FORBIDDEN_PAGE):
                raise _refused(f"status {response.status}")
            if response.status >= 400:
                raise LinkError(f"the stream's page answers with status {response.status}")
            page = await _beginning(response)
            if _FORBIDDEN_WORD in page and _PLAYING_WORD not in page:
                raise _refused("the page closes the session")
            return stream_address(str(response.url))
    except aiohttp.TooManyRedirects:
        raise LinkError(f"the stream's page redirects more than {_REDIRECTS} times") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise lost("cannot fetch the stream's page", address.host or "?", without_url(error)) from None


async def connect(
    session: aiohttp.ClientSession, address: StreamAddress, url: Secret, token: Secret
) -> aiohttp.ClientWebSocketResponse:
    """Open the signalling socket; the caller closes it.

    The vendor's page never sends the token to the socket. Where that is refused, the token is sent once, to
    the server it was made for and to no other.

    Raises:
        LinkError: the socket did not open.
        DeniedError: it is refused with the token, too.
    """
    status = 0
    attempts = [address.socket]
    if same_place(address.socket, url.reveal()):
        attempts.append(with_token(address.socket, token.reveal()))
    for attempt in attempts:
        try:
            return await session.ws_connect(
                _url(attempt),
                headers={"Origin": address.origin},
                max_msg_size=_MESSAGE_LIMIT_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
            )
        except aiohttp.WSServerHandshakeError as error:
            status = error.status
            if status not in _REFUSED:
                raise LinkError(f"the signalling server refuses the socket (status {status})") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            host = URL(address.socket).host or "?"
            raise lost("cannot reach the signalling server", host, without_url(error)) from None
    raise _refused(f"status {status} for the signalling socket")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    page = bytearray()
    async for piece in response.content.iter_any():
        page += piece
        if len(page) >= _PAGE_LIMIT_BYTES:
            break
    return bytes(page)


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise LinkError("the stream's address cannot be read") from None


def _refused(how: str) -> DeniedError:
    return DeniedError(f"the stream refuses the token ({how})")
