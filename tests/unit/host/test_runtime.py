"""Where the control socket is, for daemon and client."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ravatard.host.runtime import SOCKET_NAME, find_socket, own_directory, prepared, runtime_directory


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return tmp_path / "run" / "ravatard"


def chosen(system: Path, environ: dict[str, str]) -> Path:
    return runtime_directory(environ, system=system, temporary=Path("/temporary"), uid=1000)


def found(system: Path, environ: dict[str, str]) -> Path:
    return find_socket(environ, system=system, temporary=Path("/temporary"), uid=1000)


def test_systemds_word_comes_first_and_of_several_the_first(system: Path) -> None:
    system.mkdir(parents=True)

    assert chosen(system, {"RUNTIME_DIRECTORY": "/run/a:/run/b", "XDG_RUNTIME_DIR": "/x"}) == Path("/run/a")


def test_the_systems_directory_is_taken_when_it_can_be_written_to(system: Path) -> None:
    system.mkdir(parents=True)

    assert chosen(system, {"XDG_RUNTIME_DIR": "/x"}) == system


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/1000"}, "/run/user/1000/ravatard"),
        ({}, "/temporary/ravatard-1000"),
        ({"RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": ""}, "/temporary/ravatard-1000"),
        ({"RUNTIME_DIRECTORY": "relative", "XDG_RUNTIME_DIR": "relative"}, "/temporary/ravatard-1000"),
    ],
)
def test_otherwise_it_is_the_users_own(system: Path, environ: dict[str, str], expected: str) -> None:
    assert chosen(system, environ) == Path(expected)


def test_a_client_finds_the_systems_socket_before_its_own(system: Path, tmp_path: Path) -> None:
    own = tmp_path / "user" / "ravatard"
    for directory in (system, own):
        directory.mkdir(parents=True)
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "user")}
    (own / SOCKET_NAME).touch()

    assert found(system, environ) == own / SOCKET_NAME
    (system / SOCKET_NAME).touch()
    assert found(system, environ) == system / SOCKET_NAME


def test_a_directory_that_the_client_may_not_search_is_a_services(system: Path, tmp_path: Path) -> None:
    """`os.path.lexists` is false for EACCES, and `status` said of a running service that none runs."""
    own = tmp_path / "user" / "ravatard"
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "user")}

    def lstat(path: Path) -> object:
        if path.parent == system:
            raise PermissionError(13, "Permission denied", str(path))
        return path.lstat()

    def client() -> Path:
        return find_socket(environ, system=system, temporary=Path("/temporary"), uid=1000, lstat=lstat)

    assert client() == system / SOCKET_NAME
    own.mkdir(parents=True)
    (own / SOCKET_NAME).touch()
    assert client() == own / SOCKET_NAME


def test_the_callers_own_directory_is_never_the_services() -> None:
    assert own_directory({}, temporary=Path("/temporary"), uid=0) == Path("/temporary/ravatard-0")
    assert own_directory({"XDG_RUNTIME_DIR": "/run/user/0"}) == Path("/run/user/0/ravatard")
    assert own_directory({"RUNTIME_DIRECTORY": "/run/mine"}) == Path("/run/mine")


def test_without_any_socket_a_client_names_the_place_a_daemon_would_take(system: Path) -> None:
    assert found(system, {}) == Path("/temporary/ravatard-1000") / SOCKET_NAME


def test_a_missing_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    directory = prepared(tmp_path / "a" / "b")

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert prepared(directory) == directory


def test_a_directory_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(PermissionError, match="other users may write to"):
        prepared(tmp_path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(NotADirectoryError, match="not a link"):
        prepared(tmp_path / "link")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_strangers_directory_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4711)

    with pytest.raises(PermissionError) as caught:
        prepared(tmp_path)

    # A daemon of that user may be running there: nothing may advise to remove it.
    assert str(caught.value) == f"{tmp_path} belongs to another user (uid 4711)"
