"""Stream faults of scenarios, with their settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class StreamClose:
    """Every player's signalling socket closes."""

    media: bool = setting(True, "True: the sound goes on; False: it ends as well.")


@dataclass(frozen=True, slots=True)
class StreamDead:
    """No packet of the stream arrives any more; its sockets stay."""


@dataclass(frozen=True, slots=True)
class StreamRestart:
    """The streamers restart: all sockets and media end, and new ones are possible later."""

    away_s: float = setting(3.0, "Time until they are back.", unit="s", low=0, high=3_600)


@dataclass(frozen=True, slots=True)
class StreamMissing:
    """Players that list the streamers get an empty list."""

    lists: int = setting(3, "Number of empty lists.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class StreamRefuse:
    """Subscriptions to a streamer fail."""

    players: int = setting(1, "Number of failures.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class StreamLoss:
    """Packets of the stream are lost and late."""

    loss: float = setting(0.05, "Part that is lost, of 1.", low=0, high=1)
    jitter_ms: float = setting(50.0, "Longest extra delay of a packet.", unit="ms", low=0, high=10_000)


@dataclass(frozen=True, slots=True)
class StreamFlood:
    """Players are sent messages without end, as fast as they take them."""

    kind: Literal["offers", "candidates", "pings", "texts"] = setting(
        "offers", "offers: each of a new stream; candidates; pings of the socket; texts: tiny messages."
    )
    count: int = setting(2_000, "Number of messages for each player.", low=1, high=1_000_000)


StreamFault = (
    StreamFlood | StreamClose | StreamDead | StreamRestart | StreamMissing | StreamRefuse | StreamLoss
)

#: Names of the stream faults in scenarios.
STREAM_WORDS: dict[str, type[StreamFault]] = {
    "stream-close": StreamClose,
    "stream-flood": StreamFlood,
    "stream-dead": StreamDead,
    "stream-restart": StreamRestart,
    "stream-missing": StreamMissing,
    "stream-refuse": StreamRefuse,
    "stream-loss": StreamLoss,
}
