"""Commands of ``ravatard`` in processes of their own: what they load is gone with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from ravatard.ports.page import CommandFailed

#: Longest output that is read: a support bundle is compressed, and has some 200 kB.
OUTPUT_BYTES = 16 * 1024 * 1024
_ERRORS_BYTES = 64 * 1024
_TEXT_BYTES = 300
_REAP_S = 2.0


class Subcommands:
    """Implements :class:`ravatard.ports.page.CommandLine` with the program that runs."""

    def __init__(
        self,
        environ: Mapping[str, str],
        further: Mapping[str, Sequence[str]] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "ravatard"),
    ) -> None:
        """Prepare.

        Args:
            environ: environment variables of the commands.
            further: command -> arguments that it gets in any case, such as its configuration file.
            program: how the program is started.
        """
        self._environ = dict(environ)
        self._further = dict(further or {})
        self._program = tuple(program)

    async def run(self, *words: str, limit_s: float, statuses: Sequence[int] = (0,)) -> bytes:
        """See :meth:`ravatard.ports.page.CommandLine.run`.

        Raises:
            CommandFailed: it ended otherwise, or not in time.
        """
        name = f"ravatard {words[0]}"
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program,
                *words,
                *self._further.get(words[0], ()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environ,
                process_group=0,
            )
        except OSError as error:
            raise CommandFailed(f"`{name}` cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(limit_s):
                output, errors = await _outputs(process)
                status = await process.wait()
        except TimeoutError:
            raise CommandFailed(f"`{name}` did not end within {limit_s:g} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_REAP_S):
                        # Also what it wrote before: a pipe that is not read to its end is not closed.
                        await process.communicate()
        if status not in statuses or not output:
            said = errors.decode(errors="replace").strip().rpartition("\n")[2][:_TEXT_BYTES]
            raise CommandFailed(said.removeprefix("ravatard: ") or f"`{name}` ended with status {status}")
        return output


async def _outputs(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Return all that a process writes.

    Raises:
        CommandFailed: it writes too much.
    """
    found: dict[str, bytes] = {}

    async def read(name: str, reader: asyncio.StreamReader | None, most: int) -> None:
        content = bytearray()
        while reader is not None and (piece := await reader.read(1 << 16)):
            content += piece
            if len(content) > most and name == "out":
                raise CommandFailed(f"a command wrote more than {most} bytes")
            del content[most:]
        found[name] = bytes(content)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(read("out", process.stdout, OUTPUT_BYTES), name="command output")
            group.create_task(read("errors", process.stderr, _ERRORS_BYTES), name="command errors")
    except ExceptionGroup as group_error:
        raise CommandFailed(str(group_error.exceptions[0])) from group_error
    return found["out"], found["errors"]
