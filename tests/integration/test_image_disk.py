"""A system becomes a card's image without a loop device: partitions are found, read, and free of errors."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.packaging.image.card import Card, examined
from tests.packaging.image.disk import make_disk
from tests.packaging.image.layout import BOOT_LABEL, ROOT_LABEL, Identity, identity

PROGRAMS = ("mkfs.vfat", "mkfs.ext4", "mcopy", "sfdisk", "debugfs")
SEARCHED = "/usr/sbin:/sbin:/usr/bin:/bin"
MOMENT = 1_700_000_000

pytestmark = pytest.mark.skipif(
    any(shutil.which(program, path=SEARCHED) is None for program in PROGRAMS),
    reason=f"one of {', '.join(PROGRAMS)} is missing (Debian: mtools, dosfstools, e2fsprogs, fdisk)",
)


def make_card(folder: Path, names: Identity) -> Card:
    root = folder / "root"
    (root / "boot/firmware/overlays").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/hostname").write_text("appliance\n")
    (root / "boot/firmware/cmdline.txt").write_text("root=somewhere\n")
    (root / "boot/firmware/overlays/board.dtbo").write_bytes(b"\0" * 70_000)
    make_disk(root, names, MOMENT, folder / "card.img")
    return Card(folder / "card.img")


def test_both_partitions_hold_their_files_and_have_no_errors(tmp_path: Path) -> None:
    names = identity("0.2.0+deb13")

    card = make_card(tmp_path, names)

    boot, system = card.part(1, tmp_path / "boot"), card.part(2, tmp_path / "system")
    assert card.names() == {"cmdline.txt", "overlays/"}
    assert card.read("cmdline.txt") == "root=somewhere\n"
    examined("fsck.vfat", "-n", boot)
    assert examined("debugfs", "-R", "cat /etc/hostname", system) == "appliance\n"
    assert "cmdline.txt" not in examined("debugfs", "-R", "ls /boot/firmware", system)
    examined("e2fsck", "-f", "-n", system)


def test_labels_and_numbers_are_those_that_the_system_looks_for(tmp_path: Path) -> None:
    names = identity("0.2.0+deb13")

    card = make_card(tmp_path, names)

    table = examined("sfdisk", "--dump", card.path)
    boot, system = (
        examined("blkid", "-p", "-o", "export", card.part(number, tmp_path / "part")) for number in (1, 2)
    )
    assert f"label-id: 0x{names.disk}" in table
    assert f"LABEL={BOOT_LABEL}" in boot
    assert f"UUID={names.boot[:4]}-{names.boot[4:]}".upper() in boot.upper()
    assert f"LABEL={ROOT_LABEL}" in system
    assert f"UUID={names.root}" in system


def test_the_owners_files_are_put_beside_those_of_the_image(tmp_path: Path) -> None:
    card = make_card(tmp_path, identity("1"))

    card.put("ravatard.yaml", "board: none\n", tmp_path)

    assert card.names() == {"cmdline.txt", "overlays/", "ravatard.yaml"}
    assert card.read("ravatard.yaml") == "board: none\n"


def test_the_same_version_has_the_same_boot_partition(tmp_path: Path) -> None:
    names = identity("0.2.0+deb13")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    one, two = (make_card(tmp_path / name, names) for name in ("one", "two"))

    assert one.partitions() == two.partitions()
    first, second = (card.part(1, card.path.with_name("boot")).read_bytes() for card in (one, two))
    assert first == second
