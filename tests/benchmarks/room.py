"""Room model: a loudspeaker's sound as a microphone in the same room hears it, with clocks of their own.

A loudspeaker (band 180 Hz-7 kHz, bent by tanh), a room of exponentially decaying noise behind a direct path,
a bulk delay, two clocks, the noise of the microphone, and its converter's clipping. All randomness is seeded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ

Sound = NDArray[np.float64]
#: Level of the echo at the microphone, and of the microphone's own noise, dBFS.
ECHO_DB, NOISE_DB = -23.0, -62.0


@dataclass(frozen=True, slots=True)
class Room:
    """One cell of the table in which cancellers are compared.

    Attributes:
        rt60_s: reverberation time.
        direct_db: level of the direct path over the reverberation's.
        delay_s: from the converter of the speaker to that of the microphone, apart from the room.
        drift_ppm: by which the microphone's clock is fast.
        distortion_db: linear part over the distortion of the loudspeaker; None: linear.
        echo_db: level at the microphone, dBFS.
    """

    rt60_s: float
    direct_db: float
    delay_s: float
    drift_ppm: float = 0.0
    distortion_db: float | None = 30.0
    echo_db: float = ECHO_DB


ROOMS = {
    "easy": Room(0.15, 6, 0.02, 0, None),
    "nodrift": Room(0.2, 3, 0.04),
    "onesample": Room(0.2, 3, 0.04, 50),
    "hard1": Room(0.3, 0, 0.08, 100, 18),
    "late": Room(0.2, 3, 0.25, 50),
    "fast": Room(0.2, 3, 0.04, 1_000),
    "clipped": Room(0.2, 6, 0.04, 50, 18, -9.0),
}


def rms(sound: Sound) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0


def active_rms(sound: Sound, frame: int) -> float:
    """Return that of the frames within 20 dB of the loudest."""
    power = (sound[: len(sound) // frame * frame].reshape(-1, frame) ** 2).mean(1)
    return float(np.sqrt(power[power > power.max() * 1e-2].mean()))


def _band(sound: Sound, rate_hz: int, low_hz: float, high_hz: float) -> Sound:
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / rate_hz)
    keep = 1 / np.sqrt(1 + (low_hz / np.maximum(hertz, 1.0)) ** 4) / np.sqrt(1 + (hertz / high_hz) ** 12)
    return np.asarray(np.fft.irfft(spectrum * keep, len(sound)))


def drive_for(sound: Sound, distortion_db: float) -> float:
    """Return the factor before tanh that leaves ``distortion_db`` between linear part and the rest."""
    low, high = 1e-3, 1e3
    for _ in range(30):
        drive = math.sqrt(low * high)
        bent = np.tanh(sound * drive)
        linear = float(bent @ sound / (sound @ sound)) * sound
        ratio_db = 20 * math.log10(rms(linear) / max(rms(bent - linear), 1e-12))
        low, high = (drive, high) if ratio_db > distortion_db else (low, drive)
    return low


def impulse_response(room: Room, rng: np.random.Generator, rate_hz: int = VOICE_RATE_HZ) -> Sound:
    """Return the room's: a direct path, and noise that decays behind it."""
    length = int(room.rt60_s * rate_hz * 1.2)
    response = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / rate_hz / room.rt60_s)
    response[: rate_hz // 500] = 0.0
    response *= 10 ** (-room.direct_db / 20) / np.sqrt((response**2).sum())
    response[0] = 1.0
    return np.asarray(response)


def convolved(sound: Sound, response: Sound) -> Sound:
    """Return ``sound`` behind ``response``, as long as ``sound``."""
    size = 1 << (len(sound) + len(response) - 1).bit_length()
    return np.asarray(
        np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]
    )


class RoomModel:
    """A room in which something is played, piece by piece, and recorded.

    Attributes:
        step: frames of the speaker in one sample of the microphone.
        recorded: samples of the microphone so far.
    """

    def __init__(self, room: Room, seed: int = 0) -> None:
        """``seed``: of the room and of the microphone's noise."""
        self.step = VOICE_RATE_HZ / RATE_HZ / (1 + room.drift_ppm * 1e-6)
        self.recorded = 0
        self._room = room
        self._rng = np.random.default_rng(seed)
        self._response = impulse_response(room, self._rng)
        self._gain: float | None = None
        self._drive: float | None = None
        self._played = 0
        self._rest = np.zeros(0)
        self._before = np.zeros(VOICE_RATE_HZ)

    def hear(self, played: Sound, beside: Sound | None = None) -> Sound:
        """Return what the microphone records while ``played`` leaves the speaker: 16 kHz, full scale 1.

        Args:
            played: at 48 kHz, full scale 1; ends with half a second of silence.
            beside: a user's voice at the microphone, 16 kHz, from the first of these samples on.
        """
        echo = self._echo(played)
        length = min(len(echo), len(self._rest))
        echo[:length] += self._rest[:length]
        self._rest = echo[len(played) :]
        echo = np.concatenate([self._before, echo[: len(played)]])
        self._before = echo[-VOICE_RATE_HZ:]
        until = int((self._played + len(played)) / self.step)
        numbers = np.arange(self.recorded, until)
        at = numbers * self.step - self._room.delay_s * VOICE_RATE_HZ - self._played + VOICE_RATE_HZ
        self.recorded = until
        self._played += len(played)
        heard = _interpolated(echo, np.asarray(at, np.float64))
        heard += self._rng.standard_normal(len(heard)) * 10 ** (NOISE_DB / 20)
        if beside is not None:
            length = min(len(beside), len(heard))
            heard[:length] += beside[:length]
        return np.clip(heard, -1.0, 32767 / 32768)

    def _echo(self, played: Sound) -> Sound:
        """Return the echo, with what is left of it after the end of ``played``."""
        if not played.any():
            return np.zeros(len(played) + len(self._response))
        room = self._room
        padded = np.concatenate([played, np.zeros(len(self._response))])
        speaker = _band(padded, VOICE_RATE_HZ, 180, 7_000)
        if room.distortion_db is not None:
            if self._drive is None:
                self._drive = drive_for(speaker, room.distortion_db)
            speaker = np.tanh(speaker * self._drive)
        echo = _band(convolved(speaker, self._response), VOICE_RATE_HZ, 20, 7_200)
        if self._gain is None:
            self._gain = 10 ** (room.echo_db / 20) / active_rms(echo, VOICE_RATE_HZ // 50)
        return echo * self._gain


def _interpolated(sound: Sound, at: Sound) -> Sound:
    """Return it between its samples, by cubic pieces (Catmull-Rom); it has nothing above 7.2 of 24 kHz."""
    padded = np.concatenate([np.zeros(4), sound, np.zeros(4)])
    at = np.clip(at + 4, 1, len(padded) - 3)
    whole = at.astype(np.int64)
    part = at - whole
    before, here, after, then = (padded[whole + off] for off in (-1, 0, 1, 2))
    return np.asarray(
        here
        + 0.5
        * part
        * (
            after
            - before
            + part * (2 * before - 5 * here + 4 * after - then + part * (3 * (here - after) + then - before))
        )
    )


def as_s16(sound: Sound) -> bytes:
    """Return it as s16le."""
    return np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2").tobytes()
