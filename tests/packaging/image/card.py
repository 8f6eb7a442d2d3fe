"""A card with the image, in its owner's hand: files are put onto its boot partition, and read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.commands import output
from tests.packaging.image.layout import SECTOR, Partition

#: Of a card that one can buy. QEMU takes powers of two only, as cards say of themselves.
CARD_BYTES = 4 << 30
#: Programs for disks are there, and not on the path of a user without rights.
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def examined(*words: str | Path, within_s: float = 300) -> str:
    """Run a program that reads or writes disks; returns what it says.

    Raises:
        BuildError: it is missing, or failed.
    """
    return output(*words, within_s=within_s, environ={"PATH": _PATH})


@dataclass(frozen=True, slots=True)
class Card:
    """A file that stands for the card."""

    path: Path

    def partitions(self) -> tuple[Partition, ...]:
        """What the partition table has."""
        said = json.loads(examined("sfdisk", "--json", self.path))["partitiontable"]
        assert said["label"] == "dos", said["label"]
        return tuple(Partition(one["start"] * SECTOR, one["size"] * SECTOR) for one in said["partitions"])

    def names(self) -> set[str]:
        """What the boot partition has in its first directory."""
        return set(output("mdir", "-b", "-i", self._boot(), "::").replace("::/", "").split())

    def read(self, name: str) -> str:
        """A file of text on the boot partition."""
        return output("mtype", "-i", self._boot(), f"::{name}")

    def take(self, name: str, into: Path) -> Path:
        """Copy a file of the boot partition into a directory."""
        output("mcopy", "-n", "-i", self._boot(), f"::{name}", into)
        return into / name

    def put(self, name: str, text: str, folder: Path) -> None:
        """Write a file of text onto the boot partition, by way of a directory."""
        file = folder / name
        file.write_text(text)
        output("mcopy", "-o", "-i", self._boot(), file, f"::{name}")

    def part(self, number: int, into: Path) -> Path:
        """Copy a partition, counted from 1, into a file."""
        place = self.partitions()[number - 1]
        output(
            *("dd", f"if={self.path}", f"of={into}", "bs=4M", "iflag=skip_bytes,count_bytes"),
            *(f"skip={place.start}", f"count={place.size}", "conv=sparse", "status=none"),
            within_s=300,
        )
        return into

    def _boot(self) -> str:
        return f"{self.path}@@{self.partitions()[0].start}"


def flash(packed: Path, into: Path) -> Card:
    """Write the image onto a card, which is larger.

    Raises:
        BuildError: it cannot be unpacked, or is not what its checksum says.
    """
    output("sha256sum", "--check", "--quiet", f"{packed.name}.sha256", cwd=packed.parent)
    output(
        "sh",
        "-c",
        'xz -dc "$1" | dd of="$2" bs=4M iflag=fullblock conv=sparse status=none',
        "sh",
        packed,
        into,
    )
    with into.open("r+b") as file:
        file.truncate(CARD_BYTES)
    return Card(into)
