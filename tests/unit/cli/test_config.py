"""``ravatard config``: what a person reads, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ravatard.cli import EXIT_CONFIG, main
from ravatard.cli.config import _in_words
from ravatard.config import Schema, reference
from ravatard.secret import MASK


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good file, and an environment that holds nothing of ours."""
    for name in [key.variable for key in Schema().keys.values()] + ["CREDENTIALS_DIRECTORY"]:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "ravatard.yaml"
    path.write_text(
        "service:\n  project_id: hush-hush\n  avatar: Zoë\ngate:\n  silence_ms: 700\n", encoding="utf-8"
    )
    return path


def test_a_good_configuration_is_called_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["config", "check", "--config", str(config)])

    assert status == 0
    assert capsys.readouterr().out == "configuration is good: 1 file read\n"


def test_the_files_beside_it_are_counted(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "ravatard.d").mkdir()
    (config.parent / "ravatard.d" / "10-more.yaml").touch()

    main(["config", "check", "--config", str(config)])

    assert "good: 2 files read" in capsys.readouterr().out


def test_a_wrong_configuration_is_explained_with_status_78(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("gate:\n  mode: loud\nvoise: {}\n", encoding="utf-8")

    status = main(["config", "check", "--config", str(config)])

    captured = capsys.readouterr()
    assert status == EXIT_CONFIG == 78
    assert captured.out == ""
    assert f"{config}:2: gate.mode: found 'loud'; allowed: one of auto, vad, button, both" in captured.err
    assert f"{config}:3: voise: unknown section; did you mean voice?" in captured.err


def test_show_refuses_a_wrong_configuration_too(config: Path) -> None:
    assert main(["config", "show", "--config", str(config.with_name("none.yaml"))]) == EXIT_CONFIG


def test_show_has_a_line_for_every_setting_with_its_origin(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAVATARD_GATE__TOGGLE", "yes")

    status = main(["config", "show", "--config", str(config)])

    lines = capsys.readouterr().out.splitlines()
    shown = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert status == 0
    assert list(shown) == list(Schema().keys)
    assert shown["gate.silence_ms"] == f"700 ms {config}:5"
    assert shown["gate.toggle"] == "true environment RAVATARD_GATE__TOGGLE"
    assert shown["gate.preroll_ms"] == "300 ms default"
    assert shown["button.pin"] == "(unset) default"


def test_show_puts_values_and_origins_below_each_other(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["config", "show", "--config", str(config)])

    columns = {
        line.index("default") for line in capsys.readouterr().out.splitlines() if line.endswith("default")
    }
    assert len(columns) == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_show_masks_secrets(config: Path, capsys: pytest.CaptureFixture[str], form: list[str]) -> None:
    main(["config", "show", "--config", str(config), *form])

    assert "hush" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "ms", "(unset)"),
        (True, "", "true"),
        (False, "", "false"),
        (5, "ms", "5 ms"),
        ("slim", "", "slim"),
        (("a", 1), "", "[a, 1]"),
    ],
)
def test_values_are_shown_as_they_are_written(value: object, unit: str, words: str) -> None:
    assert _in_words(value, unit) == words


def test_show_has_a_form_for_programs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "show", "--json", "--config", str(config)])

    shown = json.loads(capsys.readouterr().out)
    assert list(shown) == list(Schema().sections)
    assert shown["gate"]["silence_ms"] == {"value": 700, "unit": "ms", "origin": f"{config}:5"}
    assert shown["service"]["avatar"]["value"] == "Zoë"
    assert shown["service"]["project_id"] == {"value": MASK, "unit": "", "origin": f"{config}:2"}
    assert shown["service"]["user_id"] == {"value": None, "unit": "", "origin": "default"}


def test_show_has_the_board_first_when_there_is_one(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = config.parent / "boards" / "mine.yaml"
    board.parent.mkdir()
    board.write_text("settings:\n  button:\n    pin: 24\n", encoding="utf-8")
    config.write_text("board: mine\n", encoding="utf-8")

    main(["config", "show", "--config", str(config)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    main(["config", "show", "--json", "--config", str(config)])
    shown = json.loads(capsys.readouterr().out)

    assert lines[0] == ["board", "mine", str(board)]
    assert ["button.pin", "24", f"{board}:3"] in lines
    assert shown["board"] == {"value": "mine", "unit": "", "origin": str(board)}
    assert shown["button"]["pin"]["origin"] == f"{board}:3"


def test_the_reference_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "reference"]) == 0
    assert capsys.readouterr().out == reference()


def test_config_alone_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["config"])

    assert caught.value.code == 2
    assert "check" in capsys.readouterr().err
