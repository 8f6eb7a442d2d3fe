"""Where a daemon makes its control socket, and where it does not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ravatard.host.control.opening import AlreadyRunning, open_listener

STRANGER = 54321


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("owned", ["folder", "both", "folder open to all", "a link to a folder"])
async def test_a_stranger_who_listens_in_our_place_is_no_daemon(tmp_path: Path, owned: str) -> None:
    """The daemon took it for one, and its owner read: stop process N first."""
    folder = tmp_path / "ravatard-0"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(str(folder / "control.sock"))
        squatter.listen()
        if owned == "both":
            os.chown(folder / "control.sock", STRANGER, STRANGER)
        if owned == "folder open to all":
            folder.chmod(0o777)
        elif owned == "a link to a folder":
            folder = Path(folder.rename(tmp_path / "elsewhere")).with_name("ravatard-0")
            folder.symlink_to("elsewhere")
        else:
            os.chown(folder, STRANGER, STRANGER)

        with pytest.raises(OSError, match=r"another user|other users|not a link") as caught:
            await open_listener(folder / "control.sock")

    assert not isinstance(caught.value, AlreadyRunning)
    assert "stop" not in str(caught.value)
