"""The installed daemon as it is measured: its configuration, its processes, its microphone's feeder."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ravatard.host.runtime import SOCKET_NAME
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.server import SimServer
from tests.benchmarks import procfs
from tests.integration.daemon import Config, Daemon

ROOT = Path(__file__).resolve().parents[2]
FEEDER = Path(__file__).with_name("feeder.py")
T = TypeVar("T")
#: A busy machine takes a minute for what takes a second otherwise.
_PATIENCE_S = 90.0
#: A program that takes the sound at once, as a sound card's buffer does.
SPEAKER = {"command": "sh -c 'exec cat > /dev/null'"}
#: For what a program as speaker cannot do: play faster than time.
NO_SPEAKER: Config = {"speaker": {"enabled": False}}
_SPEAKERS_WORKER = "ravatard.devices.speaker.worker"
#: The shipped one, and that of :mod:`tests.benchmarks.gate_in_daemon`.
_MICROPHONES_WORKERS = {"ravatard.devices.microphone.worker", "tests.benchmarks.raw_worker"}


def feeder(pcm: Path, *, piece_ms: int = 20, speed: float = 1, journal: Path | None = None) -> list[str]:
    """The words that start the paced feeder of a microphone or of a floor."""
    return [
        *(sys.executable, "-I", "-S", str(FEEDER), str(pcm)),
        *(str(piece_ms), f"{speed:g}", str(journal or "-")),
    ]


def service(think_s: float = 0.8) -> SimServer:
    """A simulated service, in this process, with licences for all."""
    return SimServer(SimOptions(think_s=think_s, licences=50))


class Appliance(Daemon):
    """``ravatard run`` on a microphone that is fed at the pace of a card."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        microphone: Sequence[str],
        *configs: Config,
        prototype: str | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        """Args as for a daemon; ``prototype`` names the module that is run in place of the command."""
        folder.mkdir(parents=True, exist_ok=True)
        self.user_id = folder.name
        launcher = [sys.executable, "-m", prototype] if prototype else []
        super().__init__(
            folder,
            base_url,
            {
                "service": {"user_id": self.user_id},
                "microphone": {"command": shlex.join(microphone)} if microphone else {},
                # As an owner has it, the speaker is on and may sleep, and the live voice is on where it is
                # installed. No sound card is here: its place takes a program.
                "speaker": {} if any("speaker" in config for config in configs) else SPEAKER,
                "logging": {"level": "warning"},
            },
            *configs,
            environ={"PYTHONPATH": str(ROOT)} | (environ or {}) if prototype else environ,
            launcher=launcher,
        )

    @property
    def control(self) -> Path:
        """Its control socket."""
        return Path(os.environ.get("RUNTIME_DIRECTORY", str(self.config_file.parent))) / SOCKET_NAME

    @property
    def processes(self) -> dict[str, tuple[int, ...]]:
        """The daemon with its decoders, the microphone's process, the speaker's with the program that plays.

        Not the feeder, which stands for a sound card, and is the child of the microphone's process.
        """
        found: dict[str, tuple[int, ...]] = {"daemon": (self.pid,), "microphone": (), "speaker": ()}
        for pid in procfs.children_of(self.pid):
            words = procfs.command_line(pid)
            if _SPEAKERS_WORKER in words:
                found["speaker"] += (pid, *procfs.children_of(pid))
            elif set(words) & _MICROPHONES_WORKERS:
                found["microphone"] += (pid,)
            else:
                found["daemon"] += (pid,)
        return found

    @property
    def pids(self) -> tuple[int, ...]:
        """All of them."""
        return tuple(pid for pids in self.processes.values() for pid in pids)

    async def until(self, condition: Callable[[], T], what: str, within_s: float = _PATIENCE_S) -> T:
        """Wait until ``condition`` is true, for longer than a test does: a benchmark measures, and waits."""
        return await super().until(condition, what, within_s)

    async def ready(self) -> None:
        """Wait for ``READY=1`` and its first status after that: one that listens may be in a turn already."""
        await self.until(
            lambda: self.told("READY", "1") and not self.shows("starting"), "the daemon is ready"
        )

    async def ask(self, **request: object) -> Any:
        """One request at its control socket, and the reply.

        Raises:
            RuntimeError: it was refused.
        """
        reader, writer = await asyncio.open_unix_connection(self.control, limit=1 << 20)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            async with asyncio.timeout(8):
                reply = json.loads(await reader.readline())
        finally:
            writer.close()
            await writer.wait_closed()
        if not reply.get("ok"):
            raise RuntimeError(f"{request} was refused: {reply}\n{self.story()}")
        return reply

    def cpu_s(self) -> float:
        """CPU time of all its processes so far."""
        return sum(procfs.cpu_s(pid) for pid in self.pids)

    def sessions(self, server: SimServer) -> list[SessionRecord]:
        """Its live sessions, as the service recorded them."""
        return [one for one in server.record.sessions if one.user_id == self.user_id]

    def messages(self, server: SimServer) -> int:
        """Messages with sound that the service received from it."""
        return sum(len(session.pieces) for session in self.sessions(server))
