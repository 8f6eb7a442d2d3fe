"""Endpointer: finds onset and silence from speech decisions, and tells a voice from noise, tones and strokes.

webrtcvad alone takes running water, clinking glasses, beeps and knocks for speech, and in steady noise it
never stops. Beside it stand cheap conditions, each with its reason where its constant is. They were chosen,
and are checked, with ``tests/benchmarks/gate_quality.py``; none asks for a pitch, so whispering counts.
"""

from __future__ import annotations

import audioop
import math
from collections import deque
from collections.abc import Callable

from ravatard.core.audio.endpointing.noise_floor import NoiseFloor
from ravatard.core.audio.endpointing.offset import OffsetRemover
from ravatard.core.audio.endpointing.trailing_silence import TrailingSilence
from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.core.options.gate import VoiceOptions

#: Silence as a level: one step of 16 bits is -90.3 dBFS.
SILENT_DB = -96.0
FULL_SCALE = 32_768

#: A tone test looks at samples this far apart: x[n] + x[n-2L] = 2 cos(wL) x[n-L] holds for one sine wave and
#: any L. At 0.5 ms the harmonics of a voice disagree with each other even when its fundamental is strong.
TONE_LAG_BYTES = 8 * SAMPLE_BYTES
#: Measured on the benchmark's scenes: less than 5 % is left in 19 of 20 frames of its beeps, and less than
#: this tenth in 1.3 % of the frames of its speech.
TONE_RESIDUE = 0.1

#: A stroke (key, knock, cup) dies away at once, a voice swells: frames this much below an earlier, louder one
#: in the window are no evidence. The benchmark's knocks fall 8 dB in 20 ms.
STROKE_FALL_DB = 8.0

#: Zero crossings per millisecond above which a frame hisses. Glass and metal ring there, and sibilants too,
#: so half of the evidence must lie below: "s" may begin a word. A limit of 5 lost a third of the synthetic
#: whispers it was tried on (median 5.4), this one none.
HISS_CROSSINGS_PER_MS = 6.5

#: An open gate hears one speaker: what is this much quieter than the loudest of the utterance is another
#: person or the television. Closes on babble 20 dB below speech in three of four cases instead of one of ten;
#: 18 dB closes more, but cuts more utterances when only 500 ms of silence are waited for.
OWN_RANGE_DB = 20.0
#: The loudest is forgotten at this pace: people turn away, and a cough is louder than what follows.
OWN_FORGET_DB_PER_S = 1.0


