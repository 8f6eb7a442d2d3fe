"""A directory becomes a card's image: no loop device and no mount is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.appliance.commands import output
from tests.packaging.image.layout import BOOT_LABEL, ROOT_LABEL, Identity, Layout, Partition, layout

_BLOCK = 4096


def make_disk(root: Path, identity: Identity, moment: int, image: Path) -> Layout:
    """Write ``image`` from the system in ``root``, whose ``boot/firmware`` becomes the first partition.

    Raises:
        BuildError: a program failed.
    """
    folder = image.parent
    # What was made after the version is as old as the version: the same version gives the same files.
    output("find", root, "-newermt", f"@{moment}", "-exec", "touch", "-h", "-d", f"@{moment}", "{}", "+")
    fat, ext4 = folder / "boot.fat", folder / "root.ext4"
    firmware = root / "boot/firmware"
    with fat.open("wb") as file:
        file.truncate(layout(0).boot.size)
    _fill_fat(firmware, fat, identity, moment)
    shutil.rmtree(firmware)
    firmware.mkdir(mode=0o755)
    plan = layout(_blocks_of(root))
    with ext4.open("wb") as file:
        file.truncate(plan.root.size)
    environ = {"SOURCE_DATE_EPOCH": str(moment), "E2FSPROGS_FAKE_TIME": str(moment)}
    output(
        *("mkfs.ext4", "-q", "-F", "-L", ROOT_LABEL, "-U", str(identity.root), "-m", "1"),
        *("-E", f"hash_seed={identity.root},lazy_itable_init=1,root_owner=0:0", "-d", root, ext4),
        within_s=600,
        environ=environ,
    )
    with image.open("wb") as file:
        file.truncate(plan.size)
    script = folder / "sfdisk"
    script.write_text(plan.sfdisk(identity.disk))
    output("sh", "-c", 'exec sfdisk --quiet --no-tell-kernel --no-reread "$1" <"$2"', "sh", image, script)
    for part, place in ((fat, plan.boot), (ext4, plan.root)):
        _put(part, place, image)
        part.unlink()
    script.unlink()
    return plan


def _fill_fat(files: Path, fat: Path, identity: Identity, moment: int) -> None:
    # FAT has times of day without a zone.
    environ = {"TZ": "UTC", "SOURCE_DATE_EPOCH": str(moment), "MTOOLS_SKIP_CHECK": "1"}
    output(
        "mkfs.vfat", "--invariant", "-F", "32", "-n", BOOT_LABEL, "-i", identity.boot, fat, environ=environ
    )
    names = sorted(files.iterdir())
    output("mcopy", "-s", "-p", "-m", "-i", fat, *names, "::", within_s=300, environ=environ)


def _blocks_of(root: Path) -> int:
    """Bytes of all files under ``root``, in whole blocks, and a block a name."""
    seen: set[int] = set()
    total = 0
    for file in root.rglob("*"):
        status = file.lstat()
        if status.st_ino in seen:
            continue
        seen.add(status.st_ino)
        total += (-(-status.st_size // _BLOCK) or 1) * _BLOCK
    return total


def _put(part: Path, place: Partition, image: Path) -> None:
    output(
        *("dd", f"if={part}", f"of={image}", "bs=4M", "iflag=fullblock", "oflag=seek_bytes"),
        *(f"seek={place.start}", "conv=notrunc,sparse", "status=none"),
        within_s=600,
    )
