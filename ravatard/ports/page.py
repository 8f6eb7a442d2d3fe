"""Ports of the owner's page: what it needs of the appliance and of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from ravatard.core.audio.progress import Progress
from ravatard.core.control.protocol import ControlHandler
from ravatard.errors import RavatardError


@dataclass(frozen=True, slots=True)
class Appliance:
    """The running appliance, as the page sees it.

    Attributes:
        control: carries out requests of the control protocol, and reports the state.
        progress: newest sign of life of the microphone.
        watch_level: keeps the level of ``progress`` new while it is looked at.
        has_button: it has a button that works.
        has_speaker: it has a speaker.
        mute_wishes: returns how often it was asked to mute or unmute, in any way, whatever that changed.
        on_trial: told True before the microphone is closed for a trial, and False when that is over; then
            also if a user has muted or unmuted meanwhile.
    """

    control: ControlHandler
    progress: Progress
    has_button: bool = False
    has_speaker: bool = False
    mute_wishes: Callable[[], int] = lambda: 0
    watch_level: Callable[[bool], None] = lambda watched: None
    on_trial: Callable[[bool, bool], None] = lambda begins, by_user: None


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Place where the page is served.

    Attributes:
        listen: "loopback" or "lan", as it is served now.
        scheme: "http" or "https".
        port: None while it is not served.
        names: further names that the owner has configured.
        claimed: there is a password.
    """

    listen: str
    scheme: str
    port: int | None
    names: Sequence[str] = ()
    claimed: bool = True


class OwnerPage(Protocol):
    """Page of the appliance's owner, and its API."""

    async def serve(self, appliance: Appliance) -> NoReturn:
        """Serve the page, for ever. Cancelling closes every connection."""
        ...

    def takes_press(self) -> bool:
        """Return True if a press of the button that begins now claims the appliance, and opens no gate."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each reason why the page is not served as configured."""
        ...

    def place(self) -> PagePlace:
        """Return where it is served now."""
        ...


class AccessFile(Protocol):
    """File of passwords and tokens, in the state directory, for its owner alone."""

    def stamp(self) -> object:
        """Return a value that differs whenever the file has changed; cheap."""
        ...

    def read(self) -> bytes | None:
        """Return the content; None: there is no file.

        Raises:
            OSError: it cannot be read.
        """
        ...

    def update(self, change: Callable[[bytes | None], bytes | None]) -> None:
        """Replace the content durably by what ``change`` makes of it, None: leave it. Blocks.

        Of two updates at once, in any processes, the second one sees the first one's content.

        Raises:
            OSError: the old content is still there.
        """
        ...


class CommandFailed(RavatardError):
    """A command of the command line did not give what it should; the message says why."""


class CommandLine(Protocol):
    """Runs commands of ``ravatard`` in processes of their own, which the daemon's memory does not grow by."""

    async def run(self, *words: str, limit_s: float, statuses: Sequence[int] = (0,)) -> bytes:
        """Return the standard output of ``ravatard`` with these words. Cancelling ends it.

        Args:
            words: the command and its arguments.
            limit_s: time for it.
            statuses: exit statuses with which it has done its work.

        Raises:
            CommandFailed: it ended otherwise, or not in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class TrialSound:
    """A few seconds from the microphone. Levels in dBFS.

    Attributes:
        device: display name of the microphone.
        pcm: s16le mono 16 kHz.
        level_db: all of it.
        loudest_db: its loudest 20 ms.
    """

    device: str
    pcm: bytes = field(repr=False)
    level_db: float
    loudest_db: float


class Trials(Protocol):
    """Tries the devices, in processes of their own."""

    async def record(self, seconds: float) -> TrialSound:
        """Record with the microphone that is configured, which nothing else must have open.

        Raises:
            DeviceError: it cannot be opened, or delivers no sound.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeptLine:
    """One line of the log.

    Attributes:
        number: grows by one a line.
        at: wall time, seconds since 1970.
        level: debug, info, warning, error or critical.
        logger: name of the logger.
        text: without secrets.
    """

    number: int
    at: float
    level: str
    logger: str
    text: str


class Journal(Protocol):
    """Journal of the service manager, with lines of the daemon's unit."""

    async def newest(self, lines: int) -> Sequence[KeptLine]:
        """Return so many of the newest lines, oldest first, without secrets. Cancelling is safe.

        Raises:
            CommandFailed: there is none, or it may not be read; the message says what to do.
        """
        ...


class RecentLog(Protocol):
    """The newest lines of the daemon's own log, whose numbers differ from those of its earlier runs."""

    @property
    def began(self) -> int:
        """Number before that of the first line; a lower one is of another run."""
        ...

    def after(self, number: int, most: int) -> Sequence[KeptLine]:
        """Return the oldest ``most`` of the kept lines behind ``number``."""
        ...

    @property
    def newest(self) -> int:
        """Number of the newest line; that before the first without any."""
        ...

    def subscribe(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call ``told`` on the event loop after new lines; return a function that ends it."""
        ...