class Endpointer:
    """Finds where speech begins and how long it has been silent. Fed frame by frame, in one of three ways.

    While nothing is open: :meth:`onset`, or :meth:`watch` when speech would open nothing. While an utterance
    is open: :meth:`begin` once, then :meth:`follow`, and :meth:`end`.

    Attributes:
        level_db: level of the last frame without its DC offset, dBFS.
        spoken: speech opened the utterance, or was heard in two frames in a row since :meth:`begin`.
        speech_frames: frames judged speech since :meth:`begin`, those of its onset included.
        quiet_frames: frames since the last speech.
    """

    def __init__(
        self, voice: VoiceOptions, is_speech: Callable[[bytes], bool], silence_ms: int | None = None
    ) -> None:
        """``silence_ms``: silence that ends an utterance; None: as the speaker's pauses need."""
        self.level_db = SILENT_DB
        self.spoken = False
        self.speech_frames = 0
        self.quiet_frames = 0
        self._is_speech = is_speech
        self._floor = NoiseFloor(voice.frame_ms)
        self._offset = OffsetRemover()
        self._margin_db = voice.floor_margin_db
        self._needed = voice.start_frames
        self._hiss_crossings = int(HISS_CROSSINGS_PER_MS * voice.frame_ms)
        self._forget_db = OWN_FORGET_DB_PER_S * voice.frame_ms / 1000
        # Of each frame of the window: its level, and whether it hisses; None when it is no evidence.
        self._window: deque[tuple[float, bool] | None] = deque(
            maxlen=max(voice.start_window, voice.start_frames)
        )
        self._evidence = 0
        self._loudest_db = -math.inf
        self._before_db: float | None = None
        self._silence = TrailingSilence(voice.frame_ms, silence_ms)

    @property
    def silence_left(self) -> int:
        """Silent frames to come until the silence is long enough to end an utterance; 0 when it is."""
        return self.silence_left_after(0)

    def silence_left_after(self, quiet_frames: int) -> int:
        """Return :attr:`silence_left` if at least the last ``quiet_frames`` frames count as silent."""
        return max(0, self._silence.frames - max(self.quiet_frames, quiet_frames))

    @property
    def floor_db(self) -> float:
        """The tracked noise floor, dBFS."""
        return self._floor.db

    @property
    def suspicious(self) -> bool:
        """True while some frames of the window are evidence of speech."""
        return self._evidence > 0

    def watch(self, frame: bytes) -> bytes:
        """Take a frame for level and floor only, asking no detector; return it without its DC offset."""
        frame, rms = self._offset.remove(frame)
        self.level_db = level_of(rms)
        self._floor.update(self.level_db)
        return frame

    def onset(self, frame: bytes) -> bool:
        """Take a frame while nothing is open. True when speech has begun."""
        self._silence.waited()
        window = self._window
        if len(window) == window.maxlen and window[0] is not None:
            self._evidence -= 1
        voice, frame = self._judge(frame)
        if not voice or is_tone(frame):
            window.append(None)
            self.quiet_frames += 1
            return False
        window.append((self.level_db, audioop.cross(frame, SAMPLE_BYTES) > self._hiss_crossings))
        self._evidence += 1
        self.quiet_frames = 0
        return self._evidence >= self._needed and self._swells()

    def begin(self, *, spoken: bool) -> None:
        """An utterance opens here; forget the one before.

        Args:
            spoken: speech opened it: the evidence that led here counts. False when a press did.
        """
        self._silence.opened(len(self._window) if spoken else None)
        self._restart(spoken=spoken)

    def _restart(self, *, spoken: bool) -> None:
        self.spoken = spoken
        self.speech_frames = self._evidence if spoken else 0
        self.quiet_frames = 0
        self._loudest_db = -math.inf
        self._before_db = self.level_db if spoken else None
        self.forget()

    def end(self, *, silent: bool) -> None:
        """Close the utterance; ``silent``: because of silence, so that speech soon after goes on with it."""
        quiet_frames, loudest_db = self.quiet_frames, self._loudest_db
        speech_frames = self.speech_frames
        self._restart(spoken=False)
        self._silence.ended(speech_frames, loudest_db, quiet_frames if silent else None)

    def forget(self) -> None:
        """Drop the evidence gathered so far."""
        self._silence.forget()
        self._window.clear()
        self._evidence = 0

    def follow(self, frame: bytes) -> None:
        """Take a frame while an utterance is open.

        One speech frame alone among quiet ones is noise: it does not end the silence.
        """
        voice, _ = self._judge(frame)
        self._loudest_db -= self._forget_db
        if not voice or self.level_db < self._loudest_db - OWN_RANGE_DB:
            self._before_db = None
            if not self.quiet_frames:
                self._silence.began(self._loudest_db - self._floor.db)
            self.quiet_frames += 1
            return
        self.speech_frames += 1
        if self._before_db is None:
            self.quiet_frames += 1
        else:
            # The softer of two neighbours: a single frame may be a knock on the table.
            level_db = min(self.level_db, self._before_db)
            # The last quiet frame was speech alone until now. Silence before the first word is no pause.
            pause_frames = max(0, self.quiet_frames - 1) if self.spoken else 0
            self._silence.broken(level_db, self._loudest_db, pause_frames)
            self._loudest_db = max(self._loudest_db, level_db)
            self.quiet_frames = 0
            self.spoken = True
        self._before_db = self.level_db

    def _judge(self, frame: bytes) -> tuple[bool, bytes]:
        """Return True if detector and level both say speech, and the frame without its DC offset.

        The detector is always asked: it learns the noise. It has a high-pass of its own.
        """
        speech = self._is_speech(frame)
        floor_db = self._floor.db
        frame = self.watch(frame)
        return speech and self.level_db > floor_db + self._margin_db, frame

    def _swells(self) -> bool:
        """Return True if enough of the window's evidence is neither a dying stroke nor mere hiss."""
        evidence = [seen for seen in self._window if seen is not None]
        loudest_db = max(level_db for level_db, _ in evidence)
        hisses = []
        before_peak = True
        for level_db, hiss in evidence:
            if before_peak or level_db >= loudest_db - STROKE_FALL_DB:
                hisses.append(hiss)
            before_peak = before_peak and level_db < loudest_db
        return len(hisses) >= self._needed and 2 * sum(hisses) <= len(hisses)


def level_of(rms: int) -> float:
    """Return the level of sound whose RMS is ``rms`` steps of 16 bits, dBFS."""
    return 20 * math.log10(rms / FULL_SCALE) if rms else SILENT_DB


def is_tone(frame: bytes) -> bool:
    """Return True if ``frame`` (s16le mono) is one sine wave, steady or swept: a beep, whistle, knock."""
    half = audioop.mul(frame, SAMPLE_BYTES, 0.5)
    middle = frame[TONE_LAG_BYTES:-TONE_LAG_BYTES]
    level = audioop.rms(middle, SAMPLE_BYTES)
    if not level:
        return False
    outer = audioop.add(half[2 * TONE_LAG_BYTES :], half[: -2 * TONE_LAG_BYTES], SAMPLE_BYTES)
    factor = audioop.findfactor(outer, middle)
    residue = audioop.add(outer, audioop.mul(middle, SAMPLE_BYTES, -factor), SAMPLE_BYTES)
    return audioop.rms(residue, SAMPLE_BYTES) < TONE_RESIDUE * level
