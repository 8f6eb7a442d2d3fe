"""The installed daemon as it is measured: its configuration, its two processes, its microphone's feeder."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ravatard.host.runtime import SOCKET_NAME
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.server import SimServer
from tests.benchmarks import procfs
from tests.integration.daemon import Config, Daemon

ROOT = Path(__file__).resolve().parents[2]
FEEDER = Path(__file__).with_name("feeder.py")


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
                # What is compared with a floor listens and is silent; voice.py measures one that speaks.
                "speaker": {"enabled": False},
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
    def pids(self) -> tuple[int, int]:
        """The daemon and its sound process; not the feeder, which is the sound process's child."""
        return self.pid, procfs.child_of(self.pid)

    def cpu_s(self) -> float:
        """CPU time of both processes so far."""
        return sum(procfs.cpu_s(pid) for pid in self.pids)

    def sessions(self, server: SimServer) -> list[SessionRecord]:
        """Its live sessions, as the service recorded them."""
        return [one for one in server.record.sessions if one.user_id == self.user_id]

    def messages(self, server: SimServer) -> int:
        """Messages with sound that the service received from it."""
        return sum(len(session.pieces) for session in self.sessions(server))
