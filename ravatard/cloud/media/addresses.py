"""Addresses files may be fetched from: an answer must not make us ask the router, a neighbour, or ourselves.

The service, or the author of the avatar's words, chooses an address, and this machine connects to it: behind
the firewall, in the owner's network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import Enum, unique

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Metadata services, which hand credentials to the machines of a cloud, outside the link-local range: AWS
#: (IPv6), Alibaba, Oracle.
_METADATA = frozenset({"fd00:ec2::254", "100.100.100.200", "192.0.0.192"})
#: RFC 6052: IPv4 written as IPv6, for networks that have no IPv4.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: RFC 4291 section 2.4: all that is assigned to the public today.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")


@unique
class Reach(Enum):
    """Part of the network in which an address is valid."""

    PUBLIC = "public"
    PRIVATE = "private"
    """Network of a home, a firm or a provider."""
    LOOPBACK = "loopback"
    """This machine."""
    NEVER = "never"
    """Never fetched from: link-local, metadata services, multicast, unspecified."""


def reach_of(address: str) -> Reach:
    """Return the reach of ``address``; an IPv6 address with an IPv4 address in it counts as that.

    Raises:
        ValueError: it is no address.
    """
    return _reach(ipaddress.ip_address(address.partition("%")[0]))


def _reach(ip: IpAddress) -> Reach:
    inner = _inner(ip)
    if inner is not None:
        return _reach(inner)
    if str(ip) in _METADATA or ip.is_unspecified or ip.is_multicast or ip.is_link_local:
        return Reach.NEVER
    if ip.is_loopback:
        return Reach.LOOPBACK
    if isinstance(ip, ipaddress.IPv4Address):
        if ip in _THIS_NETWORK or ip.is_reserved:
            return Reach.NEVER
    elif ip not in _GLOBAL_UNICAST:
        return Reach.PRIVATE
    return Reach.PUBLIC if ip.is_global else Reach.PRIVATE


def _inner(ip: IpAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to, or None."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    # The old "compatible" form ::a.b.c.d, of which ::1 is none.
    if int(ip) >> 32 == 0 and int(ip) > 0xFFFF:
        return ipaddress.IPv4Address(int(ip))
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def allowed_beside(base: Iterable[str]) -> frozenset[Reach]:
    """Return the reaches to fetch from when the service itself is at ``base``, the addresses of its name.

    A service on this machine may point at this machine and its network; one in the network not at this
    machine; a public one at public addresses only.
    """
    reached = {reach_of(address) for address in base}
    if Reach.LOOPBACK in reached:
        return frozenset({Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK})
    if Reach.PRIVATE in reached:
        return frozenset({Reach.PUBLIC, Reach.PRIVATE})
    return frozenset({Reach.PUBLIC})


def admitted(addresses: Iterable[str], allowed: frozenset[Reach]) -> list[str]:
    """Return those of ``addresses`` that may be connected to, in their order."""
    return [address for address in addresses if reach_of(address) in allowed]
