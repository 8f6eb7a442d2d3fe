"""A machine keeps its name, and no two share one."""

from __future__ import annotations

import re
from pathlib import Path

from ravatard.host.identity import appliance_id


def test_a_machine_keeps_its_name_and_does_not_give_its_id_away(tmp_path: Path) -> None:
    machine_id = tmp_path / "machine-id"
    machine_id.write_text("0123456789abcdef0123456789abcdef\n")

    assert appliance_id(machine_id) == appliance_id(machine_id)
    assert "0123456789abcdef" not in appliance_id(machine_id)


def test_the_name_is_one_the_service_takes(tmp_path: Path) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", appliance_id(tmp_path / "none"))


def test_two_machines_have_two_names(tmp_path: Path) -> None:
    names = set()
    for number in range(2):
        (tmp_path / "id").write_text(str(number))
        names.add(appliance_id(tmp_path / "id"))

    assert len(names) == 2


def test_a_machine_id_nobody_can_read_leaves_the_host_name(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")

    assert (
        appliance_id(tmp_path / "bad")
        == appliance_id(tmp_path / "empty")
        == appliance_id(tmp_path / "missing")
    )
