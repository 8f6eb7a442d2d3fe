"""STUN and TURN servers of a stream, looked up and checked like every address that a service hands us."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ravatard.cloud.media.routes import Routes
from ravatard.cloud.web_address import as_authority
from ravatard.cloud.webrtc.ice import IceHelper, usable
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.ports.network import AddressRefused, ProxyUnusable

#: Limit of the look-ups of :class:`ravatard.cloud.media.routes.Routes`, and a little.
_BEHIND_PROXY_S = 0.5


async def checked_helpers(
    servers: Iterable[IceServer], routes: Routes, limit_s: float
) -> tuple[list[IceHelper], list[str]]:
    """Return the servers to ask, with the way to them, and those that are left out with the reason.

    TURN by TCP or TLS goes through the proxy that an encrypted request to the same place would take.

    Args:
        servers: the servers of the configuration.
        routes: ways to addresses that may be connected to.
        limit_s: time limit of the look-ups.
    """
    chosen, dropped = usable(servers)
    found: dict[IceHelper, IceHelper] = {}

    async def look_up(helper: IceHelper) -> None:
        try:
            # A look-up behind a proxy has a limit of its own, and its failure does no harm.
            patient = helper.role == "TURN" and helper.way != "udp"
            async with asyncio.timeout(limit_s + _BEHIND_PROXY_S if patient else limit_s):
                found[helper] = await _found(helper, routes)
        except (AddressRefused, ProxyUnusable) as error:
            dropped.append(f"{helper.url[:80]} ({error.strerror or error})")
        except (OSError, ValueError, TimeoutError):
            dropped.append(f"{helper.url[:80]} (its address is not found)")

    async with asyncio.TaskGroup() as group:
        for helper in chosen:
            group.create_task(look_up(helper), name="pixelstreaming helper")
    return [found[one] for one in chosen if one in found], dropped


async def _found(helper: IceHelper, routes: Routes) -> IceHelper:
    """Return ``helper`` with its address, or with the proxy before it."""
    if helper.role == "STUN" or helper.way == "udp":
        routes.named.note("stun" if helper.role == "STUN" else "turn-udp", helper.host, helper.port)
        addresses: Sequence[str] = await routes.rule.admitted(helper.host, 0)
    else:
        place = as_authority(helper.host, helper.port)
        route = await routes.to(f"https://{place}/", f"turn-{helper.way}")
        if route.proxy is not None:
            return replace(helper, proxy=route.proxy, proxy_name=route.proxy_name, issuers=routes.issuers)
        addresses = route.addresses
    return replace(helper, address=_reachable(addresses), issuers=routes.issuers)


def _reachable(addresses: Sequence[str]) -> str:
    """Return the first IPv4 address that there is a way to, else the first of IPv6; sends nothing.

    By IPv4 a relay gives an address that any streamer reaches; a network may have IPv6 alone.
    """
    four, six = ([one for one in addresses if (":" in one) is wanted] for wanted in (False, True))
    for address in (*four, *six):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as trial:
                trial.connect((address, 9))
        except OSError:
            continue
        return address
    return addresses[0]
