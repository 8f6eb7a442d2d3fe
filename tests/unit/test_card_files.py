"""Look of the image at the files for cloud-init: mended, or told in words on the card without a password."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.packaging.image.root import FILES

PREPARE = cast(
    Callable[[Path, Path], None],
    runpy.run_path(str(FILES / "root/usr/local/lib/appliance/card_files.py"))["main"],
)
DROP_INS = FILES / "root/etc/systemd/system"
NOTE = "first-start-errors.txt"
SECRET = "hush-4711"
USER = "#cloud-config\nhostname: attic\n"
WIFI = f"""\
network:
  version: 2
  wifis:
    wlan0:
      dhcp4: true
      access-points:
        "Café":
          password: "{SECRET}"
"""


class Partition:
    """A boot partition as the image has it, with Wi-Fi, and cloud-init's state."""

    def __init__(self, folder: Path) -> None:
        self.boot, self.state = folder / "boot", folder / "state"
        self.boot.mkdir()
        self.state.mkdir()
        for name, text in (
            ("user-data", USER),
            ("network-config", WIFI),
            ("meta-data", "instance-id: first-start\n"),
        ):
            (self.boot / name).write_text(text)

    def start(self) -> list[str]:
        """What the note says, without its last lines."""
        PREPARE(self.boot, self.state)
        note = self.boot / NOTE
        return note.read_bytes().decode().split("\r\n")[:-3] if note.exists() else []

    def tree(self, name: str) -> Any:
        return yaml.safe_load((self.boot / name).read_bytes().decode())


@pytest.fixture
def card(tmp_path: Path) -> Partition:
    return Partition(tmp_path)


def test_files_as_the_image_has_them_are_left_alone_without_a_note(card: Partition) -> None:
    for file in (FILES / "boot").iterdir():
        (card.boot / file.name).write_bytes(file.read_bytes())

    assert card.start() == []
    assert {path.name: path.read_bytes() for path in card.boot.iterdir()} == {
        file.name: file.read_bytes() for file in (FILES / "boot").iterdir()
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_encoding_of_windows_is_mended(card: Partition, encoding: str, end: str) -> None:
    for name, text in (("user-data", USER), ("network-config", WIFI)):
        written = text.replace("\n", end)
        content = (
            b"\xfe\xff" + written.encode("utf-16-be")
            if encoding == "utf-16-be-bom"
            else written.encode(encoding)
        )
        (card.boot / name).write_bytes(content)

    assert card.start() == []
    assert (card.boot / "user-data").read_bytes().startswith(b"#cloud-config")
    assert card.tree("network-config") == yaml.safe_load(WIFI)


def test_letters_of_windows_1252_are_read_and_told(card: Partition) -> None:
    (card.boot / "network-config").write_bytes(WIFI.encode("cp1252"))

    (told,) = card.start()

    assert told.startswith("network-config: it is not UTF-8, and was read as Windows-1252; save it as UTF-8")
    assert card.tree("network-config") == yaml.safe_load(WIFI)


@pytest.mark.parametrize("ending", [".txt", ".yaml", ".yml", ".yaml.txt"])
@pytest.mark.parametrize("name", ["user-data", "network-config"])
def test_an_ending_too_many_is_taken_off_or_told(card: Partition, name: str, ending: str) -> None:
    (card.boot / name).rename(card.boot / f"{name}{ending}")

    assert card.start() == []
    assert (card.boot / name).read_text() in (USER, WIFI)
    (card.boot / f"{name}{ending}").write_text("x: y\n")
    assert card.start() == [f"{name}{ending} is not read: the name must be {name}, without an ending."]


@pytest.mark.parametrize("name", ["user-data", "network-config", "meta-data"])
def test_a_file_that_was_deleted_does_not_take_the_others_along(card: Partition, name: str) -> None:
    (card.boot / name).unlink()

    assert card.start() == []
    assert (card.boot / name).exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("user-data", "#cloud-config\n", "", "user-data is not read: its first line must be #cloud-config."),
        (
            *("user-data", "hostname", "user:\n\tname"),
            "user-data is not read: line 3: a tab; YAML allows only spaces there.",
        ),
        (
            *("network-config", "    wlan0", "\twlan0"),
            "network-config is not read: line 4: a tab; YAML allows only spaces there.",
        ),
        (
            "network-config",
            f'"{SECRET}"',
            f'"{SECRET}"x"',
            "network-config is not read: line 8: a text with a quote ",
        ),
        (
            "network-config",
            SECRET,
            "hush\\cord",
            "network-config is not read: line 8: a backslash in a text ",
        ),
        ("network-config", "  wifis", "   wifis", "network-config is not read: line "),
        (
            "network-config",
            f'"{SECRET}"',
            "!hush",
            "network-config is not read: line 8: put the value in quotes.",
        ),
        (
            "network-config",
            f'"{SECRET}"',
            "*hush",
            "network-config is not read: line 8: put the value in quotes.",
        ),
        (
            "network-config",
            f'"{SECRET}"',
            "@hush",
            "network-config is not read: line 8: put the value in quotes.",
        ),
        ("network-config", WIFI, "Home\n", "network-config is not read: it has no lines NAME: VALUE."),
        (
            *("network-config", WIFI[WIFI.index("      dhcp4") :], ""),
            "network-config: wifis has no access-points with the name of a network; mind the indentation.",
        ),
        (
            *("network-config", f'"{SECRET}"', "01234567"),
            'network-config: the password of Café needs quotes: "...".',
        ),
        (
            *("network-config", f'"{SECRET}"', f"\u201c{SECRET}\u201d"),
            'network-config: the password of Café is in typographic quotes; write straight ones (").',
        ),
        (
            *("network-config", '"Café"', "\u201eCafé\u201d"),
            'network-config: the name \u201eCafé\u201d is in typographic quotes; write straight ones (").',
        ),
        (
            *("network-config", SECRET, "short"),
            "network-config: the password of Café must have 8 to 63 characters.",
        ),
        ("network-config", SECRET, "hush" * 16, "network-config: the password of Café must have 8 to 63 "),
    ],
)
def test_a_mistake_is_told_on_the_card_without_the_password(
    card: Partition, name: str, old: str, new: str, told: str
) -> None:
    text = (card.boot / name).read_text()
    assert old in text
    (card.boot / name).write_text(text.replace(old, new))

    (line,) = card.start()

    assert line.startswith(told)
    note = (card.boot / NOTE).read_text()
    assert not any(secret in note for secret in (SECRET, "hush", "01234567", "short"))
    assert "put an empty file named first-start beside it, and start again" in note


