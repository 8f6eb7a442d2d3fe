"""What is wrong is told in one clear sentence with its value and its remedy, and nothing is left behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.gpio_rig import BUTTON_AND_LIGHT, Pins, colours
from tests.integration.middlebox import Middlebox
from tests.integration.program import Program
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio

pytestmark = pytest.mark.integration

#: EX_CONFIG of sysexits.h: systemd does not start the daemon again for it.
BAD_CONFIGURATION = 78

#: What is wrong -> the configuration, and what each line of the complaint holds. TMP: a folder of the test.
MISTAKES: dict[str, tuple[Config, list[list[str]]]] = {
    "an unknown key": (
        {"microphone": {"devise": "USB"}},
        [["ravatard.yaml", "microphone.devise", "device"]],
    ),
    "an unknown section": ({"microfone": {"device": "USB"}}, [["ravatard.yaml", "microfone", "microphone"]]),
    "a wrong type": (
        {"gate": {"silence_ms": "long"}},
        [["ravatard.yaml", "gate.silence_ms", "long", "200", "5000"]],
    ),
    "out of range": ({"gate": {"silence_ms": 5}}, [["ravatard.yaml", "gate.silence_ms", "5", "200", "5000"]]),
    "three mistakes at once": (
        {"gate": {"silence_ms": 5}, "lights": {"kind": "neon"}, "session": {"idle": 3}},
        [["gate.silence_ms", "5"], ["lights.kind", "neon", "rgb"], ["session.idle", "idle_s"]],
    ),
    "a user id with a blank": (
        {"service": {"user_id": "living room"}},
        [["service.user_id", "living room", "letters, digits, hyphens and underscores"]],
    ),
    "one pin for two": (
        {"button": {"pin": 5}, "lights": {"kind": "led", "pin": 5}},
        [["button.pin", "lights.pin", "5"]],
    ),
    "two microphones": (
        {"microphone": {"wav": "a.wav", "command": "arecord"}},
        [["microphone", "command", "wav"]],
    ),
    "an index for a device": (
        {"microphone": {"device": "2"}},
        [["microphone.device", "'2'", "ravatard devices"]],
    ),
    "a recording that is not there": (
        {"microphone": {"wav": "TMP/none.wav"}},
        [["microphone.wav", "TMP/none.wav", "No such file"]],
    ),
    "a recording that is no WAV": (
        {"microphone": {"wav": "TMP/text.wav"}},
        [["microphone.wav", "TMP/text.wav", "not a WAV file", "ffmpeg"]],
    ),
    "a rate nobody can convert": (
        {"microphone": {"wav": "TMP/slow.wav"}},
        [["microphone.wav", "TMP/slow.wav", "4000 Hz", "8000 to 192000 Hz"]],
    ),
    "a command that is not there": (
        {"microphone": {"command": "no-such-recorder -r 16000"}},
        [["microphone.command", "no program 'no-such-recorder'", "spelling"]],
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a recording that is none, and one of 4 kHz."""
    (tmp_path / "text.wav").write_text("This is no recording.\n")
    recordings.write(tmp_path / "slow.wav", recordings.quiet(0.1), rate_hz=4_000)
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_in_the_configuration_ends_the_daemon_with_one_line_each(
    folder: Path, mistake: str
) -> None:
    config, wanted = MISTAKES[mistake]
    file = folder / "ravatard.yaml"
    file.write_text(yaml.safe_dump(config).replace("TMP", str(folder)))
    async with Program("run", "--config", str(file)) as program:
        status = await program.ended()

        lines = program.stderr.splitlines()
        assert (status, program.stdout) == (BAD_CONFIGURATION, "")
        assert len(lines) == len(wanted), program.stderr
        for line, parts in zip(lines, wanted, strict=True):
            assert line.startswith("ravatard: ")
            for part in parts:
                assert part.replace("TMP", str(folder)) in line
        assert program.orphans() == []


