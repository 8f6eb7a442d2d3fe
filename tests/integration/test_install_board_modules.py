"""Modules for pins in a clone's environment: Debian's are linked where they fit, pip installs the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.install_rig import PATH, SCRIPTS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python of Debian's"),
]

#: Debian package -> the files of its module.
MODULES = {
    "python3-alsaaudio": ("alsaaudio.py", "pyalsaaudio-0.9.egg-info"),
    "python3-lgpio": ("lgpio.py", "lgpio-0.2.2.0.egg-info"),
    "python3-spidev": ("spidev.py", "spidev-3.6.egg-info"),
}


class Machine:
    """Devices, Debian's modules, and what dpkg and apt say of them."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.modules, self.fakes = (folder / name for name in ("dev", "modules", "fakes"))
        for one in (self.devices, self.modules, self.fakes, folder / "lists"):
            one.mkdir()
        for package, (module, metadata) in MODULES.items():
            (self.modules / module).write_text(f"came_from = {package!r}\n")
            (self.modules / metadata).mkdir()
            name, version = metadata.removesuffix(".egg-info").split("-")
            (self.modules / metadata / "PKG-INFO").write_text(
                f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n"
            )
            listed = "".join(f"{self.modules}/{one}\n" for one in (module, metadata))
            (folder / "lists" / package).write_text(listed + "/usr/share/doc/x\n")
        (self.fakes / "dpkg-query").write_text(
            f'#!/bin/sh\nfor last; do :; done\n[ -e "{folder}/lists/$last" ] || exit 1\n'
            f'case "$1" in --listfiles) cat "{folder}/lists/$last" ;; *) echo "install ok installed" ;; '
            "esac\n"
        )
        (self.fakes / "apt-cache").write_text("#!/bin/sh\n")
        for one in self.fakes.iterdir():
            one.chmod(0o755)
        self._lists = folder / "lists"

    def has_pins(self) -> None:
        (self.devices / "gpiochip0").touch()

    def lacks(self, package: str) -> None:
        (self._lists / package).unlink()

    def ask(self, *words: str | Path) -> str:
        return subprocess.run(
            [SCRIPTS / "board-modules.sh", *words],
            env={
                "PATH": f"{self.fakes}:{PATH}",
                "DEVICES": str(self.devices),
                "DEBIAN_MODULES": str(self.modules),
            },
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An environment of Debian's Python, as `make` makes it."""
    subprocess.run(
        ["/usr/bin/python3", "-I", "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=60
    )
    return tmp_path / "venv/bin/python"


def loaded(python: Path, module: str) -> str:
    said = subprocess.run(
        [python, "-I", "-c", f"import {module}; print({module}.came_from)"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return said.stdout.strip()


def test_a_machine_without_pins_gets_nothing(machine: Machine, python: Path) -> None:
    assert machine.ask("packages", python) == ""
    assert machine.ask("left-out", python) == "lgpio pyalsaaudio spidev"
    assert machine.ask("extras") == ""
    machine.ask("link", python)
    assert loaded(python, "lgpio") == ""


def test_with_pins_the_environment_has_debians_modules_and_pip_leaves_them_alone(
    machine: Machine, python: Path
) -> None:
    machine.has_pins()

    assert set(machine.ask("packages", python).split()) == set(MODULES)
    assert machine.ask("left-out", python).split() == ["pyalsaaudio", "spidev", "lgpio"]
    assert machine.ask("extras") == ",gpio,leds,mixer"
    for _ in range(2):
        machine.ask("link", python)
    assert [loaded(python, one) for one in ("alsaaudio", "lgpio", "spidev")] == sorted(MODULES)


def test_pip_counts_a_linked_module_as_installed(machine: Machine, python: Path) -> None:
    machine.has_pins()
    machine.ask("link", python)

    said = subprocess.run(
        [
            python,
            "-I",
            "-c",
            "import importlib.metadata as m; print(m.version('lgpio'), m.version('spidev'))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert said.stdout == "0.2.2.0 3.6\n"


def test_what_debian_lacks_is_pips(machine: Machine, python: Path) -> None:
    """Debian 12 has no lgpio, Raspberry Pi OS has."""
    machine.has_pins()
    machine.lacks("python3-lgpio")

    assert machine.ask("left-out", python).split() == ["pyalsaaudio", "spidev"]
    machine.ask("link", python)
    assert loaded(python, "lgpio") == ""
    assert loaded(python, "spidev") == "python3-spidev"


def test_a_python_that_is_not_debians_gets_all_from_pip_and_what_compiling_needs(
    machine: Machine, tmp_path: Path
) -> None:
    machine.has_pins()
    other = tmp_path / "python"
    other.write_text(
        f'#!/bin/sh\ncase "$*" in *EXT_SUFFIX*) echo .other.so ;; *) exec {sys.executable} "$@" ;; esac\n'
    )
    other.chmod(0o755)

    assert "libasound2-dev" in machine.ask("packages", other).split()
    assert not set(machine.ask("packages", other).split()) & set(MODULES)
    assert machine.ask("left-out", other) == ""


def test_what_pip_has_installed_is_not_replaced(machine: Machine, python: Path) -> None:
    machine.has_pins()
    (site,) = (python.parents[1] / "lib").glob("python3*/site-packages")
    (site / "spidev.py").write_text("came_from = 'pip'\n")

    machine.ask("link", python)

    assert loaded(python, "spidev") == "pip"
