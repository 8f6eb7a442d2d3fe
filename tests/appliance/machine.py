"""The virtual machine: QEMU, started, asked, plugged, unplugged and always ended."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.appliance.commands import output
from tests.appliance.guest_link import GuestError, GuestLink, Result, until
from tests.appliance.image import Image

#: Where the guest sees the building machine's own loopback (QEMU's user network).
HOST = "10.0.2.2"
BOOT_S = 240.0
_END_S = 10.0
_QMP_S = 10.0
_KERNEL_WORDS = (
    "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=no mitigations=off cryptomgr.notests"
)
_EMULATED = ("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "Nehalem")
_NATIVE = ("-accel", "kvm", "-cpu", "host")


class Machine:
    """One virtual machine from ``async with`` to its end; its disk outlives power cuts, nothing else does."""

    def __init__(self, image: Image, folder: Path, delivery: Path) -> None:
        """``folder`` takes its files; ``delivery`` is a tar archive that it sees as ``/dev/vdb``."""
        self._image = image
        self._folder = folder
        self._delivery = delivery
        self._disk = folder / "overlay.qcow2"
        self._process: asyncio.subprocess.Process | None = None
        self._link = GuestLink()
        self._reader: asyncio.Task[None] | None = None
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        output("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", self._image.disk, self._disk)
        self.accelerator = _NATIVE if await _kvm_works() else _EMULATED
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.power_cut()
        await self._group.__aexit__(kind, error, trace)

    # ------------------------------------------------------------------ power

    async def power_on(self) -> None:
        """Boot, and wait until commands can be run.

        Raises:
            GuestError: it did not come up; the end of its console is in the message.
        """
        agent, monitor = self._folder / "agent.sock", self._folder / "qmp.sock"
        for socket in (agent, monitor):
            socket.unlink(missing_ok=True)
        known = self._link.boot
        self._process = await asyncio.create_subprocess_exec(
            *("qemu-system-x86_64", "-name", "ravatard-appliance", "-no-user-config", "-nodefaults"),
            *("-display", "none", "-machine", "q35,sata=off,smbus=off,vmport=off,usb=off"),
            *(*self.accelerator, "-smp", "2", "-m", "1024"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd)),
            *("-append", _KERNEL_WORDS),
            *("-drive", f"file={self._disk},if=none,id=system,format=qcow2,cache=writeback"),
            *("-device", "virtio-blk-pci,drive=system"),
            *("-drive", f"file={self._delivery},if=none,id=delivery,format=raw,readonly=on"),
            *("-device", "virtio-blk-pci,drive=delivery", "-device", "virtio-rng-pci"),
            *("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,id=card,romfile="),
            *("-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={agent},server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=ravatard.appliance"),
            *("-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console"),
            *("-qmp", f"unix:{monitor},server=on,wait=off"),
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            await until(lambda: asyncio.to_thread(agent.exists), "QEMU listens", _END_S, 0.05)
            self._reader = self._group.create_task(self._link.run(agent), name="guest link")
            await self._link.booted(known, BOOT_S)
        except GuestError as error:
            raise GuestError(f"{error}\n{self._console_end()}") from None

    async def rebooted(self) -> None:
        """Reboot it as a person would, and wait until commands can be run again."""
        known = self._link.boot
        await self.run("systemctl reboot")
        await self._link.booted(known, BOOT_S)

    async def power_cut(self) -> None:
        """Pull the plug. What was not yet on the disk is lost."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            async with asyncio.timeout(_END_S):
                await process.wait()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            await asyncio.wait([reader])

    @property
    def console(self) -> Path:
        """What the kernel and systemd wrote on the serial console."""
        return self._folder / "console.log"

    # ------------------------------------------------------------------ commands

    async def ask(self, command: str, within_s: float = 60) -> Result:
        """Run ``command`` in the guest as root, whatever its status."""
        return await self._link.ask(command, within_s)

    async def run(self, command: str, within_s: float = 60) -> str:
        """Run ``command`` in the guest as root; returns what it printed.

        Raises:
            GuestError: its status is not 0.
        """
        result = await self.ask(command, within_s)
        if result.status:
            raise GuestError(f"status {result.status} from {command!r}:\n{result.output[-1500:]}")
        return result.output.strip()

    async def network(self, *, up: bool) -> None:
        """Plug the network cable in or out."""
        await self._monitor("set_link", {"name": "card", "up": up})

    async def _monitor(self, command: str, arguments: dict[str, object]) -> Any:
        async with asyncio.timeout(_QMP_S):
            reader, writer = await asyncio.open_unix_connection(self._folder / "qmp.sock")
            try:
                for request in (
                    {"execute": "qmp_capabilities"},
                    {"execute": command, "arguments": arguments, "id": "this"},
                ):
                    writer.write(json.dumps(request).encode() + b"\n")
                while True:
                    said = json.loads(await reader.readline())
                    if said.get("id") == "this":
                        if "error" in said:
                            raise GuestError(f"QEMU refused {command}: {said['error']}")
                        return said["return"]
            finally:
                writer.close()

    def _console_end(self) -> str:
        if not self.console.exists():
            return ""
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-15:])


async def _kvm_works() -> bool:
    """Whether KVM runs a machine here; a nested one may have the device and refuse at the first register."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    probe = await asyncio.create_subprocess_exec(
        *("qemu-system-x86_64", *_NATIVE, "-nodefaults", "-display", "none", "-m", "64", "-S"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(2):
            await probe.wait()
    except TimeoutError:
        return True
    finally:
        if probe.returncode is None:
            probe.kill()
            await probe.wait()
    return False
