"""Token, licence and project reach nobody but the service, whatever happens and however much is logged."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.middlebox import Middlebox
from tests.integration.program import Program, command_line

pytestmark = pytest.mark.integration

#: Any JSON Web Token begins like this: it is {" in base64.
_TOKEN = re.compile("eyJ[A-Za-z0-9]")


async def _said(*words: str) -> str:
    """All that one command prints."""
    async with Program(*words) as program:
        await program.ended()
        return program.stdout + program.stderr


async def test_no_output_and_no_process_list_shows_a_secret(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "again.wav", recordings.one_request(3))
    config: Config = {"microphone": {"wav": str(recording), "repeat": True}, "logging": {"level": "debug"}}
    licences = []
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, config) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"], "an answer")
        licences += server.record.open_licences()
        # A peer that says our own secrets to us, well-formed and not.
        (token,) = box.tokens
        leak = json.dumps({"type": "debug", "token": token, "LicenseId": licences[0], "project": PROJECT})
        await box.say(leak)
        await box.say(f"{leak} and more")
        await box.say(f'{{"type": "answer", "message": "{token}", "LicenseId": ')
        await daemon.until(lambda: "is ignored" in daemon.stderr, "that is told")
        seen = [command_line(pid) for pid in (daemon.pid, *daemon.offspring())]
        for words in (
            ("status",),
            ("status", "--json"),
            ("config", "show", "--config", str(daemon.config_file)),
        ):
            seen.append(await _said(*words))

        # The service is restarted: the connection breaks, the token is refused, the session is unknown.
        await server.__aexit__(None, None, None)
        await daemon.showing("offline")
        async with SimServer(port=server.port) as restarted:
            await daemon.until(lambda: restarted.record.counts["answers"], "an answer of the new service", 30)
            licences += restarted.record.open_licences()
            seen += [command_line(pid) for pid in (daemon.pid, *daemon.offspring())]
            await daemon.stopped()

            assert restarted.record.open_licences() == []

    assert len(licences) == len(set(licences)) == 2
    assert len(box.tokens) == 2
    # What stays behind: the list of sessions is empty by now, and the flight recorder never knew.
    kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert any(file.parent.name == "recorder" for file in kept)
    seen += [file.read_bytes().decode("utf-8", "replace") for file in kept]
    seen.append(await _said("replay", str(tmp_path / "state" / "recorder")))
    told = "\n".join(str(dict(notice.fields)) for notice in daemon.notices)
    for output in (daemon.stderr, daemon.stdout, told, *seen):
        assert not _TOKEN.search(output)
        for secret in (PROJECT, *licences, *box.tokens):
            assert secret not in output
