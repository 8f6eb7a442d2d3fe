"""Rule for every address that a service hands us: files, streams, their sockets, servers and candidates.

A name is looked up once, its addresses are checked, and the connection goes to exactly those: a name that
leads elsewhere a moment later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from ravatard.cloud.media.addresses import Reach, admitted, allowed_beside, reach_of
from ravatard.cloud.media.options import MediaOptions
from ravatard.ports.network import AddressRefused, HostNotFound

#: Gives the numeric addresses of a host. OSError when it has none.
AddressLookup = Callable[[str, int], Awaitable[Sequence[str]]]

PUBLIC_ONLY = frozenset({Reach.PUBLIC})
_EVERYWHERE = frozenset({Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK})
#: RFC 1035 section 2.3.4.
_LONGEST_HOST = 253


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """Return the addresses of ``host``, as the system finds them.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class AddressRule:
    """``media.private_addresses``, for one service."""

    def __init__(
        self, options: MediaOptions, base_url: str, *, lookup: AddressLookup = system_addresses
    ) -> None:
        """Look up nothing yet.

        Args:
            options: section ``media``.
            base_url: URL of the service; "auto" allows what is beside it.
            lookup: finds the addresses of a host.
        """
        self._setting = options.private_addresses
        self._limit_s = options.connect_s
        self._base = base_url
        self._lookup = lookup

    async def allowed(self) -> frozenset[Reach]:
        """Return the reaches that may be connected to.

        Raises:
            HostNotFound: the service's own name is not found, also when that takes too long.
        """
        match self._setting:
            case "never":
                return PUBLIC_ONLY
            case "always":
                return _EVERYWHERE
            case "auto":
                parts = urlsplit(self._base)
                return allowed_beside(await self.addresses(parts.hostname or "", parts.port or 0))

    async def admitted(self, host: str, port: int) -> list[str]:
        """Return the addresses of ``host`` that may be connected to.

        Raises:
            AddressRefused: it has none that may be.
            HostNotFound: it is not found, also when that takes too long.
        """
        return await self.admitted_of(await self.addresses(host, port))

    async def admitted_of(self, found: Sequence[str]) -> list[str]:
        """Return those of ``found``, the addresses of a host, that may be connected to.

        Raises:
            AddressRefused: there is none.
            HostNotFound: the service's own name is not found.
        """
        admissible = admitted(found, PUBLIC_ONLY) or admitted(found, await self.allowed())
        if not admissible:
            reaches = {reach_of(address) for address in found}
            what = "this machine" if Reach.LOOPBACK in reaches else "no public address"
            raise AddressRefused(f"{what}; see media.private_addresses")
        return admissible

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of ``host``, admitted or not.

        Raises:
            HostNotFound: it is not found, also when that takes too long.
        """
        if not host or len(host) > _LONGEST_HOST:
            raise HostNotFound(host, "not found (no name of a host)")
        if is_numeric(host):
            return [host]
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._lookup(host, port)
        except TimeoutError:
            raise HostNotFound(host, f"not found within {self._limit_s:g} s") from None
        except (OSError, ValueError) as error:
            # ValueError: a label of no or more than 63 characters, or what is no name at all.
            cause = getattr(error, "strerror", None) or type(error).__name__
            raise HostNotFound(host, f"not found ({cause})") from None


def is_numeric(host: str) -> bool:
    """Return True for an address instead of a name."""
    try:
        reach_of(host)
    except ValueError:
        return False
    return True
