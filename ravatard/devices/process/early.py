"""Sound process that is started before the daemon has loaded the rest of itself, and loads beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ravatard.devices.process.piped import PipedProcess, end_at_once


class EarlyProcess:
    """One process that waits for its first record, until a supervisor takes it over.

    It opens nothing before that record: no microphone listens because of it.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it, if the machine lets us; what cannot be started now is tried again by the supervisor.

        Args:
            command: program and arguments.
            environ: all its environment variables.
        """
        self._started_as = (list(command), dict(environ))
        self._process: PipedProcess | None = None
        try:
            self._process = PipedProcess(command, environ)
        except OSError:
            return

    def take(
        self, command: Sequence[str], environ: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> PipedProcess | None:
        """Hand over the process, once, if it is what would be started now; else end it, and return None.

        Args:
            command: program and arguments.
            environ: all its environment variables.
            pass_fds: files it inherits, of which one that runs already has none.
        """
        if pass_fds or (list(command), dict(environ)) != self._started_as:
            self.close()
        process, self._process = self._process, None
        return process

    def close(self) -> None:
        """End it, unless it was taken over. Idempotent."""
        if self._process is not None:
            end_at_once(self._process)
            self._process = None
