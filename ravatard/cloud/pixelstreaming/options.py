"""Options of the avatar's live voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class LiveAudioOptions:
    """Section ``live_audio``: the sound of a live session's stream."""

    enabled: Literal["auto", "on", "off"] = setting(
        "auto",
        "auto: play the stream's sound where ravatard[live-audio] is installed; on: warn when it cannot be "
        "played; off: never open the stream.",
    )
    connect_s: float = setting(
        15.0, "Time from opening the stream's page to its first sound.", unit="s", low=1, high=120
    )
    rtp_s: float = setting(
        3.0,
        "A stream without a packet for so long is lost; a live one sends fifty a second, also in silence.",
        unit="s",
        low=0.5,
        high=60,
    )
    gather_s: float = setting(
        1.0, "Time limit for STUN and TURN servers to report our addresses.", unit="s", low=0.1, high=10
    )
