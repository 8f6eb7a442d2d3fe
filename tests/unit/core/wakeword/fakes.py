"""A detector of a word that is a beep, and a gate with it."""

from __future__ import annotations

from functools import cache

from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import samples_in
from ravatard.core.events import ChunkCaptured, GateEvent, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.core.wakeword.watch import WakeWord
from ravatard.errors import DeviceError
from tests.unit.core.sounds import hears_sound, voice

THRESHOLD = 0.8
#: Frames of the word after which it is recognised; of its near miss there are fewer.
WORD_FRAMES, NEAR_FRAMES = 20, 14
_LOUD = 5_000


@cache
def word(frames: int = WORD_FRAMES) -> bytes:
    """A voice louder than any other."""
    return voice(20.0 * frames, 16_000)


class FakeDetector:
    """Hears the word in loud frames: each raises the score by a twentieth of 0.9; others end it.

    Attributes:
        frames: what it judged.
        overheard: what it got beside that.
        all: both, in order.
        forgot: how often it was told to forget.
        broken: it fails whenever it is asked.
    """

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.overheard: list[bytes] = []
        self.all: list[bytes] = []
        self.forgot = 0
        self.broken = False
        self._loud = 0

    def overhear(self, frame: bytes) -> None:
        if self.broken:
            raise DeviceError("the detector cannot go on")
        self.overheard.append(frame)
        self.all.append(frame)

    def score(self, frame: bytes) -> float:
        if self.broken:
            raise DeviceError("the detector cannot go on")
        self.frames.append(frame)
        self.all.append(frame)
        samples = [
            abs(int.from_bytes(frame[at : at + 2], "little", signed=True)) for at in range(0, len(frame), 2)
        ]
        self._loud = self._loud + 1 if max(samples) > _LOUD * 2 else 0
        return min(0.9, self._loud * 0.9 / WORD_FRAMES)

    def forget(self) -> None:
        if self.broken:
            raise DeviceError("the detector cannot go on")
        self.forgot += 1
        self._loud = 0


class WordGate:
    """A gate that waits for the word, and all that came out of it."""

    def __init__(
        self,
        mode: GateMode = GateMode.WAKEWORD,
        options: GateOptions | None = None,
        *,
        has_word: bool = True,
    ) -> None:
        self.detector = FakeDetector()
        word = WakeWord(self.detector, THRESHOLD) if has_word else None
        self.gate = Gate(
            options or GateOptions(silence_ms=200, no_speech_s=2),
            VoiceOptions(),
            hears_sound,
            mode=mode,
            extras=GateExtras(word=word),
        )
        self.heard = b""
        #: Every event, and the milliseconds at which it came.
        self.events: list[tuple[float, GateEvent]] = []

    def play(self, *sounds: bytes) -> WordGate:
        for sound in sounds:
            self.heard += sound
            for at in range(0, len(sound), 640):
                self.note(self.gate.feed(sound[at : at + 640], 0.0))
        return self

    def note(self, events: list[GateEvent]) -> None:
        self.events += [(self.gate.samples / 16, event) for event in events]

    def kinds(self) -> list[str]:
        return [type(event).__name__ for _, event in self.events if not isinstance(event, ChunkCaptured)]

    def sent(self) -> bytes:
        return b"".join(event.pcm for _, event in self.events if isinstance(event, ChunkCaptured))

    def firsts(self) -> list[float]:
        """Milliseconds of the first sample of each utterance."""
        return [event.first_sample / 16 for _, event in self.events if isinstance(event, UtteranceOpened)]

    @property
    def now_ms(self) -> float:
        return samples_in(self.heard) / 16
