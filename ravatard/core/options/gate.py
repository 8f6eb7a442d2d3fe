"""Options of the gate, apart from it: reading options need not load the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.core.states import GateMode
from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class GateOptions:
    """Section ``gate``: what opens and closes an utterance."""

    mode: Literal["auto", "vad", "button", "both", "wakeword", "wakeword-or-button"] = setting(
        "auto",
        "vad: speech opens; button: holding the button opens; both: either; wakeword: speech opens after the "
        "word of section wakeword, which needs the extra `wakeword`; wakeword-or-button: either; auto: as "
        "the service's vadEnabled says, but never button alone when no button is configured.",
        restart=False,
    )
    preroll_ms: int = setting(
        300,
        "Sound kept from before the gate opened, so that the first syllable is never cut.",
        unit="ms",
        low=0,
        high=2_000,
    )
    silence_ms: int | None = setting(
        None,
        "Silence that ends an utterance; unset: learned from the speaker's pauses, between 600 and 1400 ms "
        "(900 at the start).",
        unit="ms",
        low=200,
        high=5_000,
    )
    longest_s: float = setting(15.0, "Longest utterance, pre-roll included.", unit="s", low=1, high=120)
    no_speech_s: float = setting(
        5.0, "After a press, close when there was no speech for this long.", unit="s", low=1, high=60
    )
    shortest_press_ms: int = setting(
        200, "Holding the button for less than this is nothing.", unit="ms", low=0, high=2_000
    )
    toggle: bool = setting(
        False,
        "True: press once to open, silence or a second press closes; False: hold the button while speaking.",
    )

    @property
    def takes_button(self) -> bool:
        """True if :attr:`mode` has a press open the gate, whatever the service wants."""
        return self.mode != "auto" and GateMode(self.mode).takes_button

    @property
    def takes_word(self) -> bool:
        """True if :attr:`mode` waits for the wake word, whatever the service wants."""
        return self.mode != "auto" and GateMode(self.mode).takes_word


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """Section ``voice``: when a frame counts as speech, and how many make a start."""

    aggressiveness: int = setting(
        2, "webrtcvad's mode: 0 lets most through, 3 least and no soft whispering.", low=0, high=3
    )
    frame_ms: Literal[10, 20, 30] = setting(20, "Length of the frames webrtcvad judges.", unit="ms")
    start_frames: int = setting(
        3, "Speech frames that open the gate, among the last start_window.", low=1, high=50
    )
    start_window: int = setting(
        4, "Frames in a row among which start_frames must be speech; never fewer than those.", low=1, high=50
    )
    floor_margin_db: float = setting(
        5.0,
        "Speech must be this much louder than the tracked noise floor: less hears softer voices in noise, "
        "more closes surer.",
        unit="dB",
        low=0,
        high=30,
    )
    confirm: Literal["none", "neural"] = setting(
        "none",
        "neural: a small neural network must agree that it is speech, so that music, beeps and running water "
        "open nothing; costs 4 ms of a PC's processor time per second of speech, and 7 MB. It takes people "
        "who talk nearby for speech too. Needs the extra neural-vad, which make setup and install bring.",
    )
