"""The list of live sessions survives whatever befalls the file, and never raises."""

from __future__ import annotations

import json
import logging
import os
import stat
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.host.ledger import DAMAGED, NAME, FileLedger, parse, render
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

#: Written by ravatard at commit 7d6f0c4, the last one with state version 1.
STATE_V1 = Path(__file__).with_name("state_v1")


def debt(
    licence: str = "licence-1",
    base_url: str = "https://service.example",
    user: str = "kiosk",
    kind: str = "ravatar",
) -> OwedSession:
    return OwedSession(kind, Secret(licence), base_url, user)


def on_disk(directory: Path) -> list[OwedSession]:
    """What a power cut at this moment would leave."""
    return parse((directory / NAME).read_bytes())[0]


def no_new_files(directory: Path) -> None:
    """From now on only what is there already can be written, as on a full disk."""
    (directory / f"{NAME}.new").mkdir()


# ------------------------------------------------------------------ while all is well


def test_what_is_written_down_is_read_by_the_next_run(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    ledger.add(debt("one"))
    ledger.add(debt("two"))
    ledger.strike(debt("one"))
    ledger.close()

    assert FileLedger(tmp_path).owed() == [debt("two")]


def test_a_debt_is_on_the_disk_as_soon_as_add_returns(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)

    ledger.add(debt())
    added = on_disk(tmp_path)
    ledger.strike(debt())

    assert (added, on_disk(tmp_path)) == ([debt()], [])


def test_two_entries_for_one_licence_are_one(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(render([debt(), debt()]))
    ledger = FileLedger(tmp_path)

    ledger.add(debt())

    assert ledger.owed() == on_disk(tmp_path) == [debt()]


def test_the_same_id_at_another_kind_of_cloud_is_another_session(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    ledger.add(debt("one"))
    ledger.add(debt("one", kind="another"))

    ledger.strike(debt("one"))

    assert ledger.owed() == on_disk(tmp_path) == [debt("one", kind="another")]


def test_a_session_of_an_unknown_kind_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(render([debt("one", kind="of the future"), debt("two")]))

    FileLedger(tmp_path).strike(debt("two"))

    assert on_disk(tmp_path) == [debt("one", kind="of the future")]


def test_a_list_of_state_version_1_is_read_with_the_only_kind_there_was() -> None:
    sessions, damaged = parse((STATE_V1 / NAME).read_bytes())

    assert (sessions, damaged) == (
        [
            debt("licence-4711", "https://chat.rvtr.ai", "ravatard-0123456789abcdef"),
            debt('licence-zwölf "x"', "https://service.example/base", "kiosk_2"),
        ],
        0,
    )


def test_striking_what_is_not_on_it_changes_nothing(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    ledger.add(debt("one"))

    ledger.strike(debt("two"))

    assert ledger.owed() == [debt("one")]


def test_an_empty_directory_owes_nothing_and_room_is_taken_in_it(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "there"
    ledger = FileLedger(directory)

    assert (ledger.owed(), ledger.trouble) == ([], "")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / NAME).stat().st_size == 4096


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.new").touch(mode=0o666)

    FileLedger(tmp_path).add(debt())

    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_list_that_root_has_written_stays_the_daemons(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4712)

    FileLedger(tmp_path).add(debt())

    written = (tmp_path / NAME).stat()
    assert (written.st_uid, written.st_gid) == (4711, 4712)


# ------------------------------------------------------------------ one process at a time


def test_a_second_process_is_kept_out_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = FileLedger(tmp_path), FileLedger(tmp_path)
    first.add(debt("first"))

    second.add(debt("second"))

    assert second.owed() == [debt("second")]
    assert on_disk(tmp_path) == [debt("first")]
    assert "another ravatard uses" in second.trouble
    assert len(caplog.records) == 1


def test_whoever_was_kept_out_joins_in_when_the_other_has_gone(tmp_path: Path) -> None:
    first, second = FileLedger(tmp_path), FileLedger(tmp_path)
    first.add(debt("first"))
    second.add(debt("second"))

    first.close()

    assert second.owed() == on_disk(tmp_path) == [debt("first"), debt("second")]
    assert second.trouble == ""


def test_somebody_who_insists_shares_the_list(tmp_path: Path) -> None:
    first, second = FileLedger(tmp_path), FileLedger(tmp_path, shared=True)
    first.add(debt("first"))

    second.strike(debt("first"))

    assert (second.trouble, on_disk(tmp_path)) == ("", [])


# ------------------------------------------------------------------ damage


def test_each_undamaged_line_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = render([debt("one"), debt("two"), debt("three")]).replace(b"two", b"tvo")
    (tmp_path / NAME).write_bytes(b"\0\0\n" + content)

    owed = FileLedger(tmp_path).owed()

    assert owed == on_disk(tmp_path) == [debt("one"), debt("three")]
    assert "2 lines" in caplog.text
    assert "tvo" not in caplog.text


@pytest.mark.parametrize("length", range(0, 160, 7))
def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path: Path, length: int) -> None:
    content = render([debt("one"), debt("two")])
    first = content.index(b"\n")
    (tmp_path / NAME).write_bytes(content[:length])

    owed = FileLedger(tmp_path).owed()

    # Both lines are equally long, and the second one comes after a line feed.
    expected = [debt("one")] * (length >= first) + [debt("two")] * (length >= 2 * first + 1)
    assert owed[: len(expected)] == expected
    assert set(owed) <= {debt("one"), debt("two")}


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(content: bytes) -> None:
    debts, _ = parse(content)

    assert debts == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_a_right_checksum_does_not_make_it_a_debt(told: bytes) -> None:
    debts, _ = parse(b"%08x %s" % (zlib.crc32(told), told))

    assert all(one.id for one in debts)


def test_no_depth_of_nesting_is_too_deep() -> None:
    told = b"[" * 200_000

    assert parse(b"%08x %s" % (zlib.crc32(told), told)) == ([], 1)


@settings(deadline=None)
@given(st.lists(st.builds(debt, st.text(st.characters(), min_size=1), st.text(), st.text()), max_size=60))
def test_what_is_written_is_what_is_read(debts: list[OwedSession]) -> None:
    content = render(debts)

    assert parse(content) == (debts, 0)
    assert len(content) >= 4096


def test_any_bytes_in_the_file_leave_a_list_that_works(tmp_path: Path) -> None:
    for number, content in enumerate([b"", b"\0" * 4096, os.urandom(5000), b"{}", b"\n" * (2 << 20)]):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / NAME).write_bytes(content)
        ledger = FileLedger(directory)

        ledger.add(debt())

        assert ledger.owed() == on_disk(directory) == [debt()]
        assert ledger.trouble == ""


WHOLE = render([debt("one"), debt("two")])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[: WHOLE.index(b"\n") // 2],
        WHOLE[: WHOLE.index(b"\n") + 1],
        WHOLE.strip(),
        b"\0" * 4096,
        b"\0\0\0" + WHOLE[3:],
        b'{"x":\n' + WHOLE,
        WHOLE.replace(b"two", b"tvo"),
        WHOLE[:-1],
    ],
)
def test_a_damaged_list_is_told_by_every_run_until_the_owner_has_seen_to_it(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(content)

    told = []
    for _ in range(3):
        ledger = FileLedger(tmp_path)
        ledger.owed()
        told.append(ledger.damage)
        ledger.close()
    kept = (tmp_path / DAMAGED).read_bytes()
    (tmp_path / DAMAGED).unlink()
    seen_to = FileLedger(tmp_path)
    seen_to.owed()

    assert all("may be open" in damage and str(tmp_path / DAMAGED) in damage for damage in told)
    assert len(caplog.records) == 3
    assert kept == content
    assert seen_to.damage == ""


@pytest.mark.parametrize("content", [WHOLE.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + WHOLE])
def test_a_list_that_an_editor_saved_in_its_own_way_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    ledger = FileLedger(tmp_path)

    assert (ledger.owed(), ledger.damage) == ([debt("one"), debt("two")], "")


def test_damage_is_a_fault_until_the_owner_has_removed_the_damaged_list(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"torn")
    ledger = FileLedger(tmp_path)
    ledger.owed()
    before = ledger.faults()

    (tmp_path / DAMAGED).unlink()

    assert ["is damaged" in fault for fault in before] == [True]
    assert ledger.faults() == ()


def test_a_list_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    no_new_files(tmp_path)

    ledger.add(debt())

    assert ["cannot be written" in fault for fault in ledger.faults()] == [True]


def test_a_whole_list_and_a_new_one_have_no_damage(tmp_path: Path) -> None:
    for content in (None, WHOLE, render([]), render([debt(str(number)) for number in range(200)])):
        if content is not None:
            (tmp_path / NAME).write_bytes(content)
        ledger = FileLedger(tmp_path)
        ledger.owed()
        ledger.close()

        assert (ledger.damage, (tmp_path / DAMAGED).exists()) == ("", False)


@pytest.mark.parametrize("frozen", [True, False])
def test_damage_is_told_where_no_copy_can_be_kept(tmp_path: Path, frozen: bool) -> None:
    (tmp_path / NAME).write_bytes(WHOLE[:50])
    (tmp_path / DAMAGED).mkdir()

    ledger = FileLedger(tmp_path, frozen=frozen)
    ledger.owed()

    assert "is damaged" in ledger.damage


# ------------------------------------------------------------------ a disk that does not do its work


def test_on_a_full_disk_the_room_there_is_serves_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ledger = FileLedger(tmp_path)
    ledger.add(debt("before"))
    no_new_files(tmp_path)

    ledger.add(debt("one"))
    ledger.strike(debt("before"))

    assert on_disk(tmp_path) == [debt("one")]
    assert (tmp_path / NAME).stat().st_size == 4096
    assert (ledger.trouble, caplog.records) == ("", [])


def test_a_list_of_before_the_room_was_taken_is_written_over_to_its_end(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(render([debt(str(number)) for number in range(200)]))
    ledger = FileLedger(tmp_path)
    no_new_files(tmp_path)

    for number in range(199):
        ledger.strike(debt(str(number)))

    assert on_disk(tmp_path) == [debt("199")]


def test_a_disk_that_takes_nothing_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    no_new_files(tmp_path)
    ledger = FileLedger(tmp_path)

    for name in "abc":
        ledger.add(debt(name))
    ledger.strike(debt("a"))
    in_memory = ledger.owed()
    (tmp_path / f"{NAME}.new").rmdir()
    ledger.add(debt("d"))

    assert in_memory == [debt("b"), debt("c")]
    assert on_disk(tmp_path) == [debt("b"), debt("c"), debt("d")]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot be written (Is a directory)" in caplog.text
    assert ledger.trouble == ""


def test_what_could_not_be_written_is_written_when_anybody_looks(tmp_path: Path) -> None:
    no_new_files(tmp_path)
    ledger = FileLedger(tmp_path)
    ledger.add(debt())
    (tmp_path / f"{NAME}.new").rmdir()

    ledger.owed()

    assert on_disk(tmp_path) == [debt()]


def test_a_directory_that_cannot_be_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    ledger = FileLedger(tmp_path / "file" / "directory")

    ledger.add(debt("one"))
    ledger.add(debt("two"))
    ledger.strike(debt("one"))

    assert ledger.owed() == [debt("two")]
    assert "cannot be used (Not a directory)" in ledger.trouble
    assert len(caplog.records) == 1


def test_a_directory_that_somebody_removes_is_made_again(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    ledger = FileLedger(directory)
    ledger.add(debt("one"))
    (directory / NAME).unlink()
    directory.rmdir()

    ledger.add(debt("two"))
    ledger.owed()

    assert on_disk(directory) == [debt("one"), debt("two")]


def test_a_list_that_cannot_be_read_is_not_replaced_by_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "elsewhere").write_bytes(render([debt("not ours")]))
    (tmp_path / NAME).symlink_to("elsewhere")
    ledger = FileLedger(tmp_path)

    assert ledger.owed() == []
    assert "cannot be read" in ledger.trouble
    assert (tmp_path / NAME).is_symlink()
    assert len(caplog.records) == 1
    ledger.add(debt())
    assert (on_disk(tmp_path), ledger.trouble) == ([debt()], "")


def test_a_pipe_of_that_name_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)

    ledger = FileLedger(tmp_path)
    ledger.add(debt())

    assert ledger.owed() == [debt()]


def test_its_text_does_not_show_the_licence(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    ledger.add(debt("never-shown"))

    assert "never-shown" not in repr(ledger.owed())
