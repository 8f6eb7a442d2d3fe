"""The appliance's gate with the wake word's detector, as the sound process runs them, for benchmarks."""

from __future__ import annotations

from collections.abc import Iterator

from ravatard.core.actions import Hold
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import bytes_for
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.core.wakeword.watch import WakeWord
from ravatard.devices.microphone.detectors.wake_word import load_content
from ravatard.devices.microphone.vad import speech_detector
from ravatard.devices.microphone.wakeword.tried import TriedModel

_BLOCK = bytes_for(20)


class Ear:
    """The appliance's gate with the detector, as the sound process runs them."""

    def __init__(self, tried: TriedModel) -> None:
        self._detector, self._alone = (load_content(tried.content, tried.outputs) for _ in range(2))
        self.word, self.threshold = tried.word, tried.threshold

    def gate(self) -> Gate:
        """Return a gate that has heard nothing."""
        self._detector.forget()
        word = WakeWord(self._detector, self.threshold)
        detector = speech_detector(VoiceOptions().aggressiveness)
        return Gate(
            GateOptions(), VoiceOptions(), detector, mode=GateMode.WAKEWORD, extras=GateExtras(word=word)
        )

    def highest(self, pcm: bytes, begin: int = 0) -> float:
        """Return the highest score, from byte ``begin`` on, of a detector that hears all of ``pcm``."""
        self._alone.forget()
        scores = [self._alone.score(pcm[at : at + _BLOCK]) for at in range(0, len(pcm), _BLOCK)]
        return max(scores[begin // _BLOCK :])


def hears(gate: Gate, pcm: bytes, held: range = range(0)) -> Iterator[tuple[int, object]]:
    """Yield each event with the sample at which it came. In the samples ``held`` the gate is held."""
    begun = gate.samples
    for at in range(0, len(pcm), _BLOCK):
        if held:
            gate.command(Hold(held=gate.samples - begun in held), 0.0)
        for event in gate.feed(pcm[at : at + _BLOCK], 0.0):
            yield gate.samples, event
