"""An appliance muted by a person stays so."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ravatard.core.actions import Mute, Press
from ravatard.core.events import Tick
from ravatard.host.kept_mute import KeptMute


def test_a_fresh_appliance_is_not_muted(tmp_path: Path) -> None:
    assert not KeptMute(tmp_path / "state").muted


def test_the_last_wish_is_kept(tmp_path: Path) -> None:
    kept = KeptMute(tmp_path / "state")

    kept.on_action(Mute(True), 0.0)
    after_muting = KeptMute(tmp_path / "state").muted
    kept.on_action(Mute(False), 1.0)

    assert (after_muting, KeptMute(tmp_path / "state").muted) == (True, False)


def test_what_is_no_wish_changes_nothing(tmp_path: Path) -> None:
    kept = KeptMute(tmp_path)
    kept.on_action(Mute(True), 0.0)

    kept.on_event(Tick(), 1.0)
    kept.on_action(Press(), 1.0)

    assert kept.muted


def test_a_place_that_cannot_be_written_is_told_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    kept = KeptMute(tmp_path / "file" / "state")

    with caplog.at_level(logging.WARNING):
        kept.on_action(Mute(True), 0.0)
        kept.on_action(Mute(False), 0.0)

    assert "cannot be kept" in caplog.text
    assert not kept.muted
