"""A loudness that a person chose stays so."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravatard.core.actions import Press, SetVolume
from ravatard.core.events import Tick
from ravatard.host.kept_volume import KeptVolume


def test_a_fresh_appliance_has_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert KeptVolume(tmp_path / "state").percent is None
    assert caplog.text == ""


@pytest.mark.parametrize("percent", [0, 7, 60, 100])
def test_the_last_loudness_is_kept(tmp_path: Path, percent: int) -> None:
    kept = KeptVolume(tmp_path / "state")

    kept.on_action(SetVolume(33), 0.0)
    kept.on_action(SetVolume(percent), 1.0)

    assert KeptVolume(tmp_path / "state").percent == percent
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["volume"]


def test_what_is_no_loudness_changes_nothing(tmp_path: Path) -> None:
    kept = KeptVolume(tmp_path)
    kept.on_action(SetVolume(40), 0.0)

    kept.on_event(Tick(), 1.0)
    kept.on_action(Press(), 1.0)

    assert kept.percent == 40


def test_the_same_loudness_is_not_written_again(tmp_path: Path) -> None:
    kept = KeptVolume(tmp_path)
    kept.on_action(SetVolume(40), 0.0)
    (tmp_path / "volume").unlink()

    kept.on_action(SetVolume(40), 1.0)

    assert not (tmp_path / "volume").exists()


@pytest.mark.parametrize(
    "content", [b"", b"60", b"101\n", b"-1\n", b"060\n", b"60\n\n", b"\xff", b"60\n" * 99]
)
def test_a_damaged_file_counts_as_none_and_is_told(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "volume").write_bytes(content)

    assert KeptVolume(tmp_path).percent is None
    assert "holds no volume from 0 to 100" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=20))
def test_whatever_the_file_holds_is_a_loudness_or_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "volume").write_bytes(content)

    percent = KeptVolume(tmp_path).percent

    assert percent is None or 0 <= percent <= 100


def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "volume").mkdir()

    assert KeptVolume(tmp_path).percent is None
    assert "cannot be read" in caplog.text


def test_a_place_that_cannot_be_written_is_told_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    kept = KeptVolume(tmp_path / "file" / "state")

    with caplog.at_level(logging.WARNING):
        kept.on_action(SetVolume(10), 0.0)

    assert "cannot be kept" in caplog.text
