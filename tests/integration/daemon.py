"""``ravatard run`` under test: its configuration file, and a service manager that listens to it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from tests.integration.program import PATIENCE_S, Program

#: Must never be seen outside of requests to the service.
PROJECT = "project-never-shown-4711"
USER = "appliance-under-test"

Config = Mapping[str, Mapping[str, object]]


def merged(*configs: Config) -> dict[str, dict[str, object]]:
    """Several configurations in one; what comes later is stronger."""
    result: dict[str, dict[str, object]] = {}
    for config in configs:
        for section, settings in config.items():
            result.setdefault(section, {}).update(settings)
    return result


@dataclass(frozen=True, slots=True)
class Notice:
    """One datagram of sd_notify(3).

    Attributes:
        at: when it came, on the loop's clock.
        fields: what it says, by name.
    """

    at: float
    fields: Mapping[str, str]


class Daemon(Program):
    """``ravatard run`` with a configuration and a real NOTIFY_SOCKET.

    Attributes:
        notices: what it told its service manager, oldest first.
        config_file: its configuration; see :meth:`configure`.
    """

    def __init__(
        self,
        folder: Path,
        base_url: str,
        *configs: Config,
        environ: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
        watchdog_s: float | None = None,
        in_journal: bool = False,
    ) -> None:
        """``folder`` takes its files, ``base_url`` is the service; ``in_journal``: stderr is the journal."""
        service: Config = {"service": {"base_url": base_url, "project_id": PROJECT, "user_id": USER}}
        self.config_file = folder / "ravatard.yaml"
        self.notices: list[Notice] = []
        self._configs = (service, *configs)
        self._in_journal = in_journal
        self._address = str(folder / "notify")
        # The folder may have seen a daemon's earlier life.
        (folder / "notify").unlink(missing_ok=True)
        notify = {"NOTIFY_SOCKET": self._address, "STATE_DIRECTORY": str(folder / "state")}
        # Two daemons at once must not meet at one control socket, whoever starts them.
        notify["RUNTIME_DIRECTORY"] = os.environ.get("RUNTIME_DIRECTORY", str(folder))
        if watchdog_s is not None:
            notify["WATCHDOG_USEC"] = str(round(watchdog_s * 1_000_000))
        self.configure()
        super().__init__(
            "run",
            "--config",
            str(self.config_file),
            environ=notify | dict(environ or {}),
            launcher=launcher,
        )

    def configure(self, *configs: Config) -> None:
        """Write the configuration file anew, with ``configs`` on top of what it was made with.

        Unless one of them has a section ``speaker`` there is none: no test may play on the machine's own.
        """
        config = merged(*self._configs, *configs)
        config.setdefault("speaker", {"enabled": False})
        self.config_file.write_text(yaml.safe_dump(config))

    async def __aenter__(self) -> Self:
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._manager.bind(self._address)
        await super().__aenter__()
        self._loop.add_reader(self._manager, self._hear)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, traceback)
        self._loop.remove_reader(self._manager)
        self._manager.close()

    def _more_environ(self, stderr: int) -> dict[str, str]:
        stream = os.fstat(stderr)
        return {"JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}"} if self._in_journal else {}

    def _hear(self) -> None:
        while True:
            try:
                datagram = self._manager.recv(4_096).decode()
            except BlockingIOError:
                return
            fields = dict(line.split("=", 1) for line in datagram.splitlines())
            self.notices.append(Notice(self.now, fields))

    # ------------------------------------------------------------------ what it told

    def told(self, field: str, value: str | None = None) -> list[Notice]:
        """The notices that have ``field``, with this value if one is given."""
        return [n for n in self.notices if field in n.fields and value in (None, n.fields[field])]

    @property
    def statuses(self) -> list[str]:
        """Every ``STATUS=``, oldest first."""
        return [notice.fields["STATUS"] for notice in self.told("STATUS")]

    def shows(self, words: str) -> bool:
        """Whether the newest ``STATUS=`` begins with these words."""
        return bool(self.statuses) and self.statuses[-1].startswith(words)

    def story(self) -> str:
        """All that may explain a failure."""
        told = "\n".join(f"{n.at - self.started_at:6.2f} s  {dict(n.fields)}" for n in self.notices)
        return f"{super().story()}\nnotices:\n{told}"

    # ------------------------------------------------------------------ waiting

    async def ready(self) -> None:
        """Wait for ``READY=1`` and for a status that says so, or that only the wake word is waited for."""
        await self.until(
            lambda: (
                self.told("READY", "1") and (self.shows("ready") or self.shows("waiting for the wake word"))
            ),
            "the daemon is ready",
        )

    async def showing(self, words: str, within_s: float = PATIENCE_S) -> None:
        """Wait for a ``STATUS=`` that begins with ``words``."""
        await self.until(lambda: self.shows(words), f"STATUS={words}", within_s)

    async def stopped(self, number: signal.Signals = signal.SIGTERM, within_s: float = 10.0) -> float:
        """Stop it; returns the seconds it took. Checks what is true of every good end.

        Raises:
            AssertionError: it did not end in time, or not well.
        """
        asked_at = self.now
        self.send(number)
        status = await self.ended(within_s)
        took_s = self.now - asked_at
        self._hear()
        assert status == 0, self.story()
        assert self.told("STOPPING", "1"), self.story()
        assert self.orphans() == [], self.story()
        assert "Traceback" not in self.stderr, self.story()
        return took_s
