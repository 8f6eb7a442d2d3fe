"""What a client says when there is no daemon for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.host.control.client import NoAccessError, NoDaemonError, ask

SOCKET = Path("/run/ravatard/control.sock")


def test_without_a_socket_no_daemon_runs(tmp_path: Path) -> None:
    with pytest.raises(NoDaemonError) as caught:
        ask(tmp_path / "control.sock", {"do": "status"})

    assert not isinstance(caught.value, NoAccessError)
    assert str(caught.value) == (
        f"ravatard does not run: no answer at {tmp_path}/control.sock; start it (sudo systemctl start "
        "ravatard, "
        "or ravatard run), or name its socket with --socket"
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_strangers_socket_is_no_reason_to_think_that_none_runs(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4711)

    with pytest.raises(NoAccessError, match=r"belongs to another user \(uid 4711\); nothing was sent to it"):
        ask(tmp_path / "control.sock", {"do": "status"})
