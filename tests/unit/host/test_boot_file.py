"""The file on the boot partition: found, told apart from what only looks like it, and removed for good."""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path

import pytest

from ravatard.host.boot_file import (
    DIRECTORIES,
    DONE,
    ERRORS,
    NAME,
    BootFileError,
    BootPartition,
    NotRemovedError,
    find_partition,
)
from tests.assertions import as_written


@pytest.fixture
def boot(tmp_path: Path) -> BootPartition:
    """A partition with a settings file."""
    (tmp_path / NAME).write_text("service: {project_id: hush}\n")
    return BootPartition(tmp_path)


def test_it_is_looked_for_where_raspberry_pi_os_has_it() -> None:
    assert [str(directory) for directory in DIRECTORIES] == ["/boot/firmware", "/boot"]


def test_the_first_directory_with_a_file_of_ours_is_taken(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / NAME).touch()
    places = (tmp_path / "none", tmp_path / "first", tmp_path / "second")

    assert find_partition(places) == BootPartition(tmp_path / "second")
    (tmp_path / "first" / NAME).touch()
    assert find_partition(places) == BootPartition(tmp_path / "first")


def test_without_one_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / DONE).touch()
    (tmp_path / "cmdline.txt").touch()

    assert find_partition([tmp_path, tmp_path / "none"]) is None


UNIT = Path(__file__).parents[3] / "systemd/ravatard-boot-setup.service"
MISNAMED = (
    *("ravatard.yaml.txt", "ravatard.yml", "ravatard.yml.txt", "ravatard.txt", "ravatard", "ravatard.yam"),
    *("RAVATARD.YAML", "Ravatard.yaml", "ravatard.yaml.yaml", "ravatard (1).yaml", "ravatard - Copy.yaml"),
    *(
        "ravatard.yaml ",
        "ravatar.yaml",
        "ravatar.yaml.txt",
        "ravatard_yaml",
        "ravatard.json",
        "ravatard.conf",
    ),
    *("ravatard.yaml.rtf", "ravatard.rtf", "ravatard.yaml.docx", "ravatard.odt", "ravatard.yaml.html"),
)


@pytest.mark.parametrize("name", MISNAMED)
def test_the_unit_starts_for_every_name_that_is_noticed(name: str) -> None:
    patterns = re.findall("ConditionPathExistsGlob=[|]/boot/(?:firmware/)?(.+)", UNIT.read_text())

    assert len(patterns) == len(DIRECTORIES)
    assert all(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@pytest.mark.parametrize(
    "name",
    [
        *("ravatard-done.txt", "ravatard-errors (1).txt", "Ravatard-Done.txt", "._ravatard.yaml"),
        *("ravatard_0.2.0_arm64.deb", "ravatard.yaml.bak", "ravatard.yaml.old", "config.txt", "user-data"),
    ],
)
def test_a_name_that_was_chosen_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    assert find_partition([tmp_path]) is None


def test_a_folder_is_not_taken_for_a_misspelt_file(tmp_path: Path) -> None:
    (tmp_path / "ravatard").mkdir()

    assert find_partition([tmp_path]) is None


@pytest.mark.parametrize("name", MISNAMED)
def test_a_name_that_a_pc_made_of_it_is_noticed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    boot = find_partition([tmp_path])

    assert boot is not None
    assert (boot.has_file(), boot.misnamed()) == (False, tmp_path / name)


@pytest.mark.parametrize(
    ("what", "words"),
    [("link", "is a link"), ("folder", "is not a regular file"), ("fifo", "is not a regular file")],
)
def test_what_is_no_file_is_refused(tmp_path: Path, what: str, words: str) -> None:
    if what == "link":
        (tmp_path / NAME).symlink_to("/etc/passwd")
    elif what == "folder":
        (tmp_path / NAME).mkdir()
    else:
        os.mkfifo(tmp_path / NAME)

    with pytest.raises(BootFileError, match=f"{words}; put the file itself there"):
        BootPartition(tmp_path).has_file()


def test_removing_leaves_nothing_to_read(boot: BootPartition) -> None:
    # A second name for the same blocks shows what became of them.
    other = boot.directory / "other"
    other.hardlink_to(boot.file)
    size = boot.file.stat().st_size

    boot.remove()

    assert other.read_bytes() == b"\n" * size
    assert [path.name for path in boot.directory.iterdir()] == ["other"]


def test_a_file_larger_than_one_block_is_overwritten_to_its_end(boot: BootPartition) -> None:
    other = boot.directory / "other"
    boot.file.write_bytes(b"secret" * 30_000)
    other.hardlink_to(boot.file)

    boot.remove()

    assert set(other.read_bytes()) == {ord("\n")}
    assert other.stat().st_size == 180_000


def test_a_removal_that_was_interrupted_is_finished(boot: BootPartition) -> None:
    boot.file.rename(boot.directory / f"{NAME}.taken")

    found = find_partition([boot.directory])

    assert found is not None
    assert found.finish_removal()
    assert list(boot.directory.iterdir()) == []
    assert not found.finish_removal()


def test_a_link_under_the_intermediate_name_is_removed_and_not_followed(boot: BootPartition) -> None:
    victim = boot.directory / "victim"
    victim.write_text("mine")
    (boot.directory / f"{NAME}.taken").symlink_to(victim)

    boot.remove()

    assert [path.name for path in boot.directory.iterdir()] == ["victim"]
    assert victim.read_text() == "mine"


def test_a_file_that_cannot_be_removed_is_told_with_what_to_do(boot: BootPartition) -> None:
    # In the way: a directory that is not empty cannot be removed like a file.
    (boot.directory / f"{NAME}.taken" / "x").mkdir(parents=True)

    with pytest.raises(
        NotRemovedError, match=r"are in effect, but the file cannot be removed .* mount .* writable"
    ):
        boot.remove()


def test_notes_are_for_a_pc_and_one_replaces_the_other(boot: BootPartition) -> None:
    boot.write_errors(["one", "zwölf"])
    assert (boot.directory / ERRORS).read_bytes() == "one\r\nzwölf\r\n".encode()

    boot.write_done(["done"])

    assert (boot.directory / DONE).read_bytes() == b"done\r\n"
    assert not (boot.directory / ERRORS).exists()


def test_the_same_errors_are_not_written_twice(boot: BootPartition) -> None:
    boot.write_errors(["one"])
    before = as_written(boot.directory / ERRORS)

    boot.write_errors(["one"])

    assert as_written(boot.directory / ERRORS) == before


def test_a_note_that_cannot_be_written_is_told_for_errors_and_passed_over_when_done(
    boot: BootPartition,
) -> None:
    for name in (ERRORS, DONE):
        (boot.directory / name / "x").mkdir(parents=True)

    with pytest.raises(BootFileError, match=f"{ERRORS} cannot be written"):
        boot.write_errors(["one"])
    boot.write_done(["done"])
