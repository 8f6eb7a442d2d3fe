"""The wheel, installed apart as pipx does it: the command runs, and what it reads came along."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from ravatard import __version__

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of a copy: setuptools leaves a folder in its source."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("ravatard", "hardware/boards"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    words = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run(
        [*words, "--wheel-dir", folder, source],
        env=_ENVIRONMENT | {"HOME": str(folder)},
        check=True,
        timeout=100,
    )
    (found,) = folder.glob("ravatard-*.whl")
    return found


def test_the_wheel_carries_what_the_package_reads(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert f"ravatard-{__version__}-py3-none-any.whl" == wheel.name
    data = f"ravatard-{__version__}.data/data/share/ravatard/boards"
    boards = {f"{data}/{path.name}" for path in (ROOT / "hardware/boards").glob("*.yaml")}
    # Python's own, and those that pyproject.toml lists: whatever else lies in the package is read by it.
    inside = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "ravatard").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"
    }
    moved = {
        name.replace("ravatard/avatar_sdk/toplevel/", "") if "/toplevel/" in name else name for name in inside
    }
    assert boards | moved - names == boards


def test_the_command_runs_from_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv/bin/python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel]
    subprocess.run(
        [str(word) for word in install], env=_ENVIRONMENT | {"HOME": str(tmp_path)}, check=True, timeout=100
    )
    # Its requirements are those of the tests, which are not installed again.
    (site,) = (tmp_path / "venv/lib").glob("python3*/site-packages")
    (site / "requirements.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def said(*words: str) -> str:
        done = subprocess.run(
            [tmp_path / "venv/bin/ravatard", *words],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    assert said("--version") == f"ravatard {__version__}\n"
    assert f"{tmp_path}{os.sep}venv" in said("version")
    assert "respeaker-2mic" in said("board", "list")
    assert said("config", "reference") == (ROOT / "config/ravatard.yaml").read_text()
