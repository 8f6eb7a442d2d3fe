"""The virtual machine: QEMU, started, asked, plugged, unplugged and always ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.appliance.guest_link import GuestError, GuestLink, Result, until
from tests.appliance.image import Image
from tests.appliance.qemu import EMULATED, NATIVE, Hypervisor, Process, Qemu

#: Where the guest sees the building machine's own loopback (QEMU's user network).
HOST = "10.0.2.2"
BOOT_S = 240.0
#: For the first boot on KVM, which takes seconds where KVM works.
KVM_BOOT_S = 60.0
_END_S = 10.0
_QMP_S = 10.0
_KERNEL_WORDS = (
    # auto: nothing on the console until a unit fails or is late, which is when it is read.
    "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=auto mitigations=off cryptomgr.notests"
)
_CONSOLE_LINES = 15


class Machine:
    """One virtual machine from ``async with`` to its end; its disk outlives power cuts, nothing else does."""

    def __init__(
        self,
        image: Image,
        folder: Path,
        delivery: Path,
        say: Callable[[str], None],
        hypervisor: Hypervisor | None = None,
    ) -> None:
        """Describe it.

        Args:
            image: what it boots.
            folder: takes its files.
            delivery: a tar archive that it sees as ``/dev/vdb``.
            say: takes a line for the person who waits.
            hypervisor: runs it; QEMU unless a test has another.
        """
        self._image = image
        self._say = say
        self._hypervisor = hypervisor or Qemu()
        self._folder = folder
        self._delivery = delivery
        self._disk = folder / "overlay.qcow2"
        self._process: Process | None = None
        self._link = GuestLink()
        self._reader: asyncio.Task[None] | None = None
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        self._hypervisor.make_disk(self._image.disk, self._disk)
        self.accelerator = NATIVE if await self._hypervisor.offers_kvm() else EMULATED
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.power_cut()
        await self._group.__aexit__(kind, error, trace)

    # ------------------------------------------------------------------ power

    async def power_on(self) -> None:
        """Boot, and wait until commands can be run. What never came up on KVM is tried once more, emulated.

        Raises:
            GuestError: it did not come up; the end of its console is in the message.
        """
        # One that was up before knows how to run on KVM; what it fails at now is its own failure.
        if self.accelerator is NATIVE and self._link.boot is None:
            try:
                await self._boot(KVM_BOOT_S)
            except GuestError as error:
                self._say(
                    f"KVM is no use here: {error}, {self._last_words()}; going on emulated, which is slow"
                )
                await self.power_cut()
                # Half a boot is on its disk, and perhaps on its console.
                self._hypervisor.make_disk(self._image.disk, self._disk)
                self.console.unlink(missing_ok=True)
                self.accelerator = EMULATED
            else:
                return
        try:
            await self._boot(BOOT_S)
        except GuestError as error:
            raise self._with_console(error) from None

    async def _boot(self, within_s: float) -> None:
        agent, monitor = self._folder / "agent.sock", self._folder / "qmp.sock"
        for socket in (agent, monitor):
            socket.unlink(missing_ok=True)
        known = self._link.boot
        self._process = await self._hypervisor.start(
            *("-name", "ravatard-appliance", "-no-user-config", "-nodefaults"),
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
        )
        await self._unless_it_ends(
            until(lambda: asyncio.to_thread(agent.exists), "QEMU listens", _END_S, 0.05)
        )
        self._reader = self._group.create_task(self._listen(agent), name="guest link")
        await self._unless_it_ends(self._link.booted(known, within_s))

    async def _listen(self, agent: Path) -> None:
        # QEMU listens before it tries the processor, and may have ended meanwhile.
        with suppress(ConnectionRefusedError, FileNotFoundError):
            await self._link.run(agent)

    async def _unless_it_ends(self, step: Coroutine[Any, Any, object]) -> None:
        """Take a step of the boot.

        Raises:
            GuestError: it failed, or QEMU ended meanwhile.
        """
        assert self._process is not None
        taken, over = asyncio.create_task(step), asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait((taken, over), return_when=asyncio.FIRST_COMPLETED)
            if not taken.done():
                raise GuestError(f"QEMU ended with status {over.result()} before the virtual machine was up")
            taken.result()
        finally:
            for task in (taken, over):
                task.cancel()
            await asyncio.wait((taken, over))

    async def rebooted(self) -> None:
        """Reboot it as a person would, and wait until commands can be run again.

        Raises:
            GuestError: it did not come up; the end of its console is in the message.
        """
        known = self._link.boot
        await self.run("systemctl reboot")
        try:
            await self._link.booted(known, BOOT_S)
        except GuestError as error:
            raise self._with_console(error) from None

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

    def _console_end(self) -> list[str]:
        if not self.console.exists():
            return []
        lines = self.console.read_text(errors="replace").splitlines()
        return [line for line in lines if line.strip()][-_CONSOLE_LINES:]

    def _last_words(self) -> str:
        """The console in half a sentence."""
        lines = self._console_end()
        return f"its console ends with {lines[-1].strip()!r}" if lines else "its console is empty"

    def _with_console(self, error: GuestError) -> GuestError:
        lines = self._console_end()
        if not lines:
            return GuestError(f"{error}; its console is empty")
        return GuestError("\n".join((f"{error}; its console ends with:", *lines)))
