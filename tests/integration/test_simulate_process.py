"""The daemon talks to the installed ``ravatard simulate``, and to the simulator that it brings along."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
import yaml

from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.program import Program
from tests.integration.simulate import simulate

pytestmark = pytest.mark.integration


def _one_request(folder: Path) -> Config:
    return {"microphone": {"wav": str(recordings.write(folder / "one.wav", recordings.one_request(3)))}}


async def test_the_daemon_and_the_simulator_converse_as_two_programs(tmp_path: Path) -> None:
    async with simulate("--answer", "Yes: {heard}.", "--think", "0.2", "--licences", "1") as service:
        async with Daemon(tmp_path, service.base_url, _one_request(tmp_path)) as daemon:
            await daemon.until(lambda: "answered after" in daemon.stderr, "an answer")
            talking = await service.state()
            await daemon.stopped()
        state = await service.state()
        service.send(signal.SIGTERM)
        status = await service.ended()

        assert len(talking["licences"]["open"]) == 1
        assert state["licences"] == {"total": 1, "open": []}
        (session,) = state["sessions"]
        assert session["ended_by"] == "client"
        assert len(session["turns"]) == 1
        assert session["audio_s"] > 1.0
        assert state["violations"] == []
        assert (status, service.stderr) == (0, "")


async def test_a_run_with_the_simulator_inside_shows_what_is_written_and_what_is_said(tmp_path: Path) -> None:
    file = tmp_path / "ravatard.yaml"
    file.write_text(yaml.safe_dump(_one_request(tmp_path)))
    async with Program("run", "--simulate", "--config", str(file), "--say", "Good morning") as program:
        await program.until(lambda: program.stdout.count("answered after") == 2, "both are answered")
        program.send(signal.SIGINT)
        status = await program.ended()

        assert (status, program.stderr) == (0, "")
        assert re.search(r"writing +“Good morning”\n", program.stdout)
        assert re.search(r"answer +“.*you write \"Good morning\"", program.stdout)
        assert re.search(r"answer +“.*you for \d", program.stdout)
        assert program.orphans() == []


async def test_a_run_with_the_simulator_inside_simulates_the_configured_kind(tmp_path: Path) -> None:
    file = tmp_path / "ravatard.yaml"
    file.write_text(yaml.safe_dump({**_one_request(tmp_path), "service": {"kind": "avatar"}}))
    async with Program("run", "--simulate", "--config", str(file)) as program:
        await program.until(lambda: "answered after" in program.stdout, "it is answered")
        program.send(signal.SIGINT)
        status = await program.ended()

        assert (status, program.stderr) == (0, "")
        assert re.search(r"answer +“I heard you for \d", program.stdout)
        assert "0 of silence sent" in program.stdout
        assert program.orphans() == []
