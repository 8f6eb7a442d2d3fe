"""One check, and what it may know of the ones before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ravatard.config import Options
from ravatard.config.board_file import Board
from ravatard.doctor.bench import RecordedSound
from ravatard.doctor.machine import Machine
from ravatard.doctor.result import CheckResult
from ravatard.doctor.unit_file import UnitFile, find_unit
from ravatard.errors import InternalError
from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What whoever calls the doctor wants.

    Attributes:
        config: the configuration file; None for the usual one.
        state: the state directory; None for the usual one.
        socket: the daemon's control socket; None for the one there is.
        echo: measure how the microphone hears the speaker.
        live: start a live session, which costs money, and end it.
    """

    config: Path | None = None
    state: Path | None = None
    socket: Path | None = None
    echo: bool = False
    live: bool = False


@dataclass(slots=True)
class Case:
    """One examination: what is looked at, and what was found on the way.

    Attributes:
        machine: what is looked at.
        asked: what is wanted.
        unit: how the service is installed; None when it is not.
        sealed: the service has secrets that whoever asks may not read.
        daemon: what a running daemon says of itself; None when none runs.
        board: the board of the configuration; None without one.
        recording: some seconds of the microphone.
        stream_url: where the avatar's picture and voice come from, of the live session that was tried.
    """

    machine: Machine
    asked: DoctorRequest = field(default_factory=DoctorRequest)
    unit: UnitFile | None = None
    sealed: bool = False
    daemon: Mapping[str, object] | None = None
    board: Board | None = None
    recording: RecordedSound | None = None
    stream_url: Secret | None = None
    _options: Options | None = None

    def __post_init__(self) -> None:
        self.unit = find_unit(self.machine)

    @property
    def options(self) -> Options:
        """The configuration in effect.

        Raises:
            InternalError: a check that needs it does not come after ``config``.
        """
        if self._options is None:
            raise InternalError("the configuration is looked at before it is read")
        return self._options

    @options.setter
    def options(self, options: Options) -> None:
        self._options = options


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes:
        id: its name for programs, for ever the same.
        look: looks. What may wait is a coroutine; it ends soon after being cancelled. It may raise
            RavatardError, OSError or ValueError: then nothing could be found out.
        after: ids it stands on: while one of those is broken there is nothing to look at.
        limit_s: how long it may take.
    """

    id: str
    look: Callable[[Case], CheckResult | Awaitable[CheckResult]]
    after: tuple[str, ...] = ()
    limit_s: float = 5.0
