"""The disk of the virtual machine: Debian 12 as on the building machine, with what the installation needs.

Nothing here names a place to download from: the packages come from where apt gets them on this machine. No
loop device and no mount is needed, and nothing is written outside the cache folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.apt import acquire_options, kernel_release, sources
from tests.appliance.commands import BuildError, output
from tests.appliance.gpio_module import build_module
from tests.appliance.initrd import write_initrd

SUITE = "bookworm"
DISK_MB = 3_072
GUEST = Path(__file__).parent / "guest"
_RECIPE = ("image.py", "initrd.py", "gpio_module.py", "apt.py")
#: What the virtual machine itself needs, before ravatard asks for anything.
_SYSTEM = (
    "systemd-sysv dbus udev kmod busybox-static iproute2 procps psmisc sudo make python3 python3-venv "
    "alsa-utils libasound2-plugins libportaudio2 gpiod adduser dosfstools"
).split()
#: Parts of the kernel's modules that a virtual appliance can need; the rest is 300 MB.
_MODULES = re.compile(
    r"^(lib|crypto|arch/x86/crypto|net/(core|packet|unix|ipv6|llc|802)|security"
    r"|fs/(ext4|jbd2|mbcache|configfs|fuse|autofs|overlayfs|fat|nls)|sound/(core|drivers|soundcore)"
    r"|drivers/(virtio|block/(virtio_blk|loop)|net/(virtio_net|net_failover)|char/(virtio_console|hw_random)|gpio|leds"
    r"|watchdog|firmware|rtc))"
)
_FILES = {
    "etc/hostname": "appliance\n",
    "etc/hosts": "127.0.0.1 localhost appliance\n",
    "etc/fstab": "/dev/vda / ext4 noatime 0 1\n",
    "etc/resolv.conf": "",
    "etc/systemd/network/10-vm.network": "[Match]\nType=ether\n[Network]\nAddress=10.0.2.15/24\n"
    "Gateway=10.0.2.2\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
    "etc/systemd/journald.conf.d/vm.conf": "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n",
    "etc/modules-load.d/vm.conf": "virtio_console\nconfigfs\nsnd-aloop\n",
    "etc/modprobe.d/vm.conf": "options snd-aloop index=0 id=UsbMic pcm_substreams=2\n"
    "options snd-dummy index=5 id=Dummy\n",
    # As Raspberry Pi OS does it.
    "etc/udev/rules.d/60-gpio.rules": 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"\n',
    # The wheels were made on the building machine: the virtual machine has no way to the world.
    "etc/pip.conf": "[global]\nno-index = true\nfind-links = /opt/wheels\ndisable-pip-version-check = true\n",
}
_NOT_WANTED = (
    "apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer "
    "dpkg-db-backup.timer getty@tty1.service systemd-pstore.service alsa-restore.service "
    "proc-sys-fs-binfmt_misc.automount "
    "alsa-state.service systemd-networkd-wait-online.service systemd-binfmt.service"
).split()


@dataclass(frozen=True, slots=True)
class Image:
    """What QEMU boots.

    Attributes:
        disk: raw ext4 file system, never written to.
        kernel: Debian's.
        initrd: loads the modules of the disk and goes on there.
    """

    disk: Path
    kernel: Path
    initrd: Path


def cache_folder() -> Path:
    """Where images are kept: ``RAVATARD_APPLIANCE_CACHE``, else a folder in the user's cache."""
    if chosen := os.environ.get("RAVATARD_APPLIANCE_CACHE"):
        return Path(chosen)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "ravatard-appliance"


def ensure_image(cache: Path, packages: tuple[str, ...], say: Callable[[str], object]) -> Image:
    """The image with ``packages``, built (minutes) unless this very one is in ``cache``.

    Raises:
        BuildError: it cannot be built here; says why.
    """
    release = kernel_release()
    folder = cache / "image"
    image = Image(folder / "disk.raw", folder / "vmlinuz", folder / "initrd.img")
    stamp, mark = folder / "stamp", _fingerprint(release, packages)
    if stamp.exists() and stamp.read_text() == mark:
        return image
    if os.geteuid() != 0:
        raise BuildError("building the image needs root; run `sudo make appliance-image` once")
    began = time.monotonic()
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    say(f"building gpio-sim for {release}")
    module = build_module(release, cache / f"gpio-sim-{release}")
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        root = Path(temporary) / "root"
        say(f"installing Debian {SUITE} ({len(packages)} packages for ravatard)")
        _debootstrap(root, [*_SYSTEM, f"linux-image-{release}", *packages])
        _modules(root, release, module)
        _configure(root)
        shutil.copy(root / f"boot/vmlinuz-{release}", image.kernel)
        write_initrd(root, release, image.initrd)
        say("making the disk")
        _disk(root, image.disk)
    stamp.write_text(mark)
    say(f"image made in {time.monotonic() - began:.0f} s")
    return image


def _fingerprint(release: str, packages: tuple[str, ...]) -> str:
    here = Path(__file__).parent
    recipe = sorted(GUEST.iterdir()) + [here / name for name in _RECIPE]
    digest = hashlib.sha256("\n".join([release, *packages]).encode())
    for file in recipe:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _debootstrap(root: Path, packages: list[str]) -> None:
    options = [f"--aptopt={line}" for line in (*acquire_options(), 'APT::Install-Recommends "false";')]
    for folder in ("doc", "man", "locale", "info"):
        options.append(f"--dpkgopt=path-exclude=/usr/share/{folder}/*")
    output(
        *("mmdebstrap", "--mode=root", "--variant=minbase", *options),
        *(f"--include={','.join(packages)}", SUITE, root, sources(SUITE)),
        within_s=900,
        # Debian's own initrd is not used, and takes long to make.
        environ={"INITRD": "No"},
    )


def _modules(root: Path, release: str, gpio_sim: Path) -> None:
    folder = root / "lib/modules" / release
    for module in (folder / "kernel").rglob("*.ko"):
        if not _MODULES.match(str(module.relative_to(folder / "kernel"))):
            module.unlink()
    (folder / "extra").mkdir()
    shutil.copy(gpio_sim, folder / "extra")
    output("chroot", root, "depmod", release)


def _configure(root: Path) -> None:
    for name, text in _FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)
    (root / "opt/appliance").mkdir(parents=True)
    for file in GUEST.iterdir():
        shutil.copy(file, root / ("etc/systemd/system" if file.suffix == ".service" else "opt/appliance"))
    for name in _NOT_WANTED:
        (root / "etc/systemd/system" / name).symlink_to("/dev/null")
    for command in (
        "groupadd --force --system gpio",
        "groupadd --force --system spi",
        "passwd --quiet --delete root",
        "systemctl --quiet enable systemd-networkd.service agent.service hardware.service",
    ):
        output("chroot", root, *command.split())
    # Made at the first boot, so that no two machines share it.
    (root / "etc/machine-id").write_text("")


def _disk(root: Path, disk: Path) -> None:
    shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
    with disk.open("wb") as file:
        file.truncate(DISK_MB << 20)
    output("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", "-d", root, disk, within_s=300)
