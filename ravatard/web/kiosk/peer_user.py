"""User at the other end of a TCP connection on a loopback address.

The kernel knows the owner of both sockets. It is asked by netlink for exactly one of them, which takes the
same time however many sockets there are; where that is not possible, its table of all sockets is read.

Sources: sock_diag(7) (struct inet_diag_req_v2 and inet_diag_msg), proc(5) for ``/proc/net/tcp``.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: Address and port.
Address = tuple[str, int]

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NO_COOKIE = b"\xff" * 8
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI")
_PORTS = struct.Struct("!HH")
#: idiag_uid and idiag_inode: behind state and timer, the sockets' identity, expiry and the two queues.
_OWNER = struct.Struct("=II")
_OWNER_AT = _HEADER.size + 4 + 48 + 12
_STATE_AT = _HEADER.size + 1
_ESTABLISHED = 1
_ALL_STATES = 0xFFFF_FFFF
_REPLY_BYTES = 8_192
#: A table of two thousand sockets; reading a longer one would hold up the loop.
_TABLE_BYTES = 300_000


def uid_of(client: Address, server: Address) -> int | None:
    """Return the id of the user who owns the socket of ``client``, connected to ``server``; None if unknown.

    A socket that its program has closed belongs to no user any more: the kernel then shows root's id, which
    must not be believed.
    """
    for find in (_ask, _look_up):
        for one, other in _spellings(client, server):
            # Not there, or netlink is not available here.
            with suppress(LookupError, OSError, ValueError):
                return find(one, other)
    return None


def user_ids(names: Iterable[str]) -> frozenset[int]:
    """Return the ids of root, of our own user, and of ``names`` as far as this machine has them."""
    found = {0, os.geteuid()}
    for name in names:
        with suppress(KeyError):
            found.add(pwd.getpwnam(name).pw_uid)
    return frozenset(found)


def _spellings(client: Address, server: Address) -> list[tuple[Address, Address]]:
    """Return both addresses, and for IPv4 as an IPv6 socket has them (RFC 4291 section 2.5.5.2)."""
    found = [(client, server)]
    if ":" not in client[0]:
        found.append(((f"::ffff:{client[0]}", client[1]), (f"::ffff:{server[0]}", server[1])))
    return found


def _ask(client: Address, server: Address) -> int | None:
    """Ask the kernel for the owner of one socket; None if its program has closed it.

    Raises:
        LookupError: the kernel has no such socket.
        OSError: netlink is not available here.
    """
    packed = [ipaddress.ip_address(host).packed for host, _ in (client, server)]
    family = socket.AF_INET if len(packed[0]) == 4 else socket.AF_INET6
    identity = _PORTS.pack(client[1], server[1]) + b"".join(one.ljust(16, b"\0") for one in packed)
    asked = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES) + identity + bytes(4) + _NO_COOKIE
    header = _HEADER.pack(_HEADER.size + len(asked), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as netlink:
        netlink.sendto(header + asked, (0, 0))
        # The kernel has answered before sendto() returns.
        reply = netlink.recv(_REPLY_BYTES)
    if len(reply) < _OWNER_AT + _OWNER.size or _HEADER.unpack_from(reply)[1] != _SOCK_DIAG_BY_FAMILY:
        raise LookupError
    uid, inode = _OWNER.unpack_from(reply, _OWNER_AT)
    return int(uid) if inode and reply[_STATE_AT] == _ESTABLISHED else None


def _look_up(client: Address, server: Address, table: Path = Path("/proc/self/net")) -> int | None:
    """Look for the owner of one socket in the kernel's table; None if its program has closed it.

    Raises:
        LookupError: it is not in the table, or in a part of it that is not read.
        OSError: the table cannot be read.
        ValueError: the table cannot be understood.
    """
    wanted = f" {_in_table(client)} {_in_table(server)} ".encode()
    with (table / ("tcp6" if ":" in client[0] else "tcp")).open("rb") as file:
        content = file.read(_TABLE_BYTES)
    line = content[content.index(wanted) :].partition(b"\n")[0].split()
    state, uid, inode = int(line[2], 16), int(line[6]), int(line[8])
    return uid if inode and state == _ESTABLISHED else None


def _in_table(address: Address) -> str:
    """Return ``address`` as the table has it: words of 32 bits in the machine's order, and the port."""
    packed = ipaddress.ip_address(address[0]).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    order = -1 if sys.byteorder == "little" else 1
    return f"{''.join(word[::order].hex() for word in words).upper()}:{address[1]:04X}"
