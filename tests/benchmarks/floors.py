"""The floors beside the daemon: the C work alone, a bare Python loop, a C program."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import time
from binascii import b2a_base64
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import CHUNK_SAMPLES, RATE_HZ, bytes_for, padded, samples_in, seconds_of
from ravatard.core.events import ChunkCaptured
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.vad import speech_detector
from tests.benchmarks.appliance import feeder

_HERE = Path(__file__).parent
_FRAME_MS = 20
#: What begins a message of floor.py and floor.c.
_HEAD = b'{"chat_type"'


class Sink:
    """A TCP server that takes what is sent and only notes when.

    Attributes:
        port: where it listens.
        came: when something came on any connection, on the monotonic clock; the newest 10,000.
    """

    def __init__(self) -> None:
        self.came: deque[float] = deque(maxlen=10_000)
        self._heads = 0

    def messages(self) -> int:
        """How many messages of the floors' form began so far, on all connections."""
        return self._heads

    async def __aenter__(self) -> Sink:
        self._server = await asyncio.start_server(self._drain, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _drain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            self.came.append(time.monotonic())
            # A head that is cut in two is not counted: one of hundreds.
            self._heads += data.count(_HEAD)
        writer.close()


def hot_ms(pcm: bytes) -> float:
    """The C work alone, in a tight loop without a single wake-up: CPU ms per second of audio.

    webrtcvad on every frame; base64 of every chunk that the appliance's gate would hand out, and its send.
    """
    is_speech = speech_detector(VoiceOptions().aggressiveness)
    size = bytes_for(_FRAME_MS)
    frames = [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]
    gate = Gate(GateOptions(), VoiceOptions(), is_speech, mode=GateMode.VAD)
    events = gate.feed(pcm, 0.0)
    chunks = [padded(event.pcm, CHUNK_SAMPLES) for event in events if isinstance(event, ChunkCaptured)]
    begun = time.process_time()
    for frame in frames:
        is_speech(frame)
    spent_s = time.process_time() - begun
    with _connection() as (ours, theirs):
        for chunk in chunks:
            begun = time.process_time()
            ours.sendall(b2a_base64(chunk, newline=False))
            spent_s += time.process_time() - begun
            theirs.recv(1 << 16)
    return spent_s * 1000 / seconds_of(samples_in(pcm))


@contextmanager
def _connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            yield ours, theirs


class Floor(Protocol):
    """A program to compare with, which runs."""

    @property
    def pid(self) -> int:
        """The program, not its feeder."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class PacedFloor:
    """A program that reads a paced pipe, until it is stopped.

    Attributes:
        pid: the program, not its feeder.
    """

    def __init__(self, words: list[str], pcm: Path, block_ms: int, *, journal: Path | None = None) -> None:
        """Start ``words`` on a pipe that gets one block of ``block_ms`` at a time; ``journal``: when."""
        words_of_feeder = feeder(pcm, piece_ms=block_ms, journal=journal)
        self._feeder = subprocess.Popen(words_of_feeder, stdout=subprocess.PIPE)
        self._program = subprocess.Popen(words, stdin=self._feeder.stdout)
        if self._feeder.stdout is not None:
            self._feeder.stdout.close()
        self.pid = self._program.pid

    def stop(self) -> None:
        """End both."""
        for process in (self._feeder, self._program):
            process.kill()
            process.wait()


class Poller:
    """poller.py, until it is stopped."""

    def __init__(self, every_ms: int) -> None:
        """Start it."""
        self._program = subprocess.Popen([sys.executable, "-P", str(_HERE / "poller.py"), str(every_ms)])
        self.pid = self._program.pid

    def stop(self) -> None:
        """End it."""
        self._program.kill()
        self._program.wait()


def bare_loop(pcm: Path, block_ms: int) -> PacedFloor:
    """bare_loop.py on a paced pipe."""
    words = [sys.executable, "-P", str(_HERE / "bare_loop.py"), str(block_ms)]
    return PacedFloor(words, pcm, block_ms)


def python_floor(pcm: Path, block_ms: int, port: int) -> PacedFloor:
    """floor.py on a paced pipe."""
    words = [sys.executable, "-P", str(_HERE / "floor.py"), str(block_ms), str(port)]
    return PacedFloor(words, pcm, block_ms)


def c_floor(
    program: list[str], pcm: Path, block_ms: int, port: int, *, journal: Path | None = None
) -> PacedFloor:
    """``program``, as :func:`build_c_floor` made it, on a paced pipe."""
    return PacedFloor([*program, str(block_ms), str(port)], pcm, block_ms, journal=journal)


def build_c_floor(folder: Path) -> tuple[list[str], str]:
    """floor.c, compiled: the words that start it, [] when that cannot be; and a sentence about it."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return [], "No C compiler: no C program"
    target = folder / "floor"
    words = [compiler, "-O2", "-rdynamic", "-o", str(target), str(_HERE / "floor.c"), "-ldl"]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    if built.returncode:
        return [], f"floor.c does not compile: no C program ({built.stderr.splitlines()[0]})"
    import _webrtcvad

    program = [str(target), str(_webrtcvad.__file__)]
    if _survives(program):
        return program, "The C program calls webrtcvad's C functions in its Python extension module"
    return [
        str(target),
        "-",
    ], "webrtcvad's C functions cannot be had: the C program only reads"


def _survives(program: list[str]) -> bool:
    """Whether it can judge a block of noise: the module's inner functions are no promise to anybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = [*program, "60", str(server.getsockname()[1])]
        try:
            run = subprocess.run(words, input=b"\1\0\xff\xff" * RATE_HZ, timeout=5, check=False)
        except subprocess.TimeoutExpired:
            return False
    return run.returncode == 0
