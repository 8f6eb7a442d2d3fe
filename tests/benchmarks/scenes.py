"""The sound that the benchmarks listen to: a quiet room, a conversation, somebody who does not stop."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import ravatard.sim
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ
from ravatard.core.events import UtteranceClosed, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.vad import speech_detector

#: The demo's recording: four requests by espeak-ng over a soft noise, a third of it speech.
RECORDING = Path(ravatard.sim.__file__).parent / "data" / "demo.wav"
ROOM_DBFS = -66.0
#: A request and the pause after it: enough silence for the gate and the service to end the turn.
TURN_S = 2.2
_REQUEST_S = 0.8
#: Between two requests; the last of the silence that ended an utterance, and the pre-roll of the next.
_TAIL_MS = 700.0


def quiet_room(seconds: float, seed: int = 1) -> bytes:
    """Microphone noise at -66 dBFS, s16le mono 16 kHz."""
    return _pcm(_noise(round(seconds * RATE_HZ), seed))


def conversation(seconds: float) -> bytes:
    """The demo's recording again and again, its noise never twice the same: a third is speech."""
    return _repeated(_recording(), seconds)


def speech(seconds: float) -> bytes:
    """The same without most of the pauses: the gate is nearly always open."""
    recording = _recording()
    pieces = [recording[first:end] for first, end in utterances(recording.astype("<i2").tobytes())]
    return _repeated(np.concatenate(pieces), seconds)


def short_turns(turns: int) -> bytes:
    """One short request, then a pause, ``turns`` times: :data:`TURN_S` each."""
    recording = _recording()
    first, end = utterances(recording.astype("<i2").tobytes())[-1]
    turn = np.zeros(round(TURN_S * RATE_HZ))
    spoken = recording[first:end][: round(_REQUEST_S * RATE_HZ)]
    turn[: len(spoken)] = spoken
    return _repeated(turn, turns * TURN_S)


def spaced_turns(turns: int, turn_s: float) -> tuple[bytes, int]:
    """One short request a turn of ``turn_s``, and the sample of each turn at which it can first be heard."""
    recording = _recording()
    first, end = utterances(recording.astype("<i2").tobytes())[-1]
    spoken = recording[first:end][: round(_REQUEST_S * RATE_HZ)]
    onset = _first_sound(spoken)
    turn = np.zeros(round(turn_s * RATE_HZ))
    turn[: len(spoken)] = spoken
    # The pre-roll is a pause of the recording and not of this scene.
    turn[:onset] = 0
    return _repeated(turn, turns * turn_s), onset


def _first_sound(samples: NDArray[np.float64]) -> int:
    """The first millisecond that is 20 dB above the room's noise and stays there for three."""
    block = RATE_HZ // 1000
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    limit = 32768 * 10 ** ((ROOM_DBFS + 20) / 20)
    loud = np.sqrt((blocks**2).mean(axis=1)) > limit
    held = loud[:-2] & loud[1:-1] & loud[2:]
    return int(np.flatnonzero(held)[0]) * block


def hum_wav(seconds: float, rate_hz: int = VOICE_RATE_HZ) -> bytes:
    """A WAV file that is loud from its first sample on."""
    t = np.arange(round(seconds * rate_hz))
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(rate_hz)
        made.writeframes((9_000 * np.cos(2 * np.pi * 220 * t / rate_hz)).astype("<i2").tobytes())
    return file.getvalue()


def utterances(pcm: bytes) -> list[tuple[int, int]]:
    """First sample and end of what the appliance's own gate opens for, without the silence that ended it."""
    gate = Gate(
        GateOptions(), VoiceOptions(), speech_detector(VoiceOptions().aggressiveness), mode=GateMode.VAD
    )
    found: list[tuple[int, int]] = []
    opened = 0
    for event in gate.feed(pcm, 0.0):
        if isinstance(event, UtteranceOpened):
            opened = event.first_sample
        elif isinstance(event, UtteranceClosed):
            found.append((opened, event.end_sample - round(_TAIL_MS * RATE_HZ / 1000)))
    return found


def _recording() -> NDArray[np.float64]:
    with wave.open(str(RECORDING)) as source:
        return np.frombuffer(source.readframes(source.getnframes()), "<i2").astype(np.float64)


def _repeated(samples: NDArray[np.float64], seconds: float) -> bytes:
    count = round(seconds * RATE_HZ)
    return _pcm(np.resize(samples, count) + _noise(count, seed=2))


def _noise(count: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(count) * 32768 * 10 ** (ROOM_DBFS / 20)


def _pcm(samples: NDArray[np.float64]) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
