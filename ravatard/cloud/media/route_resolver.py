"""Resolver of aiohttp for a route: its connections go to the addresses that were checked."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from ravatard.ports.network import Route


class RouteResolver(AbstractResolver):
    """Resolver with the addresses of a route, whatever name is asked for."""

    def __init__(self, route: Route) -> None:
        self._addresses = route.addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the route's addresses, for every ``family``."""
        return [resolved(host, address, port) for address in self._addresses]

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


def resolved(host: str, address: str, port: int) -> ResolveResult:
    """Return a numeric address in the form of aiohttp's resolvers."""
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )
