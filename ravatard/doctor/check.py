"""A single check, and the case file that checks share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ravatard.cloud.kind import ServiceFinding
from ravatard.config import Options
from ravatard.config.board_file import Board
from ravatard.doctor.bench import RecordedSound
from ravatard.doctor.machine import Machine
from ravatard.doctor.result import CheckResult
from ravatard.doctor.unit_file import UnitFile, find_unit
from ravatard.errors import InternalError
from ravatard.host.runtime import SYSTEM_DIRECTORY, find_socket
from ravatard.host.state import SYSTEM, state_directory
from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """Arguments of an examination.

    Attributes:
        config: the configuration file; None for the default.
        state: the state directory; None for the default.
        socket: the daemon's control socket; None to find it.
        echo: measure the echo of the speaker in the microphone.
        live: start a live session, which costs money, and end it.
    """

    config: Path | None = None
    state: Path | None = None
    socket: Path | None = None
    echo: bool = False
    live: bool = False


@dataclass(slots=True)
class Case:
    """One examination: the machine, the arguments and facts found by earlier checks.

    Attributes:
        machine: the machine under examination.
        asked: the arguments.
        unit: the installed unit of the service; None when it is not installed.
        sealed: True when the service has secrets that the caller may not read.
        daemon: status report of the running daemon; None when none runs.
        board: the configured board; None without one.
        recording: a few seconds from the microphone.
        stream_url: address of the stream of the live session that was tried.
        in_session: findings within that session, by the name of their check.
    """

    machine: Machine
    asked: DoctorRequest = field(default_factory=DoctorRequest)
    unit: UnitFile | None = None
    sealed: bool = False
    daemon: Mapping[str, object] | None = None
    board: Board | None = None
    recording: RecordedSound | None = None
    stream_url: Secret | None = None
    in_session: Mapping[str, ServiceFinding] = field(default_factory=dict)
    _options: Options | None = None

    def __post_init__(self) -> None:
        self.unit = find_unit(self.machine)

    @property
    def options(self) -> Options:
        """The configuration in effect.

        Raises:
            InternalError: a check needs the configuration but does not come after ``config``.
        """
        if self._options is None:
            raise InternalError("the configuration is used before it is read")
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        self._options = options

    @property
    def socket(self) -> Path:
        """Control socket of the daemon."""
        machine = self.machine
        system = machine.path(str(SYSTEM_DIRECTORY))
        return self.asked.socket or find_socket(machine.environ, system=system, uid=machine.uid)

    @property
    def state(self) -> Path:
        """State directory of the caller."""
        system = self.machine.path(str(SYSTEM))
        return state_directory(self.machine.environ, self.asked.state, system=system)


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        id: stable name for programs.
        look: performs the check. A check that waits is a coroutine and ends soon after being cancelled.
            RavatardError, OSError and ValueError raised by it mean "unknown".
        after: ids of checks it depends on; it is skipped while one of them is broken.
        limit_s: deadline.
        beside: ids of checks whose findings it uses, whatever they are.
    """

    id: str
    look: Callable[[Case], CheckResult | Awaitable[CheckResult]]
    after: tuple[str, ...] = ()
    limit_s: float = 5.0
    beside: tuple[str, ...] = ()
