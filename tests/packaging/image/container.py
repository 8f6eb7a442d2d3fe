"""The image's system in a container on this processor: all but its kernel, firmware and partitions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.packaging.booted import Booted, booted
from tests.packaging.debian import Debian, this_machine
from tests.packaging.image.layout import identity
from tests.packaging.image.owner import SETTINGS, answers, user_data
from tests.packaging.image.root import DEBIAN, make_root, make_system

_REPORT = "/run/proof"
#: Without a network the end of a start is waited for a minute longer, by what wants one.
_START_S = 180.0


def in_container(deb: Path, system: Path, into: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Give the steps, in their order: a name, and what does it and says what was seen; as root.

    Args:
        deb: ravatard's package for this machine's processor and the image's suite.
        system: an archive (``.tar``) of Debian, made if it is not there, and kept.
        into: a directory that does not exist yet.
    """
    yield "system in a container", lambda: _made(deb, system, into)
    yield "first start in a container", lambda: _first(into)
    yield "second start, with a file ssh", lambda: _second(into)


def _made(deb: Path, system: Path, into: Path) -> str:
    debian = Debian(DEBIAN.suite, this_machine().architecture)
    if not system.exists():
        make_system(debian, system, 0, 1)
    make_root(system, deb.resolve(), identity("container"), into, 1)
    # The directory stands for the boot partition.
    (into / "etc/fstab").write_text("")
    boot = into / "boot/firmware"
    (boot / "user-data").write_text(user_data(_REPORT, "true", card=False))
    (boot / "ravatard.yaml").write_text(SETTINGS)
    return f"Debian {debian} with {deb.name}"


def _first(root: Path) -> str:
    with booted(root, _START_S) as machine:
        told = answers(machine.comes(f"cat {_REPORT}", "PROOF end: yes", _START_S))
        assert told["ravatard"] == ["active"], told["ravatard"]
        assert "failed" not in told, told["failed"]
        assert "warnings" not in told, told["warnings"]
        assert told["secret"] == ["root:root:600"], told["secret"]
        assert told["settings"] == ["0"], "the secret is still in the settings"
        assert {"sudo", "ravatard"} <= set(told["account"][0].split()), told["account"]
        assert "logins" not in told, told["logins"]
        assert (told["ssh"], told["keys"], told["name"]) == (["inactive"], ["2"], ["proof"]), told
        names = sorted(file.name for file in (root / "boot/firmware").iterdir())
        assert "ravatard.yaml" not in names, names
        assert "ravatard-done.txt" in names, names
        return f"READY {_ready_s(machine):.1f} s after its begin, without a network; {told['sentence'][0]}"


def _second(root: Path) -> str:
    (root / "boot/firmware/ssh").touch()
    with booted(root, _START_S) as machine:
        states = machine.run("systemctl is-active ravatard ssh cloud-init-main cloud-final").output.split()
        assert states == ["active", "active", "inactive", "inactive"], states
        failed = machine.good("systemctl --failed --plain --no-legend")
        assert not failed, failed
        ready_s = _ready_s(machine)
    shutil.rmtree(root)
    return f"READY {ready_s:.1f} s after its begin; SSH listens; cloud-init did not run"


def _ready_s(machine: Booted) -> float:
    """Seconds from systemd's begin to the service's READY."""
    show = "systemctl show --value --property"
    ready, began = (
        int(machine.good(command))
        for command in (
            f"{show} ActiveEnterTimestampMonotonic ravatard.service",
            f"{show} UserspaceTimestampMonotonic",
        )
    )
    return (ready - began) / 1e6
