"""Reasons why a host was not reached, in a sentence each; faults of its certificate by name.

A Raspberry Pi has no clock of its own: it boots with a date of the past, and until the time service has set
it every certificate is "not yet valid". That is no fault of the service, and ends by itself.
"""

from __future__ import annotations

import errno
import re
import ssl
from datetime import UTC, datetime

from ravatard.cloud.replies import cause_of
from ravatard.errors import LinkError

# OpenSSL, include/openssl/x509_vfy.h: X509_V_ERR_*.
_NOT_YET_VALID = 9
EXPIRED = 10
OUT_OF_DATE = frozenset({_NOT_YET_VALID, EXPIRED})
_SELF_SIGNED = frozenset({18, 19})
_UNKNOWN_ISSUER = frozenset({2, 20, 21})
OTHER_HOST = frozenset({62, 64})
#: The reason in the text of an :class:`ssl.SSLError`.
_OPENSSL = re.compile(r"\[SSL: (\w+)\]")
#: OpenSSL's names for an answer that is no TLS: before 3.2, since then, and for an answer in plain HTTP.
_NO_TLS = frozenset(
    (
        *("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"),
        *("RECORD_LAYER_FAILURE", "HTTP_REQUEST"),
    )
)


_HUNG_UP = "the other side hung up"
#: Errors of aiohttp in words, by their names: this module is loaded before it is.
_SAID = {"ClientResponseError": "the answer is no HTTP", "ServerDisconnectedError": _HUNG_UP}


class CaptivePortal(OSError):
    """A network that lets nothing through before its user logs in with a browser.

    Attributes:
        host: host of its login page.
    """

    def __init__(self, host: str, *, clear: bool = False) -> None:
        """``clear``: the request was not encrypted, and may have been answered by what is no portal."""
        unless = "; if it does not, correct service.base_url" if clear else ""
        text = f"this network asks for a login in a browser (captive portal at {host}){unless}"
        super().__init__(errno.EACCES, text)
        self.host = host


class Distrusted(ssl.SSLCertVerificationError):
    """A certificate that is not trusted, with the name of its issuer.

    Attributes:
        verify_code: OpenSSL's number of the reason.
        issuer: name of the issuer; "" when it is not known.
    """

    def __init__(self, error: ssl.SSLCertVerificationError, issuer: str) -> None:
        super().__init__(error.errno, error.strerror)
        self.verify_code = getattr(error, "verify_code", 0)
        self.issuer = issuer


def lost(what: str, host: str, error: OSError, now: datetime | None = None) -> LinkError:
    """Return the error to raise when ``host`` could not be reached.

    Args:
        what: the failure, for example "cannot reach sim.example".
        host: the host, for people.
        error: the reason.
        now: time of this machine's clock; None: look at the clock.
    """
    if isinstance(error, CaptivePortal):
        return LinkError(str(error.strerror))
    if reason := distrust_of(error, now):
        return LinkError(f"the certificate of {host} {reason}")
    if word := openssl_reason(error):
        return LinkError(f"{what}: {_broken_tls(word)}")
    return LinkError(f"{what} ({cause_of(error)})")


def distrust_of(
    error: OSError, now: datetime | None = None, owner: str = "the service", address: str = "service.base_url"
) -> str:
    """Return why a certificate is not trusted, the rest of a sentence; "" for an error of another kind.

    Args:
        error: the reason why there is no connection.
        now: time of this machine's clock; None: look at the clock.
        owner: whose certificate it is.
        address: where the owner's address is written.
    """
    if not isinstance(error, ssl.SSLCertVerificationError):
        return ""
    issuer = f" ({error.issuer})" if isinstance(error, Distrusted) and error.issuer else ""
    code = getattr(error, "verify_code", None)
    return _distrust(code, now or datetime.now(UTC), issuer, owner, address)


def openssl_reason(error: OSError) -> str:
    """Return OpenSSL's word for a failed handshake; "" for an error of another kind."""
    found = _OPENSSL.search(error.strerror or str(error))
    return found.group(1) if found else ""


def is_without_tls(reason: str) -> bool:
    """Return True for OpenSSL's word for a peer that speaks no TLS."""
    return reason in _NO_TLS


def _broken_tls(reason: str) -> str:
    """Return OpenSSL's ``reason`` in words."""
    if is_without_tls(reason):
        return (
            "it answers without TLS; write http:// instead of https:// in service.base_url, or the "
            "port that has TLS (a captive portal answers like that, too)"
        )
    return f"no TLS connection ({reason.replace('_', ' ').lower()})"


def without_url(error: Exception) -> OSError:
    """Convert a library's error to one of the system's, for :func:`lost`, without its text.

    The text may hold a URL, and a URL may hold a token.
    """
    # aiohttp keeps OpenSSL's error here; its text holds a host name at most.
    inner = getattr(error, "certificate_error", None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner
    if isinstance(error, OSError) and error.strerror:
        return ConnectionError(error.errno, error.strerror)
    if isinstance(getattr(error, "os_error", error), ConnectionError):
        return ConnectionError(_HUNG_UP)
    name = type(error).__name__
    return ConnectionError(_SAID.get(name, name))


def _distrust(code: int | None, now: datetime, issuer: str, owner: str, address: str) -> str:
    """Return the rest of the sentence; "" for a code without a sentence of its own."""
    clock = f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC"
    if code == _NOT_YET_VALID:
        return f"is not yet valid: {clock}; waiting for the clock"
    if code == EXPIRED:
        return f"has expired: {clock}; if that is right, {owner} must renew its certificate"
    if code in _SELF_SIGNED:
        itself = f"is signed by itself{issuer}"
        return f"{itself}; write the file of its issuer as network.ca, or check {address}"
    if code in _UNKNOWN_ISSUER:
        return (
            f"is signed by an issuer this machine does not know{issuer}; write the file of that issuer's "
            "certificate as network.ca, or install ca-certificates"
        )
    if code in OTHER_HOST:
        return f"was made for another host; check {address}; the connection may be intercepted"
    return ""
