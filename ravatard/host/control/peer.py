"""Process at the other end of a Unix socket. Source: unix(7) and socket(7) for SO_PEERCRED."""

from __future__ import annotations

import socket
import struct

#: struct ucred: pid, uid, gid.
_CREDENTIALS = struct.Struct("3i")


def peer_pid(connection: socket.socket) -> int:
    """Return the id of the process at the other end; available even when it hangs.

    Raises:
        OSError: the socket is not connected.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(raw)[0]
    return pid
