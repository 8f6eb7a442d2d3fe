"""Confirmation of the voice gate: a neural voice activity detector looks only at what may be speech.

webrtcvad, the level and the endpointer's conditions choose the candidates; running water, music, glass and
beeps are among them. The neural detector tells these from speech and costs fifty times as much, so that it
runs while there is a candidate. It cannot tell whose speech it is: a television counts.

The constants were chosen, and are checked, with ``tests/benchmarks/confirmation.py``.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from ravatard.core.audio_format import SAMPLE_BYTES, bytes_for
from ravatard.errors import DeviceError

#: Samples of one window: 32 ms at 16 kHz, the only length that the Silero model judges since its version 5.
WINDOW_SAMPLES = 512
WINDOW_BYTES = WINDOW_SAMPLES * SAMPLE_BYTES

#: The detector begins this long before the end of a candidate's evidence, so with its onset. On the scenes of
#: the benchmark 200 ms runs a quarter more windows and finds nothing more; 60 ms closes later in babble.
LEAD_MS = 120

#: The detector hears the first second of a stream whatever it is: with an empty memory it takes music for
#: speech. What it heard is never forgotten: begun anew with each candidate, it opens for music 390 times an
#: hour instead of never, and misses 0.2 % of the speech in quiet instead of nothing.
FIRST_WINDOWS = 32

#: Probability from which a candidate is speech: what the model's authors recommend.
OPEN_PROBABILITY = 0.5
#: An open gate is kept open by less, so that a voice that trails off is not cut; the distance of 0.15 is that
#: of the model's own iterator over a stream.
KEEP_PROBABILITY = 0.35


class SpeechProbability(Protocol):
    """A neural voice activity detector with a memory, for one stream of sound."""

    def __call__(self, window: bytes) -> float:
        """Return the probability that ``window`` is speech, 0 to 1.

        Args:
            window: :data:`WINDOW_SAMPLES` samples, s16le mono 16 kHz; parts of the stream may be left out
                between one window and the next.

        Raises:
            DeviceError: the detector is of no use any more.
        """
        ...


class Confirmation:
    """Asks the detector about candidates. Fed frame by frame, in the order of the sound.

    Without a detector, and once it has failed, every candidate counts as speech.

    Attributes:
        quiet_frames: while an utterance is open, frames since speech was confirmed; 0 without a detector.
        fault: why the detector is not asked any more, as a sentence; "" while there is nothing to say.
    """

    def __init__(self, detector: SpeechProbability | None, frame_ms: int, fault: str = "") -> None:
        """Begin a stream.

        Args:
            detector: judges windows; None: nothing has to be confirmed.
            frame_ms: length of the frames.
            fault: why there is no detector, when one is wanted.
        """
        self.quiet_frames = 0
        self.fault = fault
        self._detector = detector
        self._recent: deque[bytes] = deque(maxlen=-(-LEAD_MS // frame_ms))
        self._lead_bytes = bytes_for(LEAD_MS)
        self._first = FIRST_WINDOWS
        # Of the current candidate: whether there is one, its sound that fills no window yet, the last answer.
        self._running = False
        self._waiting = b""
        self._probability = 0.0

    def onset(self, frame: bytes, *, onset: bool, suspicious: bool) -> bool:
        """Take a frame while nothing is open; return True if speech has begun and is confirmed.

        Args:
            frame: s16le mono 16 kHz.
            onset: the endpointer has found the evidence of an onset: here a candidate begins.
            suspicious: the endpointer sees some evidence: the candidate lasts as long.
        """
        detector = self._detector
        if detector is None:
            return onset
        self._recent.append(frame)
        if onset or (self._running and suspicious):
            self._ask(detector, frame)
            return onset if self._detector is None else self._probability >= OPEN_PROBABILITY
        if self._first > 0:
            self._ask(detector, frame)
        else:
            self._running = False
        return False

    def begin(self) -> None:
        """Speech, or a press, opens an utterance here."""
        self.quiet_frames = 0

    def follow(self, frame: bytes, *, quiet: bool) -> None:
        """Take a frame while an utterance is open.

        Args:
            frame: s16le mono 16 kHz.
            quiet: the endpointer heard no speech in it, so that the detector is not asked.
        """
        detector = self._detector
        if detector is None:
            return
        self._recent.append(frame)
        if quiet:
            self._running = False
        else:
            self._ask(detector, frame)
            if self._detector is None or self._probability >= KEEP_PROBABILITY:
                self.quiet_frames = 0
                return
        self.quiet_frames += 1

    def interrupt(self) -> None:
        """Sound is left out here, so that what came before leads to nothing that follows."""
        self._running = False
        self._recent.clear()

    def _ask(self, detector: SpeechProbability, frame: bytes) -> None:
        """Have the detector judge the windows that are complete with ``frame``."""
        if self._running:
            self._waiting += frame
        else:
            lead = b"".join(self._recent)[-self._lead_bytes :]
            # The windows end with this frame: the newest sound is judged at once.
            self._waiting = lead if len(lead) < WINDOW_BYTES else lead[len(lead) % WINDOW_BYTES :]
            self._running, self._probability = True, 0.0
        try:
            while len(self._waiting) >= WINDOW_BYTES:
                window, self._waiting = self._waiting[:WINDOW_BYTES], self._waiting[WINDOW_BYTES:]
                self._probability = detector(window)
                self._first -= 1
        except DeviceError as error:
            self.fault = str(error)
            self._detector, self.quiet_frames = None, 0
