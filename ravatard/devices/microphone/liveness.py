"""Whether what a source delivers can be sound: not zeros without end, and at the rate it claims; no I/O.

A microphone that works hears its own noise: exact zeros for seconds mean a dead converter, a stuck driver, or
a switch on the microphone itself. Frames that come much faster or slower than the source's rate are speech
that no service understands.
"""

from __future__ import annotations

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.microphone.protocol import SourceFailed, Trouble

#: Sound is counted over this long; two such windows in a row, both too fast or both too slow, are a fault:
#: one alone may be a machine that stood still for a moment and then caught up.
WINDOW_S = 2.0
#: After a fault one window of this length at the right pace is enough.
PROOF_S = 1.0
#: Cards are off by 0.1 % at most, and a machine too busy to read everything loses less than this.
SLOWEST, FASTEST = 0.8, 1.25


class Liveness:
    """Looks at every block of sound, as the source delivered it."""

    def __init__(
        self,
        shape: AudioFormat,
        zeros_s: float | None,
        doubt: Trouble | None = None,
        *,
        check_rate: bool = True,
    ) -> None:
        """Begin with nothing heard.

        Args:
            shape: what the source delivers.
            zeros_s: exact zeros for this long are a fault; None: never.
            doubt: SILENT or OFF_PACE: the fault of the previous process, until the sound disproves it.
            check_rate: frames that come much too slow or too fast are a fault.
        """
        self._shape = shape
        self._zeros_s = zeros_s
        self._check_rate = check_rate
        self.doubt = doubt
        self._zero_frames = 0
        self._window_at: float | None = None
        self._window_frames = 0
        self._wrong = 0

    def examine(self, pcm: bytes, read_at: float) -> SourceFailed | None:
        """Look at the next block; a fault is told once and is then in :attr:`doubt` until it is disproved.

        Args:
            pcm: whole frames of the source's shape.
            read_at: when the last of them was read, seconds on any steady clock.
        """
        frames = len(pcm) // self._shape.frame_bytes
        rate_hz = self._measure(frames, read_at)
        # Ends at the first byte that is not zero: next to nothing on a microphone that lives.
        is_zero = not any(pcm)
        if self.doubt is not None:
            fits = rate_hz is not None and self._side(rate_hz) == 0
            if fits if self.doubt is Trouble.OFF_PACE else not is_zero:
                self.doubt = None
            return None
        self._zero_frames = self._zero_frames + frames if is_zero else 0
        failed = self._zeros() or self._pace(rate_hz)
        if failed is not None:
            self.doubt = failed.trouble
            self._zero_frames = self._wrong = 0
        return failed

    def interrupted(self) -> None:
        """The source made a pause that is no fault: count anew."""
        self._zero_frames = self._wrong = 0
        self._window_at = None

    def _zeros(self) -> SourceFailed | None:
        if self._zeros_s is None or self._zero_frames < self._zeros_s * self._shape.rate_hz:
            return None
        return SourceFailed(
            Trouble.SILENT,
            f"the microphone delivers only digital silence (exact zeros for {self._zeros_s:g} s); has it a "
            "switch of its own? If it is silent by design in a quiet room, set capture.zeros_s to 0",
        )

    def _measure(self, frames: int, read_at: float) -> float | None:
        """Frames a second over the window that this block completes; None while none is complete."""
        if self._window_at is None:
            self._window_at, self._window_frames = read_at, 0
            return None
        self._window_frames += frames
        window_s = PROOF_S if self.doubt is not None else WINDOW_S
        elapsed_s = read_at - self._window_at
        if elapsed_s < window_s:
            return None
        rate_hz = self._window_frames / elapsed_s
        self._window_at, self._window_frames = read_at, 0
        # Much longer than a window: nothing was read for a while, and what was lost then says nothing.
        return rate_hz if elapsed_s < 1.5 * window_s else None

    def _side(self, rate_hz: float) -> int:
        """-1: too slow; 0: as it should be; 1: too fast."""
        ratio = rate_hz / self._shape.rate_hz
        return (ratio > FASTEST) - (ratio < SLOWEST)

    def _pace(self, rate_hz: float | None) -> SourceFailed | None:
        if rate_hz is None or not self._check_rate:
            return None
        side = self._side(rate_hz)
        self._wrong = side + (self._wrong if self._wrong * side > 0 else 0)
        if abs(self._wrong) < 2:
            return None
        return SourceFailed(
            Trouble.OFF_PACE,
            f"the microphone delivers {rate_hz:.0f} frames a second where {self._shape.rate_hz} were agreed; "
            "is capture.rate_hz (and capture.channels) what it really delivers?",
        )
