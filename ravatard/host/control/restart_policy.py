"""Restart policy of the daemon's unit: whether systemd starts the daemon again when it ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ravatard.core.control.protocol import STARTED_BY_HAND

#: Values of ``Restart=`` with which a daemon that ends in good order is started again (systemd.service(5)).
STARTS_AGAIN = ("always", "on-success")
#: Time for systemd's answer.
ASKED_S = 2.0
_CGROUP = Path("/proc/self/cgroup")


class RestartPolicy:
    """Knows what a daemon that ends can expect."""

    def __init__(
        self, environ: Mapping[str, str], systemctl: Sequence[str] = ("systemctl",), cgroup: Path = _CGROUP
    ) -> None:
        """Prepare.

        Args:
            environ: the daemon's environment variables.
            systemctl: how systemctl is started.
            cgroup: the kernel's file that names the daemon's unit.
        """
        self._environ = environ
        self._systemctl = tuple(systemctl)
        self._cgroup = cgroup

    async def refusal(self) -> str:
        """Return why nothing would start the daemon again, as a sentence; "" if something would.

        A service manager that cannot be asked is trusted: the unit that ravatard installs has Restart=always.
        """
        if "NOTIFY_SOCKET" not in self._environ:
            return STARTED_BY_HAND
        unit = self._unit()
        policy = await self._policy(unit) if unit else ""
        if not policy or policy in STARTS_AGAIN:
            return ""
        return (
            f"{unit} has Restart={policy}, so nothing would start ravatard again: "
            f"run `sudo systemctl restart {unit}`"
        )

    def _unit(self) -> str:
        """Return the name of the unit that this process belongs to; "" where there is none."""
        try:
            line = self._cgroup.read_text(encoding="utf-8", errors="replace").splitlines()[-1]
        except (OSError, IndexError):
            return ""
        name = line.rpartition("/")[2]
        return name if name.endswith(".service") else ""

    async def _policy(self, unit: str) -> str:
        """Return ``Restart=`` of ``unit``; "" if systemd does not say. Cancelling ends the question."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(*self._systemctl, "show", "--property=Restart", "--value", "--", unit),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": self._environ.get("PATH", "/usr/bin:/bin")},
            )
        except OSError:
            return ""
        try:
            async with asyncio.timeout(ASKED_S):
                found, _ = await process.communicate()
        except TimeoutError:
            return ""
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        return found.decode(errors="replace").strip()
