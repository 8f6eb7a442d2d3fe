"""The doctor, the meter, find-mic and the support bundle as people run them: real processes, real sound."""

from __future__ import annotations

import grp
import json
import os
import re
import signal
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ravatard.core.audio_format import RATE_HZ
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.program import Program
from tests.integration.virtual_audio import SPEAKER, VirtualAudio, missing

pytestmark = pytest.mark.integration

LACKS = missing()
#: Another user is told that first, and nothing of the microphone.
needs_access = pytest.mark.skipif(
    os.geteuid() != 0
    and not {one.gr_gid for one in grp.getgrall() if one.gr_name == "audio"} & set(os.getgroups()),
    reason="this user may not use sound cards: sudo usermod -aG audio $USER, and log in again",
)
needs_sound = pytest.mark.skipif(bool(LACKS), reason=f"virtual sound needs {', '.join(LACKS)}")


@pytest.fixture
def loop_back(tmp_path: Path) -> Iterator[VirtualAudio]:
    """A virtual speaker, and its monitor as the microphone ``loop``."""
    folder = tmp_path / "audio"
    folder.mkdir()
    with VirtualAudio(folder, speaker=True) as virtual:
        assert virtual.speaker is not None
        with (folder / "asound.conf").open("a") as file:
            server = f'server "unix:{virtual.speaker.socket}"'
            file.write(f"pcm.loop {{ type pulse {server} device {SPEAKER}.monitor }}\n")
        yield virtual


def config_file(folder: Path, base_url: str, **sections: Mapping[str, object]) -> Path:
    """A configuration with a recording as microphone and a file as speaker, unless ``sections`` say."""
    recording = recordings.write(folder / "said.wav", recordings.bundled())
    config = {
        "service": {"base_url": base_url, "project_id": PROJECT},
        "microphone": {"wav": str(recording), "repeat": True},
        "speaker": {"wav": str(folder / "heard.wav")},
    } | sections
    file = folder / "doctor.yaml"
    file.write_text(yaml.safe_dump(config))
    # It holds the project id, and is warned of where every user may read it.
    file.chmod(0o600)
    return file


def where(folder: Path, config: Path) -> list[str]:
    """Words that keep the doctor away from this machine's own."""
    return [
        "--config",
        str(config),
        "--state",
        str(folder / "state"),
        "--socket",
        str(folder / "run/control.sock"),
    ]


async def ran(
    *words: str, environ: Mapping[str, str] | None = None, within_s: float = 60.0
) -> tuple[int, str, str]:
    """Exit status and both outputs of one command."""
    async with Program(*words, environ=environ) as program:
        status = await program.ended(within_s)
        return status, program.stdout, program.stderr


def checks(stdout: str) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in json.loads(stdout)["checks"]}


async def test_everything_is_looked_at_and_a_live_session_is_started_and_ended(tmp_path: Path) -> None:
    async with SimServer() as server:
        config = config_file(tmp_path, server.base_url)

        status, stdout, stderr = await ran("doctor", "--json", "--live", *where(tmp_path, config))

        found = checks(stdout)
        assert not [check for check in found.values() if check["verdict"] in ("broken", "skipped")], stdout
        # Whether anybody sets this machine's clock is not ours to say.
        assert status in (0, 2), stderr
        fine = (
            "config",
            "microphone",
            "microphone.rate",
            "speaker",
            "tls",
            "token",
            "avatar",
            "live",
            "stream",
        )
        assert {found[name]["verdict"] for name in fine} == {"fine"}, stdout
        assert (server.record.counts["sessions_started"], server.record.open_licences()) == (1, [])
    assert recordings.read(tmp_path / "heard.wav").any()
    assert PROJECT not in stdout + stderr


@needs_access
async def test_without_network_and_hardware_it_says_what_is_missing_and_ends(tmp_path: Path) -> None:
    config = config_file(
        tmp_path,
        "http://127.0.0.1:9",
        microphone={"device": "no such microphone"},
        button={"pin": 17},
        speaker={"device": "no such speaker"},
    )

    status, stdout, stderr = await ran("doctor", *where(tmp_path, config))

    assert status == 1, stderr
    for name in ("microphone ", "speaker ", "tls "):
        assert re.search(rf"✗  {name} .*\n +→ ", stdout), stdout
    assert "Traceback" not in stdout + stderr
    assert "skipped because tls failed" in stdout


