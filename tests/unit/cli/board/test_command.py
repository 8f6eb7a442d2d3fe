"""``ravatard board list`` and ``show``: what a person reads, and the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ravatard.cli import main
from ravatard.config.boards import shipped_boards
from ravatard.exit_status import ExitStatus

SHIPPED = shipped_boards()
assert SHIPPED is not None
NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Where a configuration would be, with a folder of boards of one's own beside it."""
    (tmp_path / "boards").mkdir()
    return str(tmp_path / "ravatard.yaml")


def own(config: str, name: str, text: str) -> Path:
    path = Path(config).parent / "boards" / name
    path.write_text(text)
    return path


def test_the_list_has_every_board_with_its_title(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["board", "list", "--config", config])

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert [line.split()[0] for line in lines] == NAMES
    assert "respeaker-2mic         Seeed ReSpeaker 2-Mics Pi HAT" in lines


def test_the_list_has_ones_own_boards_and_says_where_they_are(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = own(config, "mine.yaml", "title: My box\n")
    own(config, "broken.yaml", "titel: My box\n")

    main(["board", "list", "--config", config])

    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()}
    assert lines["mine"] == f"My box ({mine})"
    assert lines["broken"].startswith("cannot be used; `ravatard board show broken` says why")


@pytest.mark.parametrize("name", NAMES)
def test_what_show_says_a_board_sets_is_a_configuration_of_the_same_meaning(
    config: str, name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["board", "show", name, "--config", config])
    shown = capsys.readouterr().out
    written = shown.split("which is the same as\n\n")[1].split("\n\n")[0]

    assert SHIPPED is not None
    file = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    assert yaml.safe_load(written) == file["settings"]
    assert all(source["url"] in shown for source in file["sources"])
    assert all(line in shown.splitlines() for line in file.get("config_txt", []))
    assert f"board: {name}" in shown.splitlines()


def test_show_names_each_pin_by_number_and_gpio(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["board", "show", "button-led", "--config", config])

    assert "  11  GPIO17  button, its other side to pin 9" in capsys.readouterr().out


def test_an_unknown_board_is_explained_with_status_78(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["board", "show", "aiy-voice-hut", "--config", config])

    assert status == ExitStatus.CONFIG
    said = capsys.readouterr().err
    assert "unknown board 'aiy-voice-hut'; did you mean aiy-voice-hat? there are: adafruit-" in said


def test_a_board_with_mistakes_is_explained_with_status_78(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own(config, "mine.yaml", "settings:\n  button: {pin: 77}\n")

    assert main(["board", "show", "mine", "--config", config]) == ExitStatus.CONFIG
    assert f"{path}:2: button.pin: found '77'; allowed: a whole number" in capsys.readouterr().err


def test_a_minimal_board_is_shown_without_empty_headings(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own(config, "mine.yaml", "settings:\n  button: {pin: 4}\n")

    main(["board", "show", "mine", "--config", config])

    assert capsys.readouterr().out.splitlines() == [
        *("mine", "", "In the configuration:", "", "board: mine", "", "which is the same as", ""),
        *("button:", "  pin: 4"),
    ]
