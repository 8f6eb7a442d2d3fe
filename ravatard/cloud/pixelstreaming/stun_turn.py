"""STUN and TURN servers of a stream, looked up and checked like every address that a service hands us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.webrtc.ice import IceHelper, usable
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.ports.network import AddressRefused


async def checked_helpers(
    servers: Iterable[IceServer], rule: AddressRule, limit_s: float
) -> tuple[list[IceHelper], list[str]]:
    """Return the servers to ask, with their addresses, and those that are left out with the reason.

    Args:
        servers: the servers of the configuration.
        rule: addresses that may be connected to.
        limit_s: time limit of the look-ups.
    """
    chosen, dropped = usable(servers)
    places: dict[IceHelper, str] = {}

    async def look_up(helper: IceHelper) -> None:
        try:
            async with asyncio.timeout(limit_s):
                found = await rule.admitted(helper.host, 0)
        except AddressRefused as error:
            dropped.append(f"{helper.url[:80]} ({error})")
        except (OSError, TimeoutError):
            dropped.append(f"{helper.url[:80]} (its address is not found)")
        else:
            # aioice asks STUN servers over IPv4 only.
            places[helper] = next((one for one in found if ":" not in one), found[0])

    async with asyncio.TaskGroup() as group:
        for helper in chosen:
            group.create_task(look_up(helper), name="pixelstreaming helper")
    return [replace(one, address=places[one]) for one in chosen if one in places], dropped
