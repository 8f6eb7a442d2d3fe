"""Addresses of the AvaTar API: its calls, its utilities and its socket. Pure.

Source: the API reference, "Base URLs" and the curl examples of "Utility Endpoints". A socket's address is
derived where none is configured: the document's own two pairs are the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from unicodedata import normalize
from urllib.parse import quote, urlsplit, urlunsplit

from ravatard.cloud.media.addresses import Reach, reach_of
from ravatard.secret import Secret

#: API reference, "Base URLs", local development.
DEFAULT_API_URL = "http://localhost:8000/v1"
DEFAULT_SOCKET_URL = "ws://localhost:8001/ws"
_VERSION = re.compile(r"v[0-9]+")
_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}
_IPV4_BYTES = 4
#: Numbers as inet_aton reads them; longer ones are no address.
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,20}|[1-9][0-9]{0,9}")
_API_PORT, _SOCKET_PORT = 8000, 8001
#: Names that lead to no public address: RFC 6762, RFC 8375, ICANN's "internal", and those of home routers.
_PRIVATE_NAMES = ("localhost", "local", "home.arpa", "internal", "lan", "home", "fritz.box")


@dataclass(slots=True)
class ServiceAccess:
    """Address of a service, and the key to it; everything that talks to the service shares one.

    Attributes:
        base_url: as configured, or as on the ledger.
        key: ``service.api_key``; None: none is sent. May be replaced: the next request has the new one.
        plain_key: the key may cross the public network without TLS.
    """

    base_url: str
    key: Secret | None = None
    plain_key: bool = False


def api_url(base: str) -> str:
    """Return the address that the calls are appended to, without a slash at its end.

    A URL without a path gets ``/v1``; blanks around it, a query and a fragment are no part of it.

    Raises:
        ValueError: it is no http or https address; the text is for people.
    """
    scheme, place, path = _parts(base, ("http", "https"))
    return urlunsplit((scheme, place, path.rstrip("/") or "/v1", "", ""))


def utilities_url(api: str) -> str:
    """Return the address beside which ``/health`` and ``/metrics`` are, without a slash at its end.

    Args:
        api: an address of :func:`api_url`; its last segment is taken off when it is a version.
    """
    scheme, place, path, _, _ = urlsplit(api)
    before, _, last = path.rpartition("/")
    return urlunsplit((scheme, place, before if _VERSION.fullmatch(last) else path, "", ""))


def socket_base(api: str, configured: str | None = None) -> str:
    """Return the address that a session's id is appended to, without a slash at its end.

    Args:
        api: an address of :func:`api_url`.
        configured: ``service.socket_url``; None: port 8000 has its socket at 8001, host ``api.X`` at
            ``ws.X``, and any other at its own origin.

    Raises:
        ValueError: ``configured`` is no ws or wss address.
    """
    if configured is not None:
        scheme, place, path = _parts(configured, ("ws", "wss", "http", "https"))
        return urlunsplit((_SOCKET_SCHEMES.get(scheme, scheme), place, path.rstrip("/") or "/ws", "", ""))
    parts = urlsplit(api)
    place = parts.netloc
    if parts.port == _API_PORT:
        place = f"{place.removesuffix(f':{_API_PORT}')}:{_SOCKET_PORT}"
    elif (parts.hostname or "").startswith("api."):
        before, at, host = place.rpartition("@")
        place = before + at + "ws." + host[len("api.") :]
    return urlunsplit((_SOCKET_SCHEMES[parts.scheme], place, "/ws", "", ""))


def socket_url(base: str, session_id: str, token: str | None = None) -> str:
    """Return the address of one session's socket; it is a secret, as its session's id is.

    Args:
        base: an address of :func:`socket_base`.
        session_id: as the service gave it; whatever is in it, it is one segment of the path.
        token: access token for a server that takes it as ``?token=``.
    """
    # A segment of dots only would be resolved away by every client.
    segment = quote(session_id, safe="") if session_id.strip(".") else session_id.replace(".", "%2E")
    query = f"?token={quote(token, safe='')}" if token is not None else ""
    return f"{base}/{segment}{query}"


def plain_key_problem(url: str) -> str:
    """Return a sentence about a key that would cross the public network unprotected; "" if it would not.

    A name is taken for public unless it is one of a home or a firm: it is not looked up.

    Args:
        url: the address that the key would be sent to.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in ("http", "ws") or not _is_public(host):
        return ""
    secure = "wss" if parts.scheme == "ws" else "https"
    return (
        f"the API key would go to {host} without encryption, for everyone on the way to read; "
        f"write {secure}:// in the address, or allow it"
    )


def shown_url(url: str) -> str:
    """Return an address for a message, without a password in it, 200 characters at most."""
    return _shown(url)


def _is_public(host: str) -> bool:
    # A client looks up the compatible form of a name, and the system takes odd numbers for an address.
    host = normalize("NFKC", host).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    host = _by_inet_aton(host) or host
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        inner = host.rpartition(".")[0]
        return bool(inner) and not any(host == name or host.endswith(f".{name}") for name in _PRIVATE_NAMES)
    return reach_of(host) is Reach.PUBLIC


def _by_inet_aton(host: str) -> str:
    """Return the address that a system finds in numbers such as 0x8080808; "" when there is none.

    One to four numbers, decimal, octal behind 0 or hexadecimal behind 0x; the last fills what is left (POSIX,
    inet_addr).
    """
    parts = host.split(".")
    if len(parts) > _IPV4_BYTES or not all(map(_NUMBER.fullmatch, parts)):
        return ""
    *firsts, last = (int(part, _base_of(part)) for part in parts)
    if any(first > 0xFF for first in firsts) or last >= 1 << 8 * (_IPV4_BYTES - len(firsts)):
        return ""
    whole = last
    for place, first in enumerate(firsts):
        whole |= first << 8 * (_IPV4_BYTES - 1 - place)
    return str(IPv4Address(whole))


def _base_of(number: str) -> int:
    if number[:2] in ("0x", "0X"):
        return 16
    return 8 if number[0] == "0" else 10


def _parts(url: str, schemes: tuple[str, ...]) -> tuple[str, str, str]:
    """Return scheme, place and path of a configured address.

    Raises:
        ValueError: it is none.
    """
    text = url.strip()
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if scheme not in schemes or not parts.hostname:
        raise ValueError(f"{_shown(text)!r} is no address like {schemes[0]}://host:port/v1")
    if "@" in parts.netloc:
        raise ValueError(
            f"{_shown(text)!r} is an address with a name or password, which no AvaTar API reads; take it out"
        )
    try:
        right = parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"{_shown(text)!r} has a port that is no number from 1 to 65535")
    return scheme, parts.netloc, parts.path


def _shown(url: str) -> str:
    """Return a configured address for a message, without a password in it, 200 characters at most."""
    return re.sub(r"//[^/@]*@", "//", url)[:200]
