"""A daemon that speaks, somebody who asks it things, and a recorder of what its speaker really played."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.sim.server import SimServer
from ravatard.sim.streaming.speech_track import Spoken
from tests.integration import live_room, recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.program import RAVATARD, command_line, until
from tests.integration.receiver import correlation
from tests.integration.recordings import Samples
from tests.integration.virtual_audio import SPEAKER, VirtualAudio, VirtualDevice, hurry, missing

RATE_HZ = 48_000
#: Louder than the noise of the virtual device (some 4), quieter than any speech.
AUDIBLE = 200
#: Between the speaker's process and our ear: PulseAudio's buffer and the recorder's.
ON_THE_WAY_S = 0.3
ALOUD: Config = {"speaker": {"device": SPEAKER, "alsa_config": "system"}, "earcons": {"enabled": False}}


def speaker_rig(folder: Path) -> Iterator[VirtualAudio]:
    """The body of a fixture: a virtual microphone and a virtual speaker, or the test is skipped."""
    if lacks := missing():
        pytest.skip(f"virtual sound needs {', '.join(lacks)}")
    with VirtualAudio(folder, speaker=True) as virtual:
        yield virtual


def quiet_room(folder: Path) -> Config:
    """A microphone in a room where nobody speaks, for as long as it takes."""
    sound = recordings.write(folder / "quiet.wav", recordings.quiet(2.0))
    return {"microphone": {"wav": str(sound), "repeat": True}}


def into_wav(folder: Path) -> Config:
    """A speaker that is a file: what would be heard, and nothing that a sound server adds to it."""
    return {"speaker": {"wav": str(folder / "heard.wav")}, "earcons": {"enabled": False}}


class Recording:
    """What :func:`into_wav` recorded: long silences are shortened in it, sound never is."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "heard.wav"

    def mark(self) -> int:
        """The sample that comes next."""
        return (self._file.stat().st_size - 44) // 2

    def since(self, mark: int) -> Samples:
        """What came after a mark."""
        return np.frombuffer(self._file.read_bytes()[44:], "<i2")[mark:]


