"""A remedy names the installation that lacks something: a clone's is not the service's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard import installation
from ravatard.installation import (
    SERVICE,
    adding,
    clone_of,
    is_packaged,
    is_services,
    owners_command,
    reinstall,
    restarting,
)


def clone(tmp_path: Path) -> Path:
    (tmp_path / "ravatard").mkdir()
    (tmp_path / "Makefile").touch()
    return tmp_path


def packaged(root: Path) -> Path:
    unit = root / "usr/lib/systemd/system/ravatard.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    return root


def test_in_a_clone_make_setup_brings_what_is_missing(tmp_path: Path) -> None:
    folder = clone(tmp_path)

    said = f"run `make -B setup` in {folder}, whose ravatard this is"

    assert clone_of(folder / ".venv") == folder
    assert adding("gpio", folder / ".venv", tmp_path) == said

    (tmp_path / SERVICE.relative_to("/")).mkdir(parents=True)
    assert adding("gpio", folder / ".venv", tmp_path) == f"{said} (the installed service is another one)"


def test_the_service_is_installed_again_as_it_was_installed(tmp_path: Path) -> None:
    assert not is_packaged(tmp_path)
    assert adding("gpio", SERVICE, tmp_path) == "run `sudo make install`"
    packaged(tmp_path)
    assert reinstall(tmp_path) == "sudo apt install --reinstall ravatard"
    assert adding("gpio", SERVICE, tmp_path) == "run `sudo apt install --reinstall ravatard`"


def test_any_other_environment_has_pip(tmp_path: Path) -> None:
    assert clone_of(tmp_path / "env") is None
    assert adding("leds", tmp_path / "env") == (
        f"run `{tmp_path}/env/bin/python3 -m pip install --upgrade 'ravatard[leds]'`"
    )
    assert adding("", tmp_path / "env").endswith("--upgrade 'ravatard'`")


def test_a_command_of_the_owner_has_sudo_for_the_service_alone() -> None:
    assert owners_command("ravatard page password", service=True) == "sudo ravatard page password"
    assert owners_command("ravatard page password", service=False) == "ravatard page password"
    assert restarting(service=True) == "`sudo systemctl restart ravatard`"
    assert restarting(service=False) == "a restart of `ravatard run`"


def test_a_daemon_with_its_state_elsewhere_is_not_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_services(tmp_path)

    monkeypatch.setattr(installation, "STATE", tmp_path)
    assert is_services(tmp_path)

    # The user of a clone on the same machine.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert not is_services(tmp_path)
