"""Types of log, doctor and sound in the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ravatard.web.page.api.types import END

#: Id of a check; none can be taken for an option of the command line.
CheckId = Annotated[str, Meta(pattern=f"^[a-z][a-z.-]{{0,39}}{END}")]


class Examine(Struct, forbid_unknown_fields=True):
    """Run doctor's checks: all of them, or those named here and what they need."""

    only: Annotated[list[CheckId], Meta(max_length=60)] = []
    echo: bool = False


class LogEntry(Struct):
    """One line of the log. `number` grows by one a line; `at` is seconds since 1970."""

    number: int
    at: float
    level: Literal["debug", "info", "warning", "error", "critical"]
    logger: str
    text: str


class LogPage(Struct):
    """Lines of the log, oldest first; `missed` lines before them are not kept any more."""

    lines: list[LogEntry]
    missed: int
    next: int


class LogLines(Struct):
    """The newest lines of a log that is kept elsewhere, oldest first."""

    lines: list[LogEntry]


class DoctorFinding(Struct):
    """Result of one check."""

    id: str
    verdict: Literal["fine", "warning", "broken", "unknown", "skipped", "not needed"]
    text: str
    remedy: str
    measured: dict[str, Any]
    took_s: float


class DoctorReport(Struct):
    """Results of doctor's checks; `ended_at` is seconds since 1970, and null when they never ran."""

    checks: list[DoctorFinding]
    exit_status: int | None = None
    ravatard: str = ""
    ended_at: float | None = None


class DeviceEntry(Struct):
    """A sound device; `name` is its name for the configuration."""

    name: str
    text: str
    channels: int
    rate_hz: int
    card: str | None
    usb: str | None
    port: str | None
    default: bool


class DeviceList(Struct):
    """Every microphone and speaker."""

    microphones: list[DeviceEntry]
    speakers: list[DeviceEntry]
    alsa_config: str


class MicrophoneTrial(Struct):
    """Trial of one microphone: dBFS, null without speech, or when it could not be opened."""

    name: str
    speech_db: float | None
    level_db: float | None
    trouble: str


class MicrophoneTrials(Struct):
    """Trials of all microphones; `best` had the loudest speech, null without any."""

    microphones: list[MicrophoneTrial]
    best: str | None


class RecordingTrial(Struct):
    """A test recording, which was played on the appliance's own speaker and not kept. Levels in dBFS."""

    says: str
    device: str
    seconds: float
    level_db: float
    loudest_db: float