@pytest.mark.parametrize(
    "text",
    [
        WIFI.replace(SECRET, "a#b $c'\u00fc"),
        WIFI.replace(f'"{SECRET}"', "'ab\"cd\\e#$'"),
        WIFI.replace("Café", "Anna\u2019s phone"),
        WIFI.replace("          password", "          hidden: true\n          password"),
        WIFI.replace(f'password: "{SECRET}"', f'auth: {{key-management: sae, password: "{SECRET}"}}'),
        WIFI.replace(f'          password: "{SECRET}"', "          {}"),
        WIFI.replace(SECRET, "0123456789abcdef" * 4),
    ],
)
def test_odd_and_right_is_not_told(card: Partition, text: str) -> None:
    (card.boot / "network-config").write_text(text)

    assert card.start() == []


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\ntrue\n", "#include\nhttps://x.invalid\n", "Content-Type: a\n", ""]
)
def test_other_kinds_of_user_data_are_cloud_inits(card: Partition, text: str) -> None:
    (card.boot / "user-data").write_text(text)

    assert card.start() == []


def test_a_mended_file_takes_the_note_with_it(card: Partition) -> None:
    (card.boot / "network-config").write_text("Home\n")
    assert card.start()
    (card.boot / "network-config").write_text(WIFI)

    assert card.start() == []


@pytest.mark.parametrize("name", ["first-start", "first-start.txt"])
def test_an_empty_file_makes_the_next_start_a_first_one(card: Partition, name: str) -> None:
    (card.boot / name).touch()
    own = card.state / "instances" / "first-start"
    own.mkdir(parents=True)
    (own / "boot-finished").touch()
    (card.state / "instance").symlink_to(own)
    (card.state / "seed").mkdir()

    card.start()

    assert [path.name for path in card.state.iterdir()] == ["seed"]
    assert not (card.boot / name).exists()
    conditions = (DROP_INS / "cloud-.service.d/once.conf").read_text().splitlines()
    assert f"ConditionPathExists=|/boot/firmware/{name}" in conditions
    assert "ConditionPathExists=|!/var/lib/cloud/instance/boot-finished" in conditions


def test_without_it_an_earlier_start_is_kept(card: Partition) -> None:
    (card.state / "instance").mkdir()

    card.start()

    assert (card.state / "instance").exists()


def test_cloud_init_reads_the_files_afterwards_even_if_this_fails() -> None:
    unit = (DROP_INS / "cloud-init-main.service.d/boot-partition.conf").read_text()

    program = "/usr/local/lib/appliance/card_files.py"
    assert f"\nExecStartPre=-/usr/bin/python3 {program} /boot/firmware /var/lib/cloud\n" in unit
    assert (FILES / "root" / program[1:]).is_file()


def test_the_guide_has_the_names_of_the_files() -> None:
    guide = (FILES.parent / "README.md").read_text()

    assert f"`{NOTE}`" in guide
    assert "| `first-start` (empty) |" in guide
    assert {file.name for file in (FILES / "boot").iterdir()} >= {"user-data", "network-config"}
