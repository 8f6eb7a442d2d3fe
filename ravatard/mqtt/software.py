"""Software: the version that runs, the newest there is, and the owner's command that installs it."""

from __future__ import annotations

import asyncio
import logging
import shlex
from asyncio.subprocess import DEVNULL, PIPE
from typing import NoReturn

from ravatard.errors import RavatardError

log = logging.getLogger(__name__)

CHECK_EVERY_S = 6 * 3600.0
CHECK_S = 60.0
INSTALL_S = 900.0
#: Characters of a version.
LONGEST_VERSION = 40
#: Bytes of what a command prints that are looked at.
_LONGEST_OUTPUT = 4_096


class CommandFailedError(RavatardError):
    """A command of the owner's failed; the message says how."""


class Software:
    """Versions of this appliance.

    Attributes:
        installed: the version that runs.
        latest: the newest one, as far as is known.
        installing: the owner's command is at work.
        changed: set whenever one of these has changed.
    """

    def __init__(self, installed: str, check: str | None = None, install: str | None = None) -> None:
        """``check``: command that prints the newest version; ``install``: command that installs it."""
        self.installed = self.latest = installed
        self.installing = False
        self.changed = asyncio.Event()
        self._check = check
        self._install = install

    @property
    def report(self) -> dict[str, object]:
        """Fields of Home Assistant's update entity."""
        return {
            "installed_version": self.installed,
            "latest_version": self.latest,
            "in_progress": self.installing,
        }

    async def watch(self) -> NoReturn:
        """Ask for the newest version now and then, for ever; a failure is logged."""
        while True:
            if self._check is not None:
                try:
                    said = await _run(self._check, CHECK_S)
                except CommandFailedError as error:
                    log.warning("home_assistant.update_check: %s", error)
                else:
                    words = said.split()
                    self.latest = words[0][:LONGEST_VERSION] if words else self.installed
                    self.changed.set()
            await asyncio.sleep(CHECK_EVERY_S)

    async def install(self) -> str:
        """Run the owner's command; return a sentence. Cancelled, the command is ended.

        Raises:
            CommandFailedError: there is none, it is at work already, or it failed.
        """
        if self._install is None:
            raise CommandFailedError("no command is configured that installs (home_assistant.update_command)")
        if self.installing:
            raise CommandFailedError("it is being installed already")
        self.installing = True
        self.changed.set()
        try:
            # Not read: what it leaves at work in the background may keep its output open for as long.
            await _run(self._install, INSTALL_S, reads=False)
        finally:
            self.installing = False
            self.changed.set()
        return "the command that installs has ended"


async def _run(command: str, limit_s: float, *, reads: bool = True) -> str:
    """Return the first output of a command that succeeded; "" of one that is not read.

    Raises:
        CommandFailedError: it cannot be started, fails, or takes longer than ``limit_s``.
    """
    try:
        words = shlex.split(command)
        process = await asyncio.create_subprocess_exec(
            *words, stdin=DEVNULL, stdout=PIPE if reads else DEVNULL, stderr=DEVNULL
        )
    except (OSError, ValueError) as error:
        raise CommandFailedError(f"the command cannot be started ({error})") from None
    try:
        async with asyncio.timeout(limit_s):
            said = await _beginning(process.stdout)
            status = await process.wait()
    except TimeoutError:
        raise CommandFailedError(f"the command did not end within {limit_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    if status:
        raise CommandFailedError(f"the command ended with status {status}")
    return said.decode("utf-8", "replace")


async def _beginning(output: asyncio.StreamReader | None) -> bytes:
    """Read all of ``output``, and return its beginning: no more of it is ever held."""
    said = b""
    while output is not None and (piece := await output.read(_LONGEST_OUTPUT)):
        said += piece[: _LONGEST_OUTPUT - len(said)]
    return said
