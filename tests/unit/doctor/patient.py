"""A healthy Raspberry Pi made of files, which a test makes ill."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from ravatard.core.audio_format import RATE_HZ
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.doctor.bench import PlayedSound, RecordedSound
from ravatard.doctor.catalog import CHECKS
from ravatard.doctor.check import Case, DoctorRequest
from ravatard.doctor.echo_trial import Heard
from ravatard.doctor.examination import Finding, chosen, examine
from ravatard.doctor.machine import Machine, ProgramResult
from ravatard.doctor.result import Verdict
from ravatard.errors import DeviceError
from ravatard.host.control.client import NoDaemonError, Reply
from ravatard.mqtt.options import MqttOptions
from ravatard.ports.broker import Broker
from ravatard.ports.network import HttpReply, ReplyStream, Socket
from tests.unit.mqtt.fakes import FakeBroker

ROOT = Path(__file__).parents[3]
PROJECT = "project-of-the-patient-0815"
NOW = datetime(2026, 8, 7, 12, 0, tzinfo=UTC)
#: The group of every file a test makes: whoever runs the tests need not be root.
OWN_GROUP = os.getgid()

CONFIG = """\
board: button-led
microphone:
  device: card:Mic
speaker:
  device: card:Mic
service:
  base_url: https://avatars.example
"""
SCONTENTS = """\
Simple mixer control 'PCM',0
  Capabilities: pvolume pswitch pswitch-joined
  Playback channels: Front Left - Front Right
  Limits: Playback 0 - 37
  Front Left: Playback 30 [81%] [-7.00dB] [on]
  Front Right: Playback 30 [81%] [-7.00dB] [on]
Simple mixer control 'Mic',0
  Capabilities: pvolume pvolume-joined cvolume cvolume-joined pswitch pswitch-joined cswitch cswitch-joined
  Playback channels: Mono
  Capture channels: Mono
  Limits: Playback 0 - 31 Capture 0 - 35
  Mono: Playback 0 [0%] [-34.00dB] [off] Capture 28 [80%] [16.00dB] [on]
