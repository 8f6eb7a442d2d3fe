"""Mute and volume outlive a restart: an appliance muted by a user stays muted, a chosen volume stays."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravatard.core.actions import Mute, Press, SetVolume
from ravatard.core.events import Tick
from ravatard.host.remembered import RememberedSettings


def test_a_fresh_appliance_has_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert RememberedSettings(tmp_path / "state").volume is None
    assert caplog.text == ""


@pytest.mark.parametrize("percent", [0, 7, 60, 100])
def test_the_last_loudness_is_kept(tmp_path: Path, percent: int) -> None:
    kept = RememberedSettings(tmp_path / "state")

    kept.on_action(SetVolume(33), 0.0)
    kept.on_action(SetVolume(percent), 1.0)

    assert RememberedSettings(tmp_path / "state").volume == percent
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["volume"]


def test_other_actions_change_no_volume(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path)
    kept.on_action(SetVolume(40), 0.0)

    kept.on_event(Tick(), 1.0)
    kept.on_action(Press(), 1.0)

    assert kept.volume == 40


def test_the_same_loudness_is_not_written_again(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path)
    kept.on_action(SetVolume(40), 0.0)
    (tmp_path / "volume").unlink()

    kept.on_action(SetVolume(40), 1.0)

    assert not (tmp_path / "volume").exists()


@pytest.mark.parametrize(
    "content", [b"", b"60", b"101\n", b"-1\n", b"060\n", b"60\n\n", b"\xff", b"60\n" * 99]
)
def test_a_damaged_file_counts_as_none_and_is_logged(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "volume").write_bytes(content)

    assert RememberedSettings(tmp_path).volume is None
    assert "holds no volume from 0 to 100" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=20))
def test_whatever_the_file_holds_is_a_loudness_or_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "volume").write_bytes(content)

    percent = RememberedSettings(tmp_path).volume

    assert percent is None or 0 <= percent <= 100


def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "volume").mkdir()

    assert RememberedSettings(tmp_path).volume is None
    assert "cannot be read" in caplog.text


def test_a_volume_that_cannot_be_written_is_logged_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    kept = RememberedSettings(tmp_path / "file" / "state")

    with caplog.at_level(logging.WARNING):
        kept.on_action(SetVolume(10), 0.0)

    assert "cannot be kept" in caplog.text


def test_a_fresh_appliance_is_not_muted(tmp_path: Path) -> None:
    assert not RememberedSettings(tmp_path / "state").muted


def test_the_last_mute_is_kept(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path / "state")

    kept.on_action(Mute(True), 0.0)
    after_muting = RememberedSettings(tmp_path / "state").muted
    kept.on_action(Mute(False), 1.0)

    assert (after_muting, RememberedSettings(tmp_path / "state").muted) == (True, False)


def test_other_actions_change_no_mute(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path)
    kept.on_action(Mute(True), 0.0)

    kept.on_event(Tick(), 1.0)
    kept.on_action(Press(), 1.0)

    assert kept.muted


def test_a_mute_that_cannot_be_written_is_logged_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    kept = RememberedSettings(tmp_path / "file" / "state")

    with caplog.at_level(logging.WARNING):
        kept.on_action(Mute(True), 0.0)
        kept.on_action(Mute(False), 0.0)

    assert "cannot be kept" in caplog.text
    assert not kept.muted


def test_a_mute_that_is_not_to_be_kept_is_neither_read_nor_written(tmp_path: Path) -> None:
    RememberedSettings(tmp_path).on_action(Mute(True), 0.0)
    kept = RememberedSettings(tmp_path, keep_mute=False)

    kept.on_action(Mute(False), 0.0)

    assert not kept.muted
    assert RememberedSettings(tmp_path).muted


def test_a_volume_of_quiet_hours_is_not_kept(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path)
    kept.on_action(SetVolume(70), 0.0)

    kept.on_action(SetVolume(20, lasting=False), 1.0)

    assert RememberedSettings(tmp_path).volume == 70


def test_a_microphone_that_is_closed_for_a_trial_is_not_kept_muted_over_a_power_cut(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path)
    kept.on_trial(True, False)
    kept.on_action(Mute(True), 0.0)

    assert not RememberedSettings(tmp_path).muted
    # The appliance ends before it is open again.
    kept.on_trial(False, False)
    assert not RememberedSettings(tmp_path).muted

    kept.on_action(Mute(False), 1.0)
    kept.on_action(Mute(True), 2.0)
    assert RememberedSettings(tmp_path).muted, "the next mute is a user's"


def test_a_user_who_mutes_in_a_trial_stays_muted(tmp_path: Path) -> None:
    kept = RememberedSettings(tmp_path)
    kept.on_trial(True, False)
    kept.on_action(Mute(True), 0.0)
    kept.on_action(Mute(True), 1.0)
    kept.on_trial(False, True)

    assert RememberedSettings(tmp_path).muted
