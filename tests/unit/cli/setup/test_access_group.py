"""The group of the commands: offered to the user behind sudo, and joined with adduser."""

from __future__ import annotations

import grp
import pwd
from pathlib import Path

import pytest

from ravatard.cli.setup.access_group import NotJoinedError, join, joinable

#: On every Debian, and none of them is in the other's group.
USER, GROUP = "games", "daemon"


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho $0 $@ > {folder}/called\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is searched for programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "user"),
    [
        ({"SUDO_USER": USER}, USER),
        ({"SUDO_USER": GROUP}, None),
        ({"SUDO_USER": "root"}, None),
        ({"SUDO_USER": "no-such-user"}, None),
        ({"SUDO_USER": ""}, None),
        ({}, None),
    ],
)
def test_only_another_user_behind_sudo_may_join(environ: dict[str, str], user: str | None) -> None:
    assert pwd.getpwnam(GROUP).pw_gid == grp.getgrnam(GROUP).gr_gid

    assert joinable(environ, GROUP) == user


def test_without_the_group_nobody_may_join() -> None:
    assert joinable({"SUDO_USER": USER}, "no-such-group") is None


def test_a_user_joins_with_adduser(path: Path) -> None:
    program(path, "adduser", "exit 0")

    assert join(USER, GROUP)
    assert (path / "called").read_text() == f"{path}/adduser --quiet {USER} {GROUP}\n"


def test_without_adduser_usermod_is_used(path: Path) -> None:
    program(path, "usermod", "exit 0")

    assert join(USER, GROUP)
    assert (path / "called").read_text().endswith(f"usermod -aG {GROUP} {USER}\n")


def test_a_member_joins_no_more(path: Path) -> None:
    assert not join(GROUP, GROUP)
    assert list(path.iterdir()) == []


def test_a_refusal_is_passed_on_with_the_command_to_type(path: Path) -> None:
    program(path, "adduser", "echo adduser: Only root may do that. >&2; exit 1")

    with pytest.raises(NotJoinedError) as caught:
        join(USER, GROUP)

    assert str(caught.value) == (
        f"{USER} could not join the group {GROUP} (adduser: Only root may do that.); "
        f"do it yourself: sudo adduser {USER} {GROUP}"
    )


def test_a_machine_without_either_program_is_told_the_command(path: Path) -> None:
    with pytest.raises(NotJoinedError, match=f"do it yourself: sudo usermod -aG {GROUP} {USER}"):
        join(USER, GROUP)

    assert list(path.iterdir()) == []


@pytest.mark.parametrize(("user", "group"), [("no-such-user", GROUP), (USER, "no-such-group"), ("", GROUP)])
def test_a_user_or_group_that_is_not_there_is_named(user: str, group: str) -> None:
    with pytest.raises(NotJoinedError, match="this machine has no such user or group"):
        join(user, group)
