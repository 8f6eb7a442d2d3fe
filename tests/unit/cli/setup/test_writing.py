"""Checked settings are written: secrets first, a copy of what was, and nothing when anything is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.setup.writing import NotWritten, put_in_effect
from ravatard.config import ConfigErrors, load
from ravatard.config.candidate import Wishes, read_wishes

NAME = "ravatard.service.project_id"


def wishes(text: str) -> Wishes:
    return read_wishes(Path("answers.yaml"), text)


WANTED = "service: {project_id: hush, avatar: Ada}\n"


def test_settings_go_to_the_file_and_secrets_to_the_store(tmp_path: Path) -> None:
    main, store = tmp_path / "etc" / "ravatard.yaml", tmp_path / "store"

    changed = put_in_effect(main, {}, wishes(WANTED), store)

    assert changed == [store / NAME, main]
    assert main.read_text() == "version: 1\n\nservice:\n  avatar: Ada\n"
    assert (store / NAME).read_text() == "hush"
    assert main.parent.stat().st_mode & 0o7777 == 0o755
    assert main.stat().st_mode & 0o7777 == 0o644


def test_what_was_is_kept_beside_it(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {avatar: Bob}\n")
    main.chmod(0o640)

    put_in_effect(main, {}, wishes(WANTED), tmp_path / "store")

    assert (tmp_path / "ravatard.yaml.bak").read_text() == "service: {avatar: Bob}\n"
    assert main.stat().st_mode & 0o7777 == 0o640


def test_again_it_changes_nothing_and_the_copy_stays_the_one_from_before(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {avatar: Bob}\n")
    put_in_effect(main, {}, wishes(WANTED), tmp_path / "store")

    assert put_in_effect(main, {}, wishes(WANTED), tmp_path / "store") == []

    assert (tmp_path / "ravatard.yaml.bak").read_text() == "service: {avatar: Bob}\n"


def test_with_one_mistake_nothing_is_written(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("button: {pin: 17}\n")

    with pytest.raises(ConfigErrors, match="GPIO 17 is already used"):
        put_in_effect(main, {}, wishes(f"{WANTED}lights: {{kind: led, pin: 17}}"), tmp_path / "store")

    assert [path.name for path in tmp_path.iterdir()] == ["ravatard.yaml"]


def test_a_store_that_cannot_be_written_leaves_the_configuration_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")

    with pytest.raises(NotWritten, match=f"{NAME} cannot be written .*the old settings hold"):
        put_in_effect(tmp_path / "ravatard.yaml", {}, wishes(WANTED), tmp_path / "store")

    assert not (tmp_path / "ravatard.yaml").exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file")

    with pytest.raises((NotWritten, ConfigErrors), match=f"{tmp_path}/etc"):
        put_in_effect(tmp_path / "etc" / "ravatard.yaml", {}, wishes(WANTED), tmp_path / "store")


# ------------------------------------------------------------------ what the page has saved


def test_the_newest_word_counts_also_against_what_the_page_has_saved(tmp_path: Path) -> None:
    main, saved = tmp_path / "ravatard.yaml", tmp_path / "state" / "settings.yaml"
    environ = {"STATE_DIRECTORY": str(saved.parent)}
    saved.parent.mkdir()
    saved.write_text("service: {avatar: Eve}\ngate: {longest_s: 30}\n")

    changed = put_in_effect(main, environ, wishes(WANTED), tmp_path / "store")

    loaded = load(main, environ, saved=saved)
    assert saved in changed
    assert (loaded.options.service.avatar, loaded.options.gate.longest_s) == ("Ada", 30)


def test_what_the_page_has_saved_of_other_settings_is_left_alone(tmp_path: Path) -> None:
    main, saved = tmp_path / "ravatard.yaml", tmp_path / "settings.yaml"
    saved.write_text("gate: {longest_s: 30}\n")

    put_in_effect(main, {"STATE_DIRECTORY": str(tmp_path)}, wishes(WANTED), tmp_path / "store")

    assert saved.read_text() == "gate: {longest_s: 30}\n"


def test_a_saved_setting_that_cannot_be_taken_away_is_told(tmp_path: Path) -> None:
    main, saved = tmp_path / "ravatard.yaml", tmp_path / "settings.yaml"
    saved.write_text("service: {avatar: Eve}\n")
    (tmp_path / "settings.yaml.new").mkdir()

    with pytest.raises(NotWritten, match=r"still overrides service\.avatar"):
        put_in_effect(main, {"STATE_DIRECTORY": str(tmp_path)}, wishes(WANTED), tmp_path / "store")
