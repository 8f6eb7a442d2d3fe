"""Trial of an echo canceller: the avatar speaks in an empty room, and must not interrupt itself."""

from __future__ import annotations

import audioop
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from ravatard.core.audio.echo.talk_over import level_db
from ravatard.core.audio.echo.talk_over_gate import Canceller, TalkOverGate
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode

#: A block of the microphone, what the speaker played meanwhile, both s16le mono 16 kHz; drift in ppm.
Heard = tuple[bytes, bytes, float]
_RECORDINGS = ("answer-1.wav", "answer-2.wav", "answer-3.wav")
#: Of the trial only so much counts for the levels: by then a canceller has adapted.
_COUNTED_S = 6.0
#: The speaker plays, dBFS.
_PLAYS_DB = -45.0


@dataclass(frozen=True, slots=True)
class EchoTrial:
    """Result of a trial.

    Attributes:
        interrupted: times the avatar's own voice was taken for a user's.
        echo_db: level of the echo at the microphone, dBFS.
        removed_db: by how much the canceller made it softer (ERLE).
        leak_db: level of the rest over that of what was played; None: too little was played.
        delay_ms: from the converter of the speaker to that of the microphone, as far as both devices know
            their own; None: not found.
        drift_ppm: excess of the speaker's clock over the microphone's.
    """

    interrupted: int
    echo_db: float
    removed_db: float
    leak_db: float | None
    delay_ms: float | None = None
    drift_ppm: float = 0.0


class _Measured:
    """A canceller, with what goes in and comes out while the speaker plays."""

    def __init__(self, canceller: Canceller) -> None:
        self.before, self.after = bytearray(), bytearray()
        self._canceller = canceller
        self._plays = False

    def reference(self, block: bytes) -> None:
        self._plays = level_db(block) > _PLAYS_DB
        self._canceller.reference(block)

    def process(self, block: bytes) -> bytes:
        out = self._canceller.process(block)
        if self._plays:
            self.before += block
            self.after += out
        return out


def speech() -> bytes:
    """Return twelve seconds of speech, s16le mono 48 kHz."""
    pcm = b""
    for name in _RECORDINGS:
        with files("ravatard.sim").joinpath("data", name).open("rb") as source, wave.open(source) as sound:
            pcm += sound.readframes(sound.getnframes())
    return audioop.ratecv(pcm * 2, SAMPLE_BYTES, 1, RATE_HZ, VOICE_RATE_HZ, None)[0]


def tried(
    heard: Sequence[Heard], canceller: Canceller, detector: Callable[[int], Callable[[bytes], bool]]
) -> EchoTrial:
    """Run the recording of :func:`speech` through the gate that the microphone's process would have.

    Args:
        heard: all blocks, in order.
        canceller: the one that is tried.
        detector: makes a voice detector, given its aggressiveness.
    """
    voice, measured = VoiceOptions(), _Measured(canceller)
    gate = TalkOverGate(
        lambda judge: Gate(GateOptions(), voice, judge, mode=GateMode.VAD),
        measured,
        is_speech=detector(voice.aggressiveness),
        is_voice=detector(3),
        may_be_voice=detector(2),
    )
    state = None
    for pcm, reference, _ in heard:
        # Images of the lower rate lie above what the canceller looks at.
        played, state = audioop.ratecv(reference, SAMPLE_BYTES, 1, RATE_HZ, VOICE_RATE_HZ, state)
        gate.feed(pcm, played.ljust(3 * len(pcm), b"\0")[: 3 * len(pcm)], 0.0)
    counted = round(_COUNTED_S * RATE_HZ) * SAMPLE_BYTES
    before, after = bytes(measured.before[-counted:]), bytes(measured.after[-counted:])
    drift_ppm = heard[-1][2] if heard else 0.0
    removed_db = level_db(before) - level_db(after)
    return EchoTrial(gate.found, level_db(before), removed_db, gate.leak_db, gate.delay_ms, drift_ppm)
