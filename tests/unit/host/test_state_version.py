"""The state directory says its version: older is migrated with a copy kept, newer is left alone."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ravatard.host.remembered import RememberedSettings
from ravatard.host.state_version import (
    HISTORY,
    NewerStateError,
    StateHistory,
    StateMigration,
    bring_up_to_date,
    refuse_newer,
    version_of,
)


def _louder(directory: Path) -> None:
    """An invented change of form; interrupted anywhere, it can be done again."""
    (directory / "loudness").write_text((directory / "volume").read_text())


INVENTED = StateHistory(
    3, (StateMigration(2, "then", lambda _: None), StateMigration(1, "volume too", _louder))
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A directory from before versions."""
    (tmp_path / "state" / "recorder").mkdir(parents=True)
    (tmp_path / "state" / "recorder" / "flight-000000001.log").write_text("much")
    (tmp_path / "state" / "volume").write_text("70\n")
    (tmp_path / "state" / "muted").touch()
    return tmp_path / "state"


def test_a_directory_without_a_version_is_of_the_first_and_gets_to_say_so(state: Path) -> None:
    bring_up_to_date(state)

    assert (state / "version").read_text() == "1\n"
    assert version_of(state) == HISTORY.current == 1
    assert (state / "volume").read_text() == "70\n"
    assert (state / "muted").exists()
    assert not list(state.glob("before-*"))


def test_a_directory_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path / "new")

    assert version_of(tmp_path / "new") == 1
    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o700


def test_what_is_up_to_date_is_not_written_again(state: Path) -> None:
    bring_up_to_date(state)
    before = (state / "version").stat()

    bring_up_to_date(state)

    # Not the whole of stat(): the time of the last access changes with the reading.
    after = (state / "version").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_an_older_one_takes_every_step_and_a_copy_is_kept(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    bring_up_to_date(state, INVENTED)

    assert version_of(state) == 3
    assert (state / "loudness").read_text() == "70\n"
    assert sorted(path.name for path in (state / "before-2").iterdir()) == ["muted", "volume"]
    assert [record.message.rpartition("version ")[2] for record in caplog.records] == [
        "2: volume too",
        "3: then",
    ]


def test_a_step_that_was_interrupted_is_done_again_and_the_first_copy_stays(state: Path) -> None:
    def dying(directory: Path) -> None:
        (directory / "volume").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(state, StateHistory(2, (StateMigration(1, "dies", dying),)))
    assert version_of(state) == 1

    bring_up_to_date(state, StateHistory(2, INVENTED.steps[1:]))

    assert version_of(state) == 2
    assert (state / "before-2" / "volume").read_text() == "70\n"


def test_a_copy_that_was_interrupted_is_made_anew(state: Path) -> None:
    (state / "before-2.new").mkdir()
    (state / "before-2.new" / "half").touch()

    bring_up_to_date(state, INVENTED)

    assert sorted(path.name for path in (state / "before-2").iterdir()) == ["muted", "volume"]


def test_a_newer_one_is_refused_with_what_to_do_and_nothing_is_written(state: Path) -> None:
    (state / "version").write_text("7\n")
    before = sorted(state.iterdir())

    with pytest.raises(NewerStateError, match=r"of version 7, and this ravatard knows 1; install the newer"):
        bring_up_to_date(state)

    assert sorted(state.iterdir()) == before
    with pytest.raises(NewerStateError):
        refuse_newer(state)


@pytest.mark.parametrize("content", [b"", b"one", b"-1", b"\xff" * 1_000, b"9" * 50])
def test_a_version_nobody_can_read_counts_as_this_one(
    state: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (state / "version").write_bytes(content)

    refuse_newer(state)
    bring_up_to_date(state)

    assert version_of(state) == 1
    assert "says no version and counts as of this one" in caplog.text


def test_a_directory_that_cannot_be_written_is_told_and_no_obstacle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file")

    bring_up_to_date(tmp_path / "state")

    assert "cannot be kept" in caplog.text


def test_formats_of_the_first_version_are_those_from_before(state: Path) -> None:
    bring_up_to_date(state)

    assert RememberedSettings(state).volume == 70
