"""A speaker that sleeps, in each of its three kinds, and what came out of it."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ravatard.core.events import SpeakerAsleep, SpeakerEvent, SpeakerLost, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.devices.speaker.earcons import earcons
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.speaker import ChildSpeaker
from tests.benchmarks.heard import Heard
from tests.integration.test_speaker import Recorder, pid_of
from tests.integration.virtual_audio import SPEAKER, VirtualAudio

PROGRAM, RECORDING, PULSEAUDIO = "a program", "a recording", "PulseAudio"
#: To compare with: what a sound server loses on a busy machine is no fault of the sleep.
NEVER_ASLEEP = "PulseAudio, never asleep"
EARCONS = earcons(EarconOptions())
LISTENING = np.frombuffer(EARCONS[Earcon.LISTENING], "<i2")
_EAR = Path(__file__).with_name("ear.py")
_PATIENCE_S = 30.0
_KindOfEvent = TypeVar("_KindOfEvent", bound=SpeakerEvent)
Sound = NDArray[np.int16]


class Listener(Protocol):
    """Whatever is at the end of the wire."""

    def sound(self) -> Sound:
        """All samples since it was cleared."""
        ...

    def loud_at(self) -> list[float]:
        """When blocks came since then that can be heard; [] where nobody notes that."""
        ...

    def clear(self) -> None:
        """Forget what came. The speaker sleeps."""
        ...

    def close(self) -> None:
        """End."""
        ...


class _Program:
    """A program that starts as quickly as one that plays, and keeps what it gets."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self.command = f"sh -c 'exec cat >> {path}'"

    def sound(self) -> Sound:
        data = self._path.read_bytes()
        return np.frombuffer(data[: len(data) & ~1], "<i2")

    def loud_at(self) -> list[float]:
        return []

    def clear(self) -> None:
        os.truncate(self._path, 0)

    def close(self) -> None:
        pass


class _TimedProgram:
    """ear.py, which notes when each block comes, and begins its files anew at every waking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._heard = Heard(path)
        self.command = shlex.join([sys.executable, "-I", "-S", str(_EAR), str(path)])

    def sound(self) -> Sound:
        data = Path(f"{self._path}.pcm").read_bytes()
        return np.frombuffer(data[: len(data) & ~1], "<i2")

    def loud_at(self) -> list[float]:
        return self._heard.loud_at(0.0)

    def clear(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Recording:
    """A WAV file; it goes on at its end, so an empty one is a new one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sound(self) -> Sound:
        with wave.open(str(self.path)) as file:
            return np.frombuffer(file.readframes(file.getnframes()), "<i2")

    def loud_at(self) -> list[float]:
        return []

    def clear(self) -> None:
        os.truncate(self.path, 0)

    def close(self) -> None:
        pass


class _PulseAudio:
    """A recorder at a sound server's sink."""

    def __init__(self, audio: VirtualAudio) -> None:
        assert audio.speaker is not None
        self._recorder = Recorder(audio.speaker)

    def sound(self) -> Sound:
        return self._recorder.pcm

    def loud_at(self) -> list[float]:
        return self._recorder.loud_at()

    def clear(self) -> None:
        self._recorder.blocks.clear()

    def close(self) -> None:
        self._recorder.close()


class Sleeper:
    """A speaker whose events are followed all the time, as the daemon does.

    Attributes:
        listener: at the end of the wire.
        losses: reasons of every SpeakerLost so far.
    """

    def __init__(self, speaker: ChildSpeaker, listener: Listener) -> None:
        self.speaker = speaker
        self.listener = listener
        self.losses: list[str] = []
        self._events: asyncio.Queue[SpeakerEvent] = asyncio.Queue()

    async def follow(self) -> None:
        """Take its events, without end."""
        async for event in self.speaker.events():
            if isinstance(event, SpeakerLost):
                self.losses.append(event.reason)
            self._events.put_nowait(event)

    @property
    def pid(self) -> int:
        """Its sound process."""
        return pid_of(self.speaker)

    async def told(self, kind: type[_KindOfEvent]) -> _KindOfEvent:
        """Wait for the next event of this kind.

        Raises:
            TimeoutError: it does not come.
        """
        return (await self.told_with(kind))[0]

    async def told_with(self, kind: type[_KindOfEvent]) -> tuple[_KindOfEvent, list[SpeakerEvent]]:
        """Wait for the next event of this kind; it, and what was told before it.

        Raises:
            TimeoutError: it does not come.
        """
        before: list[SpeakerEvent] = []
        async with asyncio.timeout(_PATIENCE_S):
            while not isinstance(event := await self._events.get(), kind):
                before.append(event)
        return event, before


@asynccontextmanager
async def sleeper(
    kind: str,
    folder: Path,
    audio: VirtualAudio | None = None,
    *,
    echo_fd: int | None = None,
    timed: bool = False,
) -> AsyncIterator[Sleeper]:
    """A speaker of this kind that has fallen asleep after a second of silence, or never does."""
    environ = dict(os.environ)
    listener: Listener
    if kind == PROGRAM:
        program = _TimedProgram(folder / "heard") if timed else _Program(folder / "heard.raw")
        listener = program
        options = SpeakerOptions(command=program.command)
    elif kind == RECORDING:
        listener = recording = _Recording(folder / "heard.wav")
        options = SpeakerOptions(wav=str(recording.path))
    else:
        assert audio is not None
        listener = _PulseAudio(audio)
        options, environ = SpeakerOptions(device=SPEAKER, alsa_config="system"), audio.environ()
    options = replace(options, idle_s=0 if kind == NEVER_ASLEEP else 1)
    speaker = ChildSpeaker(options, environ=environ, earcons=EARCONS, echo_fd=echo_fd)
    one = Sleeper(speaker, listener)
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        following = group.create_task(one.follow(), name=f"events of {kind}")
        stack.callback(following.cancel)
        stack.push_async_callback(speaker.close)
        await one.told(SpeakerReady)
        if kind != NEVER_ASLEEP:
            await one.told(SpeakerAsleep)
        yield one


def likeness(heard: Sound, sound: Sound, lengths_ms: tuple[int, ...] = (20, 150, 300)) -> list[float]:
    """Correlation of the first so many milliseconds, each from the first sample on; 0 for what is cut off."""
    head = sound[: 48 * max(lengths_ms)].astype(float)
    if len(heard) == 0:
        return [0.0 for _ in lengths_ms]
    length = 1 << (len(heard) + len(head) - 1).bit_length()
    both = np.fft.irfft(np.fft.rfft(heard, length) * np.conj(np.fft.rfft(head, length)), length)
    at = int(np.argmax(both[: len(heard)]))
    found = []
    for size in (min(48 * ms, len(sound)) for ms in lengths_ms):
        piece = heard[at : at + size]
        same = len(piece) == size and piece.any()
        found.append(float(np.corrcoef(piece, sound[:size])[0, 1]) if same else 0.0)
    return found
