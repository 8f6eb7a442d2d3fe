"""Debian's changelog, made from CHANGELOG.md."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "systemd" / "install" / "changelog.py"
_made: dict[str, Any] = runpy.run_path(str(SCRIPT))
entries: Callable[[str, str, datetime, str], Iterator[str]] = _made["entries"]

AT = datetime(2026, 11, 29, 14, 32, 5, tzinfo=UTC)
MAINTAINER = "The people <people@example.com>"
TEXT = """# Changelog

Words.

## [Unreleased]

### Added

- A thing that is `new`, in a
  sentence of two lines.
- Another.

## [0.1.0] - 2026-11-20

### Fixed

- A fault.
"""


def test_what_is_not_released_is_the_packages_own_version_and_a_release_has_its_date() -> None:
    newest, before = entries(TEXT, "0.2.0+git1.abc~deb12", AT, MAINTAINER)

    assert newest == (
        "ravatard (0.2.0+git1.abc~deb12) stable; urgency=medium\n\n"
        "  [ Added ]\n  * A thing that is `new`, in a sentence of two lines.\n  * Another.\n\n"
        " -- The people <people@example.com>  Sun, 29 Nov 2026 14:32:05 +0000\n"
    )
    assert before.startswith("ravatard (0.1.0) stable; urgency=medium\n")
    assert before.endswith(" Fri, 20 Nov 2026 00:00:00 +0000\n")


def test_a_release_with_nothing_new_behind_it_is_the_packages_own_version() -> None:
    released = TEXT.replace(TEXT[TEXT.index("### Added") : TEXT.index("## [0.1.0]")], "")

    (only,) = entries(released, "0.1.0~deb12", AT, MAINTAINER)

    assert only.startswith("ravatard (0.1.0~deb12) stable")


def test_long_points_are_wrapped_and_words_stay_whole() -> None:
    long = TEXT.replace("Another.", "word " * 40 + "https://example.com/" + "a" * 90)

    (first, _) = entries(long, "1", AT, MAINTAINER)

    lines = first.splitlines()
    assert [line for line in lines if len(line) > 80 and "https" not in line] == []
    assert any("https://example.com/" + "a" * 90 in line for line in lines)


def test_dpkg_understands_what_is_made_of_our_own(tmp_path: Path) -> None:
    if shutil.which("dpkg-parsechangelog") is None:
        pytest.skip("dpkg-parsechangelog is not installed")
    path = tmp_path / "changelog"
    ours = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    path.write_text("\n".join(entries(ours, "0.1.0~deb12", AT, MAINTAINER)), encoding="utf-8")

    said = subprocess.run(
        ["dpkg-parsechangelog", "-l", path], capture_output=True, encoding="utf-8", check=True, timeout=60
    )

    assert said.stderr == ""
    assert "Version: 0.1.0~deb12\n" in said.stdout
    assert f"Maintainer: {MAINTAINER}\n" in said.stdout
