"""Listening sockets that systemd opened before it started the daemon.

Source: sd_listen_fds(3); the protocol is three environment variables and file descriptors from 3 on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_FIRST = 3
_MOST = 16


def handed_over(name: str, environ: Mapping[str, str], pid: int | None = None) -> list[int]:
    """Return the file descriptors of the sockets of that name, which no child inherits from now on.

    Args:
        name: ``FileDescriptorName=`` of the socket unit.
        environ: the daemon's environment.
        pid: this process; None: find it.
    """
    own = os.getpid() if pid is None else pid
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(own) or not count.isdecimal() or int(count) > _MOST:
        return []
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found = []
    for number in range(int(count)):
        descriptor = _FIRST + number
        os.set_inheritable(descriptor, False)
        if number < len(names) and names[number] == name:
            found.append(descriptor)
    return found
