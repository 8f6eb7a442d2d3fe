"""The manual pages and the shell's completion, made from commands and settings: nothing is left out."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ravatard.cli import COMMANDS, parser_of
from ravatard.config.schema import Schema

ROOT = Path(__file__).parents[2]


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ravatard_manual", ROOT / "systemd/install/manual.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all three files."""
    folder = tmp_path_factory.mktemp("manual")
    _loaded().main(folder)
    return folder


def inner(path: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command below one, itself included."""
    yield path, parser
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for name, one in action.choices.items():
                yield from inner(f"{path} {name}", one)


PARSERS = [found for name in COMMANDS for found in inner(f"ravatard {name}", parser_of(name))]


def shown(page: Path) -> str:
    """The page as ``man`` shows it, which must have nothing to complain about."""
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    done = subprocess.run(
        ["man", "--warnings", "--local-file", page],
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "1000", "LC_ALL": "C.UTF-8", "MANOPT": "--no-hyphenation"},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return re.sub(r".\x08", "", done.stdout)


@pytest.mark.parametrize(("path", "parser"), PARSERS, ids=[path for path, _ in PARSERS])
def test_the_manual_has_every_command_and_every_option(
    made: Path, path: str, parser: argparse.ArgumentParser
) -> None:
    text = (made / "ravatard.1").read_text().replace(r"\-", "-")

    section = text.partition(f'.SS "{path}"\n')[2].partition("\n.S")[0]
    assert section
    options = {name for action in parser._actions for name in action.option_strings} - {"-h", "--help"}
    assert {name for name in options if name not in section} == set()


def test_the_manual_of_the_settings_has_every_setting(made: Path) -> None:
    text = (made / "ravatard.yaml.5").read_text()

    assert {key for key in Schema().keys if f"\n.B {key}\n" not in text} == set()


@pytest.mark.parametrize("name", ["ravatard.1", "ravatard.yaml.5"])
def test_man_shows_a_page_without_a_complaint(made: Path, name: str) -> None:
    said = shown(made / name)

    assert said.count("\n") > 500
    assert "``" not in said


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (["st"], {"status"}),
        (["status", "--wait", ""], {"working", "idle"}),
        (["config", "ch"], {"check"}),
        (["config", "get", "gate.sil"], {"gate.silence_ms"}),
        (["-v", "doc"], {"doctor"}),
        (["status", "--soc"], {"--socket"}),
        (["status", "--socket", ""], set()),
        (["nonsense", "x"], set()),
    ],
)
def test_bash_offers_what_may_follow(made: Path, line: list[str], offered: set[str]) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    typed = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))'
    script = f'. {made}/ravatard.bash; {typed}; _ravatard; echo "${{COMPREPLY[@]}}"'

    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", "ravatard", *line],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stderr == ""
    assert set(done.stdout.split()) == offered
