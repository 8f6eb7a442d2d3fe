"""Partition table of the image: where what is, and the names by which it is found. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

#: Bytes of a sector, and how many lie between the starts of parts: erase blocks of cards have 4 MiB.
SECTOR = 512
ALIGNED_SECTORS = 8192
_ALIGNED = SECTOR * ALIGNED_SECTORS
#: The labels that Raspberry Pi OS has, so that what is written for it fits.
BOOT_LABEL, ROOT_LABEL = "bootfs", "rootfs"
#: As on Raspberry Pi OS: two kernels with their initrds and the firmware take less than half of it.
_BOOT_BYTES = 512 << 20
#: Free in the file system before it has grown: for the first start's own files, should it not grow.
_FREE_BYTES = 192 << 20
#: Beside its files, ext4 needs space for inodes, journal and tables.
_OVERHEAD = 1.12
#: Namespace of names that are addresses (RFC 9562, 6.6).
_ADDRESS = "https://github.com/ravatard/ravatard/image/"


@dataclass(frozen=True, slots=True)
class Identity:
    """Numbers by which disk and file systems are found; the same for the same version.

    Attributes:
        disk: the partition table's, 8 hexadecimal digits.
        boot: of the FAT file system, 8 hexadecimal digits.
        root: of the ext4 file system.
    """

    disk: str
    boot: str
    root: uuid.UUID

    def partition(self, number: int) -> str:
        """The PARTUUID of a partition, counted from 1."""
        return f"{self.disk}-{number:02x}"


def identity(version: str) -> Identity:
    """The numbers for an image of ``version``."""
    disk, boot, root = (
        uuid.uuid5(uuid.NAMESPACE_URL, f"{_ADDRESS}{version}/{part}") for part in ("disk", "boot", "root")
    )
    # 0 would mean that there is none.
    return Identity(f"{disk.fields[0] or 1:08x}", f"{boot.fields[0] or 1:08x}", root)


@dataclass(frozen=True, slots=True)
class Partition:
    """One part of the card, in bytes from its start."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A card with a FAT file system that the firmware reads, and the system behind it."""

    boot: Partition
    root: Partition
    size: int

    def sfdisk(self, disk: str) -> str:
        """The script for sfdisk. An MBR: the boot ROM of a Raspberry Pi 3 reads no other."""
        return (
            f"label: dos\nlabel-id: 0x{disk}\nunit: sectors\nsector-size: {SECTOR}\n"
            f"start={self.boot.start // SECTOR}, size={self.boot.size // SECTOR}, type=c, bootable\n"
            f"start={self.root.start // SECTOR}, size={self.root.size // SECTOR}, type=83\n"
        )


def layout(root_bytes: int) -> Layout:
    """The layout for a system whose files have ``root_bytes`` in blocks of 4 KiB."""
    boot = Partition(_ALIGNED, _BOOT_BYTES)
    wanted = int(root_bytes * _OVERHEAD) + _FREE_BYTES
    root = Partition(boot.start + boot.size, -(-wanted // _ALIGNED) * _ALIGNED)
    return Layout(boot, root, root.start + root.size)
