"""Guard of the page: refuses requests that come from elsewhere, before anything of them is looked at.

Sources: Go 1.25's ``net/http`` CrossOriginProtection for requests of other sites
(https://pkg.go.dev/net/http#CrossOriginProtection); Fetch Metadata, https://www.w3.org/TR/fetch-metadata/.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping

from ravatard.web.kiosk.origin import Origin
from ravatard.web.page.refused import RequestRefused

#: Methods that change nothing (RFC 9110 section 9.2.1).
SAFE = frozenset({"GET", "HEAD"})
_SCHEMES = ("http", "https")


def check_host(host: str, own_address: str, names: Collection[str]) -> None:
    """Check that a page was opened by a name of this appliance.

    Any other name may be one that a hostile name server has pointed here ("DNS rebinding").

    Args:
        host: header ``Host``.
        own_address: address of this machine that the connection came to.
        names: names of this machine, in lower case.

    Raises:
        RequestRefused: it is none.
    """
    # No browser sends a name that is not ASCII, and any neighbour may have it looked at.
    origin = Origin.of(f"http://{host}") if host.isascii() else None
    if origin is not None and "@" not in host and "/" not in host:
        named = origin.host.removeprefix("[").removesuffix("]").rstrip(".")
        if named in names or _same_address(named, own_address):
            return
    raise RequestRefused(
        421, "wrong-host", "open this page by an address or a name of the appliance; page.names adds others"
    )


def check_site(method: str, headers: Mapping[str, str]) -> None:
    """Check that a request which may change something does not come from another site's page.

    A program sends neither ``Sec-Fetch-Site`` nor ``Origin``, and no browser lets a page leave both out.

    Raises:
        RequestRefused: it does.
    """
    if method in SAFE:
        return
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise _cross_site()
        return
    if "Origin" in headers and not is_own_origin(headers):
        raise _cross_site()


def is_own_origin(headers: Mapping[str, str]) -> bool:
    """Return True if the header ``Origin`` names the page that ``Host`` does."""
    origin = headers.get("Origin", "")
    return origin in [f"{scheme}://{headers.get('Host', '')}" for scheme in _SCHEMES]


def check_socket(headers: Mapping[str, str], *, has_token: bool) -> None:
    """Check that a WebSocket is opened by the page itself, or by a program that has a token.

    Raises:
        RequestRefused: a page of another site opens it; a browser sends the cookie with that.
    """
    site = headers.get("Sec-Fetch-Site", "same-origin")
    if is_own_origin(headers) and site == "same-origin":
        return
    if has_token and "Origin" not in headers and "Sec-Fetch-Site" not in headers:
        return
    raise _cross_site()


def is_neighbour(peer: str, own_address: str) -> bool:
    """Return True if ``peer`` is on this machine or its networks, and not anywhere in the Internet.

    An address that is valid everywhere (IPv6) is a neighbour in the same /64 only.
    """
    try:
        theirs, ours = _address(peer), _address(own_address)
    except ValueError:
        return False
    if not theirs.is_global:
        return True
    return theirs.version == 6 and theirs in ipaddress.ip_network((ours, 64), strict=False)


def is_loopback(peer: str) -> bool:
    """Return True if ``peer`` is this machine."""
    try:
        return _address(peer).is_loopback
    except ValueError:
        return False


def client_of(peer: str) -> str:
    """Return the name under which a client is counted: its address.

    Of IPv6 as well, and not its network: only neighbours are admitted, and all of a house have one network,
    so that a single one of them could keep its owner out. Who changes addresses meets the limits of all.
    """
    try:
        return str(_address(peer))
    except ValueError:
        return peer


def _cross_site() -> RequestRefused:
    return RequestRefused(403, "cross-site", "this request comes from another site's page, and is not taken")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    mapped = found.ipv4_mapped if found.version == 6 else None
    return found if mapped is None else mapped


def _same_address(named: str, own_address: str) -> bool:
    try:
        return _address(named) == _address(own_address)
    except ValueError:
        return False
