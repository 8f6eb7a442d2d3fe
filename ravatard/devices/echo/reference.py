"""Echo reference: for each microphone block the sound that the speaker played at that time.

Input of an echo canceller. The clocks of microphone and speaker differ. Both are tracked against the
monotonic clock, and their drift is made up for by one frame of 48 kHz at a time: a canceller tolerates that,
but not a missing or doubled block.
"""

from __future__ import annotations

import audioop
import math

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.devices.echo.ring import RING_FRAMES, EchoRing
from ravatard.devices.echo.timeline import Timeline

#: Taps of the low-pass filter before 48 kHz are reduced to every third frame, 16 kHz.
_TAPS = 48
_CUTOFF_HZ = 7_000
#: Beyond this offset the two are joined anew; where a clock reports a step, beyond the second.
_JUMP_FRAMES, _STEP_FRAMES = 2 * VOICE_RATE_HZ // 1000, VOICE_RATE_HZ // 4000
#: The reference is moved by at most one frame in this much sound, which makes up for 2,000 ppm: twice what
#: two clocks are apart, so that an offset is made up for, too.
_SLIP_EVERY_S = 0.01
#: Smaller offsets are not corrected, or the reference would oscillate: 42 us.
_SLIP_FRAMES = 2
#: After so much silence of the speaker an offset is corrected at once: no echo is left that it could move.
_SILENT_FRAMES = VOICE_RATE_HZ // 2
#: A speaker that is awake writes ten times a second; one that has written nothing for longer than the ring is
#: long, and the latency after that, is asleep: all that is in the ring has been heard.
_ASLEEP_S = RING_FRAMES / VOICE_RATE_HZ + 0.5
#: While it sleeps, of so many blocks one is observed.
_ASLEEP_OBSERVED = 4


class EchoReference:
    """The speaker's sound, aligned with a microphone.

    Attributes:
        samples_in: samples of the microphone so far.
        frames_out: frames of 48 kHz returned for them.
        slips: frames left out (positive) or doubled (negative) since the clocks were first joined.
        jumps: times the two had to be joined anew while the speaker was heard.
    """

    def __init__(self, ring: EchoRing, rate_hz: int = RATE_HZ, *, decimated: bool = True) -> None:
        """Begin with the microphone's first block.

        Args:
            ring: what the speaker plays.
            rate_hz: of the microphone's blocks, 16,000 or 48,000.
            decimated: return the reference at that rate; False: at 48 kHz as it was played, which is ten
                times cheaper, for a canceller that takes it so.

        Raises:
            ValueError: another rate.
        """
        if rate_hz not in (RATE_HZ, VOICE_RATE_HZ):
            raise ValueError(f"a reference comes at {RATE_HZ} or {VOICE_RATE_HZ} Hz, not at {rate_hz}")
        self.samples_in = self.frames_out = self.slips = self.jumps = 0
        self._ring = ring
        self._rate_hz = rate_hz
        self._step = VOICE_RATE_HZ // rate_hz
        self._timeline = Timeline(rate_hz)
        self._next: int | None = None
        self._steps = (0, 0)
        self._stamp, self._unchanged = b"", 0
        self._out_step = 1 if decimated else self._step
        self._taps = _low_pass() if self._step > 1 and decimated else []

    @property
    def drift_ppm(self) -> float:
        """Excess of the speaker's clock over the microphone's, as far as is known."""
        state = self._ring.state()
        if state is None:
            return 0.0
        return (state.rate_hz / self._step / self._timeline.rate_hz - 1) * 1e6

    def block(self, read_at: float, samples: int, age_s: float = 0.0) -> bytes:
        """Return the sound that the speaker played while ``samples`` were recorded.

        Args:
            read_at: when they were read, seconds on CLOCK_MONOTONIC; may be late.
            samples: how many. Blocks come in order, without gaps.
            age_s: how long before that the first of them was recorded, as far as is known.

        Returns:
            s16le mono of the microphone's rate, ``samples`` long, or of 48 kHz and as long in time; zeros
            where nothing was played.
        """
        if self._sleeps(samples):
            return self._asleep(read_at, samples, age_s)
        self._timeline.observe(self.samples_in, read_at, -age_s)
        began = self._timeline.time_of(self.samples_in)
        self.samples_in += samples
        first = self._align(began, samples)
        count = samples * self._step
        self.frames_out += count
        if first is None:
            return bytes(samples * self._out_step * SAMPLE_BYTES)
        self._next = first + count
        if not self._taps:
            return self._ring.read(first, count)
        return self._decimated(first, samples)

    def _sleeps(self, samples: int) -> bool:
        """Return True if the speaker has written nothing since the last block, and all it wrote is over."""
        stamp = self._ring.stamp()
        if stamp != self._stamp:
            self._stamp, self._unchanged = stamp, 0
            return False
        self._unchanged += samples
        return self._unchanged > _ASLEEP_S * self._rate_hz

    def _asleep(self, read_at: float, samples: int, age_s: float) -> bytes:
        """Return silence at hardly any cost; the microphone's clock is still looked at now and then."""
        if self._unchanged // samples % _ASLEEP_OBSERVED == 0:
            self._timeline.observe(self.samples_in, read_at, -age_s)
        count = samples * self._step
        self.samples_in += samples
        self.frames_out += count
        # Where the speaker goes on is looked up anew, by the clock.
        self._next = None
        return bytes(samples * self._out_step * SAMPLE_BYTES)

    def _align(self, began: float, samples: int) -> int | None:
        """Return the first frame of the speaker; None if there is no speaker."""
        state = self._ring.state()
        if state is None:
            return None
        wanted = state.frame_at(began)
        if self._next is None:
            return round(wanted)
        error = wanted - self._next
        before, self._steps = self._steps, (state.steps, self._timeline.jumps)
        if self._next > state.silent_from + _SILENT_FRAMES:
            return round(wanted)
        if abs(error) > (_JUMP_FRAMES if self._steps == before else _STEP_FRAMES):
            self.jumps += 1
            return round(wanted)
        if abs(error) <= _SLIP_FRAMES:
            return self._next
        most = max(1, round(samples / self._rate_hz / _SLIP_EVERY_S))
        slip = max(-most, min(most, math.trunc(error)))
        self.slips += slip
        return self._next + slip

    def _decimated(self, first: int, samples: int) -> bytes:
        """Return ``samples`` at a third of the rate, without the filter's delay."""
        pcm = self._ring.read(first - _TAPS // 2, samples * self._step + _TAPS)
        if not any(pcm):
            return bytes(samples * SAMPLE_BYTES)
        # In 32 bits: in 16 each tap would add its rounding error.
        frames = memoryview(audioop.lin2lin(pcm, 2, 4)).cast("i")
        total = bytes(samples * 4)
        for number, factor in enumerate(self._taps):
            each = frames[number : number + samples * self._step : self._step].tobytes()
            total = audioop.add(total, audioop.mul(each, 4, factor), 4)
        return audioop.lin2lin(total, 4, 2)


def _low_pass() -> list[float]:
    """Return a windowed sinc (Hamming) with the sum 1."""
    taps = []
    for number in range(_TAPS):
        off = number - _TAPS // 2 + 0.5
        angle = 2 * math.pi * _CUTOFF_HZ / VOICE_RATE_HZ * off
        window = 0.54 - 0.46 * math.cos(2 * math.pi * (number + 0.5) / _TAPS)
        taps.append(math.sin(angle) / angle * window)
    total = sum(taps)
    return [tap / total for tap in taps]
