"""The image's file system: Debian with the firmware of Raspberry Pis, ravatard, and ``systemd/image``."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.packaging.bootstrap import bootstrap
from tests.packaging.building import ROOT
from tests.packaging.debian import Debian
from tests.packaging.fresh_root import FreshRoot, unpack
from tests.packaging.image.layout import Identity

#: trixie: its kernel knows the Raspberry Pi 4's USB and is maintained until 2030; bookworm's ends in 2028.
DEBIAN = Debian("trixie", "arm64")
#: Firmware that Debian may pass on and not change; Debian 12 and later keep it in a component of its own.
COMPONENTS = "main non-free-firmware"
FILES = ROOT / "systemd/image"
DELIVERED = "/var/cache/ravatard.deb"
_MIRRORS = (
    ("https://deb.debian.org/debian", f"{DEBIAN.suite} {DEBIAN.suite}-updates"),
    ("https://deb.debian.org/debian-security", f"{DEBIAN.suite}-security"),
)
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SCRIPT = """
set -e
systemctl --quiet disable ssh.service
systemctl --quiet enable systemd-networkd.service systemd-resolved.service systemd-timesyncd.service \
    avahi-daemon.service wait-for-network.service ssh-by-boot-file.service
systemctl --quiet mask systemd-networkd-wait-online.service
if [ -x /etc/kernel/postinst.d/z50-raspi-firmware ]; then
    update-initramfs -c -k all
    DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z50-raspi-firmware
fi
rm -f /etc/ssh/ssh_host_*
"""


def packages(architecture: str = DEBIAN.architecture) -> list[str]:
    """The names in ``systemd/image/packages``, and in the file for the architecture if there is one."""
    files = [FILES / "packages", FILES / f"packages.{architecture}"]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def sources() -> str:
    """The image's own sources of packages, for apt."""
    return "\n".join(
        f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: {COMPONENTS}\nSigned-By: {_KEYRING}\n"
        for uri, suites in _MIRRORS
    )


def fstab(identity: Identity) -> str:
    """Mounts of the image. Only root reads the boot partition: it may hold a password of a network."""
    return (
        f"PARTUUID={identity.partition(2)} / ext4 noatime 0 1\n"
        f"PARTUUID={identity.partition(1)} /boot/firmware vfat noatime,umask=0077,nofail 0 2\n"
    )


def firmware_settings(identity: Identity) -> str:
    """Lines for ``/etc/default/raspi-firmware``, by which the kernel's command line is written."""
    return (
        # Else the disk of the machine that builds would be named.
        f'\nROOTPART="PARTUUID={identity.partition(2)}"\n'
        # Messages go to the last one.
        'CONSOLES="ttyS1,115200 tty0"\n'
        # As the kernel knows the board: with the 64 MB of the script a Raspberry Pi 4 does not start.
        "CMA=0\n"
    )


def make_system(debian: Debian, archive: Path, moment: int, patience: float) -> None:
    """Write an archive of Debian with what the image needs besides ravatard; as root.

    Args:
        debian: which; for another architecture than the image's without kernel and firmware.
        archive: a name that ends with ``.tar``.
        moment: newest time of a file, in seconds since 1970.
        patience: how many times longer everything may take than on this machine's processor.

    Raises:
        BuildError: it cannot be made here; says why.
    """
    bootstrap(
        debian,
        archive,
        [f"--include={','.join(packages(debian.architecture))}"],
        patience,
        components=COMPONENTS,
        # The kernel's initrd is made once, when all that belongs into it is there.
        environ={"SOURCE_DATE_EPOCH": str(moment), "INITRD": "No"},
    )


def make_root(archive: Path, deb: Path, identity: Identity, into: Path, patience: float) -> None:
    """Unpack the system, and put ravatard and the image's own files into it; as root.

    Args:
        archive: what :func:`make_system` wrote.
        deb: ravatard's package.
        identity: by which the system finds its partitions.
        into: a directory that does not exist yet.
        patience: how many times longer everything may take than on this machine's processor.

    Raises:
        BuildError: a program of this machine failed.
        AssertionError: a program in the image failed.
    """
    unpack(archive, into)
    root = FreshRoot(into, patience=patience, online=True, lent={deb: DELIVERED})
    root.good(f"apt-get -q update && apt-get -q -y install {DELIVERED} && apt-get clean", within_s=300)
    (into / DELIVERED[1:]).unlink()
    _lay_out(identity, into)
    # raspi-firmware writes onto a mounted partition alone: the directory is mounted over itself.
    firmware = {into / "boot/firmware": "/boot/firmware"}
    FreshRoot(into, patience=patience, lent=firmware).good(_SCRIPT, within_s=300)
    _finish(into)


def _lay_out(identity: Identity, root: Path) -> None:
    for file in sorted((FILES / "root").rglob("*")):
        place = root / file.relative_to(FILES / "root")
        if file.is_dir():
            place.mkdir(exist_ok=True)
        else:
            shutil.copyfile(file, place)
            place.chmod(0o644)
    boot = root / "boot/firmware"
    boot.mkdir(exist_ok=True)
    for file in (FILES / "boot").iterdir():
        shutil.copyfile(file, boot / file.name)
    with (root / "etc/default/raspi-firmware").open("a") as settings:
        settings.write(firmware_settings(identity))
    (root / "etc/fstab").write_text(fstab(identity))
    (root / "etc/hostname").write_text("ravatard\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 ravatard\n::1 localhost ip6-localhost\n")
    for name in ("sources.list", "apt.conf.d/99mmdebstrap"):
        (root / "etc/apt" / name).unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(sources())


def _finish(root: Path) -> None:
    """Leave nothing of the machine that built it, and nothing that two machines must not share."""
    for name in ("dev", "run", "tmp", "var/log/journal", "var/lib/apt/lists", "var/lib/systemd/random-seed"):
        _empty(root / name)
    # Empty: made at the first start. Not "uninitialized", by which systemd would enable every unit anew.
    (root / "etc/machine-id").write_text("")
    for name in ("var/lib/dbus/machine-id", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
    (root / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    for pattern in ("var/cache/debconf/*-old", "var/cache/apt/*.bin", "var/log/*.log", "var/log/apt/*"):
        for old in root.glob(pattern):
            old.unlink()


def _empty(place: Path) -> None:
    if place.is_dir():
        for inside in place.iterdir():
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside)
            else:
                inside.unlink()
    else:
        place.unlink(missing_ok=True)
