"""``ravatard config migrate``: old files are written anew and kept, and a mistake changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.cli.config.migrate import migrate, propose
from ravatard.config import ConfigErrors, load
from tests.assertions import as_written
from tests.unit.config.test_migrations import INVENTED, OLD


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "ravatard.yaml"
    path.write_text(OLD, encoding="utf-8")
    return path


def test_every_old_file_is_written_anew_and_what_it_was_is_kept(config: Path) -> None:
    more = config.parent / "ravatard.d" / "10-more.yaml"
    more.parent.mkdir()
    more.write_text("version: 0\ngate: {quiet_ms: 800}\n", encoding="utf-8")

    said = migrate(config, {}, INVENTED)

    assert said == [
        f"{path}: from version 0 to 1 (gate.quiet_ms is now called gate.silence_ms); {path.name}.v0.bak kept"
        for path in (config, more)
    ]
    assert (config.parent / "ravatard.yaml.v0.bak").read_text(encoding="utf-8") == OLD
    assert "silence_ms: 700\n" in config.read_text(encoding="utf-8")
    assert load(config, {}).options.gate.silence_ms == 800


def test_a_second_time_there_is_nothing_to_do(config: Path) -> None:
    migrate(config, {}, INVENTED)
    before = as_written(config)

    assert migrate(config, {}, INVENTED) == ["nothing to do: the configuration is of version 1"]
    assert as_written(config) == before


def test_with_a_mistake_nothing_is_written(config: Path) -> None:
    config.write_text(f"{OLD}voise: {{}}\n", encoding="utf-8")

    with pytest.raises(ConfigErrors, match="voise"):
        migrate(config, {}, INVENTED)

    assert [path.name for path in config.parent.iterdir()] == ["ravatard.yaml"]


def test_an_installation_writes_the_new_form_beside_each_file_and_changes_none(config: Path) -> None:
    config.chmod(0o640)

    said = propose(config, {}, INVENTED)

    new = config.parent / "ravatard.yaml.v1.new"
    assert said == [
        f"{config} is of version 0 and still understood; {new.name} beside it has version 1. "
        "To take it over: sudo ravatard config migrate"
    ]
    assert config.read_text(encoding="utf-8") == OLD
    assert "silence_ms: 700\n" in new.read_text(encoding="utf-8")
    assert new.stat().st_mode & 0o777 == 0o640
    # Neither of them is read twice, and a second time it is the same.
    assert load(config, {}, history=INVENTED).files == (config,)
    assert propose(config, {}, INVENTED) == said


def test_nothing_is_proposed_for_what_is_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("version: 1\n", encoding="utf-8")

    assert main(["config", "migrate", "--beside", "--config", str(path)]) == 0

    assert capsys.readouterr().out == "nothing to do: the configuration is of version 1\n"
    assert [one.name for one in tmp_path.iterdir()] == ["own.yaml"]


def test_the_command_migrates_what_it_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("version: 0\n# mine\ngate: {mode: vad}\n", encoding="utf-8")

    status = main(["config", "migrate", "--config", str(path)])

    assert status == 0
    assert path.read_text(encoding="utf-8") == "version: 1\n# mine\ngate: {mode: vad}\n"
    assert "own.yaml.v0.bak kept" in capsys.readouterr().out


def test_a_newer_file_is_refused_by_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("version: 2\n", encoding="utf-8")

    assert [main(["config", what, "--config", str(path)]) for what in ("check", "show", "migrate")] == [
        78
    ] * 3
    assert f"{path}:1: version 2 is newer than this ravatard understands (1)" in capsys.readouterr().err
