"""Ring buffer of the played sound and its times, in memory shared with the microphone's process.

One process writes, any number read, none waits for another. The ring holds s16le mono 48 kHz, frames counted
from 0 for the life of the memory. Its state (number of frames, time at which the next one leaves the
converter) is written to two slots in turn, each with a number and a checksum, so that a reader gets a
complete one on any processor, in whatever order its stores become visible.

Silence costs nothing: frames from ``silent_from`` on are zeros that were never written.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from dataclasses import dataclass

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.devices.echo.timeline import Timeline

#: 2.7 s: longer than a microphone's block takes to be read.
RING_FRAMES = 1 << 17
_SLOT = struct.Struct("<QQddQQ")
_SUM = struct.Struct("<I")
#: The first field of a slot.
_NUMBER = struct.Struct("<Q")
_SLOT_BYTES = 64
_DATA_AT = 4096
RING_BYTES = _DATA_AT + RING_FRAMES * SAMPLE_BYTES
#: Distance that a reader keeps from the frames overwritten next.
_MARGIN = VOICE_RATE_HZ // 10


@dataclass(frozen=True, slots=True)
class RingState:
    """State of the ring.

    Attributes:
        number: grows with every state.
        frames: frames written; the next one has this number.
        at: when the next one leaves the converter, seconds on CLOCK_MONOTONIC.
        rate_hz: frames a second by that clock.
        silent_from: frames from this one on are silence.
        steps: grows where sound was lost on the way to the converter: frames before and after it are apart.
    """

    number: int = 0
    frames: int = 0
    at: float = 0.0
    rate_hz: float = float(VOICE_RATE_HZ)
    silent_from: int = 0
    steps: int = 0

    def frame_at(self, at: float) -> float:
        """Return the frame that leaves the converter at ``at``."""
        return self.frames + (at - self.at) * self.rate_hz


def make_ring() -> int:
    """Return memory for one ring, as a file without a name; the caller closes it."""
    fd = os.memfd_create("ravatard-echo", os.MFD_CLOEXEC)
    os.ftruncate(fd, RING_BYTES)
    return fd


class EchoRing:
    """Reader of a ring."""

    def __init__(self, fd: int) -> None:
        """Map it; ``fd`` may be closed afterwards.

        Raises:
            OSError, ValueError: ``fd`` is no ring.
        """
        self._memory = mmap.mmap(fd, RING_BYTES)
        self._stamp = b""
        self._state: RingState | None = None

    def state(self) -> RingState | None:
        """Return the newest complete state; None before the first."""
        stamp = self.stamp()
        # A reader asks several times a block, and most of a state's price is its unpacking.
        if stamp != self._stamp:
            self._stamp, self._state = stamp, _newest(stamp)
        return self._state

    def stamp(self) -> bytes:
        """Return bytes that change with every state; cheaper than the state."""
        return self._memory[: _SLOT_BYTES + _SLOT.size + _SUM.size]

    def read(self, first: int, count: int) -> bytes:
        """Return ``count`` frames from ``first`` on; zeros where nothing was played, or was overwritten."""
        state = self.state()
        if state is None:
            return bytes(count * SAMPLE_BYTES)
        start = max(first, state.frames - RING_FRAMES + _MARGIN, 0)
        end = min(first + count, state.silent_from)
        if end <= start:
            return bytes(count * SAMPLE_BYTES)
        head = bytes((start - first) * SAMPLE_BYTES)
        return (head + self._copy(start, end)).ljust(count * SAMPLE_BYTES, b"\0")

    def _copy(self, start: int, end: int) -> bytes:
        at, length = start % RING_FRAMES, end - start
        before_wrap = min(length, RING_FRAMES - at)
        begin = _DATA_AT + at * SAMPLE_BYTES
        data = self._memory[begin : begin + before_wrap * SAMPLE_BYTES]
        return data + self._memory[_DATA_AT : _DATA_AT + (length - before_wrap) * SAMPLE_BYTES]


def _newest(stamp: bytes) -> RingState | None:
    """Return the newer of the slots that are complete; None if neither is."""
    slots = [stamp[:_SLOT_BYTES], stamp[_SLOT_BYTES:]]
    if _NUMBER.unpack_from(stamp, _SLOT_BYTES) > _NUMBER.unpack_from(stamp):
        slots.reverse()
    for raw in slots:
        if zlib.crc32(raw[: _SLOT.size]) == _SUM.unpack_from(raw, _SLOT.size)[0]:
            state = RingState(*_SLOT.unpack_from(raw))
            return state if state.number else None
    return None


class EchoWriter:
    """Writer of a ring, in the speaker's process."""

    def __init__(self, fd: int) -> None:
        """Go on where the previous writer stopped."""
        self._memory = mmap.mmap(fd, RING_BYTES)
        last = EchoRing(fd).state() or RingState()
        self._number = last.number
        self._frames = last.frames
        self._silent_from = last.silent_from
        # A new stream is a step, too.
        self._steps = last.steps + (last.number > 0)
        # The sound card's clock ran on after the previous process.
        self._timeline = Timeline(VOICE_RATE_HZ, known_hz=last.rate_hz)

    def write(self, pcm: bytes | None, samples: int, taken_at: float, latency_s: float = 0.0) -> None:
        """Write the next ``samples`` that go to the converter.

        Args:
            pcm: s16le mono 48 kHz; None is silence.
            samples: how many, at most a second's.
            taken_at: when they were taken, seconds on CLOCK_MONOTONIC; may be late.
            latency_s: from then until the first of them leaves the converter, as far as is known.
        """
        self._timeline.observe(self._frames, taken_at, latency_s)
        if pcm is not None:
            silence = min(self._frames - self._silent_from, RING_FRAMES)
            if silence:
                self._put(self._frames - silence, bytes(silence * SAMPLE_BYTES))
            self._put(self._frames, pcm)
            self._silent_from = self._frames + samples
        self._frames += samples
        self._publish()

    def resume(self, leaves_at: float) -> None:
        """Go on after the device was closed for a while: until ``leaves_at``, CLOCK_MONOTONIC, it was silent.

        Frames are counted on meanwhile, at the rate that is known, so that a reader goes on reading where it
        is. When exactly the first frame of the new stream leaves is observed anew.
        """
        known = self._timeline
        self._steps += known.jumps + 1
        self._frames += max(0, round((leaves_at - known.time_of(self._frames)) * known.rate_hz))
        self._timeline = Timeline(VOICE_RATE_HZ, known_hz=known.rate_hz)

    def skip(self, samples: int) -> None:
        """Count ``samples`` of silence that were played without a call of :meth:`write`."""
        self._frames += samples

    def _put(self, first: int, pcm: bytes) -> None:
        at = first % RING_FRAMES * SAMPLE_BYTES
        before_wrap = min(len(pcm), RING_FRAMES * SAMPLE_BYTES - at)
        self._memory[_DATA_AT + at : _DATA_AT + at + before_wrap] = pcm[:before_wrap]
        self._memory[_DATA_AT : _DATA_AT + len(pcm) - before_wrap] = pcm[before_wrap:]

    def _publish(self) -> None:
        self._number += 1
        timeline = self._timeline
        at, steps = timeline.time_of(self._frames), self._steps + timeline.jumps
        raw = _SLOT.pack(self._number, self._frames, at, timeline.rate_hz, self._silent_from, steps)
        begin = self._number % 2 * _SLOT_BYTES
        self._memory[begin : begin + _SLOT.size + _SUM.size] = raw + _SUM.pack(zlib.crc32(raw))