async def test_a_configuration_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with Program("run", "--config", str(tmp_path / "none.yaml")) as program:
        status = await program.ended()

        assert status == BAD_CONFIGURATION
        assert program.stderr.count("\n") == 1
        assert str(tmp_path / "none.yaml") in program.stderr


async def test_a_configuration_that_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "ravatard.yaml"
    file.write_text("gate:\n  mode: [vad\nlights: {}\n")
    async with Program("run", "--config", str(file)) as program:
        status = await program.ended()

        assert status == BAD_CONFIGURATION
        assert program.stderr.count("\n") == 1
        assert re.match(rf"ravatard: {re.escape(str(file))}:[23]\b", program.stderr)


# ---------------------------------------------------------------------- what may be mended while it runs


def _repeated(folder: Path) -> Config:
    """The same short request, over and over."""
    recording = recordings.write(folder / "again.wav", recordings.one_request(3))
    return {"microphone": {"wav": str(recording), "repeat": True}}


@pytest.mark.parametrize(
    ("options", "config", "parts"),
    [
        (SimOptions(), {"service": {"avatar": "Bob"}}, ["'Bob'", "service.avatar", "Ada, Cleo"]),
        (SimOptions(), {"service": {"avatar": "Brook"}}, ["'Brook'", "no live mode", "Ada, Cleo"]),
        (SimOptions(), {"service": {"language": "eo"}}, ["'eo'", "service.language", "en, de"]),
        (SimOptions(projects=("another",)), {}, ["project", "service.project_id"]),
    ],
    ids=["avatar", "avatar without live mode", "language", "project"],
)
async def test_what_the_service_refuses_is_shown_and_the_daemon_goes_on(
    tmp_path: Path, options: SimOptions, config: Config, parts: list[str]
) -> None:
    pins = Pins(tmp_path)
    async with (
        SimServer(options) as server,
        Daemon(
            *(tmp_path, server.base_url, _repeated(tmp_path), config, BUTTON_AND_LIGHT),
            launcher=pins.launcher,
            watchdog_s=0.5,
        ) as daemon,
    ):
        await daemon.showing("needs a person")
        await daemon.until(lambda: daemon.told("READY") and len(daemon.told("WATCHDOG")) > 2, "it goes on")
        for part in parts:
            assert part in daemon.statuses[-1]
            assert part in daemon.stderr
        assert colours(await pins.light())[-1] == "red"
        await daemon.stopped()

        assert PROJECT not in daemon.stderr
        assert server.record.counts["sessions_started"] == 0


async def test_a_device_that_does_not_exist_is_answered_with_those_that_do(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    config: Config = {"microphone": {"device": "Jabra", "alsa_config": "system"}}
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, config, environ=audio.environ({})) as daemon,
    ):
        await daemon.showing("no microphone")
        assert daemon.told("READY")
        assert "Jabra" in daemon.stderr
        assert MICROPHONE in daemon.stderr
        await daemon.stopped()


async def test_what_is_no_message_is_told_and_the_conversation_goes_on(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, _repeated(tmp_path)) as daemon,
    ):

        async def one_more_answer() -> None:
            before = server.record.counts["answers"]
            await daemon.until(lambda: server.record.counts["answers"] > before, "one more answer")

        await one_more_answer()
        await box.say('{"type": "answer", "message": ')
        await box.say('["not", "an", "object"]')
        await daemon.until(lambda: daemon.stderr.count("is ignored") == 2, "both are told")
        await one_more_answer()
        assert box.sockets == 1
        assert server.record.counts["lines_opened"] == 1

        await box.say("x" * 20_000_000)
        await daemon.until(lambda: server.record.counts["lines_opened"] == 2, "it connects again")
        await one_more_answer()
        await daemon.stopped()

        assert "offline: the service closed the socket (1009: a message was too large)" in daemon.stderr
        counts = server.record.counts
        assert server.record.open_licences() == []
        assert counts["sessions_started"] == counts["sessions_ended"]
        assert not server.record.violations
