"""What can happen to the stream in a scenario, with its settings."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class StreamClose:
    """Every player's signalling socket closes."""

    media: bool = setting(True, "True: the sound goes on; False: it ends as well.")


@dataclass(frozen=True, slots=True)
class StreamDead:
    """No packet of the stream comes through any more; its sockets stay."""


@dataclass(frozen=True, slots=True)
class StreamRestart:
    """The streamers are gone, with all sockets and media, and come back."""

    away_s: float = setting(3.0, "How long they are away.", unit="s", low=0, high=3_600)


@dataclass(frozen=True, slots=True)
class StreamMissing:
    """Players who ask for streamers are told of none."""

    lists: int = setting(3, "How many times.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class StreamRefuse:
    """Subscriptions to a streamer fail."""

    players: int = setting(1, "How many.", low=1, high=1_000_000)


@dataclass(frozen=True, slots=True)
class StreamLoss:
    """Packets of the stream are lost and late."""

    loss: float = setting(0.05, "The part that is lost, of 1.", low=0, high=1)
    jitter_ms: float = setting(50.0, "Each packet is up to this much later.", unit="ms", low=0, high=10_000)


StreamFault = StreamClose | StreamDead | StreamRestart | StreamMissing | StreamRefuse | StreamLoss

#: The word for each in a scenario.
STREAM_WORDS: dict[str, type[StreamFault]] = {
    "stream-close": StreamClose,
    "stream-dead": StreamDead,
    "stream-restart": StreamRestart,
    "stream-missing": StreamMissing,
    "stream-refuse": StreamRefuse,
    "stream-loss": StreamLoss,
}
