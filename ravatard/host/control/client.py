"""The other end of the control socket: asks a running daemon, and says in words when there is none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ravatard.core.control.protocol import line_of
from ravatard.errors import RavatardError
from ravatard.host.control.peer import peer_pid
from ravatard.host.runtime import GROUP

#: The daemon waits two seconds at most to tell the truth about the microphone, five for the configuration.
ANSWER_S = 7.0
_PIECE_BYTES = 65_536

Reply = Mapping[str, Any]


class NoDaemonError(RavatardError):
    """No daemon runs, it may not be asked, or it does not answer."""


def ask(path: Path, request: Mapping[str, Any], *, longer_s: float = 0.0) -> Reply:
    """The one reply to a request; ``longer_s``: how long carrying it out takes besides.

    Raises:
        NoDaemonError: there is none.
    """
    with _connected(path) as connection:
        return next(_replies(connection, path, request, ANSWER_S + longer_s))


def watch(path: Path) -> Iterator[Reply]:
    """How it is, now and at every change, until the daemon ends.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    with _connected(path) as connection:
        yield from _replies(connection, path, {"do": "watch"}, None)


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(ANSWER_S)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise NoDaemonError(_why_not(path, error)) from error
    return connection


def _why_not(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return f"no ravatard runs: nobody answers at {path}; start it, or name its socket with --socket"
    if isinstance(error, PermissionError):
        return f"{path} may not be used by you; join the group {GROUP}, or be root"
    return f"ravatard cannot be asked at {path}: {error}"


def _replies(
    connection: socket.socket, path: Path, request: Mapping[str, Any], limit_s: float | None
) -> Iterator[Reply]:
    """Every reply until the daemon closes; for the first one ``ANSWER_S`` is waited in any case."""
    pid = peer_pid(connection)
    pending = b""
    try:
        connection.sendall(line_of(request))
        connection.settimeout(limit_s or ANSWER_S)
        while piece := connection.recv(_PIECE_BYTES):
            *lines, pending = (pending + piece).split(b"\n")
            for line in lines:
                yield _understood(line, path) | {"pid": pid}
                connection.settimeout(limit_s)
    except TimeoutError:
        raise NoDaemonError(f"ravatard (process {pid}) does not answer; is it stopping, or stuck?") from None
    except OSError as error:
        raise NoDaemonError(f"ravatard (process {pid}) broke off: {error}") from error
    raise NoDaemonError(f"ravatard (process {pid}) has ended")


def _understood(line: bytes, path: Path) -> dict[str, Any]:
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise NoDaemonError(f"whoever answers at {path} is no ravatard")
    return reply
