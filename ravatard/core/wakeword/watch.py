"""Wake watch: runs the detector of the wake word while there may be speech; finds hits and near misses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from ravatard.errors import DeviceError

#: Sound from before the first evidence of speech that the detector gets first: a model has to hear the
#: room before the word. Of 20 clean words by natural synthetic voices it found 19 with 400 ms of it and
#: all with 800; of 120 by simple ones 87 with 400 and 95 with 1,000. With 1,500, and features that forgot
#: the noise before, 100, but then other speech was taken for the word three to six times as often.
LEAD_MS = 800
#: The detector runs on for this long after the last evidence of speech: a score rises up to 230 ms after the
#: end of the word, and words have stops in them.
HANGOVER_MS = 500
#: A run whose highest score was at least this part of the threshold is a near miss.
NEAR_SHARE = 0.5


class WakeDetector(Protocol):
    """A detector of one word. It has a memory: it gets the frames of one run in order."""

    def score(self, frame: bytes) -> float:
        """Take a frame (s16le mono 16 kHz); return how surely the word has just ended, 0 to 1.

        Raises:
            DeviceError: it cannot go on.
        """
        ...

    def forget(self) -> None:
        """Forget all frames: what follows does not continue them.

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
    """Feeds the detector with speech and a little from before it, so that a quiet room costs nothing.

    Attributes:
        peak: highest score since :meth:`take_peak`.
        fault: why the detector is not asked any more, as a sentence; "" while it is.
    """

    def __init__(self, word: WakeWord, frame_ms: int) -> None:
        self.peak = 0.0
        self.fault = ""
        self._word = word
        self._lead: deque[bytes] = deque(maxlen=LEAD_MS // frame_ms)
        self._hangover = HANGOVER_MS // frame_ms
        self._running = False
        self._quiet = 0
        self._highest = 0.0

    @property
    def running(self) -> bool:
        """True while the detector gets every frame."""
        return self._running

    def hears(self, frame: bytes, *, speech: bool) -> float | None:
        """Take the next frame; return the score when the word has just been spoken.

        Args:
            frame: s16le mono 16 kHz.
            speech: some of the last frames are evidence of speech.
        """
        if self.fault or not (self._running or speech):
            self._lead.append(frame)
            return None
        try:
            if not self._running:
                self._begin()
            score = self._word.detector.score(frame)
        except DeviceError as error:
            self.fault = str(error)
            self.reset()
            return None
        self._lead.append(frame)
        self._quiet = 0 if speech else self._quiet + 1
        self._highest = max(self._highest, score)
        self.peak = max(self.peak, score)
        if score > self._word.threshold:
            self.reset()
            return score
        return None

    def _begin(self) -> None:
        """Begin a run with the sound of the room. Some of that may have been judged in the run before."""
        self._word.detector.forget()
        self._running = True
        for frame in self._lead:
            self._word.detector.score(frame)

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
        self._lead.clear()

    def _end(self) -> None:
        self._running = False
        self._quiet = 0
        self._highest = 0.0
