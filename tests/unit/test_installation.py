"""A remedy names the installation that lacks something: a clone's is not the service's."""

from __future__ import annotations

from pathlib import Path

from ravatard.installation import SERVICE, adding, clone_of, is_packaged, reinstall


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
