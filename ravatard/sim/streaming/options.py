"""Options of the simulated stream: offer, signalling, and network faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting

VideoCodec = Literal["vp8", "h264", "vp9", "av1", "none"]


@dataclass(frozen=True, slots=True)
class SimStreamOptions:
    """Offer and signalling for players."""

    video: VideoCodec = setting(
        "vp8", "Codec of the picture; vp9 and av1 are only names, for players that decline it."
    )
    audio_first: bool = setting(False, "True: the sound's section comes before the picture's.")
    max_bundle: bool = setting(False, "True: all in one transport from the start, as with max-bundle.")
    trickle: bool = setting(True, "True: candidates follow the offer one by one; False: they are part of it.")
    ice_servers: tuple[str, ...] = setting(
        (), "STUN and TURN servers named to the player; the streamer uses none.", pattern=r"(stun|turns?):\S+"
    )
    max_players: int = setting(4, "Players a session may have at the same time.", low=0, high=100)
    cookie: bool = setting(
        False,
        "True: only sockets with the page's cookie are accepted, in a frame of another site only over "
        "https or from a loopback address; False: others see all sessions.",
    )
    old_server: bool = setting(
        False,
        "True: signalling as in 5.0 and 5.1: the offer comes unasked, and a player that asks for streamers, "
        "subscribes or sends a ping is closed with 1008.",
    )
    cut_ms: int = setting(
        200,
        "Time an answer goes on after the user speaks again; -1: to its end.",
        unit="ms",
        low=-1,
        high=60_000,
    )


@dataclass(frozen=True, slots=True)
class StreamFaults:
    """Faults of the stream from the start; ``Streams`` has methods for later ones."""

    empty_lists: int = setting(0, "Number of streamer lists that are empty.", low=0, high=10**6)
    refusals: int = setting(0, "Number of subscriptions that fail.", low=0, high=10**6)
    loss: float = setting(0.0, "Part of the packets of sound and picture that is lost, of 1.", low=0, high=1)
    jitter_ms: float = setting(
        0.0, "Longest extra delay of a packet; packets may change their order.", unit="ms", low=0, high=10_000
    )
    seed: int = setting(1, "Seed of the random choices.", low=0, high=2**31)
