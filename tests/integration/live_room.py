"""A living room between a virtual speaker and a virtual microphone: s16le mono 16 kHz.

``python -m tests.integration.live_room EAR MOUTH ECHO_DB REVERBERATION_S DISTORTION``, with a program that
records at the server $EAR_SERVER and one that plays: as ``tests.benchmarks.room`` has it, but piece by piece
as it is played. What is played at -20 dBFS comes back at ECHO_DB.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import termios

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
_BLOCK = RATE_HZ // 100
_PLAYED_DB = -20.0
#: A pipe of 128 ms, and silence that is more than it and a player's buffer hold.
_PIPE_BYTES, _STARTED_BLOCKS = 4_096, 80
#: Of sound that waits longer, 100 ms, all but 10 ms is dropped: else a virtual device that loses time would
#: make the room larger, for ever.
_MOST_WAITING, _LEAST_WAITING = 10 * _BLOCK * 2, _BLOCK * 2


class LiveRoom:
    """Convolves with the response of a room, block by block."""

    def __init__(self, echo_db: float, reverberation_s: float, drive: float, seed: int = 5) -> None:
        """``drive``: of the loudspeaker's distortion; 0: none."""
        chance = np.random.default_rng(seed)
        length = int(reverberation_s * 1.2 * RATE_HZ)
        response = chance.standard_normal(length)
        response *= 10 ** (-3 * np.arange(length) / RATE_HZ / reverberation_s)
        response[: RATE_HZ // 500] = 0.0
        # 3 dB below the direct path.
        response *= 10 ** (-3 / 20) / np.sqrt((response**2).sum())
        response[0] = 1.0
        gain = 10 ** ((echo_db - _PLAYED_DB) / 20) / np.sqrt((response**2).sum())
        self._size = 1 << (length + _BLOCK).bit_length()
        self._response = np.fft.rfft(response * gain, self._size)
        self._rest = np.zeros(self._size)
        self._drive = drive

    def block(self, played: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what arrives while a block is played."""
        if self._drive:
            played = np.tanh(played * self._drive) / self._drive
        self._rest += np.fft.irfft(np.fft.rfft(played, self._size) * self._response, self._size)
        heard = self._rest[:_BLOCK].copy()
        self._rest = np.concatenate([self._rest[_BLOCK:], np.zeros(_BLOCK)])
        return heard


def main() -> None:
    """Pass sound through until it ends. Programs started before this one would leave a backlog."""
    # A test that is killed leaves nothing behind: PR_SET_PDEATHSIG.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    ear_words, mouth_words, *numbers = sys.argv[1:]
    echo_db, reverberation_s, drive = (float(number) for number in numbers)
    room = LiveRoom(echo_db, reverberation_s, drive)
    environ = os.environ | {"PULSE_SERVER": os.environ["EAR_SERVER"]}
    with subprocess.Popen(mouth_words.split(), stdin=subprocess.PIPE, bufsize=0) as mouth:
        assert mouth.stdin is not None
        fcntl.fcntl(mouth.stdin.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        # What waits for a program that starts is late for ever: the other one is started when this one plays.
        for _ in range(_STARTED_BLOCKS):
            mouth.stdin.write(bytes(_BLOCK * 2))
        ear = subprocess.Popen(ear_words.split(), stdout=subprocess.PIPE, bufsize=0, env=environ)
        assert ear.stdout is not None
        fd = ear.stdout.fileno()
        while block := _read(fd, _BLOCK * 2):
            heard = room.block(np.frombuffer(block, "<i2") / 32768)
            mouth.stdin.write(np.clip(heard * 32768, -32768, 32767).astype("<i2").tobytes())
            waiting = int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
            if waiting > _MOST_WAITING:
                _read(fd, (waiting - _LEAST_WAITING) // 2 * 2)


def _read(fd: int, count: int) -> bytes:
    """Return so many bytes; b"" at the end."""
    data = b""
    while len(data) < count:
        if not (more := os.read(fd, count - len(data))):
            return b""
        data += more
    return data


if __name__ == "__main__":
    main()