"""
#: Noise of a quiet room at about -50 dBFS, the same at every run.
ROOM = b"".join(((number * 7919 % 201) - 100).to_bytes(2, "little", signed=True) for number in range(RATE_HZ))


class FakeBench:
    """Microphone and speaker that do what a test says.

    Attributes:
        recording: what is recorded, or the reason why nothing can be.
        playback: what comes of playing, or the reason why nothing can be.
        played: what was played.
        opened: the microphones, in order.
        heard: blocks of the microphone and the speaker, or the reason why there are none.
    """

    def __init__(self) -> None:
        self.recording: RecordedSound | str = RecordedSound("USB Mic", ROOM * 2, 0.0, 1.0)
        self.playback: PlayedSound | str = PlayedSound("USB Speaker", 20.0, 1.0, 1.5)
        self.played: list[bytes] = []
        self.opened: list[str | None] = []
        self.heard: list[Heard] | str = []

    async def record(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        seconds: float,
        first_sound: asyncio.Event | None = None,
    ) -> RecordedSound:
        self.opened.append(microphone.device)
        if isinstance(self.recording, str):
            raise DeviceError(self.recording)
        if first_sound is not None:
            first_sound.set()
        await asyncio.sleep(seconds)
        return self.recording

    async def hear(
        self, speaker: SpeakerOptions, microphone: MicrophoneOptions, capture: CaptureOptions, pcm: bytes
    ) -> list[Heard]:
        self.played.append(pcm)
        if isinstance(self.heard, str):
            raise DeviceError(self.heard)
        await asyncio.sleep(12.0)
        return self.heard

    async def library_messages(self) -> str:
        return "ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\n"

    async def play(self, speaker: SpeakerOptions, pcm: bytes) -> PlayedSound:
        if isinstance(self.playback, str):
            raise DeviceError(self.playback)
        self.played.append(pcm)
        await asyncio.sleep(0.5)
        return self.playback


class FakeNetwork:
    """A service that knows one project and has one avatar.

    Attributes:
        replies: path -> status and JSON body.
        asked: method and path of every request.
        sockets: to be connected to; without one it is refused.
    """

    def __init__(self) -> None:
        self.replies: dict[str, tuple[int, object]] = {
            "/jwt": (200, {"result": "success", "jwt": "a.b.c"}),
            "/connection": (
                200,
                {
                    "avatars_info": [{"_id": "a1", "name": "Ava", "hasLiveMode": True}],
                    "languages": [{"name": "English", "language_code": "en"}],
                },
            ),
        }
        self.asked: list[tuple[str, str]] = []
        self.sockets: list[Socket] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        path = "/" + url.split("/", 3)[3].partition("?")[0]
        self.asked.append((method, path))
        status, said = self.replies[path]
        return HttpReply(status, json.dumps(said).encode())

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[ReplyStream]:
        """No reply is read while it comes."""
        raise AssertionError(f"{method} {url} was to be streamed")

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Socket]:
        if not self.sockets:
            raise ConnectionRefusedError(111, "refused")
        yield self.sockets.pop()

    async def close(self) -> None:
        """Nothing is open."""


class Patient:
    """A machine that is well until a test changes it.

    Attributes:
        root: its files.
        programs: a command's first words -> what it prints; what is not here is not installed.
        packages: Python packages and their versions.
        status: what a running daemon says of itself; None when none runs.
        bench, network: see there.
        broker: the MQTT broker.
        broker_id: the client id that it was asked for with.
        unreachable: raised when it connects.
        connections: where it connected to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs = {
            "amixer": SCONTENTS,
            "getent": "192.0.2.7 STREAM avatars.example\n",
            "timedatectl": "yes\n",
        }
        names = ("aiohttp", "msgspec", "PyYAML", "PyAudio", "gpiozero", "webrtcvad-wheels", "lgpio", "spidev")
        self.packages = dict.fromkeys((*names, "aiomqtt", "prometheus-client"), "1.0")
        self.status: dict[str, object] | None = None
        self.bench = FakeBench()
        self.network = FakeNetwork()
        self.broker: Broker = FakeBroker()
        self.broker_id = ""
        self.unreachable: OSError | None = None
        self.connections: list[tuple[str, int, bool]] = []
        self.free = 9 << 30
        self.now = NOW
        self.uid = 0
        self.environ: dict[str, str] = {}
        self._furnish()

    def _furnish(self) -> None:
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nravatard:x:4999:4999::/nonexistent:/bin/false\n")
        self.write(
            "etc/group",
            f"root:x:0:\naudio:x:{OWN_GROUP}:ravatard\ngpio:x:4997:ravatard\nspi:x:4996:ravatard\nravatard:x:4999:\n",
        )
        self.write("etc/ravatard/ravatard.yaml", CONFIG)
        self.write("etc/credstore/ravatard.service.project_id", PROJECT)
        unit = (ROOT / "systemd/ravatard.service").read_text()
        self.write("etc/systemd/system/ravatard.service", unit)
        for device in ("gpiochip0", "snd/controlC0", "snd/pcmC0D0c", "snd/pcmC0D0p", "spidev0.0"):
            self.write(f"dev/{device}", "").chmod(0o660)
        self.write("proc/asound/cards", " 0 [Mic            ]: USB-Audio - USB Mic\n")
        self.write("proc/asound/card0/id", "Mic\n")
        self.write("proc/asound/card0/usbid", "0d8c:0014\n")
        for pcm in ("pcm0c", "pcm0p"):
            self.write(f"proc/asound/card0/{pcm}/info", "card: 0\n")
        self.write("proc/mounts", "/dev/root / ext4 rw,noatime 0 0\ntmpfs /run tmpfs rw 0 0\n")
        self.write("proc/device-tree/model", "Raspberry Pi 4 Model B\0")
        self.write("sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
        self.write("boot/firmware/config.txt", "dtparam=audio=on\n")
        self.write("run/systemd/timesync/synchronized", "")
        (self.root / "var/lib/ravatard").mkdir(parents=True)
        (self.root / "var/lib/ravatard").chmod(0o770)

    def write(self, name: str, text: str) -> Path:
        """Put a file there."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode & ~0o022)  # as an installer does it, whatever the umask of the tests
        return path

    def remove(self, pattern: str) -> None:
        """Take files away."""
        found = list(self.root.glob(pattern))
        assert found, f"nothing is called {pattern}"
        for path in found:
            path.unlink()

    def config(self, text: str) -> None:
        """Another configuration."""
        self.write("etc/ravatard/ravatard.yaml", text)

    def drop_in(self, text: str) -> None:
        """A drop-in over the unit."""
        self.write("etc/systemd/system/ravatard.service.d/own.conf", text)

    def machine(self) -> Machine:
        """The machine as it is now."""
        return Machine(
            root=self.root,
            environ=self.environ,
            run=self._run,
            ask=self._ask,
            connect=self._connect,
            network=lambda _proxies: self.network,
            broker=self._broker,
            bench=self.bench,
            version=self.packages.get,
            free_bytes=lambda _: self.free,
            now=lambda: self.now,
            uid=self.uid,
            groups=frozenset({OWN_GROUP}),
        )

    async def _run(self, *command: str) -> ProgramResult | None:
        printed = self.programs.get(command[0])
        return None if printed is None else ProgramResult(0, printed)

    def _ask(self, path: Path, request: Mapping[str, str]) -> Reply:
        if self.status is None:
            raise NoDaemonError(f"ravatard does not run: no answer at {path}")
        return {"ok": True, "status": self.status, "pid": 4711}

    def _broker(self, options: MqttOptions, client_id: str) -> Broker:
        del options
        self.broker_id = client_id
        return self.broker

    async def _connect(self, host: str, port: int, tls: ssl.SSLContext | bool) -> None:
        self.connections.append((host, port, bool(tls)))
        if self.unreachable is not None:
            raise self.unreachable

    def case(self, asked: DoctorRequest | None = None) -> Case:
        """A new examination."""
        return Case(self.machine(), asked or DoctorRequest())

    async def findings(self, *only: str, asked: DoctorRequest | None = None) -> list[Finding]:
        """What the doctor finds, those that others stand on included."""
        return [one async for one in examine(self.case(asked), CHECKS, chosen(CHECKS, only))]

    async def finding(self, name: str, asked: DoctorRequest | None = None) -> Finding:
        """What one check finds."""
        return next(one for one in await self.findings(name, asked=asked) if one.id == name)

    async def ills(self, asked: DoctorRequest | None = None) -> dict[str, str]:
        """id -> sentence of everything that is neither fine, nor skipped, nor needless."""
        well = (Verdict.FINE, Verdict.SKIPPED, Verdict.NEEDLESS)
        return {
            one.id: one.result.text
            for one in await self.findings(asked=asked)
            if one.result.verdict not in well
        }


def running(**changes: object) -> dict[str, object]:
    """The status of a daemon that works."""
    return {
        "status": "listening",
        "working": True,
        "degraded": [],
        "muted": False,
        "microphone": {"state": "open", "device": "USB Mic", "level_db": -40.0, "floor_db": -62.0},
        "speaker": {"state": "open", "device": "USB Speaker"},
        **changes,
    }
