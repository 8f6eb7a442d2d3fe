"""config.txt: what is in effect is seen in any spelling, and what is missing is added once, with a backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.setup.config_txt import (
    BACKUP,
    NotAddedError,
    add_lines,
    find_config_txt,
    may_write,
    missing_lines,
)

I2C, SPI, CARD = "dtparam=i2c_arm=on", "dtparam=spi=on", "dtoverlay=wm8960-soundcard"
LINES = (I2C, SPI, CARD)
#: As on Raspberry Pi OS.
FRESH = """# For more options see http://rptl.io/configtxt
#dtparam=spi=on
dtparam=audio=on
dtoverlay=vc4-kms-v3d

[cm4]
otg_mode=1

[all]
"""


def config_txt(folder: Path, text: str) -> Path:
    path = folder / "config.txt"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (FRESH, LINES),
        ("", LINES),
        ("dtparam=i2c_arm=on,spi=on\ndtoverlay=wm8960-soundcard\n", ()),
        ("dtparam=i2c\n dtparam=spi=yes  # for the lights\ndtoverlay=wm8960-soundcard,alsaname=x\n", ()),
        ("dtparam=spi=on\ndtparam=spi=off\n", LINES),
        ("[pi4]\ndtparam=spi=on\n[all]\ndtparam=i2c_arm=on\n", (SPI, CARD)),
        ("[none]\ndtparam=spi=on\n[ALL]\r\ndtparam=i2c_arm=on\r\n", (SPI, CARD)),
        ("include usercfg.txt\ninclude lost.txt\n", (I2C, CARD)),
        ("dtoverlay=wm8960-soundcard-other\ndtoverlay=\n", LINES),
    ],
)
def test_only_what_is_in_effect_on_every_model_counts(
    text: str, missing: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "usercfg.txt").write_text("dtparam=spi=on\n")

    assert missing_lines(config_txt(tmp_path, text), LINES) == missing


def test_a_line_of_another_kind_and_an_overlay_with_parameters_are_compared_whole(tmp_path: Path) -> None:
    path = config_txt(tmp_path, "gpio=4=op\ndtoverlay=hat,a=1\n")

    assert missing_lines(path, ["gpio=4=op", "gpio=5=op", "dtoverlay=hat,a=1", "dtoverlay=hat,a=2"]) == (
        "gpio=5=op",
        "dtoverlay=hat,a=2",
    )


def test_what_is_missing_is_added_once_and_the_old_file_kept(tmp_path: Path) -> None:
    path = config_txt(tmp_path, FRESH)

    assert add_lines(path, LINES, "For the board") == LINES

    assert path.read_text() == f"{FRESH}\n# For the board\n{I2C}\n{SPI}\n{CARD}\n"
    backup = tmp_path / f"config.txt{BACKUP}"
    assert backup.read_text() == FRESH
    before = path.stat().st_mtime_ns
    assert add_lines(path, LINES, "For the board") == ()
    assert (path.stat().st_mtime_ns, backup.read_text()) == (before, FRESH)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.txt", backup.name]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("[pi4]\r\na=1", f"[pi4]\r\na=1\r\n\r\n# x\r\n[all]\r\n{SPI}\r\n"),
        ("", f"\n# x\n{SPI}\n"),
        ("a=1", f"a=1\n\n# x\n{SPI}\n"),
    ],
)
def test_the_addition_holds_for_every_model_and_has_the_files_own_ends_of_lines(
    text: str, after: str, tmp_path: Path
) -> None:
    path = config_txt(tmp_path, text)

    add_lines(path, [SPI], "x")

    assert path.read_bytes().decode() == after
    assert missing_lines(path, [SPI]) == ()


def test_bytes_that_are_no_utf_8_stay(tmp_path: Path) -> None:
    path = tmp_path / "config.txt"
    path.write_bytes(b"# caf\xe9\n")

    add_lines(path, [SPI], "x")

    assert path.read_bytes().startswith(b"# caf\xe9\n")


def test_a_file_that_cannot_be_written_is_as_it_was_and_the_lines_are_said(tmp_path: Path) -> None:
    path = config_txt(tmp_path, FRESH)
    # The backup cannot be made.
    (tmp_path / f"config.txt{BACKUP}").mkdir()

    with pytest.raises(NotAddedError, match=f"add these lines to it yourself, and restart: {SPI}"):
        add_lines(path, [SPI], "x")

    assert path.read_text() == FRESH


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAddedError, match="cannot be read: Is a directory"):
        missing_lines(tmp_path, [SPI])


def test_the_first_folder_that_has_the_file_is_taken(tmp_path: Path) -> None:
    old, new = tmp_path / "boot", tmp_path / "boot" / "firmware"
    new.mkdir(parents=True)

    assert find_config_txt([new, old]) is None
    config_txt(old, "")
    assert find_config_txt([new, old]) == old / "config.txt"
    config_txt(new, "")
    assert find_config_txt([new, old]) == new / "config.txt"
    assert may_write(new / "config.txt")
    assert not may_write(new / "lost.txt")
