"""Signalling with a PixelStreaming server, message by message, as PROTOCOL.md reads it. Pure.

The owner of the socket passes events in (:meth:`Signalling.opened`, :meth:`Signalling.received`,
:meth:`Signalling.answered`) and calls :meth:`Signalling.tick` at :attr:`Signalling.deadline`; each returns
the actions to take, in order. Times are seconds of one monotonic clock.

Like the server, it ignores unknown types and fields, and broken JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ravatard.cloud.pixelstreaming.configuration import LONGEST_TEXT, ice_servers, short_text
from ravatard.cloud.pixelstreaming.tolerance import Tolerance
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import cut

#: The page's interval. An answer still missing when the next ping is due means a broken socket.
PING_S = 30.0
#: First and longest wait before asking again for a streamer that is not there yet.
ASK_AGAIN_S = 1.0
ASK_AGAIN_LONGEST_S = 5.0
#: Offers at once, and the time after which one more may come. A streamer makes one, and more as it changes.
MOST_OFFERS = 8
OFFER_EVERY_S = 10.0
#: Most candidates that wait for our answer, and most notes; more are dropped.
_QUEUE = 64
_NOTES = 32
_SHOWN = 120
#: Streamers of a list, and those named in a message.
_MOST_NAMES = 256
_NAMED = 10
#: In the protocol, of no use to a player.
_IGNORED = frozenset(
    {"playerCount", "streamerDisconnected", "peerDataChannels", "identify", "playerConnected"}
)


@dataclass(frozen=True, slots=True)
class Send:
    """Send this text on the socket."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Offered:
    """Make an answer to this offer, and give it to :meth:`Signalling.answered`."""

    sdp: str = field(repr=False)
    servers: tuple[IceServer, ...]


@dataclass(frozen=True, slots=True)
class RemoteCandidate:
    """Address of the peer.

    Attributes:
        text: ``candidate:…``; "" for the end of candidates.
        mid: the section it is for, or None.
        index: the number of that section, or None.
    """

    text: str = field(repr=False)
    mid: str | None
    index: int | None


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """End of this socket's use; ``reason`` completes "the stream failed: …"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Line for the log; each is returned once."""

    text: str
    unusual: bool = False


Action = Send | Offered | RemoteCandidate | StreamFailed | Note


