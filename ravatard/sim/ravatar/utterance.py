"""Understanding of an utterance by the service: the words of a text, the duration of speech."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.sim.options import TurnDetectorOptions
from ravatard.sim.ravatar.turn_detector import speech_seconds
from ravatard.sim.sound.container import Recording

_LONGEST_QUOTE = 80


@dataclass(frozen=True, slots=True)
class Understood:
    """An understood utterance.

    Attributes:
        heard: text for the answer, after "I heard".
        request: value of the answer's ``request``.
        noted: note for the record, or "".
        silent: True for a recording without speech.
    """

    heard: str
    request: str
    noted: str = ""
    silent: bool = False


def text(words: str) -> Understood:
    """Understand a text."""
    return Understood(f'you write "{words[:_LONGEST_QUOTE]}"', words)


def speech(speech_s: float) -> Understood:
    """Understand speech of so many seconds."""
    return Understood(f"you for {speech_s:.1f} seconds", f"(speech, {speech_s:.1f} s)")


def recording(sent: Recording, options: TurnDetectorOptions) -> Understood:
    """Understand a recording; ``options`` define speech."""
    if sent.pcm is None or sent.seconds is None:
        noted = f"{sent.kind} of {sent.size_bytes} bytes, taken unheard: PyAV is not installed"
        return Understood(f"your {sent.kind} recording", f"({sent.kind} recording)", noted)
    speech_s = speech_seconds(sent.pcm, options)
    noted = f"{sent.kind}, {sent.seconds:.1f} s, {speech_s:.1f} s of it speech"
    if speech_s == 0:
        return Understood("nothing", f"(silence, {sent.seconds:.1f} s)", noted, silent=True)
    spoken = speech(speech_s)
    return Understood(spoken.heard, spoken.request, noted)
