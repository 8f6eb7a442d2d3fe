"""Commands to the microphone and its gate: the part of the vocabulary that its sound process takes.

They are apart from the other actions because each class costs a process memory and time at its start.
"""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.core.states import GateMode


@dataclass(frozen=True, slots=True)
class SetGate:
    """Use this gate mode from now on."""

    mode: GateMode


@dataclass(frozen=True, slots=True)
class Press:
    """The button is down: open the gate (in toggle mode: open or close it)."""


@dataclass(frozen=True, slots=True)
class Release:
    """The button is up."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Listen (False) or close any utterance and ignore the microphone (True)."""

    held: bool


@dataclass(frozen=True, slots=True)
class Mute:
    """Close the capture device (True), or open it again (False)."""

    muted: bool


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Let speech alone open a gate with a wake word (True), or have it wait for the word, also if woken."""

    allowed: bool


@dataclass(frozen=True, slots=True)
class Overlook:
    """After the wake word: an earcon sounds, so the microphone picks up no user for so long, milliseconds."""

    length_ms: int


#: Commands to the gate.
GateCommand = SetGate | Press | Release | Hold | FollowUp | Overlook


MicrophoneCommand = GateCommand | Mute
