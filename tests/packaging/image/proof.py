"""``make image-test``: the image in ``dist`` is examined, flashed onto a card, and booted in QEMU.

Exit status 0 when all is as it should be, 1 when something is not, 2 when it cannot be tried here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.appliance.commands import BuildError, end_with_all_at_sigterm, output
from tests.appliance.table import Row, table
from tests.packaging.building import ROOT
from tests.packaging.image.boards import RASPBERRY_PI_3, VIRTUAL, Board, boot, started
from tests.packaging.image.card import CARD_BYTES, Card, examined, flash
from tests.packaging.image.container import in_container
from tests.packaging.image.owner import ACCOUNT, SETTINGS, answers, user_data

#: What the firmware, Raspberry Pi Imager and the owner look for.
_EXPECTED = {
    *("bootcode.bin", "start.elf", "start4.elf", "fixup.dat", "fixup4.dat", "config.txt", "cmdline.txt"),
    *("bcm2837-rpi-zero-2-w.dtb", "bcm2837-rpi-3-b.dtb", "bcm2837-rpi-3-b-plus.dtb", "bcm2711-rpi-4-b.dtb"),
    *("user-data", "meta-data", "network-config"),
}
#: Files of the system, by debugfs; what must not be there is in the second.
_PRESENT = (
    "/opt/ravatard/bin/ravatard",
    "/etc/ravatard/ravatard.yaml",
    "/usr/lib/systemd/system/ravatard.service",
    "/usr/local/lib/appliance/card_files.py",
)
_ABSENT = (
    *("/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key", "/var/lib/systemd/random-seed"),
    *("/var/lib/dbus/machine-id", "/etc/apt/apt.conf.d/99mmdebstrap", "/var/lib/cloud/instance"),
    *("/etc/systemd/system/multi-user.target.wants/ssh.service",),
)


class _Rows:
    """What was done so far; each row is told when it is known."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def add(self, name: str, action: Callable[[], str]) -> bool:
        """Do it; returns whether it is as it should be."""
        began = time.monotonic()
        try:
            seen, passed = action(), True
        except AssertionError as error:
            seen, passed = str(error), False
        self._rows.append(Row(name, seen, passed, time.monotonic() - began))
        sys.stdout.write(f"{self._rows[-1]}\n")
        sys.stdout.flush()
        return passed

    def end(self) -> int:
        """Show them all; returns the exit status."""
        sys.stdout.write(f"{table(self._rows)}\n")
        return 0 if all(row.passed for row in self._rows) else 1


