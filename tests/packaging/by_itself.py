"""Debian's unattended-upgrades with the shipped files, from a signed repository, under a running systemd."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.packaging.booted import Booted, booted
from tests.packaging.building import ROOT
from tests.packaging.debian import Debian
from tests.packaging.fresh_root import Contents, unpack_root
from tests.packaging.repacked import as_version

_PACKAGES = ("unattended-upgrades", "reprepro", "gpg", "gpg-agent")
_DELIVERY = "/opt/delivery"
_SHIPPED = ("unattended-upgrades", "apt-daily-upgrade.service.conf", "apt-daily-upgrade.timer.conf")
#: Each says to where it is to be copied.
_PLACE = re.compile(r"copy this file to\s+(?:[#/]+\s+)?(/etc/\S+?)[.;]?\s")
#: Above the version of this commit, for each suite.
_NEWER = {"bookworm": "99.1+deb12", "trixie": "99.1+deb13"}
_VERSION = "dpkg-query -W -f '${Version} ${db:Status-Status}' ravatard"
_PERIODIC = 'APT::Periodic::Unattended-Upgrade "1";'
#: In the place of the command, while a conversation goes on.
_TALKING = "#!/bin/sh\nexit 3\n"
_TIMER = "apt-daily-upgrade.timer"
_RUN_S = 600.0


def upgraded_by_itself(debian: Debian, deb: Path, wanted: str, cache: Path, into: Path) -> str:
    """The service of the timer upgrades ravatard between conversations, and only then; the next version runs.

    Args:
        debian: the Debian to try.
        deb: the package.
        wanted: all that the package depends on, as it says it.
        cache: a directory for what was downloaded.
        into: where the root is unpacked.

    Raises:
        BuildError: there is no such root.
        AssertionError: something is not as it shall be.
    """
    unpack_root(debian, Contents("unattended", _PACKAGES, satisfying=wanted), cache, into)
    delivery = into / _DELIVERY[1:]
    delivery.mkdir(parents=True)
    shutil.copy(deb, delivery / "new.deb")
    shutil.copy(ROOT / "systemd/install/apt-repo.sh", delivery)
    newer = as_version(deb, _NEWER[debian.suite], delivery)
    with booted(into) as machine:
        machine.good(f"dpkg -i {_DELIVERY}/new.deb && rm -f /etc/apt/sources.list", 300)
        _publish(machine, debian, newer)
        places = _laid_down(machine)
        chosen = machine.good("unattended-upgrade --dry-run --debug", 300)
        assert re.search(r"^Packages that will be upgraded: ravatard$", chosen, re.M), chosen[-1500:]
        _window(machine)
        before = machine.good(_VERSION)
        assert _tried(machine, talking=True) == before, "upgraded in the middle of a conversation"
        after = _tried(machine, talking=False)
        assert after == f"{_NEWER[debian.suite]} installed", after
        machine.comes("systemctl is-active ravatard", "active")
        machine.comes("journalctl --no-pager -o cat -u ravatard-upgrade-check", "works.", 120)
        machine.good("dpkg --purge ravatard", 300)
        assert _upgrades_run(machine), "without ravatard no package is upgraded any more"
    return f"{before.split()[0]}, then {after.split()[0]}; {len(places)} files where they say"


def _window(machine: Booted) -> None:
    """The timer has the hours of the shipped file, and none besides."""
    machine.good(f"rm /etc/systemd/system/{_TIMER} && systemctl daemon-reload")
    names = ("TimersCalendar", "RandomizedDelayUSec", "FixedRandomDelay", "Persistent")
    shown = machine.good(f"systemctl show {_TIMER} --property={','.join(names)}")
    for line in ("RandomizedDelayUSec=2h", "FixedRandomDelay=yes", "Persistent=no"):
        assert line in shown.splitlines(), shown
    assert re.findall(r"OnCalendar=(\S+ \S+)", shown) == ["*-*-* 03:00:00"], shown


def _publish(machine: Booted, debian: Debian, newer: Path) -> None:
    machine.good("gpg --batch --passphrase '' --quick-gen-key test@example.com ed25519 sign never")
    listed = machine.good("gpg --batch --with-colons --list-secret-keys")
    (key,) = re.findall(r"^fpr:+(\w+):", listed, re.M)
    machine.good(
        f"{_DELIVERY}/apt-repo.sh stable {key} /opt/apt {_DELIVERY}/new.deb {_DELIVERY}/{newer.name}"
    )
    source = f"deb [signed-by=/opt/apt/ravatard.gpg] file:/opt/apt/stable {debian.suite} main"
    machine.good(f"echo '{source}' >/etc/apt/sources.list.d/ravatard.list && apt-get -q update", 300)


def _laid_down(machine: Booted) -> list[str]:
    """Copy each shipped file to where it says; return the places."""
    places = []
    for name in _SHIPPED:
        text = machine.good(f"cat /usr/share/ravatard/{name}")
        found = _PLACE.search(text)
        assert found, f"{name} does not say where it belongs"
        places.append(found[1])
        machine.good(f"mkdir -p $(dirname {found[1]}) && cp /usr/share/ravatard/{name} {found[1]}")
    machine.good(
        f"echo '{_PERIODIC}' >/etc/apt/apt.conf.d/20auto-upgrades\n"
        "folder=/etc/systemd/system/ravatard-upgrade-check.service.d && mkdir -p $folder && "
        "printf '[Service]\\nEnvironment=RAVATARD_PROOF_S=5\\n' >$folder/quick.conf\n"
        "systemctl daemon-reload"
    )
    return places


def _tried(machine: Booted, *, talking: bool) -> str:
    """Start what the timer starts, and return the version afterwards."""
    fake = "/usr/local/bin/ravatard"
    if talking:
        machine.good(f"printf '{_TALKING}' >{fake} && chmod 755 {fake} && systemctl start ravatard")
    assert _upgrades_run(machine) is not talking
    machine.good(f"rm -f {fake}")
    return machine.good(_VERSION)


def _upgrades_run(machine: Booted) -> bool:
    """Start what the timer starts; return False if its condition did not hold."""
    machine.run("systemctl start apt-daily-upgrade.service", _RUN_S)
    result = machine.good("systemctl show apt-daily-upgrade.service --property=Result --value")
    assert result in ("success", "exec-condition"), result
    return result == "success"