class Signalling:
    """Signalling on one socket, as the player.

    Attributes:
        awaiting: the next expected event, for the message of a deadline that passed.
        deadline: time to call :meth:`tick`.
    """

    def __init__(self, streamer: str | None = None, avoided: frozenset[str] = frozenset()) -> None:
        """Expect nothing yet.

        Args:
            streamer: the one to subscribe to; None: the only one there is.
            avoided: types of messages that this server does not accept, see :meth:`closed`.
        """
        asks = "listStreamers" not in avoided
        self.awaiting = "the list of streamers" if asks else "an offer that comes unasked"
        self._tolerance = Tolerance(avoided)
        self._offers_left = float(MOST_OFFERS)
        self._offers_at = 0.0
        self.deadline = float("inf")
        self._wanted = streamer
        self._streamer: str | None = None
        self._servers: tuple[IceServer, ...] = ()
        self._answered = False
        self._queued: list[RemoteCandidate] = []
        self._noted: set[str] = set()
        self._ping_at = float("inf")
        self._unanswered = False
        self._ask_at = float("inf")
        self._ask_wait_s = ASK_AGAIN_S

    def opened(self, now: float) -> list[Action]:
        """Begin: the socket is open. Like the page, ask at once, without waiting for the configuration."""
        self._ping_at = now + PING_S
        return self._done(self._ask("listStreamers"))

    def received(self, data: str | bytes, now: float) -> list[Action]:
        """Take one text or binary frame."""
        try:
            message = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._done(self._once("the signalling server sent something that is no JSON"))
        kind = message.get("type") if isinstance(message, dict) else None
        if not isinstance(kind, str):
            return self._done(self._once("the signalling server sent a message without a type"))
        return self._done(self._meant(kind, message, now))

    def answered(self, sdp: str) -> list[Action]:
        """Send our answer. Candidates that came too early follow it."""
        self.awaiting = "the first packet of sound"
        self._answered = True
        queued, self._queued = self._queued, []
        # Both rates as the page sends them.
        answer = _message(type="answer", sdp=sdp, minBitrateBps=0, maxBitrateBps=0)
        return [answer, *queued]

    def found(self, candidate: str, mid: str, index: int, fragment: str) -> list[Action]:
        """Send one of our own addresses, after the answer; ``candidate`` as in an SDP attribute."""
        sent = {"candidate": candidate, "sdpMid": mid, "sdpMLineIndex": index, "usernameFragment": fragment}
        return [_message(type="iceCandidate", candidate=sent)]

    def tick(self, now: float) -> list[Action]:
        """Return the actions due at ``now``; often none."""
        actions: list[Action] = []
        if now >= self._ask_at:
            self._ask_at = float("inf")
            actions += self._ask("listStreamers")
        if now >= self._ping_at:
            if self._unanswered:
                self._ping_at = float("inf")
                return self._done(
                    [StreamFailed(f"the signalling server left a ping unanswered for {PING_S:g} s")]
                )
            asked = self._ask("ping", time=int(now * 1000))
            self._unanswered = bool(asked)
            self._ping_at = now + PING_S
            actions += asked
        return self._done(actions)

    @property
    def avoided(self) -> frozenset[str]:
        """Types of messages to leave out again while this socket is open."""
        return self._tolerance.avoided if self._tolerance.offered else frozenset()

    def closed(self, code: int | None) -> frozenset[str]:
        """Return the types of messages to avoid on the next socket."""
        return self._tolerance.after_close(code)

    def _ask(self, kind: str, **fields: Any) -> list[Action]:
        """Return the message, unless this server does not accept it."""
        return [_message(type=kind, **fields)] if self._tolerance.sends(kind) else []

    def _meant(self, kind: str, message: Mapping[str, Any], now: float) -> list[Action]:
        self._tolerance.received(kind)
        match kind:
            case "config":
                self._servers = ice_servers(message.get("peerConnectionOptions"))
                return []
            case "streamerList":
                return self._listed(message.get("ids"), now)
            case "offer":
                return self._offered(message.get("sdp"), now)
            case "iceCandidate":
                return self._candidate(message.get("candidate"))
            case "subscribeFailed":
                return [StreamFailed(f"the signalling server refuses the subscription ({_reason(message)})")]
            case "streamerIdChanged":
                return self._renamed(message.get("newID"))
            case _:
                return self._kept_alive(kind, message)

    def _kept_alive(self, kind: str, message: Mapping[str, Any]) -> list[Action]:
        if kind == "ping":
            return [_message(type="pong", time=time)] if _is_small(time := message.get("time")) else []
        if kind == "pong":
            self._unanswered = False
        elif kind not in _IGNORED:
            return self._once(f"the signalling server sent a message of unknown type {_shown(kind)!r}")
        return []

    def _listed(self, ids: object, now: float) -> list[Action]:
        if self._streamer is not None or self._tolerance.offered:
            return []
        listed = ids[:_MOST_NAMES] if isinstance(ids, list) else []
        names = [one for one in listed if isinstance(one, str) and 0 < len(one) <= LONGEST_TEXT]
        if self._wanted is None and len(names) == 1:
            self._streamer = names[0]
        elif self._wanted in names:
            self._streamer = self._wanted
        if self._streamer is not None:
            self.awaiting = "an offer"
            self._ask_at = float("inf")
            return self._ask("subscribe", streamerId=self._streamer)
        self.awaiting = "the streamer to appear"
        self._ask_at = now + self._ask_wait_s
        self._ask_wait_s = min(self._ask_wait_s * 1.5, ASK_AGAIN_LONGEST_S)
        if not names:
            return []
        shown = _shown(", ".join(names[:_NAMED]))
        if self._wanted is None:
            self.awaiting = "one streamer; there are several and the address names none"
            return self._once(
                f"there are several streamers ({shown}) and the address names none", unusual=True
            )
        return self._once(f"the streamer {_shown(self._wanted)!r} is not there, only {shown}", unusual=True)

    def _offered(self, sdp: object, now: float) -> list[Action]:
        if not isinstance(sdp, str) or not sdp:
            return self._once("the signalling server sent an offer without a description", unusual=True)
        gained = max(0.0, now - self._offers_at) / OFFER_EVERY_S
        self._offers_left, self._offers_at = min(MOST_OFFERS, self._offers_left + gained), now
        if self._offers_left < 1.0:
            return [StreamFailed("the signalling server sends offers without end")]
        self._offers_left -= 1.0
        # Candidates that came before it stay: a server may let them overtake.
        self._answered = False
        self.awaiting = "our own answer"
        return [Offered(sdp, self._servers)]

    def _candidate(self, value: object) -> list[Action]:
        if not isinstance(value, dict) or not isinstance(value.get("candidate"), str):
            return self._once("the signalling server sent a malformed candidate")
        mid, index = value.get("sdpMid"), value.get("sdpMLineIndex")
        candidate = RemoteCandidate(
            value["candidate"],
            mid if isinstance(mid, str) and len(mid) <= LONGEST_TEXT else None,
            index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else None,
        )
        if self._answered:
            return [candidate]
        if len(self._queued) < _QUEUE:
            self._queued.append(candidate)
        return []

    def _renamed(self, name: object) -> list[Action]:
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_TEXT:
            return []
        self._streamer = self._streamer and name
        self._wanted = self._wanted and name
        return self._once(f"the streamer is now called {_shown(name)!r}")

    def _once(self, text: str, *, unusual: bool = False) -> list[Action]:
        if text in self._noted or len(self._noted) >= _NOTES:
            return []
        self._noted.add(text)
        return [Note(text, unusual)]

    def _done(self, actions: list[Action]) -> list[Action]:
        self.deadline = min(self._ping_at, self._ask_at)
        return actions


def _message(**fields: Any) -> Send:
    return Send(msgspec.json.encode(fields).decode())


def _reason(message: Mapping[str, Any]) -> str:
    reason = message.get("message")
    return _shown(reason) if isinstance(reason, str) and reason else "no reason given"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else cut(text, _SHOWN) + "…"


def _is_small(time: object) -> bool:
    """Return True for a time that is sent back: a number, a short text, or none."""
    return time is None or isinstance(time, int | float) or bool(short_text(time))
