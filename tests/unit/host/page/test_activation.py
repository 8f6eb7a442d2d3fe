"""Sockets from systemd, as sd_listen_fds(3) says."""

from __future__ import annotations

import os
import socket

from ravatard.host.page.activation import handed_over


def environ(count: int = 2, names: str = "other:page", pid: int = 77) -> dict[str, str]:
    return {"LISTEN_PID": str(pid), "LISTEN_FDS": str(count), "LISTEN_FDNAMES": names}


def test_sockets_of_the_name_are_taken_and_no_child_inherits_any() -> None:
    first, second = socket.socket(), socket.socket()
    # Where systemd puts them; what is there is put back afterwards.
    kept = [os.dup(number) if _is_open(number) else -1 for number in (3, 4)]
    try:
        os.dup2(first.fileno(), 3, inheritable=True)
        os.dup2(second.fileno(), 4, inheritable=True)

        assert handed_over("page", environ(), 77) == [4]
        assert not os.get_inheritable(3)
        assert not os.get_inheritable(4)
    finally:
        for number, copy in zip((3, 4), kept, strict=True):
            os.close(number)
            if copy >= 0:
                os.dup2(copy, number)
                os.close(copy)
        first.close()
        second.close()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_sockets_of_another_process_or_none_are_not_taken() -> None:
    assert handed_over("page", {}) == []
    assert handed_over("page", environ(pid=78), 77) == []
    assert handed_over("page", environ() | {"LISTEN_FDS": "x"}, 77) == []
    assert handed_over("page", environ(count=10_000), 77) == []
    assert handed_over("page", environ(count=0), 77) == []
