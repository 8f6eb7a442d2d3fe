"""Every ``ravatard`` command that README shows is run as it stands there, beside an appliance that runs."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest

from ravatard.sim.server import SimServer
from tests.house.test_documents import readme_commands
from tests.integration import recordings
from tests.integration.aloud_rig import into_wav, quiet_room
from tests.integration.daemon import Daemon
from tests.integration.program import Program

pytestmark = pytest.mark.integration

#: From a clone, and once it is installed; as root only where a person must be.
PROGRAMS = (".venv/bin/ravatard ", "ravatard ", "sudo ravatard ")
COMMANDS = [
    shlex.split(line[line.index("ravatard") :], comments=True)[1:]
    for line in readme_commands()
    if line.startswith(PROGRAMS)
]
#: How a person would: with words to say, or where a file may be left. $0 is a folder.
LAUNCHED = {"chat": 'echo "Good morning" | exec "$@"', "support-bundle": 'cd "$0" && exec "$@"'}
#: Their exit status says what they found on this machine, which has no sound card and no pins.
FINDINGS = {"doctor", "find-mic"}
#: They go on until they are told to stop.
ETERNAL = [words for words in COMMANDS if words[0] == "run"]
#: It asks questions; ``test_setup.py`` answers them in a terminal.
ASKING = [words for words in COMMANDS if words[0] == "setup"]


def test_there_are_commands_to_run() -> None:
    shown = {words[0] for words in COMMANDS}

    assert {"run", "devices", "config", "status", "say", "volume", "chat", "history", "avatars"} <= shown


@pytest.mark.parametrize("words", [one for one in COMMANDS if one not in ETERNAL + ASKING], ids=" ".join)
async def test_a_command_of_the_readme_works(words: list[str], tmp_path: Path) -> None:
    async with SimServer() as server:
        # Some ask the appliance, others the service; both find what they need where a person has it, too.
        environ = {
            "RAVATARD_SERVICE__BASE_URL": server.base_url,
            "RAVATARD_SERVICE__PROJECT_ID": "project-4711",
            # Run as root where the appliance is installed, they would take that one's.
            "STATE_DIRECTORY": str(tmp_path / "own-state"),
        }
        async with Daemon(tmp_path, server.base_url, quiet_room(tmp_path), into_wav(tmp_path)) as daemon:
            await daemon.ready()
            launcher = ("sh", "-c", LAUNCHED.get(words[0], 'exec "$@"'), str(tmp_path))
            async with Program(*words, environ=environ, launcher=launcher) as command:
                status = await command.ended()

    assert status == 0 or words[0] in FINDINGS
    assert "Traceback" not in command.stderr
    assert command.stderr == "" or words[0] in FINDINGS
    assert command.stdout + command.stderr


@pytest.mark.parametrize("words", ETERNAL, ids=" ".join)
async def test_an_appliance_of_the_readme_runs_until_it_is_stopped(words: list[str], tmp_path: Path) -> None:
    silence = recordings.write(tmp_path / "quiet.wav", recordings.quiet(5.0))
    async with SimServer() as server:
        environ = {
            "RAVATARD_SERVICE__BASE_URL": server.base_url,
            "RAVATARD_SERVICE__PROJECT_ID": "project-4711",
            "RAVATARD_MICROPHONE__WAV": str(silence),
            "RAVATARD_SPEAKER__WAV": str(tmp_path / "heard.wav"),
            "STATE_DIRECTORY": str(tmp_path / "state"),
        }
        async with Program(*words, environ=environ) as appliance:
            await appliance.until(lambda: "Ada" in appliance.stdout + appliance.stderr, "it is online")
            appliance.send(signal.SIGTERM)
            status = await appliance.ended()

    assert status == 0
    assert "Traceback" not in appliance.stderr
    assert appliance.orphans() == []
