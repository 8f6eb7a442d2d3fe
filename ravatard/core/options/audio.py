"""Options of speaking and listening at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class AudioOptions:
    """Section ``audio``: the microphone while the avatar is heard."""

    echo: Literal["half-duplex", "cancel", "external", "off"] = setting(
        "half-duplex",
        "half-duplex: the microphone is not listened to while the avatar is heard; cancel: the speaker's "
        "sound is taken out of the microphone's (needs `ravatard[aec]` and `barge_in: voice`); external: a "
        "speakerphone or sound server does that, and the avatar's sound is still told from a user's; off: "
        "nothing is done. cancel and external begin with a restart.",
        restart=False,
    )
    tail_ms: int = setting(
        300,
        "Wherever the microphone is held: not listened to for this long after the last sample left the "
        "speaker; rooms echo.",
        unit="ms",
        low=0,
        high=3_000,
        restart=False,
    )
    barge_in: Literal["button", "voice"] = setting(
        "button",
        "What stops the avatar in mid-answer: button: a press; voice: also speech, which needs `echo: "
        "cancel`, `external` or `off`.",
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

    @property
    def tells_echo(self) -> bool:
        """True if the avatar's sound in the microphone is to be told from a user's."""
        return self.echo in ("cancel", "external")

    @property
    def is_talked_over(self) -> bool:
        """True if a user may talk over the avatar, and is told from it."""
        return self.tells_echo and self.barge_in == "voice"
