"""Messages between a PixelStreaming player and its signalling server: JSON text to messages and back.

Like the open signalling server, it ignores unreadable and unknown messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ravatard.sim.exchange import json_object

_PROTOCOL = "1.3.0"


@dataclass(frozen=True, slots=True)
class ListStreamers:
    """Request for the list of streamers."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscription of the player to a streamer."""

    streamer_id: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """End of the player's subscription."""


@dataclass(frozen=True, slots=True)
class SdpAnswer:
    """Answer of the player to the offer."""

    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IceCandidate:
    """ICE candidate of the player.

    Attributes:
        text: the candidate line with or without "candidate:"; "" after the last one.
        mid: the section it belongs to, or None.
        line: that section's number, or None.
    """

    text: str = field(repr=False)
    mid: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Ping:
    """Ping; its time is returned unchanged."""

    time: object


@dataclass(frozen=True, slots=True)
class UnknownSignal:
    """Unknown message; ``kind`` is its type, "" without one."""

    kind: str


Message = ListStreamers | Subscribe | Unsubscribe | SdpAnswer | IceCandidate | Ping | UnknownSignal


def read(text: str | bytes) -> Message:
    """Decode a message of a player."""
    try:
        fields = json_object(text)
    except ValueError:
        return UnknownSignal("")
    kind = fields.get("type")
    match kind:
        case "listStreamers":
            return ListStreamers()
        case "subscribe" if isinstance(wanted := fields.get("streamerId"), str):
            return Subscribe(wanted)
        case "unsubscribe":
            return Unsubscribe()
        case "answer" if isinstance(sdp := fields.get("sdp"), str):
            return SdpAnswer(sdp)
        case "iceCandidate":
            return _candidate(fields.get("candidate"))
        case "ping":
            return Ping(fields.get("time"))
    return UnknownSignal(kind[:40] if isinstance(kind, str) else "")


def _candidate(found: object) -> Message:
    if not isinstance(found, dict) or not isinstance(text := found.get("candidate"), str):
        return UnknownSignal("iceCandidate")
    mid, line = found.get("sdpMid"), found.get("sdpMLineIndex")
    known_line = line if isinstance(line, int) and not isinstance(line, bool) else None
    return IceCandidate(text, mid if isinstance(mid, str) else None, known_line)


def config(ice_servers: Sequence[str]) -> str:
    """Return the first message to a player."""
    servers = [{"urls": list(ice_servers)}] if ice_servers else []
    return _written("config", protocolVersion=_PROTOCOL, peerConnectionOptions={"iceServers": servers})


def streamer_list(ids: Sequence[str]) -> str:
    """Return the list of streamers."""
    return _written("streamerList", ids=list(ids))


def subscribe_failed(message: str) -> str:
    """Return the refusal of a subscription."""
    return _written("subscribeFailed", message=message)


def offer(sdp: str) -> str:
    """Return the streamer's offer."""
    return _written("offer", sdp=sdp)


def ice_candidate(text: str, mid: str, line: int, fragment: str) -> str:
    """Return an ICE candidate of the streamer, in the form browsers use."""
    candidate = {"candidate": text, "sdpMid": mid, "sdpMLineIndex": line, "usernameFragment": fragment}
    return _written("iceCandidate", candidate=candidate)


def pong(time: object) -> str:
    """Return the answer to a ping."""
    return _written("pong", time=time)


def ping(time: int) -> str:
    """Return a ping to the player. The open server never sends one; other servers may."""
    return _written("ping", time=time)


def _written(kind: str, **fields: object) -> str:
    return msgspec.json.encode({"type": kind, **fields}).decode()
