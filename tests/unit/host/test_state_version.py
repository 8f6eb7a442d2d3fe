"""The state directory says its version: older is migrated with a copy kept, newer is left alone."""

from __future__ import annotations

import logging
import shutil
import stat
from pathlib import Path

import pytest

from ravatard.host.ledger import CHAT, NAME, FileLedger, parse
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
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

#: A state directory written by ravatard at commit 7d6f0c4, the last one with state version 1.
STATE_V1 = Path(__file__).with_name("state_v1")


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


def test_a_directory_without_a_version_is_of_the_first_and_is_brought_to_today(state: Path) -> None:
    assert version_of(state) == 1

    bring_up_to_date(state)

    assert (state / "version").read_text() == "2\n"
    assert version_of(state) == HISTORY.current == 2
    assert (state / "volume").read_text() == "70\n"
    assert (state / "muted").exists()
    assert [path.name for path in state.glob("before-*")] == ["before-2"]


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """A copy of the directory that the first version wrote: two sessions of the daemon, one of the chat."""
    shutil.copytree(STATE_V1, tmp_path / "state")
    (tmp_path / "state" / NAME).chmod(0o600)
    return tmp_path / "state"


def test_the_lists_of_the_first_version_get_the_kind_of_each_session(first_version: Path) -> None:
    bring_up_to_date(first_version)

    assert version_of(first_version) == 2
    assert FileLedger(first_version).owed() == [
        OwedSession("ravatar", Secret("licence-4711"), "https://chat.rvtr.ai", "ravatard-0123456789abcdef"),
        OwedSession("ravatar", Secret('licence-zwölf "x"'), "https://service.example/base", "kiosk_2"),
    ]
    assert [one.id.reveal() for one in FileLedger(first_version / CHAT).owed()] == ["licence-of-a-chat"]
    for lists in (first_version, first_version / CHAT):
        assert (lists / NAME).read_bytes().count(b'["ravatar", ') == len(
            FileLedger(lists, shared=True).owed()
        )
    assert stat.S_IMODE((first_version / NAME).stat().st_mode) == 0o600
    assert (first_version / "before-2" / NAME).read_bytes() == (STATE_V1 / NAME).read_bytes()


def test_a_list_in_use_is_not_migrated_under_its_user(
    first_version: Path, caplog: pytest.LogCaptureFixture
) -> None:
    user = FileLedger(first_version)
    user.owed()

    bring_up_to_date(first_version)

    assert (version_of(first_version), list(first_version.glob("before-*"))) == (1, [])
    assert "another ravatard uses" in caplog.text
    user.close()
    bring_up_to_date(first_version)
    assert version_of(first_version) == 2


def test_a_chat_that_runs_delays_the_migration(first_version: Path) -> None:
    chat = FileLedger(first_version / CHAT)
    chat.owed()

    bring_up_to_date(first_version)
    meanwhile = version_of(first_version)
    chat.close()
    bring_up_to_date(first_version)

    assert (meanwhile, version_of(first_version)) == (1, 2)
    assert len(parse((first_version / NAME).read_bytes())[0]) == 2


def test_a_directory_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path / "new")

    assert version_of(tmp_path / "new") == 2
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["version"]
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

    with pytest.raises(NewerStateError, match=r"of version 7, and this ravatard knows 2; install the newer"):
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

    assert version_of(state) == 2
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
