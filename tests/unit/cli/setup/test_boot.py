"""``ravatard boot-setup``: a good file is taken and goes, a bad one stays with a note, and both are said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.config.document import LIMIT_BYTES
from ravatard.exit_status import ExitStatus
from ravatard.host.boot_file import DONE, ERRORS, NAME

SECRET = "hush-hush-4711"
GOOD = f"service:\n  project_id: {SECRET}\n  avatar: Ada\ngate:\n  silence_ms: 700\n"
OLD = "# Mine.\ngate:\n  silence_ms: 900  # calm\n"


class Machine:
    """A boot partition, a configuration and a credential store."""

    def __init__(self, folder: Path) -> None:
        self.boot, self.config, self.store = (
            folder / "boot",
            folder / "etc" / "ravatard.yaml",
            folder / "store",
        )
        self.boot.mkdir()
        self.config.parent.mkdir()
        self.config.write_text(OLD)

    def start(self) -> int:
        """What the service's unit runs."""
        places = ["--boot", str(self.boot), "--config", str(self.config), "--credentials", str(self.store)]
        return main(["boot-setup", *places])

    def left(self) -> list[str]:
        return sorted(path.name for path in self.boot.iterdir())

    @property
    def note(self) -> str:
        return (self.boot / ERRORS).read_bytes().decode()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_good_file_is_taken_and_no_secret_of_it_stays(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine.boot / NAME).write_text(GOOD)

    assert machine.start() == 0

    assert machine.config.read_text() == OLD.replace("900", "700") + "\nservice:\n  avatar: Ada\n"
    assert (machine.store / "ravatard.service.project_id").read_text() == SECRET
    assert machine.left() == [DONE]
    told = (machine.boot / DONE).read_text() + capsys.readouterr().out
    assert "service.project_id" in told
    assert "gate.silence_ms" in told
    for path in (machine.config, machine.config.with_name("ravatard.yaml.bak"), machine.boot / DONE):
        assert SECRET not in path.read_text()
    assert SECRET not in told


@pytest.mark.parametrize(("secret", "warned"), [("YOUR-PROJECT-ID", True), (SECRET, False)])
def test_a_placeholder_that_was_left_is_told_on_the_card(machine: Machine, secret: str, warned: bool) -> None:
    (machine.boot / NAME).write_text(GOOD.replace(SECRET, secret))

    assert machine.start() == 0

    told = (
        "Of service.project_id it had an example's placeholder: put a new ravatard.yaml here with your own."
    )
    note = (machine.boot / DONE).read_text()
    assert (told in note) == warned
    assert secret not in note


def test_without_a_file_nothing_happens_at_all(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine.start() == 0

    assert (machine.left(), machine.store.exists(), capsys.readouterr()) == ([], False, ("", ""))
    assert machine.config.read_text() == OLD


def test_a_bad_file_stays_with_every_mistake_beside_it_and_the_old_settings_hold(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = f"service:\n  project_id: {SECRET}!!\ngate:\n  silence_ms: soon\nvoise: 1\n"
    (machine.boot / NAME).write_text(bad)

    assert machine.start() == ExitStatus.CONFIG

    assert machine.left() == [ERRORS, NAME]
    lines = machine.note.split("\r\n")
    assert lines[0] == "ravatard.yaml was not taken: 3 mistakes. The earlier settings hold."
    assert [line.split(": ")[:2] for line in lines[2:5]] == [
        ["ravatard.yaml:2", "service.project_id"],
        ["ravatard.yaml:4", "gate.silence_ms"],
        ["ravatard.yaml:5", "voise"],
    ]
    assert machine.config.read_text() == OLD
    assert not machine.store.exists()
    assert SECRET not in machine.note + capsys.readouterr().err


def test_a_mended_file_takes_the_note_with_it(machine: Machine) -> None:
    (machine.boot / NAME).write_text("gate: {mode: loud}\n")
    machine.start()
    (machine.boot / NAME).write_text("gate: {mode: vad}\n")

    assert machine.start() == 0

    assert machine.left() == [DONE]


def test_a_note_without_its_file_goes(machine: Machine) -> None:
    (machine.boot / NAME).write_text("gate: {mode: loud}\n")
    machine.start()
    (machine.boot / NAME).unlink()

    assert machine.start() == 0

    assert machine.left() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"#" * (LIMIT_BYTES + 1), "ravatard.yaml: larger than 256 KiB, so this is not a configuration"),
        (
            "gate: {mode: vad}\n".encode("utf-16"),
            "ravatard.yaml: the file is UTF-16, not UTF-8; save the file as UTF-8",
        ),
        (b"service:\n  avatar: Zo\xeb\n", "ravatard.yaml:2: byte 0xeb is not UTF-8; save the file as UTF-8"),
        (b"gate:\n\tmode: vad\n", "ravatard.yaml:2: indented with a tab; YAML allows only spaces there"),
        (b"version: 2\n", "ravatard.yaml:1: version 2 is newer than this ravatard understands (1)"),
        (b"gate: {mode: button}\n", "ravatard.yaml:1: gate.mode: gate.mode button needs button.pin"),
        (
            b"{\\rtf1\\ansi service:\\par project_id: x}",
            "ravatard.yaml: a word processor's document, not text; save the file as plain text, in UTF-8",
        ),
        (b"PK\x03\x04\x14\0", "ravatard.yaml: a word processor's document, not text; save the file as plain"),
        (b"\0\0\0", "ravatard.yaml: holds nothing but NUL bytes, as a power cut may leave it; write it anew"),
        (b"gate: \0\n", "ravatard.yaml:1: control character 0x00; delete it"),
    ],
)
def test_every_kind_of_bad_file_is_one_sentence(machine: Machine, content: bytes, words: str) -> None:
    (machine.boot / NAME).write_bytes(content)

    assert machine.start() == ExitStatus.CONFIG

    lines = machine.note.split("\r\n")
    assert lines[0].startswith("ravatard.yaml was not taken: 1 mistake. ")
    assert lines[2].startswith(words)
    assert lines[3] == ""
    assert (machine.boot / NAME).read_bytes() == content
    assert machine.config.read_text() == OLD


