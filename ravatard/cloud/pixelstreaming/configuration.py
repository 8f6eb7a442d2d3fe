"""ICE servers in a signalling server's configuration, within bounds. Pure."""

from __future__ import annotations

from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import Secret

#: ICE servers of a configuration, the addresses of each, and the length of a name, password or address.
_MOST_SERVERS = 16
_MOST_URLS = 8
LONGEST_TEXT = 1_000


def ice_servers(options: object) -> tuple[IceServer, ...]:
    """Return the servers in ``peerConnectionOptions``; those that cannot be read are left out."""
    listed = options.get("iceServers") if isinstance(options, dict) else None
    if not isinstance(listed, list):
        return ()
    servers = []
    for one in listed[:_MOST_SERVERS]:
        if not isinstance(one, dict):
            continue
        urls = one.get("urls", one.get("url"))
        texts = [urls] if isinstance(urls, str) else urls if isinstance(urls, list) else []
        usable = tuple(url for url in texts[:_MOST_URLS] if short_text(url))
        name, credential = short_text(one.get("username")), short_text(one.get("credential"))
        servers.append(IceServer(usable, name, Secret(credential)))
    return tuple(servers)


def short_text(value: object) -> str:
    """Return ``value`` if it is a text of reasonable length, else ""."""
    return value if isinstance(value, str) and len(value) <= LONGEST_TEXT else ""
