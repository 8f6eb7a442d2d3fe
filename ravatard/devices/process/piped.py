"""Start of a child process with pipes that never block, its command and its environment; no event loop.

The microphone's process is started while the daemon still loads: this module imports no asyncio.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from ravatard.errors import InternalError

#: Beginnings of the names of variables for the daemon alone: settings (the project id among them), and
#: systemd's (systemd.exec(5)).
_WITHHELD = ("RAVATARD_", "RAVATAR_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")
SLIM_CONFIG = Path(__file__).with_name("alsa.conf")


def child_environ(environ: Mapping[str, str], *, slim: bool) -> dict[str, str]:
    """Return the environment variables of a sound process, and of the programs that it may start.

    ALSA, PulseAudio and those programs may need any variable but the daemon's own settings, its credentials,
    and its connections to systemd: these are left out.

    Args:
        environ: the daemon's environment variables.
        slim: use the slim ALSA configuration, unless ``environ`` names one.
    """
    added = {
        # ALSA converts rates and formats that a card cannot do, where it can.
        "PA_ALSA_PLUGHW": "1",
        "JACK_NO_START_SERVER": "1",
    }
    if slim:
        added["ALSA_CONFIG_PATH"] = str(SLIM_CONFIG)
    return added | {name: value for name, value in environ.items() if not name.startswith(_WITHHELD)}


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs ``module`` of this installation in a process of its own."""
    # -P: no module is taken from whatever folder the daemon happens to run in.
    return [sys.executable, "-P", "-m", module, *arguments]


def sound_command(module: str) -> list[str]:
    """Return the command of a sound process: :mod:`ravatard.devices.process.start` runs ``module``."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - as text, to compare
    root = str(Path(__file__).parents[3])
    # Its own interpreter knows the standard library.
    others = [one for one in sys.path if one and not one.startswith(library) and not one.endswith(".zip")]
    folders = list(dict.fromkeys([*others, root]))
    return [
        sys.executable,
        "-P",
        "-S",
        str(Path(__file__).with_name("start.py")),
        module,
        sys.prefix,
        *folders,
    ]


class PipedProcess:
    """A running child process with pipes that never block: ``stdin``, ``stdout`` and ``stderr``."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> None:
        """Start it.

        Args:
            command: program and arguments.
            environ: all its environment variables.
            pass_fds: files it inherits, under the same numbers.

        Raises:
            OSError: no process can be started.
        """
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(environ),
            # A group of its own, with the command it may start: both end together, and Ctrl-C is for us.
            process_group=0,
            pass_fds=pass_fds,
        )
        pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
        self.stdin, self.stdout, self.stderr = (_nonblocking(pipe) for pipe in pipes)

    def close_pipes(self) -> None:
        """Close our ends of the pipes. Idempotent."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            pipe.close()


def _nonblocking(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise InternalError("Popen made no pipes")
    os.set_blocking(pipe.fileno(), False)
    return pipe


def end_at_once(piped: PipedProcess) -> None:
    """End a process that has started none of its own, and wait until the kernel has let go of it."""
    piped.process.kill()
    piped.close_pipes()
    piped.process.wait()
