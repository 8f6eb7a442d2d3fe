"""The machine under examination: files below a root, programs, clock; tests supply their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from ravatard.cloud.network.access import NetworkAccess
from ravatard.doctor.bench import Bench, ChildBench
from ravatard.host.control.client import Reply, ask
from ravatard.installation import SERVICE
from ravatard.mqtt.options import MqttOptions
from ravatard.ports.broker import Broker
from ravatard.ports.network import Network

#: Longest output of a program that is read.
_OUTPUT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """Result of a program.

    Attributes:
        status: its exit status.
        out: its standard output and standard error.
    """

    status: int
    out: str


class Run(Protocol):
    """Runner of the machine's programs."""

    async def __call__(self, *command: str) -> ProgramResult | None:
        """Run a program without a shell and without input; return None when it is not installed.

        Cancelling kills it. The caller sets the deadline.
        """
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything the checks may access.

    Attributes:
        root: where ``proc``, ``sys``, ``etc`` and ``dev`` are.
        environ: the caller's environment.
        uid: the caller's user id.
        groups: ids of the caller's groups.
        prefix: the installation that the doctor runs from.
        run: runs programs.
        now: wall clock, with its time zone.
        free_bytes: space left for ordinary users on the file system of a path.
        ask: sends a request to the daemon's control socket.
        connect: opens and closes a connection to a host and port, without TLS (False), or with it: by whom
            this machine trusts (True), or by a context.
        network: makes the network that carries requests to the service, by this access.
        broker: makes the MQTT broker of these options, for a client with this id.
        bench: records and plays.
        version: version of an installed Python package; None without it.
    """

    environ: Mapping[str, str]
    run: Run
    ask: Callable[[Path, Mapping[str, str]], Reply]
    connect: Callable[[str, int, ssl.SSLContext | bool], Awaitable[None]]
    network: Callable[[NetworkAccess], Network]
    broker: Callable[[MqttOptions, str], Broker]
    bench: Bench
    version: Callable[[str], str | None]
    free_bytes: Callable[[Path], int]
    now: Callable[[], datetime]
    root: Path = Path("/")
    uid: int = 0
    groups: frozenset[int] = frozenset()
    prefix: Path = SERVICE

    def path(self, absolute: str) -> Path:
        """Return ``absolute`` below the root of this machine."""
        return self.root / absolute.lstrip("/")

    def text(self, absolute: str) -> str | None:
        """Return the text of a small file; None when it cannot be read."""
        try:
            return self.path(absolute).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def shown(self, path: Path) -> str:
        """Return ``path`` as named on this machine, without the root."""
        with contextlib.suppress(ValueError):
            return f"/{path.relative_to(self.root)}"
        return str(path)


def this_machine(environ: Mapping[str, str]) -> Machine:
    """Return the machine that this program runs on."""
    return Machine(
        environ=environ,
        run=run_program,
        ask=ask,
        connect=connect,
        network=_network,
        broker=_broker,
        bench=ChildBench(environ),
        version=_version,
        free_bytes=lambda path: shutil.disk_usage(path).free,
        now=lambda: datetime.now(UTC),
        uid=os.geteuid(),
        groups=frozenset({os.getegid(), *os.getgroups()}),
        prefix=Path(sys.prefix),
    )


async def run_program(*command: str) -> ProgramResult | None:
    """See :class:`Run`."""
    program = shutil.which(command[0])
    if program is None:
        return None
    # The output is parsed, so every program gets the same language.
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    # Its own process group: Ctrl-C is meant for the doctor.
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


async def connect(host: str, port: int, tls: ssl.SSLContext | bool) -> None:
    """Open a connection and close it again. The caller sets the deadline.

    Raises:
        OSError: no connection; as ``ssl.SSLCertVerificationError``: the certificate is not trusted.
    """
    _, writer = await asyncio.open_connection(host, port, ssl=tls or None)
    # Aborted, not closed: a server that never closes its side must not delay the doctor.
    writer.transport.abort()


def _network(access: NetworkAccess) -> Network:
    from ravatard.cloud.http import AiohttpNetwork

    return AiohttpNetwork(ping_s=5.0, tls=access.issuers, proxies=access.proxies)


def _broker(options: MqttOptions, client_id: str) -> Broker:
    from ravatard.mqtt.aiomqtt_broker import AiomqttBroker

    return AiomqttBroker(options, client_id)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


async def output(machine: Machine, *command: str) -> str | None:
    """Return the output of a program of ``machine``; None when it is not installed or failed."""
    ran = await machine.run(*command)
    return ran.out if ran is not None and ran.status == 0 else None


def names(words: Sequence[str]) -> str:
    """Join ``words`` as a list in a sentence."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
