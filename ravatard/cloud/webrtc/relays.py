"""Relayed candidates: TURN servers by UDP, TCP and TLS side by side, and through an HTTP proxy.

aioice asks one TURN server, straight, and by one of the three ways: behind a firewall that lets UDP through
nowhere, the one it was told may be the one that cannot be reached. Like :mod:`ravatard.cloud.webrtc.peer`
this module is imported when a stream is opened.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aioice import turn
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from yarl import URL

from ravatard.cloud.network.trust import trusted
from ravatard.cloud.network.tunnel import open_tunnel
from ravatard.cloud.webrtc.ice import WAYS, IceHelper

#: RFC 8445 section 5.1.2.1: the local preference stands above the last eight bits of a priority.
_LOCAL_PREFERENCE = 256


async def relayed(agent: Any, helper: IceHelper, component: int, *, relay_only: bool) -> Any:
    """Ask one TURN server for a candidate of ``agent``. Cancelling closes the connection to the server.

    Args:
        agent: aioice's part of a transport; gets the way of the candidate.
        helper: the server, with its address or its proxy.
        component: of ICE.
        relay_only: do not tell the peer our own address.

    Raises:
        Exception: whatever aioice raises; there is no candidate.
    """
    inner, transport = await _connected(helper)
    try:
        way = StunProtocol(agent)
        relay = turn.TurnTransport(inner)
        # aioice has no public name for it: asks for the allocation.
        await relay._connect(way)  # noqa: SLF001
    except BaseException:
        transport.close()
        raise
    host, port = way.transport.get_extra_info("sockname")
    related = way.transport.get_extra_info("related_address")
    if relay_only:
        # RFC 8839 section 5.1.
        related = ("::" if ":" in host else "0.0.0.0", 9)  # noqa: S104 - it stands for no address
    number = WAYS.index(helper.way)
    way.local_candidate = Candidate(
        foundation=f"{candidate_foundation('relay', 'udp', host)}{number}",
        component=component,
        transport="udp",
        # By UDP sound is not delayed by packets that are sent again.
        priority=candidate_priority(component, "relay") - number * _LOCAL_PREFERENCE,
        host=host,
        port=port,
        type="relay",
        related_address=related[0],
        related_port=related[1],
    )
    return way


async def _connected(helper: IceHelper) -> tuple[Any, asyncio.BaseTransport]:
    """Return aioice's end of a connection to a TURN server, and its transport."""
    loop = asyncio.get_running_loop()
    credential = helper.credential.reveal() if helper.credential is not None else None
    place = (helper.address or helper.host, helper.port)
    limits = (turn.DEFAULT_ALLOCATION_LIFETIME, turn.DEFAULT_CHANNEL_REFRESH_TIME)
    if helper.way == "udp":
        udp, datagrams = await loop.create_datagram_endpoint(
            lambda: turn.TurnClientUdpProtocol(place, helper.username, credential, *limits),
            remote_addr=place,
        )
        if (sock := udp.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, turn.UDP_SOCKET_BUFFER_SIZE)
        return datagrams, udp
    tls = trusted(helper.issuers) if helper.encrypted else None
    protocol = turn.TurnClientTcpProtocol(place, helper.username, credential, *limits)
    if helper.proxy is None:
        stream, _ = await loop.create_connection(
            lambda: protocol, *place, ssl=tls, server_hostname=helper.host if tls else None
        )
        return protocol, stream
    proxy = URL(helper.proxy.reveal())
    transport = await open_tunnel(proxy, helper.proxy_name, (helper.host, helper.port), helper.issuers)
    if tls is None:
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return protocol, transport
    try:
        within = await loop.start_tls(transport, protocol, tls, server_hostname=helper.host)
    except BaseException:
        transport.abort()
        raise
    if within is None:
        raise ConnectionError(f"{helper.host} hung up")
    protocol.connection_made(within)
    return protocol, within
