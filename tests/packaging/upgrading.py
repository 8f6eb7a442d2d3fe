"""Upgrades under a running systemd: unattended, to a version that does not start, and cut off."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.packaging.booted import Booted, booted
from tests.packaging.repacked import as_version
from tests.packaging.steps import CONFIG, DELIVERY

#: Versions above every other; the first one does not start, and ends with this status.
BROKEN, MENDED = "99.0", "99.1"
_STATUS = 3
_BROKEN_PROGRAM = f'#!/bin/sh\n[ "$1" = run ] || exit 0\nexit {_STATUS}\n'
#: Judged in seconds, not in a minute.
_QUICK = """
folder=/etc/systemd/system/ravatard-upgrade-check.service.d
mkdir -p $folder
printf '[Service]\\nEnvironment=RAVATARD_PROOF_S=5 RAVATARD_LIMIT_S=90\\n' >$folder/quick.conf
systemctl daemon-reload
"""
_INSTALL_S = 300
_VERSION = "dpkg-query -W -f '${Version} ${db:Status-Status}' ravatard"
_CHECK = "systemctl show -p ActiveState --value ravatard-upgrade-check.service"
_LOG = "journalctl --no-pager -o cat -u ravatard-upgrade-check -u ravatard-upgrade-repair"
_KEPT = "/var/lib/ravatard-upgrade"
_WORDS = "service: {avatar: Mine}"


def deliver_versions(root: Path) -> None:
    """Lay the further versions of the package down beside the new one."""
    delivery = root / DELIVERY[1:]
    for version, program in ((BROKEN, _BROKEN_PROGRAM), (MENDED, None)):
        made = as_version(delivery / "new.deb", version, delivery, program)
        shutil.move(made, delivery / f"{version}.deb")


def unattended(root: Path) -> str:
    """Upgrade over a pristine, an edited and a pre-laid configuration, with no question; the service runs."""
    with booted(root) as machine:
        for how in ("pristine", "edited", "pre-laid"):
            old, new = "old", "new"
            if how == "pre-laid":
                machine.good(f"mkdir -p /etc/ravatard && echo '{_WORDS}' >{CONFIG}")
                # The old one has it as a conffile, and would itself be asked about.
                old, new = "new", MENDED
            _installed(machine, old)
            if how == "edited":
                machine.good(f"echo '{_WORDS}' >{CONFIG}; systemctl restart ravatard")
            before = machine.good(f"cat {CONFIG}; systemctl show -p MainPID --value ravatard")
            said = _installed(machine, new)
            assert "***" not in said, said
            assert "works" in machine.comes(_LOG, "works."), how
            after = machine.good(f"cat {CONFIG}; systemctl show -p MainPID --value ravatard")
            assert before.splitlines()[:-1] == after.splitlines()[:-1], f"{how}: the configuration is another"
            assert before.splitlines()[-1] != after.splitlines()[-1], f"{how}: the old program runs"
            machine.good("dpkg --purge ravatard && journalctl --rotate --vacuum-time=1s")
    return "all three run the new version, with their words"


def taken_back(root: Path) -> str:
    """A version that does not start is taken back by itself, and the status says so; the next one is not."""
    with booted(root) as machine:
        _installed(machine, "new")
        works = machine.good(_VERSION)
        began = time.monotonic()
        machine.run(f"dpkg -i {DELIVERY}/{BROKEN}.deb", _INSTALL_S)
        machine.comes(_LOG, "runs again", 180)
        took_s = time.monotonic() - began
        assert machine.good(_VERSION) == works
        machine.comes("systemctl is-active ravatard", "active")
        changed = machine.good("dpkg --verify ravatard; dpkg --audit")
        assert not changed, changed
        report = json.loads(machine.comes("ravatard status --json", '"degraded"'))
        (sentence,) = (one for one in report["degraded"] if one.startswith("rolled back"))
        assert f"from {BROKEN} to {works.split()[0]} because" in sentence, sentence
        assert f"status {_STATUS}" in sentence, sentence
        assert BROKEN in machine.good("cat /etc/apt/preferences.d/ravatard-rolled-back")

        _installed(machine, MENDED)
        machine.comes(_LOG, f"ravatard {MENDED} works.")
        machine.comes(f"ls {_KEPT} /etc/apt/preferences.d | wc -w", "2")
        machine.good(f"test ! -e /opt/ravatard.previous && dpkg -i {DELIVERY}/new.deb", _INSTALL_S)
    return f"{sentence.partition(';')[0]}, {took_s:.0f} s after the upgrade began"


def cut_off(root: Path) -> str:
    """An upgrade that is cut off in the middle is repaired by the next boot, and the service runs."""
    ends = []
    for moment, state in (
        ("while files are replaced", "half-installed"),
        ("when it is configured", "half-configured"),
    ):
        sign = f"test -e {_KEPT}/unfinished && {_VERSION} | grep -q {state}"
        with booted(root) as machine:
            machine.good(f"{_QUICK} systemctl start ravatard")
            machine.good(f"dpkg -i {DELIVERY}/{MENDED}.deb >/dev/null 2>&1 </dev/null &")
            # Asked in there: it may be over before the next question from outside.
            machine.good(f"until {sign}; do sleep 0.05; done")
            machine.pull_the_plug()
        with booted(root) as machine:
            machine.comes("systemctl is-active ravatard", "active")
            machine.comes(
                f"systemctl show -p ActiveState --value ravatard-upgrade-repair; {_CHECK}",
                "inactive\ninactive",
            )
            broken = machine.good("dpkg --audit; dpkg --verify ravatard")
            assert not broken, broken
            ends.append(f"{moment}: {machine.good(_VERSION).split()[0]}")
            machine.comes(f"ls {_KEPT} | grep -v rolled-back | wc -l", "0")
            machine.good(f"dpkg -i {DELIVERY}/new.deb", _INSTALL_S)
            machine.comes(_CHECK, "inactive")
    with booted(root) as machine:
        machine.good("dpkg --purge ravatard")
    return ", ".join(ends)


def _installed(machine: Booted, version: str) -> str:
    machine.good(_QUICK)
    said = machine.good(f"dpkg -i {DELIVERY}/{version}.deb", _INSTALL_S)
    machine.comes("systemctl is-active ravatard", "active")
    return said


#: Each leaves no package behind for the next, or the one it needs.
UPGRADES: tuple[Callable[[Path], str], ...] = (unattended, taken_back, cut_off)
