"""The avatar's own voice comes back through the room: it must never be taken for a person's."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ravatard.sim
from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.core.options.audio import AudioOptions
from ravatard.devices.microphone.vad import speech_detector
from ravatard.sim.options import SimOptions
from ravatard.sim.speaker import SimSpeaker
from tests.scenario.world import Wishes, appliance

ANSWERS = sorted((Path(ravatard.sim.__file__).parent / "data").glob("answer-*.wav"))
#: A living room: 300 ms until an echo has died down to a thousandth, the loudspeaker half a metre away.
REVERBERATION_S = 0.3
DELAY_S = 0.04
ECHO_GAIN = 0.4
NOISE_RMS = 20.0
#: An answer is read out for some twelve seconds; then it is quiet for some three.
PERIOD_S = 16.0
_PER_SAMPLE = VOICE_RATE_HZ // RATE_HZ


class EchoingRoom:
    """What a microphone hears in a room where a loudspeaker plays, sample by sample."""

    def __init__(self, speaker: SimSpeaker, now: Callable[[], float]) -> None:
        self._speaker = speaker
        self._now = now
        self._chance = np.random.default_rng(11)
        decay = np.exp(-6.9 * np.arange(int(REVERBERATION_S * RATE_HZ)) / (REVERBERATION_S * RATE_HZ))
        echo = self._chance.standard_normal(len(decay)) * decay * 0.1
        echo[0] = 1.0
        self._response = echo * ECHO_GAIN
        self._air = np.zeros(0)
        self._begun: float | None = None
        self._heard = 0

    def __call__(self, length: int) -> bytes:
        """``length`` bytes of what is heard next."""
        if self._begun is None:
            self._begun = self._now()
        self._spread(self._begun)
        samples = length // SAMPLE_BYTES
        heard = self._chance.standard_normal(samples) * NOISE_RMS
        taken = self._air[:samples]
        heard[: len(taken)] += taken
        self._air = self._air[samples:]
        self._heard += samples
        return np.clip(heard, -32768, 32767).astype("<i2").tobytes()

    def _spread(self, begun: float) -> None:
        """Put what left the loudspeaker into the air, from when it arrives on."""
        pieces, self._speaker.played[:] = list(self._speaker.played), []
        for piece in pieces:
            dry = np.frombuffer(piece.pcm, "<i2").astype(float)
            dry = dry[: len(dry) // _PER_SAMPLE * _PER_SAMPLE].reshape(-1, _PER_SAMPLE).mean(axis=1)
            wet = _convolved(dry, self._response)
            at = max(0, round((piece.at + DELAY_S - begun) * RATE_HZ) - self._heard)
            if len(self._air) < at + len(wet):
                self._air = np.concatenate([self._air, np.zeros(at + len(wet) - len(self._air))])
            self._air[at : at + len(wet)] += wet


def _convolved(dry: npt.NDArray[np.float64], response: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    length = len(dry) + len(response) - 1
    wet: npt.NDArray[np.float64] = np.fft.irfft(
        np.fft.rfft(dry, length) * np.fft.rfft(response, length), length
    )
    return wet


def reader() -> Callable[[str], bytes]:
    """Reads the shipped answers out, some twelve seconds at a time."""
    turn = count()

    def speak(text: str) -> bytes:
        del text
        pcm, rate = b"", 0
        for _ in range(100):
            with wave.open(str(ANSWERS[next(turn) % len(ANSWERS)])) as file:
                rate = file.getframerate()
                pcm += file.readframes(file.getnframes())
            if len(pcm) > 12 * rate * SAMPLE_BYTES:
                break
        file_bytes = io.BytesIO()
        with wave.open(file_bytes, "wb") as wav:
            wav.setparams((1, 2, rate, 0, "NONE", ""))
            wav.writeframes(pcm)
        return file_bytes.getvalue()

    return speak


async def utterances_in(minutes: float, audio: AudioOptions) -> tuple[int, int]:
    """How often the gate opened while nobody spoke, and how many answers were heard."""
    now = asyncio.get_running_loop().time
    wishes = Wishes(
        ravatar=RavatarOptions(mode="chat"),
        speaks=True,
        audio=audio,
        room=lambda speaker: EchoingRoom(speaker, now),
        is_speech=speech_detector(2),
    )
    async with appliance(wishes, SimOptions(answers=("an answer",)), speak=reader()) as world:
        await world.passes(5.0)
        begun = now()
        while now() < begun + minutes * 60:
            world.controls.say("Go on.")
            await world.passes(PERIOD_S)
        answers = [one for one in world.diary.turns if one.cause is None and one.answer_ms is not None]
        return len(world.diary.opened), len(answers)


@pytest.mark.hours
async def test_in_half_duplex_half_an_hour_of_answers_opens_the_gate_not_once() -> None:
    opened, answers = await utterances_in(30.0, AudioOptions())

    assert opened == 0
    assert answers > 75


@pytest.mark.hours
async def test_the_room_is_one_in_which_an_open_microphone_hears_the_avatar() -> None:
    opened, answers = await utterances_in(3.0, AudioOptions(echo="off"))

    assert opened >= answers
