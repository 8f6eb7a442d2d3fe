"""Name of the daemon's unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.host.control.own_unit import own_unit


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("0::/system.slice/ravatard.service\n", "ravatard.service"),
        ("1:name=systemd:/\n0::/user.slice/user-1000.slice/session-1.scope\n", ""),
        ("", ""),
    ],
)
def test_it_is_the_last_part_of_the_control_group(line: str, unit: str, tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text(line)

    assert own_unit(tmp_path / "cgroup") == unit
    assert own_unit(tmp_path / "none") == ""
