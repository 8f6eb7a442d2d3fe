"""Routes to the addresses that a service hands us: through the owner's proxy, or straight to checked ones."""

from __future__ import annotations

import asyncio
import socket

from ravatard.cloud.media.address_rule import AddressRule, is_numeric
from ravatard.cloud.media.named_hosts import NamedHosts
from ravatard.cloud.network.trust import Issuers
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.web_address import as_it_came
from ravatard.ports.network import AddressRefused, HostNotFound, Route
from ravatard.secret import Secret

#: Limit for a look-up whose only use is to refuse: behind a proxy there is often no name service.
_LOOK_UP_S = 1.0


class Routes:
    """Rule and proxies, for every request to an address that a service hands us.

    Attributes:
        rule: addresses that may be connected to.
        issuers: issuers to trust there, beside those of this machine.
        named: list that every such host is taken into.
    """

    def __init__(
        self,
        rule: AddressRule,
        proxies: Proxies,
        issuers: Issuers | None = None,
        named: NamedHosts | None = None,
    ) -> None:
        """Look up nothing yet."""
        self.rule = rule
        self.issuers = issuers or Issuers()
        self.named = named or NamedHosts()
        self._proxies = proxies

    async def to(self, url: str, protocol: str = "") -> Route:
        """Return the route to ``url``; ``protocol``: the one that is spoken there, if not that of the URL.

        A proxy looks up names by itself, and may know other ones than this machine. What is known here is
        checked all the same: an address in the place of a name, and the addresses of a name that is found.

        Raises:
            AddressRefused: it may not be connected to.
            HostNotFound: it has no address; not behind a proxy.
            ProxyUnusable: the proxy that is set for it cannot be used.
            ValueError: it is no address.
        """
        address = as_it_came(url)
        host, port = address.raw_host or "", address.port or 0
        self.named.note(protocol or address.scheme, host, port)
        proxy = self._proxies.of(str(address))
        if proxy is None:
            return Route(tuple(await self.rule.admitted(host, port)))
        await self._check(host, port)
        return Route((), Secret(str(proxy.url)), str(proxy))

    async def _check(self, host: str, port: int) -> None:
        try:
            async with asyncio.timeout(_LOOK_UP_S):
                found = await self.rule.addresses(_as_number(host) or host, port)
        except (HostNotFound, TimeoutError):
            # Left to the proxy.
            return
        try:
            async with asyncio.timeout(_LOOK_UP_S):
                await self.rule.admitted_of(found)
        except (HostNotFound, TimeoutError):
            # The service's own name is not found: then nothing is beside it.
            raise AddressRefused("no public address; see media.private_addresses") from None


def _as_number(host: str) -> str | None:
    """Return the numeric address that ``host`` stands for, also in forms such as 127.1; None for a name."""
    if is_numeric(host):
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
