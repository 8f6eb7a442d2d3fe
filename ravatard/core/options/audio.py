"""Options of speaking and listening at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class AudioOptions:
    """Section ``audio``: the microphone while the avatar is heard."""

    echo: Literal["half-duplex", "off"] = setting(
        "half-duplex",
        "half-duplex: the microphone is not listened to while the avatar is heard; off: it is, for "
        "speakerphones and sound servers that take the speaker's sound out of the microphone's.",
        restart=False,
    )
    tail_ms: int = setting(
        300,
        "With half-duplex: not listened to for this long after the last sample left the speaker; rooms echo.",
        unit="ms",
        low=0,
        high=3_000,
        restart=False,
    )
    barge_in: Literal["button", "voice"] = setting(
        "button",
        "What stops the avatar in mid-answer: button: a press; voice: also speech, which needs `echo: off`.",
        restart=False,
    )
    longest_answer_s: float = setting(
        300.0,
        "An answer that sounds for longer is stopped, so that nothing can keep the microphone held.",
        unit="s",
        low=10,
        high=3_600,
        restart=False,
    )
