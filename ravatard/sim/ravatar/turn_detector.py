"""Turn detector of the service: finds the end of a spoken turn from the silence it receives.

Missing frames end no turn, however long they are missing: there is no clock here. The decisions depend on
the samples alone, never on their division into messages.
"""

from __future__ import annotations

import audioop
import math
from collections import deque
from dataclasses import dataclass

from ravatard.core.audio_format import bytes_for, ms_of, samples_for, samples_in, seconds_of, silence
from ravatard.sim.options import TurnDetectorOptions

_WINDOW_MS = 20
_WINDOW_SAMPLES = samples_for(_WINDOW_MS)
_WINDOW_BYTES = bytes_for(_WINDOW_MS)
#: Quieter than the last bit of any real microphone: padding, not room noise.
_DIGITAL_SILENCE_DBFS = -80.0
_NOTHING_DBFS = -100.0


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Speech has begun.

    Attributes:
        first_sample: index of the first sample of speech, counted from the first sample received.
    """

    first_sample: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Speech was followed by enough silence.

    Attributes:
        first_sample: index of the first sample of speech.
        last_sample: index one past the last sample of speech.
        decided_at_sample: index one past the sample that decided it.
    """

    first_sample: int
    last_sample: int
    decided_at_sample: int

    @property
    def speech_ms(self) -> float:
        """Duration from the first to the last sample of speech, in milliseconds."""
        return ms_of(self.last_sample - self.first_sample)


class DetectorNoiseFloor:
    """Noise floor: the quietest moment of the last few seconds, in dBFS."""

    def __init__(self, options: TurnDetectorOptions) -> None:
        self._span = max(1, options.floor_window_ms // _WINDOW_MS)
        self._cautious_dbfs = options.cautious_floor_dbfs
        self._heard = 0
        # (number, level), levels rising: the first is the minimum of the span.
        self._candidates: deque[tuple[int, float]] = deque()

    def learn(self, level_dbfs: float) -> float:
        """Take the level of one window; return the floor after it."""
        if level_dbfs > _DIGITAL_SILENCE_DBFS:
            while self._candidates and self._candidates[-1][1] >= level_dbfs:
                self._candidates.pop()
            self._candidates.append((self._heard, level_dbfs))
            self._heard += 1
            if self._candidates[0][0] <= self._heard - 1 - self._span:
                self._candidates.popleft()
        lowest = self._candidates[0][1] if self._candidates else _NOTHING_DBFS
        return lowest if self._heard >= self._span else min(lowest, self._cautious_dbfs)


class TurnDetector:
    """Detector of beginnings and ends of turns in sound of any division."""

    def __init__(self, options: TurnDetectorOptions) -> None:
        self._quietest_dbfs = options.quietest_dbfs
        self._margin_db = options.margin_db
        self._onset_windows = max(1, options.onset_ms // _WINDOW_MS)
        self._silence_windows = max(1, options.silence_ms // _WINDOW_MS)
        self._floor = DetectorNoiseFloor(options)
        self._rest = b""
        self._window = 0
        self._was_loud = False
        self._speaking = False
        # The speech that is going on, or may be beginning, in windows.
        self._first = 0
        self._last = 0
        self._voiced = 0

    @property
    def speaking(self) -> bool:
        """True while a turn has begun and not ended."""
        return self._speaking

    def feed(self, pcm: bytes) -> list[SpeechBegan | SpeechEnded]:
        """Take the next sound, s16le mono 16 kHz; return the events in it, in order."""
        sound = self._rest + pcm
        whole = len(sound) // _WINDOW_BYTES * _WINDOW_BYTES
        self._rest = sound[whole:]
        events: list[SpeechBegan | SpeechEnded] = []
        for start in range(0, whole, _WINDOW_BYTES):
            event = self._feed_window(sound[start : start + _WINDOW_BYTES])
            self._window += 1
            if event is not None:
                events.append(event)
        return events

    def _feed_window(self, window: bytes) -> SpeechBegan | SpeechEnded | None:
        level = level_dbfs(window)
        threshold = max(self._floor.learn(level) + self._margin_db, self._quietest_dbfs)
        loud = level > threshold
        # One loud window alone is a click and keeps no turn open.
        voiced = loud and self._was_loud
        self._was_loud = loud
        if voiced:
            return self._on_voice()
        if self._voiced and self._window - self._last >= self._silence_windows:
            return self._on_silence()
        return None

    def _on_voice(self) -> SpeechBegan | None:
        if not self._voiced:
            self._first = self._window - 1
        self._voiced += 1
        self._last = self._window
        if self._speaking or self._voiced + 1 < self._onset_windows:
            return None
        self._speaking = True
        return SpeechBegan(self._first * _WINDOW_SAMPLES)

    def _on_silence(self) -> SpeechEnded | None:
        self._voiced = 0
        if not self._speaking:
            return None
        self._speaking = False
        return SpeechEnded(
            first_sample=self._first * _WINDOW_SAMPLES,
            last_sample=(self._last + 1) * _WINDOW_SAMPLES,
            decided_at_sample=(self._window + 1) * _WINDOW_SAMPLES,
        )


def speech_seconds(pcm: bytes, options: TurnDetectorOptions) -> float:
    """Return the seconds of speech in a whole recording (s16le mono 16 kHz)."""
    detector = TurnDetector(options)
    # A recording ends with the release of the button; the silence that ends the turn is added.
    ending = silence(samples_for(options.silence_ms + 2 * _WINDOW_MS))
    turns = [event for event in detector.feed(pcm + ending) if isinstance(event, SpeechEnded)]
    return seconds_of(sum(min(turn.last_sample, samples_in(pcm)) - turn.first_sample for turn in turns))


def level_dbfs(pcm: bytes) -> float:
    """Return the level of ``pcm`` (s16le mono) in dBFS; -100 for digital silence and for no sound."""
    loudness = audioop.rms(pcm, 2) if samples_in(pcm) else 0
    return 20 * math.log10(loudness / 32_768) if loudness else _NOTHING_DBFS
