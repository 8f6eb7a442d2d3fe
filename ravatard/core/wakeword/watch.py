"""Wake watch: runs the detector of the wake word while there may be speech; finds hits and near misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ravatard.errors import DeviceError

#: Sound from before the first evidence of speech that the model gets first: as much as it remembers, so that
#: it is as if it had heard everything. What was not heard meanwhile cannot be caught up with: the detector
#: tells speech from the room's noise by what it has heard of both, and after speech alone it takes speech for
#: noise. Of 120 words with a request right behind them it then found 46, and 86 when it had heard the pauses;
#: a model that hears all the time finds 85 (tests/benchmarks/wake_word.py).
LEAD_MS = 1_500
#: The detector runs on for this long after the last evidence of speech: a score rises up to 355 ms after the
#: end of the word (tests/benchmarks/wake_word.py), and words have stops in them.
HANGOVER_MS = 500
#: A run whose highest score was at least this part of the threshold is a near miss.
NEAR_SHARE = 0.5


class WakeDetector(Protocol):
    """A detector of one word. It has a memory: it gets every frame in order, by one of two methods."""

    def overhear(self, frame: bytes) -> None:
        """Take a frame (s16le mono 16 kHz) that is not judged: cheap, and remembered for :data:`LEAD_MS`.

        Raises:
            DeviceError: it cannot go on.
        """
        ...

    def score(self, frame: bytes) -> float:
        """Take a frame (s16le mono 16 kHz); return how surely the word has just ended, 0 to 1.

        Raises:
            DeviceError: it cannot go on.
        """
        ...

    def forget(self) -> None:
        """Forget all words: what follows does not continue them. The room's noise is not forgotten.

        Raises:
            DeviceError: it cannot go on.
        """
        ...


@dataclass(frozen=True, slots=True)
class WakeWord:
    """A detector, and the score from which a sound counts as its word."""

    detector: WakeDetector
    threshold: float


class WakeWatch:
    """Has the detector judge speech, and overhear what is none, so that a quiet room costs little.

    Attributes:
        peak: highest score since :meth:`take_peak`.
        fault: why the detector is not asked any more, as a sentence; "" while it is.
    """

    def __init__(self, word: WakeWord, frame_ms: int) -> None:
        self.peak = 0.0
        self.fault = ""
        self._word = word
        self._hangover = HANGOVER_MS // frame_ms
        self._running = False
        self._continues = False
        self._quiet = 0
        self._highest = 0.0

    @property
    def running(self) -> bool:
        """True while the detector judges every frame."""
        return self._running

    def hears(self, frame: bytes, *, speech: bool) -> float | None:
        """Take the next frame; return the score when the word has just been spoken.

        Args:
            frame: s16le mono 16 kHz.
            speech: some of the last frames are evidence of speech.
        """
        self._running = (self._running or speech) and not self.fault
        if not self._running:
            self.overhear(frame)
            return None
        score = self._asked(frame)
        if score is None:
            return None
        self._quiet = 0 if speech else self._quiet + 1
        self._highest = max(self._highest, score)
        self.peak = max(self.peak, score)
        if score > self._word.threshold:
            self.reset()
            return score
        return None

    def overhear(self, frame: bytes) -> None:
        """Take the next frame (s16le mono 16 kHz), in which the word is not looked for."""
        self._asked(frame, judged=False)

    def _asked(self, frame: bytes, *, judged: bool = True) -> float | None:
        """Give the detector a frame; return its score if it is ``judged``. None as well after a fault."""
        if self.fault:
            return None
        detector = self._word.detector
        try:
            if not self._continues:
                detector.forget()
                self._continues = True
            if judged:
                return detector.score(frame)
            detector.overhear(frame)
        except DeviceError as error:
            self.fault = str(error)
            self.reset()
        return None

    def missed(self) -> float | None:
        """End the run if speech is over; return its highest score if that was nearly the word."""
        if not self._running or self._quiet < self._hangover:
            return None
        highest = self._highest
        self._end()
        return highest if highest >= NEAR_SHARE * self._word.threshold else None

    def take_peak(self) -> float:
        """Return the highest score since the last call."""
        peak, self.peak = self.peak, 0.0
        return peak

    def reset(self) -> None:
        """End the run: what comes next does not continue what was heard."""
        self._end()
        self._continues = False

    def _end(self) -> None:
        self._running = False
        self._quiet = 0
        self._highest = 0.0