async def test_one_check_by_its_name(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:9")

    assert (await ran("doctor", "--only", "config", *where(tmp_path, config)))[0] == 0
    status, _, stderr = await ran("doctor", "--only", "nonsense", *where(tmp_path, config))

    assert status == 78
    assert "there is no check 'nonsense'; there are credentials, config" in stderr


async def test_a_check_that_cannot_be_made_shows_what_has_failed_before_it(tmp_path: Path) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text("speaker: {device: 5, volum: 3}\n")

    status, stdout, _ = await ran("doctor", "--only", "speaker", *where(tmp_path, config))

    assert status == 1
    assert re.search(r"✗  config  +.*speaker", stdout), stdout
    assert re.search(r"·  speaker +skipped because config failed", stdout), stdout
    assert "1 broken" in stdout


async def test_a_microphone_that_the_daemon_has_is_left_to_it(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "again.wav", recordings.bundled())
    settings: Config = {"microphone": {"wav": str(recording), "repeat": True}}
    async with SimServer() as server, Daemon(tmp_path, server.base_url, settings) as daemon:
        await daemon.showing("listening")
        place = where(tmp_path, daemon.config_file)

        _, stdout, _ = await ran("doctor", "--json", "--only", "microphone", "daemon", *place)
        status, shown, _ = await ran("meter", "--seconds", "2.5", "--socket", place[-1], "--config", place[1])

    found = checks(stdout)
    assert found["daemon"]["verdict"] == "fine"
    assert "in use by the running daemon" in found["microphone"]["text"]
    assert found["microphone.level"]["measured"]["floor_db"] < 0
    assert status == 0
    assert f"ravatard runs (process {daemon.pid})" in shown
    assert re.search(r"level -?\d+ dBFS, room -?\d+ dBFS", shown)
    assert "gate mode vad" in shown


@needs_sound
@needs_access
async def test_the_echo_from_speaker_to_microphone_is_measured(
    tmp_path: Path, loop_back: VirtualAudio
) -> None:
    config = config_file(
        tmp_path, "http://127.0.0.1:9", microphone={"device": "loop"}, speaker={"device": "speaker"}
    )

    _, stdout, _ = await ran(
        "doctor", "--json", "--echo", "--only", "echo", *where(tmp_path, config), environ=loop_back.environ()
    )

    echo = checks(stdout)["echo"]
    assert echo["verdict"] in ("fine", "warning"), stdout
    # The monitor of a speaker hears it as loud as it is; a busy machine tears gaps into it.
    assert -6 < echo["measured"]["gain_db"] < 1.5
    assert 0 <= echo["measured"]["delay_ms"] < 1_000


async def test_the_meter_writes_a_line_a_second_and_what_the_gate_decides(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:9")

    status, stdout, stderr = await ran(
        "meter", "--seconds", "6", "--config", str(config), "--socket", str(tmp_path / "none")
    )

    assert status == 0, stderr
    assert "  gate opens: voice" in stdout
    assert re.search(r"  gate closes: silence, \d\.\d s of speech", stdout)
    sentences = re.findall(r"^level (-?\d+) dBFS, room", stdout, re.MULTILINE)
    assert 4 <= len(sentences) <= 7
    assert max(map(int, sentences)) > -40


async def test_the_meter_ends_with_ctrl_c_and_leaves_no_process(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:9")
    async with Program("meter", "--config", str(config), "--socket", str(tmp_path / "none")) as meter:
        await meter.until(lambda: "level" in meter.stdout, "a level")
        assert meter.offspring()

        meter.send(signal.SIGINT)

        assert await meter.ended(5.0) == 0
        assert meter.orphans() == []
        assert meter.stderr == ""


@needs_sound
async def test_the_microphone_that_hears_somebody_is_found(tmp_path: Path, audio: VirtualAudio) -> None:
    speech = recordings.write(tmp_path / "speech.wav", np.concatenate([recordings.bundled()] * 2))
    player = audio.microphone.play(speech)
    try:
        status, stdout, stderr = await ran("find-mic", "--seconds", "4", "--json", environ=audio.environ())
    finally:
        player.kill()
        player.wait()

    assert status == 0, stdout + stderr
    assert json.loads(stdout)["best"] in ("usb_mic", "default")
    assert "Speak now, for 4 s" in stderr


@needs_sound
async def test_without_a_microphone_there_is_nothing_to_find(tmp_path: Path, audio: VirtualAudio) -> None:
    silent = tmp_path / "asound.conf"
    silent.write_text("pcm.default { type asym playback.pcm { type null } }\n")

    status, stdout, stderr = await ran(
        "find-mic", "--seconds", "1", environ=audio.environ() | {"ALSA_CONFIG_PATH": str(silent)}
    )

    assert status == 1
    assert "no microphone" in (stdout + stderr).lower()


async def test_a_bundle_of_a_running_appliance_holds_no_secret(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "again.wav", recordings.one_request(3))
    settings: Config = {"microphone": {"wav": str(recording), "repeat": True}, "logging": {"level": "debug"}}
    file = tmp_path / "report.tar.gz"
    async with SimServer() as server, Daemon(tmp_path, server.base_url, settings) as daemon:
        await daemon.until(lambda: server.record.counts["answers"], "an answer")
        licences = server.record.open_licences()

        status, stdout, stderr = await ran("support-bundle", str(file), *where(tmp_path, daemon.config_file))

    assert status == 0, stderr
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2]: archive.extractfile(name) for name in archive.getnames()}
        unpacked = {name: part.read().decode() for name, part in names.items() if part is not None}
    everything = "".join(unpacked) + "".join(unpacked.values()) + stdout + stderr
    assert licences
    for secret in (PROJECT, *licences):
        assert secret not in everything
    assert not re.search(r"eyJ[A-Za-z0-9]", everything)
    assert json.loads(unpacked["status.json"])["status"]["working"] is True
    assert any(name.startswith("recorder/flight-") for name in unpacked)
    assert all(name in stdout for name in unpacked)
    # A second is 2 bytes a sample: no sound is in it.
    assert file.stat().st_size < 3 * RATE_HZ * 2
