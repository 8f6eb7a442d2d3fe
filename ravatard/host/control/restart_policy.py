"""Restart policy of the daemon's unit: whether systemd starts the daemon again when it ends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ravatard.core.control.protocol import STARTED_BY_HAND
from ravatard.host.control.own_unit import CGROUP, own_unit
from ravatard.host.page.command_line import Subcommands
from ravatard.ports.page import CommandFailed

#: Values of ``Restart=`` with which a daemon that ends in good order is started again (systemd.service(5)).
STARTS_AGAIN = ("always", "on-success")
#: Time for systemd's answer.
ASKED_S = 2.0


class RestartPolicy:
    """Knows what a daemon that ends can expect."""

    def __init__(
        self, environ: Mapping[str, str], systemctl: Sequence[str] = ("systemctl",), cgroup: Path = CGROUP
    ) -> None:
        """Prepare.

        Args:
            environ: the daemon's environment variables.
            systemctl: how systemctl is started.
            cgroup: the kernel's file that names the daemon's unit.
        """
        self._environ = environ
        path = environ.get("PATH", "/usr/bin:/bin")
        self._systemctl = Subcommands({"PATH": path}, program=systemctl)
        self._cgroup = cgroup

    async def refusal(self) -> str:
        """Return why nothing would start the daemon again, as a sentence; "" if something would.

        A service manager that cannot be asked is trusted: the unit that ravatard installs has Restart=always.
        """
        if "NOTIFY_SOCKET" not in self._environ:
            return STARTED_BY_HAND
        unit = own_unit(self._cgroup)
        policy = await self._policy(unit) if unit else ""
        if not policy or policy in STARTS_AGAIN:
            return ""
        return (
            f"{unit} has Restart={policy}, so nothing would start ravatard again: "
            f"run `sudo systemctl restart {unit}`"
        )

    async def _policy(self, unit: str) -> str:
        """Return ``Restart=`` of ``unit``; "" if systemd does not say. Cancelling ends the question."""
        try:
            found = await self._systemctl.run(
                *("show", "--property=Restart", "--value", "--", unit), limit_s=ASKED_S
            )
        except CommandFailed:
            return ""
        return found.decode(errors="replace").strip()
