"""Machines of QEMU that take the image's kernel, started as a Raspberry Pi's firmware starts it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.commands import BuildError
from tests.packaging.image.card import Card

_PROGRAM = "qemu-system-aarch64"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_LOOK_S = 1.0
#: The kernel's last word.
_OFF = "] reboot: "


@dataclass(frozen=True, slots=True)
class Board:
    """A machine.

    Attributes:
        name: what QEMU calls it.
        words: of its command line, with ``{card}`` and ``{tree}`` where files are named.
        console: the kernel's name of its serial line.
        tree: the device tree that the firmware would choose; "" if the machine brings its own.
        network: it has a network card that the kernel can use.
        limit_s: the longest it may take.
    """

    name: str
    words: tuple[str, ...]
    console: str
    tree: str
    network: bool
    limit_s: float


RASPBERRY_PI_3 = Board(
    name="raspi3b",
    words=(
        *("-drive", "file={card},if=sd,format=raw,cache=unsafe", "-dtb", "{tree}"),
        # The kernel's console is the small UART, which is QEMU's second.
        *("-serial", "null"),
    ),
    console="ttyS1,115200",
    tree="bcm2837-rpi-3-b.dtb",
    # It is behind USB, and Linux 6.12 gets no answer from the USB of QEMU 7.2: "dwc2: Not connected".
    network=False,
    limit_s=900,
)
#: Of no maker, with the Raspberry Pi 3's processor: it has what QEMU's Raspberry Pi lacks.
VIRTUAL = Board(
    name="virt",
    words=(
        *("-cpu", "cortex-a53", "-smp", "2", "-m", "1024", "-device", "virtio-blk-pci,drive=card"),
        *("-drive", "file={card},if=none,id=card,format=raw,cache=unsafe"),
        *("-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile="),
        *("-device", "virtio-rng-pci"),
    ),
    console="ttyAMA0",
    tree="",
    network=True,
    limit_s=900,
)


@dataclass(frozen=True, slots=True)
class Boot:
    """How a boot went.

    Attributes:
        console: everything that it said.
        ended: its system went down by itself, in time.
        seconds: how long that took.
    """

    console: str
    ended: bool
    seconds: float

    def last(self, lines: int = 3) -> str:
        """The end of what it said."""
        return " | ".join(line.strip() for line in self.console.splitlines()[-lines:])


def started(config: str) -> tuple[str, str]:
    """The kernel and the initrd that a ``config.txt`` has the firmware start.

    Raises:
        AssertionError: one is not named.
    """
    kernel, initrd = (re.search(rf"^{word}[= ](\S+)", config, re.M) for word in ("kernel", "initramfs"))
    assert kernel, f"config.txt names no kernel: {config!r}"
    assert initrd, f"config.txt names no initrd: {config!r}"
    return kernel[1], initrd[1]


def boot(card: Card, board: Board, log: Path) -> Boot:
    """Boot it until it switches itself off, or its limit is over; the console is also in ``log``.

    Raises:
        BuildError: QEMU is not installed.
    """
    if shutil.which(_PROGRAM) is None:
        raise BuildError(f"{_PROGRAM} is missing; run: apt-get install qemu-system-arm")
    files = log.parent / f"{board.name}-files"
    files.mkdir(exist_ok=True)
    kernel, initrd = started(card.read("config.txt"))
    tree = card.take(board.tree, files) if board.tree else files
    words = [word.format(card=card.path, tree=tree) for word in board.words]
    command = [
        *(_PROGRAM, "-M", board.name, "-accel", "tcg,thread=multi", "-display", "none", "-no-reboot"),
        *("-kernel", str(card.take(kernel, files)), "-initrd", str(card.take(initrd, files))),
        *("-append", f"{card.read('cmdline.txt').strip()} console={board.console} systemd.log_color=0"),
        *words,
        *("-monitor", "none", "-serial", f"file:{log}"),
    ]
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as machine:
        try:
            while machine.poll() is None and time.monotonic() - began < board.limit_s:
                time.sleep(_LOOK_S)
                # A Raspberry Pi cannot switch itself off.
                if _OFF in _said(log):
                    break
        finally:
            machine.kill()
    console = _said(log)
    return Boot(console, _OFF in console, time.monotonic() - began)


def _said(log: Path) -> str:
    return _ESCAPES.sub("", log.read_text(errors="replace")) if log.exists() else ""
