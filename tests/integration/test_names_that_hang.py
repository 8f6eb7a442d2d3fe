"""Names whose look-up never ends: every command ends in its own time, and so does the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.integration import recordings
from tests.integration.daemon import PROJECT, Daemon
from tests.integration.program import Program

pytestmark = pytest.mark.integration

#: Python imports it before anything else: every name but a number takes a minute.
HANGING = """
import socket, time

found = socket.getaddrinfo

def hanging(host, *more, **others):
    text = host.decode() if isinstance(host, bytes) else host
    if text and not text.replace(".", "").isdigit() and ":" not in text:
        time.sleep(60)
    return found(host, *more, **others)

socket.getaddrinfo = hanging
"""
SERVICE = "http://nowhere.example"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in which no name is found."""
    (tmp_path / "sitecustomize.py").write_text(HANGING)
    return {"PYTHONPATH": str(tmp_path)}


async def test_the_daemon_stops_as_soon_as_it_is_told_to(tmp_path: Path, environ: dict[str, str]) -> None:
    sound = recordings.write(tmp_path / "quiet.wav", recordings.quiet(2.0))
    quiet = {"microphone": {"wav": str(sound), "repeat": True}}
    async with Daemon(tmp_path, SERVICE, quiet, environ=environ) as daemon:
        await daemon.showing("connecting")

        assert await daemon.stopped(within_s=10.0) < 5.0


async def test_a_command_ends_with_its_own_deadline(tmp_path: Path, environ: dict[str, str]) -> None:
    config = tmp_path / "ravatard.yaml"
    deadlines = {"token_s": 1.0, "request_s": 1.0}
    service = {"base_url": SERVICE, "project_id": PROJECT}
    config.write_text(yaml.safe_dump({"service": service, "deadlines": deadlines}))

    async with Program("avatars", "--config", str(config), environ=environ) as program:
        assert await program.ended(within_s=15.0) == 1

        assert program.now - program.started_at < 12.0
        assert "Traceback" not in program.stderr
