"""The start with saved settings: what is unusable is set aside, and the appliance starts."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ravatard.config import ConfigErrors, load
from ravatard.config.saved.starting import StartingConfiguration, load_at_start, set_aside


@pytest.fixture
def main(tmp_path: Path) -> Path:
    file = tmp_path / "ravatard.yaml"
    file.write_text("gate: {longest_s: 20}\n")
    return file


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "settings.yaml"


def _started(main: Path, saved: Path) -> StartingConfiguration:
    return load_at_start(lambda file: load(main, {}, saved=file), saved)


def test_good_settings_are_in_effect(main: Path, saved: Path) -> None:
    saved.write_text("gate: {longest_s: 30}")

    started = _started(main, saved)

    assert started.loaded.options.gate.longest_s == 30
    assert started.refused is None


@pytest.mark.parametrize(
    "content",
    [
        b"gate: {longest_s: 1000}",
        b"gate: {silence_ms: 5000, longest_s: 2}",
        b"speaker: {command: evil}",
        b"\0" * 40,
        b"gate: {longest_s: \xff}",
        b"version: 99",
    ],
    ids=["range", "clash", "local-only", "power-cut", "no-utf-8", "newer"],
)
def test_with_unusable_settings_the_owners_files_hold(main: Path, saved: Path, content: bytes) -> None:
    saved.write_bytes(content)

    started = _started(main, saved)

    assert started.loaded.options.gate.longest_s == 20
    assert started.refused is not None


def test_the_owners_own_mistakes_are_still_mistakes(main: Path, saved: Path) -> None:
    main.write_text("gate: {longest_s: 1000}")
    saved.write_text("voice: {aggressiveness: 9}")

    with pytest.raises(ConfigErrors) as caught:
        _started(main, saved)

    assert [problem.key for problem in caught.value.problems] == ["gate.longest_s"]


def test_unusable_settings_are_set_aside_and_it_is_said(
    main: Path, saved: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved.write_text("gate: {longest_s: 1000}\nvoice: {aggressiveness: 9}")
    refused = _started(main, saved).refused
    assert refused is not None

    with caplog.at_level(logging.WARNING):
        sentence = set_aside(saved, refused)

    assert sentence == f"the saved settings are not in effect: they are set aside as {saved}.bad"
    assert "gate.longest_s: found '1000'" in caplog.text
    assert "and 1 more" in caplog.text
    assert not saved.exists()
    assert Path(f"{saved}.bad").read_text().startswith("gate:")
    assert _started(main, saved).refused is None


def test_a_disk_that_refuses_does_not_keep_it_from_starting(main: Path, saved: Path) -> None:
    saved.mkdir()
    refused = _started(main, saved).refused
    assert refused is not None
    Path(f"{saved}.bad").write_text("")

    assert "cannot be set aside" in set_aside(saved, refused)
