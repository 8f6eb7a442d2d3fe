"""Hosts that a service has named in this run, for a report about what a firewall must let through."""

from __future__ import annotations

from ravatard.cloud.border import plain
from ravatard.ports.network import NamedHost

#: A session names three or four; of more the newest are kept.
_MOST = 16
#: RFC 1035, 2.3.4.
_LONGEST_HOST = 253


class NamedHosts:
    """List of hosts, the newest last; also of those that are not reached."""

    def __init__(self) -> None:
        """Know none yet."""
        self._hosts: dict[NamedHost, None] = {}

    def note(self, protocol: str, host: str, port: int) -> None:
        """Take a host in, or put it last. It is a stranger's word; no path, query or token comes with it."""
        named = NamedHost(protocol, plain(host, _LONGEST_HOST), port)
        self._hosts.pop(named, None)
        self._hosts[named] = None
        while len(self._hosts) > _MOST:
            del self._hosts[next(iter(self._hosts))]

    def listed(self) -> tuple[NamedHost, ...]:
        """Return the hosts."""
        return tuple(self._hosts)
