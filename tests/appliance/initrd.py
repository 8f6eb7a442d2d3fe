"""The first file system of the virtual machine: loads what the disk needs, mounts it, and goes on there.

Debian's own takes seven seconds under emulation, this one takes one.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.appliance.commands import output

_NEEDED = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
_INIT = """#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
for module in /modules/*; do busybox insmod "$module"; done
tries=0
until [ -b /dev/vda ] || [ "$tries" -ge 100 ]; do busybox sleep 0.1; tries=$((tries + 1)); done
busybox mount -t ext4 -o rw,noatime /dev/vda /new || exec busybox sh
busybox mount --move /dev /new/dev
exec busybox switch_root /new /sbin/init
"""


def write_initrd(root: Path, release: str, target: Path) -> None:
    """Write it to ``target``, with busybox and the modules of the system in ``root``.

    Raises:
        BuildError: a module is missing.
    """
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary)
        for name in ("bin", "dev", "new", "modules"):
            (tree / name).mkdir()
        shutil.copy(root / "bin/busybox", tree / "bin")
        for number, module in enumerate(_in_order(root, release), 100):
            shutil.copy(root / module, tree / "modules" / f"{number}-{Path(module).name}")
        init = tree / "init"
        init.write_text(_INIT)
        init.chmod(0o755)
        pack = 'find . -print0 | cpio --quiet --null --create --format=newc --owner=0:0 >"$1"'
        output("sh", "-c", pack, "sh", target.absolute(), cwd=tree)


def _in_order(root: Path, release: str) -> list[str]:
    """Paths in ``root`` of the modules, what is needed by others first."""
    found: dict[str, None] = {}
    for name in _NEEDED:
        for line in output("chroot", root, "modprobe", "--show-depends", "-S", release, name).splitlines():
            action, _, path = line.strip().partition(" ")
            if action == "insmod":
                found[path.strip().lstrip("/")] = None
    return list(found)
