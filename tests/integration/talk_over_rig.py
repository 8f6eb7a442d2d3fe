"""A daemon that speaks into its own microphone through a room, and a user who talks over it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ravatard.core.audio_format import RATE_HZ
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration import recordings
from tests.integration.aloud_rig import ALOUD, AUDIBLE, Appliance, Monitor, appliance, living_room
from tests.integration.aloud_rig import RATE_HZ as MONITOR_HZ
from tests.integration.daemon import Config
from tests.integration.middlebox import Middlebox
from tests.integration.recordings import Samples
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio, missing

#: Some twelve seconds: time for the canceller to learn the room, and for a user to interrupt.
LONG = " ".join(f"This is sentence number {number} of a long answer." for number in range(6))
#: As long, without a pause: whenever the avatar falls silent in it, it was interrupted.
BREATHLESS = " and ".join(f"sentence number {number} of a very long answer goes on" for number in range(6))
CHAT: Config = {"ravatar": {"mode": "chat"}}
TALKED_OVER: Config = {
    "audio": {"echo": "cancel", "barge_in": "voice"},
    "microphone": {"device": MICROPHONE, "alsa_config": "system"},
}
#: Level of the avatar's echo at the microphone, dBFS.
ECHO_DB = -23.0
#: The room is known by then.
_LEARNT_S = 5.0
#: Likeness from which on words were heard at the microphone: 10 dB below an echo they have 0.3.
_HEARD = 0.15


def steady_audio(folder: Path) -> Iterator[VirtualAudio]:
    """The body of a fixture: sound devices whose clocks do not drift, or the test is skipped."""
    if lacks := missing():
        pytest.skip(f"virtual sound needs {', '.join(lacks)}")
    with VirtualAudio(folder, speaker=True, steady=True) as virtual:
        yield virtual


def hurry_sound(daemon: Appliance) -> None:
    """Let the daemon's sound processes go before other programs, where we may: the machine is shared."""
    for pid in daemon.offspring():
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(PermissionError, ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(task.name), -15)


