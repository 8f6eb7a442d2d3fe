"""What a user reads who has no access to what belongs to the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.host.access import Caller, caller, unreadable, without_access

REFUSAL = "you (maker) may not use the control socket /run/ravatard/control.sock"
JOIN = (
    "which is for the group ravatard; repeat the command with sudo, or join the group "
    "(sudo adduser maker ravatard) and log in again"
)


def _file(tmp_path: Path, mode: int) -> Path:
    path = tmp_path / "ravatard.yaml"
    path.touch()
    path.chmod(mode)
    return path


def _maker(gids: list[int], group: tuple[int, list[str]] | None) -> Caller:
    return Caller("maker", gids, group)


def test_a_user_outside_the_group_reads_how_to_join_it() -> None:
    assert without_access(REFUSAL, _maker([1000], (990, ["ada"]))) == f"{REFUSAL}, {JOIN}"


def test_a_user_who_joined_after_the_login_need_only_log_in_again() -> None:
    assert without_access(REFUSAL, _maker([1000], (990, ["maker"]))) == (
        f"{REFUSAL} yet: you joined the group ravatard after this login; log in again, or use sudo"
    )


@pytest.mark.parametrize("group", [None, (990, ["maker"])])
def test_where_the_group_does_not_help_only_sudo_is_named(group: tuple[int, list[str]] | None) -> None:
    assert without_access(REFUSAL, _maker([990], group)) == f"{REFUSAL}; repeat the command with sudo"


def test_settings_that_the_group_may_read_lead_to_the_group(tmp_path: Path) -> None:
    """They said "correct its mode": a newcomer opened them to everybody."""
    path = _file(tmp_path, 0o640)

    said = unreadable(path, _maker([path.stat().st_gid + 10], (path.stat().st_gid, ["ada"])))

    assert said == f"you (maker) may not read it, {JOIN}"


@pytest.mark.parametrize("kind", ["closed to the group", "of another group", "no group here"])
def test_settings_that_the_group_may_not_read_need_sudo(tmp_path: Path, kind: str) -> None:
    path = _file(tmp_path, 0o600 if kind == "closed to the group" else 0o640)
    gid = path.stat().st_gid + (kind == "of another group")
    group = None if kind == "no group here" else (gid, ["ada"])

    assert unreadable(path, _maker([gid + 10], group)) == (
        "you (maker) may not read it; repeat the command with sudo"
    )


def test_a_member_reads_how_the_group_may_read_them(tmp_path: Path) -> None:
    path = _file(tmp_path, 0o600)

    assert unreadable(path, Caller("ravatard", [990], (990, []))) == (
        "you (ravatard) may not read it; repeat the command with sudo, or let the group ravatard read it: "
        f"sudo chgrp ravatard {path}; sudo chmod g+r {path}"
    )


def test_a_file_that_may_not_even_be_looked_at_leads_to_the_group(tmp_path: Path) -> None:
    assert unreadable(tmp_path / "none", _maker([1000], (990, []))) == f"you (maker) may not read it, {JOIN}"


def test_the_caller_is_the_user_of_this_process() -> None:
    assert caller().name
    assert caller().gids
