"""The file of saved settings: its place among the sources, and what has no place in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.config import ConfigErrors, Loaded, load
from ravatard.config.document import LIMIT_BYTES
from ravatard.config.saved.layer import content_of, hidden, saved_file


@pytest.fixture
def main(tmp_path: Path) -> Path:
    file = tmp_path / "etc" / "ravatard.yaml"
    (file.parent / "ravatard.d").mkdir(parents=True)
    file.write_text("gate: {silence_ms: 500, longest_s: 20}\n")
    (file.parent / "ravatard.d" / "10.yaml").write_text("gate: {silence_ms: 600}\n")
    return file


def _saved(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    return file


def _loaded(main: Path, saved: Path, **environ: str) -> Loaded:
    return load(main, environ, saved=saved)


def _problems(main: Path, saved: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(main, {}, saved=saved)
    return str(caught.value).splitlines()


def test_a_saved_setting_overrides_file_and_drop_in_and_is_named_as_its_origin(
    main: Path, tmp_path: Path
) -> None:
    saved = _saved(tmp_path, "version: 1\n\ngate:\n  silence_ms: 700\n")

    loaded = _loaded(main, saved)

    assert loaded.options.gate.silence_ms == 700
    assert str(loaded.origins["gate.silence_ms"]) == f"{saved}:4"
    assert loaded.options.gate.longest_s == 20
    assert loaded.saved == saved


def test_the_environment_overrides_a_saved_setting(main: Path, tmp_path: Path) -> None:
    saved = _saved(tmp_path, "gate: {silence_ms: 700}")

    assert _loaded(main, saved, RAVATARD_GATE__SILENCE_MS="800").options.gate.silence_ms == 800


@pytest.mark.parametrize("text", [None, "", "\n", "# nothing yet\n"])
def test_without_a_saved_setting_the_files_hold(main: Path, tmp_path: Path, text: str | None) -> None:
    saved = tmp_path / "settings.yaml" if text is None else _saved(tmp_path, text)

    assert _loaded(main, saved).options.gate.silence_ms == 600


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("microphone: {command: 'arecord -q'}", "microphone.command"),
        ("service: {base_url: 'https://elsewhere.example'}", "service.base_url"),
        ("earcons: {folder: /etc}", "earcons.folder"),
        ("board: ./mine.yaml", "board"),
    ],
)
def test_a_program_a_path_or_an_address_has_no_place_in_it(
    main: Path, tmp_path: Path, text: str, key: str
) -> None:
    (line,) = [one for one in _problems(main, _saved(tmp_path, text)) if f": {key}: it is" in one]

    assert "/etc/ravatard only, never by the page" in line


def test_a_board_cannot_be_taken_away_either(main: Path, tmp_path: Path) -> None:
    main.write_text("board: respeaker-2mic\n")

    assert "board: it is named in a file" in _problems(main, _saved(tmp_path, "board:\n"))[0]


@pytest.mark.parametrize("text", ["gate: [", "nonsense: {a: 1}", "gate: {silence_ms: 1}", "version: 99"])
def test_its_mistakes_are_told_with_its_name(main: Path, tmp_path: Path, text: str) -> None:
    saved = _saved(tmp_path, text)

    assert all(line.startswith(str(saved)) for line in _problems(main, saved))


def test_a_link_in_its_place_is_not_followed(main: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("gate: {silence_ms: 700}")
    saved = tmp_path / "settings.yaml"
    saved.symlink_to(elsewhere)

    assert "cannot be read" in _problems(main, saved)[0]


def test_a_file_without_end_is_read_up_to_the_limit(main: Path, tmp_path: Path) -> None:
    saved = _saved(tmp_path, "#" * (2 * LIMIT_BYTES))

    assert len(content_of(saved)) == LIMIT_BYTES + 1
    assert "larger than 256 KiB" in _problems(main, saved)[0]


def test_a_user_is_told_of_what_is_hidden_and_the_service_and_root_are_not(tmp_path: Path) -> None:
    service = {"STATE_DIRECTORY": "/var/lib/x"}

    assert not hidden({}, tmp_path)
    assert not hidden({}, tmp_path / "missing")
    assert not hidden(service, tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_what_a_user_may_not_look_into_is_hidden(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        assert hidden({}, tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_it_lies_in_the_state_directory() -> None:
    assert saved_file({"STATE_DIRECTORY": "/var/lib/x"}) == Path("/var/lib/x/settings.yaml")
    assert saved_file({}, Path("/chosen")) == Path("/chosen/settings.yaml")
