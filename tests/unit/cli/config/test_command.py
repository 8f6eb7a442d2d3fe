"""``ravatard config``: what a person reads, and the exit status."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.cli.config.command import _in_words
from ravatard.config import Schema
from ravatard.config.reference import reference
from ravatard.exit_status import ExitStatus
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
    path.chmod(0o600)
    return path


def test_a_good_configuration_is_called_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["config", "check", "--config", str(config)])

    assert status == 0
    assert capsys.readouterr().out == "configuration is good: 1 file read\n"


@pytest.mark.parametrize("code", ["en", "nl"])
def test_texts_that_the_page_could_not_show_are_a_mistake(
    config: Path, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    texts = config.parent / "texts"
    texts.mkdir()
    (texts / f"{code}.yaml").write_text("words:\n  raedy: go\n")
    config.write_text(f"service: {{project_id: x-1}}\nkiosk: {{enabled: true, texts: {texts}}}\n")

    assert main(["config", "check", "--config", str(config)]) == ExitStatus.CONFIG
    assert "words.raedy: unknown key; did you mean words.ready?" in capsys.readouterr().err


def test_texts_of_a_page_that_is_not_served_are_a_warning(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(f"service: {{project_id: x-1}}\nkiosk: {{texts: {config.parent / 'none'}}}\n")

    assert any("is not a folder" in line for line in warnings(capsys, "--config", str(config)))


def test_good_texts_are_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = config.parent / "texts"
    texts.mkdir()
    (texts / "de.yaml").write_text("words:\n  ready: Bitte\n", encoding="utf-8")
    config.write_text(f"service: {{project_id: x-1}}\nkiosk: {{enabled: true, texts: {texts}}}\n")

    assert warnings(capsys, "--config", str(config)) == ["configuration is good: 1 file read"]


def warnings(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines of ``config check``, which finds no mistake."""
    assert main(["config", "check", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_without_a_project_id_nothing_is_called_good(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("version: 1\n")

    assert warnings(capsys, "--config", str(config)) == [
        "configuration can be used, with 1 warning: 1 file read",
        "warning: service.project_id is not set, and the service refuses an appliance without it; "
        f"`ravatard setup --config {config} --credentials {config.parent}/credentials` asks for it",
    ]


@pytest.mark.parametrize("placeholder", ["your-project-id", "YOUR-PROJECT-ID", "my-project-id", "xxxx"])
def test_the_placeholder_of_the_readme_is_named(
    config: Path, capsys: pytest.CaptureFixture[str], placeholder: str
) -> None:
    config.write_text(f"service:\n  project_id: {placeholder}\n")

    assert warnings(capsys, "--config", str(config))[1:] == [
        f"warning: {config}:2: service.project_id is an example's placeholder; write your own in its place"
    ]


@pytest.mark.parametrize("which", ["the file", "its folder", "a file beside it", "the folder beside it"])
def test_settings_that_every_user_may_change_are_named(
    config: Path, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    """They were good: any user could choose the program that delivers sound, for the service or for root."""
    more = config.parent / "ravatard.d" / "10-fleet.yaml"
    more.parent.mkdir()
    more.write_text("gate: {silence_ms: 800}\n")
    places = {
        "the file": config,
        "its folder": config.parent,
        "a file beside it": more,
        "the folder beside it": more.parent,
    }
    place = places[which]
    place.chmod(place.stat().st_mode | 0o002)

    told = warnings(capsys, "--config", str(config))

    assert len(told) == 2
    assert told[1].startswith(f"warning: {place} may be changed by every user of this machine")
    assert told[1].endswith(f"chmod o-w {place}")


def test_in_a_folder_with_the_sticky_bit_nobody_replaces_a_file(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.parent.chmod(0o1777)

    assert warnings(capsys, "--config", str(config)) == ["configuration is good: 1 file read"]


def test_a_secret_that_every_user_may_read_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.chmod(0o644)

    told = warnings(capsys, "--config", str(config))[1]

    assert told.startswith(
        f"warning: {config} may be read by every user of this machine, and service.project_id is in it; "
    )
    assert told.endswith(f"chmod 6{'40' if os.getuid() == 0 else '00'} {config}")
    config.write_text("gate:\n  silence_ms: 700\n")
    assert "every user" not in "".join(warnings(capsys, "--config", str(config)))


def test_typographic_quotes_that_are_taken_for_text_are_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("service:\n  project_id: hush\n  avatar: “Ada”\n", encoding="utf-8")

    assert warnings(capsys, "--config", str(config))[1:] == [
        "warning: service.avatar: its quotes “ ” are typographic, and so a part of the text; write straight "
        'ones (") or none'
    ]


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
    assert status == ExitStatus.CONFIG
    assert captured.out == ""
    assert f"{config}:2: gate.mode: found 'loud'; allowed: one of auto, vad, button, both" in captured.err
    assert f"{config}:3: voise: unknown section; did you mean voice?" in captured.err


def test_show_refuses_a_wrong_configuration_too(config: Path) -> None:
    assert main(["config", "show", "--config", str(config.with_name("none.yaml"))]) == ExitStatus.CONFIG


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
    assert list(shown) == ["schema", *Schema().sections]
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


def test_a_page_for_the_network_without_a_password_is_a_warning_as_the_daemon_starts_so(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("service: {project_id: hush-hush}\npage: {listen: lan}\n")
    monkeypatch.setenv("STATE_DIRECTORY", str(config.parent / "state"))

    assert main(["config", "check", "--config", str(config)]) == 0
    assert "warning: the page is served to this machine only: " in capsys.readouterr().out
    # A user who may not look into the service's state is not told that there is none.
    monkeypatch.setattr("ravatard.cli.config.check.hidden", lambda environ: True)
    assert main(["config", "check", "--config", str(config)]) == 0
    assert "warning" not in capsys.readouterr().out