def main() -> int:
    """Prove it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging.image.proof")
    parser.add_argument("--image", type=Path, help="an .img.xz with its .sha256; default: the one in dist")
    parser.add_argument("--only", choices=(RASPBERRY_PI_3.name, VIRTUAL.name), help="boot this machine alone")
    parser.add_argument("--patience", type=float, default=1, help="times longer, for a busy machine")
    parser.add_argument(
        "--scratch", type=Path, help="a directory with 8 GB, for cards and logs; they stay there"
    )
    parser.add_argument(
        "--container",
        type=Path,
        metavar="DEB",
        help="start the system with this package in a container; as root",
    )
    parser.add_argument("--system", type=Path, help="for it, an archive (.tar) of Debian to make or to take")
    arguments = parser.parse_args()
    end_with_all_at_sigterm()
    with ExitStack() as stack:
        folder = arguments.scratch or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="ravatard-image-", dir="/var/tmp"))
        )
        try:
            if arguments.container:
                return _contain(arguments.container, arguments.system or folder / "system.tar", folder)
            boards = [
                replace(one, limit_s=one.limit_s * arguments.patience)
                for one in (VIRTUAL, RASPBERRY_PI_3)
                if arguments.only in (None, one.name)
            ]
            return _prove(arguments.image or _newest(ROOT / "dist"), boards, folder)
        except BuildError as error:
            sys.stderr.write(f"{error}\n")
            return 2


def _newest(dist: Path) -> Path:
    found = sorted(dist.glob("ravatard_*_raspberry-pi.img.xz"), key=lambda image: image.stat().st_mtime)
    if not found:
        raise BuildError(f"there is no image in {dist}; run: sudo make image")
    return found[-1]


def _contain(deb: Path, system: Path, folder: Path) -> int:
    rows = _Rows()
    for name, action in in_container(deb, system, folder / "container"):
        if not rows.add(name, action):
            break
    return rows.end()


def _prove(image: Path, boards: Sequence[Board], folder: Path) -> int:
    rows = _Rows()
    card = flash(image, folder / "card.img")
    rows.add("partition table", partial(_partitions, card, image))
    rows.add("boot partition", partial(_boot_partition, card, folder))
    rows.add("system", partial(_system, card, folder))
    for board in boards:
        own = Card(folder / f"{board.name}.img")
        output("cp", "--sparse=always", card.path, own.path, within_s=300)
        own.put("user-data", user_data(f"/dev/{board.console.partition(',')[0]}"), folder)
        own.put("ravatard.yaml", SETTINGS, folder)
        started = rows.add(f"first start, {board.name}", partial(_first, own, board, folder))
        if board.name == VIRTUAL.name and started:
            rows.add(f"second start, {board.name}", partial(_second, own, board, folder))
    return rows.end()


def _partitions(card: Card, image: Path) -> str:
    boot_part, root_part = card.partitions()
    assert boot_part.start % (4 << 20) == root_part.start % (4 << 20) == 0, "not aligned"
    assert root_part.start == boot_part.start + boot_part.size, "a gap"
    sizes = f"FAT {boot_part.size >> 20} MiB, ext4 {root_part.size >> 20} MiB"
    return f"{image.name}, {image.stat().st_size / 1e6:.0f} MB; MBR; {sizes}"


def _boot_partition(card: Card, folder: Path) -> str:
    names = card.names()
    assert names >= _EXPECTED, f"missing: {', '.join(sorted(_EXPECTED - names))}"
    said = examined("fsck.vfat", "-n", card.part(1, folder / "fat")).splitlines()[-1]
    config, line = card.read("config.txt"), card.read("cmdline.txt").strip()
    for file in started(config):
        assert file in names, f"{file} of config.txt is missing"
    return f"{len(names)} names; fsck: {said.rpartition(': ')[2]}; kernel's line: {line}"


def _system(card: Card, folder: Path) -> str:
    ext4 = card.part(2, folder / "ext4")
    said = examined("e2fsck", "-f", "-n", ext4).splitlines()[-1]
    wrong = [name for name in _PRESENT if not _is_there(ext4, name)]
    wrong += [name for name in _ABSENT if _is_there(ext4, name)]
    assert not wrong, f"missing, or there: {', '.join(wrong)}"
    assert examined("debugfs", "-R", "cat /etc/machine-id", ext4) == "", "it has a machine's id"
    shadow = examined("debugfs", "-R", "cat /etc/shadow", ext4)
    open_accounts = [line for line in shadow.splitlines() if line.split(":")[1][:1] not in ("*", "!")]
    assert not open_accounts, "an account can be logged in to"
    return f"fsck: {said.partition(': ')[2]}; no keys, no id, no password"


def _is_there(ext4: Path, name: str) -> bool:
    return "Inode:" in examined("debugfs", "-R", f"stat {name}", ext4)


def _first(card: Card, board: Board, folder: Path) -> str:
    done = boot(card, board, folder / f"{board.name}-1.log")
    told = answers(done.console)
    assert told.get("end") == ["yes"], f"no report within {done.seconds:.0f} s; its last words: {done.last()}"
    _ready(told)
    size = int(told["root_bytes"][0])
    assert size > 0.8 * CARD_BYTES, f"the system has not grown: {size}"
    assert told["secret"] == ["root:root:600"], told["secret"]
    assert told["settings"] == ["0"], "the secret is still in the settings"
    names = card.names()
    assert "ravatard.yaml" not in names, "the settings are still on the boot partition"
    assert "ravatard-done.txt" in names, names
    assert {"ravatard", "sudo"} <= set(told["account"][0].split()), told["account"]
    assert "logins" not in told, told["logins"]
    assert told["ssh"] == ["inactive"], told["ssh"]
    assert told["keys"] == ["2"], told["keys"]
    assert told["machine"] == ["33"], told["machine"]
    assert told["name"] == ["proof"], told["name"]
    assert told["boot_mount"] == ["700"], told["boot_mount"]
    assert not board.network or "routable" in " ".join(told["network"]), told["network"]
    grown = f"{size / 1e9:.1f} GB of {CARD_BYTES / 1e9:.1f}"
    return (
        f"READY after {_seconds(told):.0f} s, `{told['sentence'][0]}`; settings and secret taken over; "
        f"{ACCOUNT} is in {told['account'][0]}; root has grown to {grown}; "
        f"switched off after {done.seconds:.0f} s"
    )


def _second(card: Card, board: Board, folder: Path) -> str:
    done = boot(card, board, folder / f"{board.name}-2.log")
    told = answers(done.console)
    assert told.get("end") == ["yes"], f"no report within {done.seconds:.0f} s; its last words: {done.last()}"
    _ready(told)
    assert told["cloud_init"] == ["inactive", "inactive"], told["cloud_init"]
    return f"READY after {_seconds(told):.0f} s, without cloud-init; switched off after {done.seconds:.0f} s"


def _ready(told: dict[str, list[str]]) -> None:
    assert told["ravatard"] == ["active"], f"{told['ravatard']}, {told.get('sentence')}, {told.get('failed')}"
    assert "failed" not in told, f"failed: {told['failed']}"


def _seconds(told: dict[str, list[str]]) -> float:
    return int(told["ready_us"][0]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
