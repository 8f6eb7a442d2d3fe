"""Which sockets and programs a command trusts."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ravatard.host.control.peer import check_place, is_trusted, peer_of
from ravatard.host.runtime import user_name

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o750)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
    return folder / "socket"


def test_the_other_end_is_known_by_process_and_user() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert (peer_of(one).pid, peer_of(one).uid) == (os.getpid(), os.geteuid())


def test_root_and_we_are_trusted_and_no_stranger() -> None:
    assert is_trusted(0)
    assert is_trusted(os.geteuid())
    assert not is_trusted(4711)
    assert (user_name(0), user_name(4711)) == ("root", "uid 4711")


def test_a_place_of_our_own_is_trusted(place: Path) -> None:
    check_place(place)
    with pytest.raises(FileNotFoundError):
        check_place(place.parent / "none")


@pytest.mark.parametrize("which", ["folder", "socket"])
@as_root
def test_a_strangers_place_is_not_trusted(place: Path, which: str) -> None:
    os.chown(place if which == "socket" else place.parent, 4711, 4711)

    with pytest.raises(PermissionError, match=r"belongs to another user \(uid 4711\)"):
        check_place(place)


def test_a_place_that_others_may_change_is_not_trusted(place: Path) -> None:
    place.parent.chmod(0o757)

    with pytest.raises(PermissionError, match="other users may write to"):
        check_place(place)


@pytest.mark.parametrize("what", ["link", "file", "linked folder"])
def test_what_is_no_socket_in_a_folder_is_not_trusted(place: Path, what: str) -> None:
    other = place.parent / "other"
    match what:
        case "link":
            other.symlink_to(place)
        case "file":
            other.touch()
        case _:
            (place.parent.parent / "link").symlink_to(place.parent)
            other = place.parent.parent / "link" / "socket"

    with pytest.raises(PermissionError, match="is not a"):
        check_place(other)
