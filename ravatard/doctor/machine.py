"""The machine that is looked at: its files below a root, its programs, its clock; a test brings its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from ravatard.doctor.bench import Bench, ChildBench
from ravatard.host.control.client import Reply, ask
from ravatard.ports.network import Network

#: More of a program's output says nothing new.
_OUTPUT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """A program that ran.

    Attributes:
        status: its exit status.
        out: what it printed, on either output.
    """

    status: int
    out: str


class Run(Protocol):
    """Runs programs of the machine."""

    async def __call__(self, *command: str) -> ProgramResult | None:
        """Run one, without a shell and without input; None when there is no such program.

        Cancelling kills it. The caller sets the deadline.
        """
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """What a doctor may look at.

    Attributes:
        root: where ``proc``, ``sys``, ``etc`` and ``dev`` are.
        environ: the environment of whoever asks.
        uid: the user who asks.
        groups: ids of the groups that user is in.
        run: runs programs.
        now: the clock on the wall, with its time zone.
        free_bytes: room left for ordinary users on the file system of a path.
        ask: asks a running daemon at its control socket.
        connect: opens a connection to a host and port, with TLS or without, and closes it.
        network: makes what carries requests to the service.
        bench: records and plays.
        version: of an installed Python package; None without it.
    """

    environ: Mapping[str, str]
    run: Run
    ask: Callable[[Path, Mapping[str, str]], Reply]
    connect: Callable[[str, int, bool], Awaitable[None]]
    network: Callable[[], Network]
    bench: Bench
    version: Callable[[str], str | None]
    free_bytes: Callable[[Path], int]
    now: Callable[[], datetime]
    root: Path = Path("/")
    uid: int = 0
    groups: frozenset[int] = frozenset()

    def path(self, absolute: str) -> Path:
        """``absolute`` on this machine."""
        return self.root / absolute.lstrip("/")

    def text(self, absolute: str) -> str | None:
        """What is in a small file; None when it cannot be read."""
        try:
            return self.path(absolute).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def shown(self, path: Path) -> str:
        """``path`` as it is called on this machine."""
        with contextlib.suppress(ValueError):
            return f"/{path.relative_to(self.root)}"
        return str(path)


def this_machine(environ: Mapping[str, str]) -> Machine:
    """The machine we run on."""
    return Machine(
        environ=environ,
        run=run_program,
        ask=ask,
        connect=connect,
        network=_network,
        bench=ChildBench(environ),
        version=_version,
        free_bytes=lambda path: shutil.disk_usage(path).free,
        now=lambda: datetime.now(UTC),
        uid=os.geteuid(),
        groups=frozenset({os.getegid(), *os.getgroups()}),
    )


async def run_program(*command: str) -> ProgramResult | None:
    """See :class:`Run`."""
    program = shutil.which(command[0])
    if program is None:
        return None
    # What programs say is read here, so it is asked for in one language.
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    # Its own group: Ctrl-C is for us.
    process = await asyncio.create_subprocess_exec(
        program,
        *command[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environ,
        process_group=0,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return ProgramResult(process.returncode or 0, out[:_OUTPUT_BYTES].decode(errors="replace"))


async def connect(host: str, port: int, tls: bool) -> None:
    """Open a connection and close it again. The caller sets the deadline.

    Raises:
        OSError: none could be had; as ``ssl.SSLCertVerificationError``: the server is not trusted.
    """
    _, writer = await asyncio.open_connection(host, port, ssl=True if tls else None)
    # Aborted, not closed: a server that never says goodbye must not keep us.
    writer.transport.abort()


def _network() -> Network:
    from ravatard.cloud.http import AiohttpNetwork

    return AiohttpNetwork(ping_s=5.0)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


async def output(machine: Machine, *command: str) -> str | None:
    """What a program of ``machine`` printed; None when there is none, or it failed."""
    ran = await machine.run(*command)
    return ran.out if ran is not None and ran.status == 0 else None


def names(words: Sequence[str]) -> str:
    """``words`` as a list in a sentence."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