def phrase(number: int = 0, *, over_echo_db: float = 0.0) -> Samples:
    """A user's request, as loud over the avatar's echo at the microphone; it begins with its first word."""
    samples = recordings.bundled()
    speech = recordings.requests_in(samples)[number]
    said = samples[speech.first : speech.last].astype(float)
    power = (said[: len(said) // 320 * 320].reshape(-1, 320) ** 2).mean(1)
    active = float(np.sqrt(power[power > power.max() * 1e-2].mean()))
    said *= 32_768 * 10 ** ((ECHO_DB + over_echo_db) / 20) / active
    loud: Samples = np.clip(said, -32_000, 32_000).astype(np.int16)
    return loud


@dataclass(frozen=True, slots=True)
class Interruption:
    """What became of a user who talked over the avatar.

    Attributes:
        before: utterances that opened in this answer before the user spoke: the avatar's own voice.
        found: an utterance opened within four seconds.
        silent_ms: from the beginning of the words at the microphone until nothing is heard from the
            speaker. None: the avatar went on, or the words could not be found in the microphone's sound.
        sounded: the avatar was heard when the words began.
    """

    before: int
    found: bool
    silent_ms: float | None
    sounded: bool = True
    degraded: tuple[str, ...] = ()


class Lateness:
    """How late a task of ours is woken, which tells whether this machine can play and record at all.

    Attributes:
        worst_s: since the beginning.
    """

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.01
            await asyncio.sleep(0.01)
            self.worst_s = max(self.worst_s, loop.time() - due)


class Talk:
    """A conversation in a room. Made by :func:`talking`.

    Attributes:
        lateness: of this machine since the beginning.
        sent: frames to the service.
    """

    def __init__(self, daemon: Appliance, audio: VirtualAudio, speaker: Monitor, ear: Monitor) -> None:
        """``speaker``: what is heard from it; ``ear``: what the microphone hears."""
        self.daemon = daemon
        self.sent: list[str] = []
        self._audio = audio
        self._speaker = speaker
        self._ear = ear
        self.lateness = Lateness()

    async def utterances(self) -> int:
        """How many the daemon has counted."""
        return int((await self.daemon.report())["counters"]["utterances"])

    async def answer(self) -> None:
        """Let the avatar begin a long answer; what is being said is over first."""
        await self.daemon.reports(lambda it: it["talk"] == "idle", "it is idle", 60)
        await self.daemon.say("speak")
        await self.daemon.reports(lambda it: it["talk"] == "speaking", "it speaks", 30)

    async def interrupt(self, recording: Path, said: Samples, after_s: float = _LEARNT_S) -> Interruption:
        """Talk over an answer, so long after its beginning: once the room may be known.

        Args:
            recording: what is played into the microphone.
            said: the same; it begins with its first word.
            after_s: seconds.
        """
        at_first = await self.utterances()
        await self.answer()
        await asyncio.sleep(after_s)
        before = await self.utterances()
        played_at = time.monotonic()
        player = self._audio.microphone.play(recording)
        found = True
        try:
            await self.daemon.reports(
                lambda it: it["counters"]["utterances"] > before, "the user is found", 4
            )
        except AssertionError:
            found = False
        await asyncio.sleep(0.7)
        # Not in our loop, which reads what is heard meanwhile.
        await asyncio.to_thread(player.wait, 20)
        began_at = self._began(said, played_at)
        sounded, silent_at = (False, None) if began_at is None else self._silent(began_at)
        silent_ms = (silent_at - began_at) * 1000 if found and silent_at and began_at else None
        degraded = tuple((await self.daemon.report())["degraded"])
        return Interruption(before - at_first, found, silent_ms, sounded, degraded)

    def _began(self, said: Samples, played_at: float) -> float | None:
        """Return when the words began at the microphone, whatever else was heard there; None: not found."""
        heard, first_at = self._ear.timed(played_at - 0.2)
        step = MONITOR_HZ // RATE_HZ
        soft = heard[: len(heard) // step * step].reshape(-1, step).mean(1).astype(np.int16)
        alike, at_s = like(soft, said, 0.6)
        return float(first_at + at_s) if alike > _HEARD else None

    def _silent(self, began_at: float) -> tuple[bool, float | None]:
        """Return if the speaker was heard at ``began_at``, and when it fell silent for half a second."""
        heard, first_at = self._speaker.timed(began_at - 0.5)
        piece = MONITOR_HZ // 100
        peaks = np.abs(heard[: len(heard) // piece * piece].astype(int)).reshape(-1, piece).max(1, initial=0)
        ends = [first_at + (int(number) + 1) / 100 for number in np.flatnonzero(peaks > AUDIBLE)]
        sounded = any(-0.1 < end - began_at <= 0.01 for end in ends)
        # What is heard after half a second is the next answer.
        after = [end for end in ends if end >= began_at - 0.01]
        return sounded, next((a for a, b in pairwise([*after, float("inf")]) if b - a > 0.5), None)

    def uploads(self) -> list[Samples]:
        """The sound that was sent to the service, utterance by utterance."""
        found = []
        for frame in self.sent:
            with suppress(ValueError):
                message = json.loads(frame)
                if isinstance(message, dict) and (sound := message.get("file_base64_data")):
                    found.append(np.frombuffer(base64.b64decode(sound)[44:], "<i2"))
        return found


@asynccontextmanager
async def talking(
    folder: Path, audio: VirtualAudio, *configs: Config, answer: str = LONG
) -> AsyncIterator[Talk]:
    """A daemon in chat mode whose user may talk over it, in a room of 200 ms."""
    assert audio.speaker is not None
    options = SimOptions(think_s=0.02, licences=0, answers=(answer,))
    environ = audio.environ({})
    async with (
        SimServer(cloud=SimCloud(options, key=b"of this test", speak=Synthesizer().wav)) as server,
        Middlebox(server.base_url) as box,
        appliance(folder, box.base_url, ALOUD, CHAT, TALKED_OVER, *configs, environ=environ) as daemon,
        Monitor(audio.speaker) as speaker,
        Monitor(audio.microphone) as ear,
    ):
        hurry_sound(daemon)
        with living_room(audio, delay_ms=100, echo_db=ECHO_DB):
            await asyncio.sleep(3.0)
            talk = Talk(daemon, audio, speaker, ear)
            talk.sent = box.sent
            watching = asyncio.create_task(talk.lateness.watch(), name="lateness")
            try:
                yield talk
            finally:
                watching.cancel()
        await daemon.stopped()


def like(upload: Samples, said: Samples, first_s: float) -> tuple[float, float]:
    """How like the first part of what was said the best place in an upload is, and where it is, seconds."""
    wanted = said[: round(first_s * RATE_HZ)].astype(float)
    heard = upload.astype(float)
    if len(heard) < len(wanted):
        return 0.0, 0.0
    size = 1 << (len(heard) + len(wanted)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    product = product[: len(heard) - len(wanted) + 1]
    energy = np.cumsum(np.concatenate([[0.0], heard**2]))
    energy = energy[len(wanted) :] - energy[: -len(wanted)]
    alike = product / np.sqrt(np.maximum(energy, 1.0) * float((wanted**2).sum()))
    best = int(np.argmax(alike))
    return float(alike[best]), best / RATE_HZ