class Monitor:
    """What comes out of a speaker, from ``async with`` to its end, with the time at which it came."""

    def __init__(self, device: VirtualDevice) -> None:
        self._device = device
        self._blocks: list[tuple[float, Samples]] = []
        self._rest = b""

    async def __aenter__(self) -> Self:
        words = ("parec", f"--device={self._device.sink}.monitor", "--latency-msec=10", "--format=s16le")
        self._process = subprocess.Popen(  # noqa: ASYNC220 - forking takes milliseconds
            (*words, f"--rate={RATE_HZ}", "--channels=1"),
            env=self._device.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self._fd = self._process.stdout.fileno()
        os.set_blocking(self._fd, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._read)
        await until(lambda: self._blocks, "the speaker's monitor delivers")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _stop(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._fd = -1

    def _read(self) -> None:
        data = os.read(self._fd, 1 << 16)
        if not data:
            self._stop()
            return
        data = self._rest + data
        whole = len(data) & ~1
        self._rest = data[whole:]
        self._blocks.append((time.monotonic(), np.frombuffer(data[:whole], "<i2")))

    def since(self, at: float, until_at: float = float("inf")) -> Samples:
        """What came after ``at``."""
        blocks = [block for came, block in self._blocks if at <= came < until_at]
        return np.concatenate([np.zeros(0, np.int16), *blocks])

    def timed(self, at: float) -> tuple[Samples, float]:
        """What came after ``at``, and when its first sample did: a read may be late, and is never early."""
        blocks = [(came, block) for came, block in self._blocks if came >= at]
        sound = np.concatenate([np.zeros(0, np.int16), *(block for _, block in blocks)])
        ends = np.cumsum([len(block) for _, block in blocks]) / RATE_HZ
        firsts = (came - float(end) for (came, _), end in zip(blocks, ends, strict=True))
        return sound, min(firsts, default=at)

    def loud_at(self, at: float) -> list[float]:
        """When blocks came, after ``at``, in which something can be heard."""
        return [came for came, block in self._blocks if came >= at and np.abs(block).max(initial=0) > AUDIBLE]

    async def silent(self, for_s: float = 0.4, within_s: float = 20.0) -> None:
        """Wait until nothing was heard for so long."""
        begun = time.monotonic()
        await until(
            lambda: time.monotonic() - max([begun, *self.loud_at(begun)[-1:]]) > for_s, "silence", within_s
        )

    async def loud(self, after: float, within_s: float = 15.0) -> float:
        """Wait until something is heard that came after ``after``; returns when."""
        return (await until(lambda: self.loud_at(after), "something is heard", within_s))[0]


class Appliance(Daemon):
    """A :class:`Daemon` that can be talked to by its control socket."""

    @property
    def control(self) -> Path:
        """Its control socket."""
        return Path(os.environ["RUNTIME_DIRECTORY"]) / "control.sock"

    async def ask(self, **request: object) -> Any:
        """One request, and its reply; on this machine as fast as that can be."""
        reader, writer = await asyncio.open_unix_connection(str(self.control), limit=1 << 20)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            async with asyncio.timeout(8):
                reply = json.loads(await reader.readline())
        finally:
            writer.close()
            await writer.wait_closed()
        assert reply["ok"], reply
        return reply

    async def report(self) -> Any:
        """How it says it is."""
        return (await self.ask(do="status"))["status"]

    async def say(self, text: str) -> None:
        """Say something to the avatar in writing."""
        await self.ask(do="say", text=text)

    async def reports(
        self, condition: Callable[[Any], object], what: str, within_s: float = 15.0
    ) -> tuple[Any, float]:
        """Wait until its report is so; returns the report and when that was."""
        report: Any = None
        try:
            async with asyncio.timeout(within_s):
                while not condition(report := await self.report()):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(
                f"not within {within_s:g} s: {what}\nreport: {json.dumps(report)}\n{self.story()}"
            ) from None
        return report, self.now

    async def with_voice(self, within_s: float = 20.0) -> None:
        """Wait until the live voice arrives and the speaker is there."""
        await self.reports(
            lambda it: it["speaker"]["live_voice"] and it["speaker"]["state"] == "open", "a voice", within_s
        )

    async def idle(self, within_s: float = 20.0) -> None:
        """Wait until it neither thinks nor speaks, and listens."""

        def is_idle(it: Any) -> bool:
            return bool(it["talk"] == "idle" and it["microphone"]["state"] == "open")

        await self.reports(is_idle, "it is idle", within_s)

    async def run(self, *words: str) -> tuple[int, str]:
        """The command a person would type; its exit status and all that it printed."""
        process = await asyncio.create_subprocess_exec(
            str(RAVATARD),
            *words,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    def child(self, module: str) -> int | None:
        """The process of this module among those it started, or None."""
        for pid in self.offspring():
            try:
                if module in command_line(pid):
                    return pid
            except FileNotFoundError:
                continue
        return None

    def udp_sockets(self) -> int:
        """Open UDP sockets of the daemon itself: those of a media connection."""
        known = set()
        for table in ("udp", "udp6"):
            rows = Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]
            known |= {row.split()[9] for row in rows}
        links = []
        for one in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                links.append(str(one.readlink()))
            except FileNotFoundError:
                continue
        return sum(link.removeprefix("socket:[").removesuffix("]") in known for link in links)

    def libraries(self) -> str:
        """What of shared libraries is loaded in the daemon's process."""
        return Path(f"/proc/{self.pid}/maps").read_text()


@asynccontextmanager
async def appliance(
    folder: Path, base_url: str, *configs: Config, environ: Mapping[str, str] | None = None, **more: Any
) -> AsyncIterator[Appliance]:
    """A daemon that is ready; it runs in a quiet room unless told otherwise."""
    if not any("microphone" in config for config in configs):
        configs = (quiet_room(folder), *configs)
    async with Appliance(folder, base_url, *configs, environ=environ, **more) as daemon:
        await daemon.ready()
        await daemon.reports(lambda it: it["speaker"]["state"] != "absent", "the speaker is open")
        yield daemon


async def spoken(server: SimServer, count: int, licence: str | None = None) -> Spoken:
    """The answer of this number, from 1, that a session's streamer says; waits until it begins."""

    def said() -> list[Spoken]:
        return server.streaming.said(licence or server.record.sessions[-1].licence)[count - 1 :]

    return (await until(said, f"answer {count} is said"))[0]


def likeness(heard: NDArray[np.int16], wanted: bytes) -> float:
    """How like what was meant the best place in what was heard is: 1 is the same."""
    # What begins before its first sample or ends with its last one may be there, too.
    room = np.zeros(RATE_HZ // 10, np.int16)
    return correlation(np.concatenate([room, heard, room]), wanted)[0]


def pieces_found(heard: Samples, meant: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each tenth of a second of what was meant is in what was heard, and how like it is.

    Returns:
        Milliseconds from what was meant to what was heard, and the likeness, for each piece that is loud.
    """
    size, reach = RATE_HZ // 10, RATE_HZ // 5
    quiet = np.zeros(reach, np.int16)
    line = np.concatenate([quiet, heard, quiet])
    begins = correlation(line, meant[: RATE_HZ // 2].tobytes())[1]
    lags, alike = [], []
    for at in range(0, len(meant) - size, size):
        piece = meant[at : at + size]
        if np.abs(piece).max() < AUDIBLE:
            continue
        first = max(0, begins + at - reach)
        like, found = correlation(line[first : first + size + 2 * reach], piece.tobytes())
        lags.append((first + found - begins - at) * 1000 / RATE_HZ)
        alike.append(like)
    return np.array(lags), np.array(alike)


def longest_gap_ms(heard: Samples) -> float:
    """The longest silence within something that is never silent."""
    return float(np.diff(np.flatnonzero(np.abs(heard) > AUDIBLE)).max()) * 1000 / RATE_HZ


@contextmanager
def living_room(
    audio: VirtualAudio, *, delay_ms: int = 40, echo_db: float = -23.0, reverberation_s: float = 0.2
) -> Iterator[None]:
    """The microphone hears the speaker through a room: delayed, reverberating, distorted.

    To the delay come some 40 ms for the programs. ``audio`` is steady, or the delay would drift with its
    clocks.
    """
    assert audio.speaker is not None
    raw = f"--rate={live_room.RATE_HZ} --channels=1 --format=s16le"
    ear = f"parec --device={audio.speaker.sink}.monitor {raw} --latency-msec=10"
    mouth = f"pacat --playback --device={audio.microphone.sink} {raw} --latency-msec={delay_ms}"
    room = (sys.executable, "-m", live_room.__name__, ear, mouth, str(echo_db), str(reverberation_s), "1.0")
    server = {"EAR_SERVER": f"unix:{audio.speaker.socket}", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        room,
        env=audio.microphone.environ | server,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    hurry(process)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def feedback(audio: VirtualAudio, *, delay_ms: int, gain: float) -> Iterator[None]:
    """The microphone hears the speaker, this much later and softer, as in a small room."""
    assert audio.speaker is not None
    raw = f"--rate={RATE_HZ} --channels=1 --format=s16le --latency-msec=20"
    # PulseAudio's volumes are cubes of 65,536ths.
    volume = round(65_536 * gain ** (1 / 3))
    ear = f"parec --device={audio.speaker.sink}.monitor {raw}"
    mouth = f"pacat --playback --device={audio.microphone.sink} --volume={volume} {raw}"
    silence = f"head -c {RATE_HZ * 2 * delay_ms // 1000} /dev/zero"
    script = f'({silence}; PULSE_SERVER="unix:{audio.speaker.socket}" exec {ear}) | exec {mouth}'
    process = subprocess.Popen(
        ["sh", "-c", script], env=audio.microphone.environ, start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
