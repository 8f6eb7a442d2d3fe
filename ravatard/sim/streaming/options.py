"""What the simulated stream is like: its offer, its signalling, and how bad the network is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting

VideoCodec = Literal["vp8", "h264", "vp9", "av1", "none"]


@dataclass(frozen=True, slots=True)
class SimStreamOptions:
    """What a player is offered."""

    video: VideoCodec = setting(
        "vp8", "What the picture is offered as; vp9 and av1 are a name only, for players that decline it."
    )
    audio_first: bool = setting(False, "True: the sound's section comes before the picture's.")
    max_bundle: bool = setting(False, "True: all in one transport from the start, as with max-bundle.")
    trickle: bool = setting(
        True, "True: candidates come one by one after the offer; False: they are part of it."
    )
    ice_servers: tuple[str, ...] = setting(
        (), "STUN and TURN servers named to the player; the streamer uses none.", pattern=r"(stun|turns?):\S+"
    )
    max_players: int = setting(4, "Players a session may have at the same time.", low=0, high=100)
    cookie: bool = setting(
        False, "True: only sockets with the page's cookie are let in; False: others find all sessions."
    )
    cut_ms: int = setting(
        200,
        "The answer goes on this long when the user speaks again; -1: to its end.",
        unit="ms",
        low=-1,
        high=60_000,
    )


@dataclass(frozen=True, slots=True)
class StreamFaults:
    """What is wrong with the stream from the start; ``Streaming`` has verbs for what happens later."""

    empty_lists: int = setting(
        0, "So many questions for streamers are answered with none.", low=0, high=10**6
    )
    refusals: int = setting(0, "So many subscriptions fail.", low=0, high=10**6)
    loss: float = setting(0.0, "Packets of sound and picture that are lost, of 1.", low=0, high=1)
    jitter_ms: float = setting(
        0.0, "Each packet comes up to this much later, also out of order.", unit="ms", low=0, high=10_000
    )
    seed: int = setting(1, "Where chance begins.", low=0, high=2**31)
