"""Client of the control socket: sends requests to a running daemon, and explains when there is none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ravatard.core.control.lines import line_of
from ravatard.errors import RavatardError
from ravatard.host.access import caller, without_access
from ravatard.host.control.peer import check_place, is_trusted, peer_of
from ravatard.host.runtime import user_name

#: The daemon takes two seconds at most to confirm a change of the microphone, five to read the configuration.
ANSWER_S = 7.0
_PIECE_BYTES = 65_536
#: A status has some thousand bytes.
_LONGEST_LINE_BYTES = 4_000_000

Reply = Mapping[str, Any]


class NoDaemonError(RavatardError):
    """No daemon runs, access to it is denied, or it does not answer."""


class NotRunningError(NoDaemonError):
    """No daemon runs: no program listens at the socket."""


class NoAccessError(NoDaemonError):
    """The caller may not use the control socket: a daemon may run there."""


def ask(path: Path, request: Mapping[str, Any], *, longer_s: float = 0.0) -> Reply:
    """Return the reply to a request that takes ``longer_s`` to carry out.

    Raises:
        NoDaemonError: there is no reply.
    """
    with _connected(path) as connection:
        return next(_replies(connection, path, request, ANSWER_S + longer_s))


def watch(path: Path) -> Iterator[Reply]:
    """Yield the status, now and at every change, until the daemon ends.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    with _connected(path) as connection:
        yield from _replies(connection, path, {"do": "watch"}, None)


def _connected(path: Path) -> socket.socket:
    """Return a connection to a daemon of root's, ours or the service's; nothing is sent to another one."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(ANSWER_S)
    try:
        check_place(path)
        connection.connect(str(path))
        uid = peer_of(connection).uid
    except OSError as error:
        connection.close()
        raise _unconnected(path, error) from error
    if not is_trusted(uid):
        connection.close()
        raise NoDaemonError(
            f"the program at {path} runs as another user ({user_name(uid)}); nothing was sent to it"
        )
    return connection


def _unconnected(path: Path, error: OSError) -> NoDaemonError:
    """Return the error of a connection that failed, with what to do."""
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return NotRunningError(
            f"ravatard does not run: no answer at {path}; start it (sudo systemctl start ravatard, or "
            "ravatard run), or name its socket with --socket"
        )
    if isinstance(error, PermissionError) and error.errno is None:
        return NoAccessError(f"{error}; nothing was sent to it")
    if isinstance(error, PermissionError):
        user = caller()
        return NoAccessError(without_access(f"you ({user.name}) may not use the control socket {path}", user))
    return NoDaemonError(f"ravatard cannot be reached at {path}: {error}")


def _replies(
    connection: socket.socket, path: Path, request: Mapping[str, Any], limit_s: float | None
) -> Iterator[Reply]:
    """Yield every reply until the daemon closes; the first has a limit of ``ANSWER_S`` by default."""
    pid = peer_of(connection).pid
    pending = bytearray()
    try:
        connection.sendall(line_of(request))
        connection.settimeout(limit_s or ANSWER_S)
        while piece := connection.recv(_PIECE_BYTES):
            pending += piece
            if len(pending) > _LONGEST_LINE_BYTES:
                raise NoDaemonError(f"the program that answers at {path} is not ravatard")
            while b"\n" in piece:
                line, _, pending = pending.partition(b"\n")
                piece = bytes(pending)
                yield _decoded(bytes(line), path) | {"pid": pid}
                connection.settimeout(limit_s)
    except TimeoutError:
        raise NoDaemonError(f"ravatard (process {pid}) does not answer; is it stopping, or stuck?") from None
    except OSError as error:
        raise NoDaemonError(f"the connection to ravatard (process {pid}) broke: {error}") from error
    raise NoDaemonError(f"ravatard (process {pid}) has ended")


def _decoded(line: bytes, path: Path) -> dict[str, Any]:
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise NoDaemonError(f"the program that answers at {path} is not ravatard")
    return reply
