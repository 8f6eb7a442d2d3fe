"""QEMU on the building machine: how it is started, and on what its machine runs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Protocol

from tests.appliance.commands import output

PROGRAM = "qemu-system-x86_64"
EMULATED = ("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "Nehalem")
NATIVE = ("-accel", "kvm", "-cpu", "host")
_PROBE_S = 2.0


class Process(Protocol):
    """A running QEMU; see :class:`asyncio.subprocess.Process`."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, None while it runs."""

    def kill(self) -> None:
        """End it at once."""

    async def wait(self) -> int:
        """Wait for its end; returns its exit status."""


class Hypervisor(Protocol):
    """Makes disks and runs machines."""

    def make_disk(self, base: Path, disk: Path) -> None:
        """Make ``disk``, which holds what is written over ``base``; an older one is replaced."""

    async def offers_kvm(self) -> bool:
        """Look for KVM. A machine can be made on it then; whether it gets anywhere is seen at its boot."""

    async def start(self, *words: str) -> Process:
        """Start a machine; ``words``: the command line after the program's name."""


class Qemu:
    """The real one."""

    def make_disk(self, base: Path, disk: Path) -> None:
        output("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, disk)

    async def offers_kvm(self) -> bool:
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        # A nested KVM may have the device and refuse at the first register.
        probe = await asyncio.create_subprocess_exec(
            *(PROGRAM, *NATIVE, "-nodefaults", "-display", "none", "-m", "64", "-S"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_PROBE_S):
                await probe.wait()
        except TimeoutError:
            return True
        finally:
            if probe.returncode is None:
                probe.kill()
                await probe.wait()
        return False

    async def start(self, *words: str) -> Process:
        return await asyncio.create_subprocess_exec(PROGRAM, *words, stdin=asyncio.subprocess.DEVNULL)
