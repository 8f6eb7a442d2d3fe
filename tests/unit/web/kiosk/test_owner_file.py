"""An owner's file is read within its size, and nothing else in its place stops the daemon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.errors import ConfigError
from ravatard.web.kiosk.owner_file import content_of, texts_in


def test_every_value_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("one: 000000\ntwo: off\n")

    assert texts_in(file, 100, "the colours") == {"one": "000000", "two": "off"}


def test_a_fifo_in_its_place_is_refused_at_once(tmp_path: Path) -> None:
    """Opened as a file it would wait for a writer, and the start of the daemon with it."""
    os.mkfifo(tmp_path / "de.yaml")

    with pytest.raises(ConfigError, match=r"the texts .*de\.yaml cannot be read: it is no file"):
        texts_in(tmp_path / "de.yaml", 100, "the texts")


def test_one_that_is_too_long_or_missing_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    with pytest.raises(ConfigError, match="No such file"):
        content_of(file, 1_024, "the logo")
    file.write_bytes(bytes(1_025))

    with pytest.raises(ConfigError, match=r"the logo .*logo\.png: longer than 1 kB"):
        content_of(file, 1_024, "the logo")
    assert len(content_of(file, 1_025, "the logo")) == 1_025
