"""Recordings to speak into a microphone, where speech is in them, and what of them arrived at the service."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ravatard.cli.demo.command import RECORDING
from ravatard.core.audio_format import CHUNK_SAMPLES, RATE_HZ
from ravatard.sim.ravatar.record import SessionRecord

Samples = NDArray[np.int16]

#: Louder than the bundled recording's noise by far, quieter than any of its speech.
_SPEECH_DBFS = -45.0
_FRAME = RATE_HZ // 100
#: Words of one request are closer together than this, requests are not.
_GAP_FRAMES = 60


def read(path: Path) -> Samples:
    """The samples of a WAV file of 16 bits, mono."""
    with wave.open(str(path)) as source:
        return np.frombuffer(source.readframes(source.getnframes()), "<i2")


def write(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    """Write a WAV file; samples of two dimensions are (time, channel)."""
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        target.setsampwidth(2)
        target.setframerate(rate_hz)
        target.writeframes(samples.astype("<i2").tobytes())
    return path


def bundled() -> Samples:
    """The demo's recording: four requests, with pauses."""
    return read(RECORDING)


def quiet(seconds: float) -> Samples:
    """The noise of a microphone in a quiet room: never twice the same, so that any piece can be found."""
    noise = np.random.default_rng(7).normal(0.0, 16.0, round(seconds * RATE_HZ))
    return np.rint(noise).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Speech:
    """One request in a recording: its first sample of speech, and one past its last."""

    first: int
    last: int


def requests_in(samples: Samples) -> list[Speech]:
    """The requests that are spoken in ``samples``."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(float) / 32_768
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = np.flatnonzero(level > _SPEECH_DBFS)
    if not loud.size:
        return []
    breaks = np.flatnonzero(np.diff(loud) > _GAP_FRAMES)
    firsts, lasts = loud[np.r_[0, breaks + 1]], loud[np.r_[breaks, -1]]
    return [Speech(int(a) * _FRAME, (int(b) + 1) * _FRAME) for a, b in zip(firsts, lasts, strict=True)]


def one_request(number: int, *, before_s: float = 0.8, after_s: float = 1.6) -> Samples:
    """A request of the bundled recording, with the noise around it, and silence where another one follows."""
    samples = bundled()
    speech = requests_in(samples)
    first, last = speech[number].first, speech[number].last
    next_first = speech[number + 1].first if number + 1 < len(speech) else len(samples)
    end = min(last + round(after_s * RATE_HZ), next_first - _GAP_FRAMES * _FRAME)
    own = samples[first - round(before_s * RATE_HZ) : max(last, end)]
    return np.concatenate(
        [own, quiet(after_s)[: round((before_s + after_s) * RATE_HZ) + last - first - len(own)]]
    )


def long_speech(seconds: float) -> Samples:
    """Somebody who speaks without a pause that could end an utterance, after a second of quiet."""
    samples = bundled()
    spoken = np.concatenate([samples[one.first : one.last] for one in requests_in(samples)])
    return np.concatenate([quiet(1.0), np.resize(spoken, round(seconds * RATE_HZ))])


@dataclass(frozen=True, slots=True)
class Arrived:
    """One utterance as the service received it.

    Attributes:
        samples: its sound, the padding of the last message included.
        at: when each of its messages came.
        silences_at: when each message of closing silence after it came.
    """

    samples: Samples
    at: list[float]
    silences_at: list[float]


def arrived(session: SessionRecord) -> list[Arrived]:
    """The utterances of a session: messages with sound, then messages of nothing but zeros."""
    sound = np.frombuffer(bytes(session.audio), "<i2")
    found: list[Arrived] = []
    spoken: list[Samples] = []
    at: list[float] = []
    silences: list[float] = []

    def finish() -> None:
        if spoken:
            found.append(Arrived(np.concatenate(spoken), list(at), list(silences)))
        spoken.clear()
        at.clear()
        silences.clear()

    for piece in session.pieces:
        samples = sound[piece.first_sample : piece.first_sample + piece.samples]
        if not samples.any():
            silences.append(piece.at)
            continue
        if silences:
            finish()
        spoken.append(samples)
        at.append(piece.at)
    finish()
    return found


def whole_messages(session: SessionRecord) -> bool:
    """Whether every message had exactly the documented size."""
    return all(piece.samples == CHUNK_SAMPLES for piece in session.pieces)


def without_padding(samples: Samples) -> Samples:
    """``samples`` without the zeros that fill up the last message."""
    return samples[: int(np.flatnonzero(samples)[-1]) + 1]


def place_of(heard: Samples, played: Samples) -> int | None:
    """The sample of ``played`` at which ``heard`` begins, bit for bit, or None when it is not in there."""
    at = played.tobytes().find(heard.tobytes())
    while at % 2 and at >= 0:
        at = played.tobytes().find(heard.tobytes(), at + 1)
    return None if at < 0 else at // 2


def correlation(heard: Samples, played: Samples) -> tuple[float, int]:
    """How alike they are where they are most alike (1: the same but for loudness), and where that is.

    Returns:
        The normalised cross-correlation, and the sample of ``played`` at which ``heard`` begins.
    """
    size = 1 << (len(heard) + len(played) - 1).bit_length()
    product = np.fft.rfft(played.astype(float), size) * np.conj(np.fft.rfft(heard.astype(float), size))
    lag = int(np.argmax(np.fft.irfft(product, size)[: len(played)]))
    there = played[lag : lag + len(heard)].astype(float)
    here = heard[: len(there)].astype(float)
    return float(here @ there / np.sqrt((here @ here) * (there @ there))), lag
