"""A fresh Debian booted for real: systemd as its first process, in a container with a /tmp of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.fresh_root import Done

#: Timers and mounts of a machine, which no test waits for; tmpfiles would empty what is lent to it.
_UNWANTED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "getty@tty1.service",
    "console-getty.service",
    "systemd-tmpfiles-clean.timer",
)
_BOOT_S, _STOP_S = 60.0, 30.0
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "SYSTEMD_PAGER": "",
}


@dataclass(frozen=True, slots=True)
class Booted:
    """The running container.

    Attributes:
        path: its root directory.
        container: process of systemd-nspawn; its only child is systemd.
    """

    path: Path
    container: subprocess.Popen[bytes]

    def run(self, script: str, within_s: float = 120) -> Done:
        """Run a shell script in there, as root, without a terminal and with nothing to read."""
        words = ["nsenter", "--target", str(self._systemd()), "--all", "sh", "-c", script]
        ended = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=within_s,
            env=_ENVIRONMENT,
        )
        return Done(ended.returncode, ended.stdout.strip())

    def good(self, script: str, within_s: float = 120) -> str:
        """The output of a script that must end well.

        Raises:
            AssertionError: it did not.
        """
        done = self.run(script, within_s)
        assert done.status == 0, f"{script!r} ended with {done.status}: {done.output[-600:]}"
        return done.output

    def comes(self, script: str, wanted: str, within_s: float = 60) -> str:
        """Run a script again and again until ``wanted`` is in what it says; returns that.

        Raises:
            AssertionError: it never was.
        """
        until = time.monotonic() + within_s
        while wanted not in (said := self.run(script).output):
            assert time.monotonic() < until, f"{wanted!r} did not come: {script!r} says {said[-600:]!r}"
            time.sleep(0.5)
        return said

    def pull_the_plug(self) -> None:
        """End every process at once, as a power cut does; what was written stays, synced or not."""
        os.kill(self._systemd(), signal.SIGKILL)
        self.container.wait(_STOP_S)

    def _systemd(self) -> int:
        children = Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        assert children, "the container does not run"
        return int(children[0])


@contextmanager
def booted(root: Path, within_s: float = _BOOT_S) -> Iterator[Booted]:
    """Boot the Debian in ``root`` in ``within_s``, without a network; it is stopped at the end.

    Raises:
        AssertionError: it does not come up.
    """
    units = root / "etc/systemd/system"
    units.mkdir(parents=True, exist_ok=True)
    for name in _UNWANTED:
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to("/dev/null")
    container = subprocess.Popen(
        [
            *("systemd-nspawn", "--quiet", f"--directory={root}", f"--machine=ravatard-{os.getpid()}"),
            *("--register=no", "--keep-unit", "--private-network", "--console=read-only"),
            # Not --boot: the package does not need systemd-sysv, which has /sbin/init.
            *("/lib/systemd/systemd", "systemd.unit=multi-user.target"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C must not end it before its turn.
        start_new_session=True,
    )
    machine = Booted(root, container)
    try:
        _wait_for_systemd(machine, within_s)
        yield machine
    finally:
        container.terminate()
        try:
            container.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            machine.pull_the_plug()


def _wait_for_systemd(machine: Booted, within_s: float) -> None:
    until = time.monotonic() + within_s
    while True:
        assert machine.container.poll() is None, "systemd-nspawn ended during the boot"
        assert time.monotonic() < until, "systemd did not come up"
        time.sleep(0.2)
        try:
            said = machine.run("systemctl is-system-running").output
        except AssertionError:
            continue
        if said.splitlines()[-1:] in (["running"], ["degraded"]):
            return
