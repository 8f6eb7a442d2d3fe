"""Check of a source's sound: no endless zeros, and at the rate it claims; no I/O.

A working microphone delivers its own noise: exact zeros for seconds mean a dead converter, a stuck driver, or
a switch on the microphone itself. Frames that come much faster or slower than the source's rate are speech
that no service understands.
"""

from __future__ import annotations

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.microphone.protocol import FailureKind, SourceFailed

#: Sound is counted over this long; two such windows in a row, both too fast or both too slow, are a fault:
#: one alone may be a machine that stood still for a moment and then caught up.
WINDOW_S = 2.0
#: After a fault one window of this length at the right rate is enough.
PROOF_S = 1.0
#: Cards are off by 0.1 % at most, and a machine too busy to read everything loses less than this.
SLOWEST, FASTEST = 0.8, 1.25


class Liveness:
    """Examines every block of sound, as the source delivered it.

    Attributes:
        fault: the fault that was found, until the sound disproves it.
    """

    def __init__(
        self,
        shape: AudioFormat,
        zeros_s: float | None,
        fault: FailureKind | None = None,
        *,
        check_rate: bool = True,
    ) -> None:
        """Begin before the first block.

        Args:
            shape: format that the source delivers.
            zeros_s: exact zeros for this long are a fault; None: never.
            fault: SILENT or OFF_RATE: the fault that ended the previous process.
            check_rate: frames that come much too slow or too fast are a fault.
        """
        self._shape = shape
        self._zeros_s = zeros_s
        self._check_rate = check_rate
        self.fault = fault
        self._zero_frames = 0
        self._window_at: float | None = None
        self._window_frames = 0
        #: Windows in a row that were too fast (positive) or too slow (negative).
        self._wrong = 0

    def examine(self, pcm: bytes, read_at: float) -> SourceFailed | None:
        """Examine the next block; return a fault once, when it is found.

        Args:
            pcm: whole frames of the source's shape.
            read_at: when the last of them was read, seconds on any steady clock.
        """
        frames = len(pcm) // self._shape.frame_bytes
        rate_hz = self._measure(frames, read_at)
        # Ends at the first byte that is not zero: almost free on a working microphone.
        is_zero = not any(pcm)
        if self.fault is not None:
            fits = rate_hz is not None and self._side(rate_hz) == 0
            if fits if self.fault is FailureKind.OFF_RATE else not is_zero:
                self.fault = None
            return None
        self._zero_frames = self._zero_frames + frames if is_zero else 0
        failed = self._check_zeros() or self._check_pace(rate_hz)
        if failed is not None:
            self.fault = failed.kind
            self._zero_frames = self._wrong = 0
        return failed

    def interrupted(self) -> None:
        """The source made a pause that is no fault: count again from zero."""
        self._zero_frames = self._wrong = 0
        self._window_at = None

    def _check_zeros(self) -> SourceFailed | None:
        if self._zeros_s is None or self._zero_frames < self._zeros_s * self._shape.rate_hz:
            return None
        return SourceFailed(
            FailureKind.SILENT,
            f"the microphone delivers only digital silence (exact zeros for {self._zeros_s:g} s); has it a "
            "switch of its own? If it is silent by design in a quiet room, set capture.zeros_s to 0",
        )

    def _measure(self, frames: int, read_at: float) -> float | None:
        """Return frames a second over the window that this block completes; None while none is complete."""
        if self._window_at is None:
            self._window_at, self._window_frames = read_at, 0
            return None
        self._window_frames += frames
        window_s = PROOF_S if self.fault is not None else WINDOW_S
        elapsed_s = read_at - self._window_at
        if elapsed_s < window_s:
            return None
        rate_hz = self._window_frames / elapsed_s
        self._window_at, self._window_frames = read_at, 0
        # Much longer than a window: nothing was read for a while, and sound lost then is no evidence.
        return rate_hz if elapsed_s < 1.5 * window_s else None

    def _side(self, rate_hz: float) -> int:
        """Return -1 for too slow, 0 for the right rate, 1 for too fast."""
        ratio = rate_hz / self._shape.rate_hz
        return (ratio > FASTEST) - (ratio < SLOWEST)

    def _check_pace(self, rate_hz: float | None) -> SourceFailed | None:
        if rate_hz is None or not self._check_rate:
            return None
        side = self._side(rate_hz)
        self._wrong = side + (self._wrong if self._wrong * side > 0 else 0)
        if abs(self._wrong) < 2:
            return None
        return SourceFailed(
            FailureKind.OFF_RATE,
            f"the microphone delivers {rate_hz:.0f} frames a second where {self._shape.rate_hz} were agreed; "
            "is capture.rate_hz (and capture.channels) what it really delivers?",
        )
