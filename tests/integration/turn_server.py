"""A real TURN server, coturn, on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.debian_programs import found
from tests.integration.firm import Firm

USER, CREDENTIAL = "user", "turn-credential"
_START_S = 10.0


@dataclass(frozen=True)
class TurnServer:
    """Ports of a running server.

    Attributes:
        plain: port for UDP and TCP.
        tls: port for TLS.
        log: what it writes.
    """

    plain: int
    tls: int
    log: Path

    def servers(self, *urls: str) -> dict[str, object]:
        """The ICE server of a configuration, with ``{plain}`` and ``{tls}`` in its URLs filled in."""
        filled = [url.format(plain=self.plain, tls=self.tls) for url in urls]
        return {"urls": filled, "username": USER, "credential": CREDENTIAL}


@asynccontextmanager
async def turn_server(
    folder: Path, firm: Firm, *, udp: bool = True, place: str = "127.0.0.1", more: Sequence[str] = ()
) -> AsyncIterator[TurnServer]:
    """A server from ``async with`` to its end.

    Args:
        folder: for its files.
        firm: signs its certificate, which is for ``turn.example`` and ``place``.
        udp: clients may ask it by UDP.
        place: its address, also of its relays.
        more: further arguments.
    """
    program = found("turnserver")
    firm.serving("turn.example", place)
    plain, tls = _free_port(place), _free_port(place)
    running = TurnServer(plain, tls, folder / "turn.log")
    process = await asyncio.create_subprocess_exec(
        program,
        *("-n", "--no-cli", "--no-dtls", "--no-tcp-relay", "--allow-loopback-peers", "--lt-cred-mech"),
        *(
            "--listening-ip",
            place,
            "--relay-ip",
            place,
            "--realm",
            "example",
            "--user",
            f"{USER}:{CREDENTIAL}",
        ),
        *("--listening-port", str(plain), "--tls-listening-port", str(tls)),
        *("--cert", str(firm.folder / "turn.example.pem"), "--pkey", str(firm.folder / "turn.example.key")),
        *("--log-file", str(running.log), "--simple-log", "--pidfile", str(folder / "turn.pid")),
        *("--userdb", str(folder / "turn.db"), "--min-port", "49152", "--max-port", "49999"),
        *([] if udp else ["--no-udp"]),
        # Without it a relay is an IPv4 address, unless the client asks, and aioice does not ask.
        *(["--allocation-default-address-family", "keep"] if ":" in place else []),
        *more,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listening(place, plain)
        await _listening(place, tls)
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _free_port(place: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET) as trial:
        trial.bind((place, 0))
        return int(trial.getsockname()[1])


async def _listening(place: str, port: int) -> None:
    async with asyncio.timeout(_START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(place, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