def test_a_file_as_notepad_writes_it_is_good(machine: Machine) -> None:
    (machine.boot / NAME).write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert machine.start() == 0

    assert machine.config.read_text() == OLD.replace("900", "700") + "\nservice:\n  avatar: Ada\n"
    assert (machine.store / "ravatard.service.project_id").read_text() == SECRET


def test_an_empty_file_sets_nothing_and_goes(machine: Machine) -> None:
    (machine.boot / NAME).touch()

    assert machine.start() == 0

    assert machine.left() == [DONE]
    assert machine.config.read_text() == OLD


def test_a_link_is_refused_and_stays(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(GOOD)
    (machine.boot / NAME).symlink_to(tmp_path / "elsewhere")

    assert machine.start() == ExitStatus.CONFIG

    assert "ravatard.yaml is a link; put the file itself there" in machine.note
    assert (machine.boot / NAME).is_symlink()
    assert not machine.store.exists()


def test_a_fifo_is_refused_and_keeps_nobody_waiting(machine: Machine) -> None:
    os.mkfifo(machine.boot / NAME)

    assert machine.start() == ExitStatus.CONFIG

    assert "is not a regular file" in machine.note


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ravatard.yaml.txt", "rename it to ravatard.yaml"),
        ("ravatar.yaml", "rename it to ravatard.yaml"),
        ("ravatard (1).yaml", "rename it to ravatard.yaml"),
        ("ravatard.yaml.rtf", "save it as plain text (UTF-8), named ravatard.yaml"),
        ("ravatard.DOCX", "save it as plain text (UTF-8), named ravatard.yaml"),
    ],
)
def test_a_name_that_was_meant_otherwise_is_told(machine: Machine, name: str, remedy: str) -> None:
    (machine.boot / name).write_text(GOOD)

    assert machine.start() == ExitStatus.CONFIG

    assert f"{name} is not read; {remedy}" in machine.note
    assert not machine.store.exists()


def test_a_disk_that_takes_nothing_is_told_on_the_card_and_the_file_stays(machine: Machine) -> None:
    machine.store.write_text("a file is in the way")
    (machine.boot / NAME).write_text(GOOD)

    assert machine.start() == ExitStatus.FAILED

    assert "ravatard.service.project_id cannot be written (" in machine.note
    assert machine.left() == [ERRORS, NAME]
    assert machine.config.read_text() == OLD


def test_an_interrupted_removal_is_finished_and_said(machine: Machine) -> None:
    (machine.boot / f"{NAME}.taken").write_text(GOOD)

    assert machine.start() == 0

    assert machine.left() == [DONE]
    assert "interrupted" in (machine.boot / DONE).read_text()
    assert machine.config.read_text() == OLD


def test_a_note_that_cannot_be_written_is_said_beside_what_is_wrong(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine.boot / NAME).write_text("gate: {mode: loud}\n")
    (machine.boot / ERRORS / "x").mkdir(parents=True)

    assert machine.start() == ExitStatus.CONFIG

    first, second = capsys.readouterr().err.splitlines()
    assert "gate.mode: found 'loud'" in first
    assert f"{ERRORS} cannot be written" in second


@pytest.mark.parametrize(
    ("present", "needed"),
    [
        (None, ["dtparam=i2c_arm=on", "dtparam=spi=on", "dtoverlay=wm8960-soundcard"]),
        ("dtparam=spi=on\n", ["dtparam=i2c_arm=on", "dtoverlay=wm8960-soundcard"]),
        ("dtparam=i2c_arm=on,spi=on\ndtoverlay=wm8960-soundcard\n", []),
    ],
)
def test_the_note_says_what_the_board_needs_in_config_txt(
    machine: Machine, present: str | None, needed: list[str]
) -> None:
    (machine.boot / NAME).write_text("board: respeaker-2mic\n")
    if present is not None:
        (machine.boot / "config.txt").write_text(present)

    assert machine.start() == 0

    note = (machine.boot / DONE).read_text()
    assert [line.strip() for line in note.splitlines() if line.startswith("  dt")] == needed
    assert ("and then a restart" in note) == bool(needed)
    if present is not None:
        assert (machine.boot / "config.txt").read_text() == present


def test_without_a_board_the_note_says_nothing_of_config_txt(machine: Machine) -> None:
    (machine.boot / NAME).write_text(GOOD)

    assert machine.start() == 0

    assert "config.txt" not in (machine.boot / DONE).read_text()
