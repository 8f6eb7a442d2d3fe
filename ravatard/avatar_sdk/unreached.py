"""Sentences about hosts that give no connection, with the address as the program wrote it."""

from __future__ import annotations

import errno
import ssl
from urllib.parse import urlsplit

from ravatard.cloud.avatar.address import shown_url
from ravatard.cloud.certificate import lost, without_url

_PROXY_LOGIN = 407


def proxy_trouble(status: int | None) -> str:
    """Return a sentence about a proxy that gives no connection.

    Args:
        status: with which it answered; None: it is not reached.
    """
    if status is None:
        return "the proxy is not reached"
    login = ": its user and password are missing or wrong" if status == _PROXY_LOGIN else ""
    return f"the proxy answers with status {status}{login}"


def unreached(url: str, error: OSError) -> str:
    """Return a sentence about an address that gives no connection, and a remedy where one is known.

    Args:
        url: address of a call or of a session's socket. Its last segment, its query and its password, which
            may be secrets, are not told.
        error: the reason.
    """
    address = shown_url(url.partition("?")[0].rpartition("/")[0])
    if error.errno == errno.ECONNREFUSED:
        return f"cannot reach {address}: nothing listens there (connection refused)"
    # Python's own error holds the reason itself; aiohttp's, which is one of this type, holds Python's.
    reason = error if type(error) is ssl.SSLCertVerificationError else without_url(error)
    sentence = str(lost(f"cannot reach {address}", urlsplit(url).hostname or "", reason))
    if address.startswith("ws"):
        # The sentences about TLS speak of the API.
        sentence = sentence.replace("service.base_url", "ws_url").replace("write http:", "write ws:")
        sentence = sentence.replace("instead of https:", "instead of wss:")
    return sentence
