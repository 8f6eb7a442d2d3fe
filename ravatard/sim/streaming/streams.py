"""Streams of one simulated cloud: access, speech and faults."""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self

from aiohttp import web

from ravatard.sim.avatar_voice import NullAvatarVoice
from ravatard.sim.exchange import MESSAGE_LIMIT_BYTES, Reply, Request
from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.ravatar.shared_state import SharedState
from ravatard.sim.sound.speech import Speech
from ravatard.sim.streaming import signalling
from ravatard.sim.streaming.faults import StreamFlood
from ravatard.sim.streaming.impairment import Impairment
from ravatard.sim.streaming.options import SimStreamOptions, StreamFaults
from ravatard.sim.streaming.player_page import COOKIE, player_page
from ravatard.sim.streaming.speech_track import SpeechTrack, Spoken
from ravatard.sim.streaming.streamer import Streamer
from ravatard.sim.streaming.viewer import Viewer

if TYPE_CHECKING:  # aiortc is loaded when the first player subscribes, and only then.
    from ravatard.sim.streaming.stream_peer import StreamPeer

_CLOSE_S = 0.2
_KEPT_PLAYERS = 100
#: Ended sessions whose answers are kept.
_KEPT_SESSIONS = 20
_LONGEST_NUMBER = 9


class Streams:
    """The streams, from ``async with`` to their end (a :class:`ravatard.sim.avatar_voice.AvatarVoice`).

    Attributes:
        options: offer and signalling; may be replaced for later players.
        impairment: impairment of the network; may be changed at any time.
        streamers: by licence, oldest first; those of the last ended sessions are kept with their answers.
        viewers: open signalling sockets.
        players: connections offered, open or not, oldest first; only the last ones are kept.
        counts: "sockets", "subscriptions", "unlisted" (empty lists), "refusals".
    """

    def __init__(
        self,
        shared: SharedState,
        options: SimStreamOptions | None = None,
        *,
        faults: StreamFaults | None = None,
        speech: Speech | None = None,
        addresses: tuple[str, ...] = (),
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            shared: state of the cloud whose answers are spoken.
            options: offer and signalling.
            faults: faults from the start.
            speech: makes the sound of the answers.
            addresses: own addresses for the media; empty: all but loopback.
        """
        self.options = options or SimStreamOptions()
        chosen = faults or StreamFaults()
        self.impairment = Impairment(chosen)
        self.streamers: dict[str, Streamer] = {}
        self.viewers: list[Viewer] = []
        self.players: deque[StreamPeer] = deque(maxlen=_KEPT_PLAYERS)
        self.counts: Counter[str] = Counter()
        self._empty_lists = chosen.empty_lists
        self._refusals = chosen.refusals
        self._shared = shared
        self._speech = speech or Speech()
        self._addresses = addresses
        self._away_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Open the streams; sessions speak from now on."""
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        await self._group.__aenter__()
        self._shared.voice = self
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every socket and connection.

        An exception from outside is not passed to the group, which would wrap it.
        """
        for viewer in self.viewers:
            viewer.keep_media = False
            viewer.leave.set()
        for task in self._tasks:
            task.cancel()
        self._shared.voice = NullAvatarVoice()
        for player in self.players:
            await player.close()
        await self._group.__aexit__(None, None, None)

    # ------------------------------------------------------------------ from the service

    def speak(self, licence: str, text: str) -> None:
        """Speak an answer in this session, as soon as its sound is made."""
        streamer = self._streamer(licence)
        if streamer is not None:
            self._start(self._say(streamer, text, streamer.turn), "stream-speak")

    def interrupt(self, licence: str) -> None:
        """Cut off the current answer."""
        streamer = self.streamers.get(licence)
        if streamer is not None and self.options.cut_ms >= 0:
            streamer.turn += 1
            streamer.speech.interrupt(self._now() + self.options.cut_ms / 1000)

    def ended(self, licence: str) -> None:
        """Close the sockets and connections of a session that is over."""
        streamer = self.streamers.get(licence)
        if streamer is None:
            return
        streamer.over.set()
        over = [one.session.licence for one in self.streamers.values() if one.over.is_set()]
        for old in over[:-_KEPT_SESSIONS]:
            del self.streamers[old]
        for viewer in self.viewers:
            if streamer in {viewer.streamer, viewer.mine}:
                viewer.keep_media = False
                viewer.leave.set()

    def page(self, session: SessionRecord, request: Request) -> Reply | None:
        """Return the player page; None without aiortc: a still picture says so."""
        if not available():
            return None
        # Browsers send this header where Secure cookies work: over https, and to loopback addresses.
        cross_site = request.headers.get("sec-fetch-site") == "cross-site"
        return player_page(session, self._ticket(session.number), cross_site=cross_site)

    # ------------------------------------------------------------------ from the front

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Accept a player's socket and serve it to its end."""
        ticket = request.cookies.get(COOKIE, "")
        mine = self._by_ticket(ticket)
        if not available():
            return web.Response(
                status=503, text="live sound needs aiortc: pip install 'ravatard[live-audio]'"
            )
        if mine is None and self.options.cookie:
            self.counts["refusals"] += 1
            return web.Response(status=403)
        socket = web.WebSocketResponse(timeout=_CLOSE_S, max_msg_size=MESSAGE_LIMIT_BYTES)
        await socket.prepare(request)
        self.counts["sockets"] += 1
        viewer = Viewer(socket, self, mine, request.remote or "127.0.0.1")
        self.viewers.append(viewer)
        try:
            await viewer.run(signalling.config(self.options.ice_servers), old=self.options.old_server)
        finally:
            self.viewers.remove(viewer)
        return socket

    # ------------------------------------------------------------------ faults

    def close_sockets(self, *, keep_media: bool = True) -> None:
        """Close every signalling socket, with or without the media."""
        for viewer in self.viewers:
            viewer.keep_media = keep_media
            viewer.leave.set()

    def restart(self, away_s: float) -> None:
        """Close all sockets and media, and list no streamer for ``away_s``."""
        self._away_until = self._now() + away_s
        self.close_sockets(keep_media=False)

    def flood(self, fault: StreamFlood) -> None:
        """Send every player that plays now messages without end."""
        for viewer in self.viewers:
            self._start(viewer.flood(fault), "stream-flood")

    def kill_media(self, *, dead: bool = True) -> None:
        """Block all packets while the sockets stay, or let them through again."""
        self.impairment.dead = dead

    def hide(self, lists: int) -> None:
        """Answer the next ``lists`` requests with an empty list."""
        self._empty_lists = lists

    def refuse(self, players: int) -> None:
        """Let the next ``players`` subscriptions fail."""
        self._refusals = players

    # ------------------------------------------------------------------ spoken answers

    def said(self, licence: str) -> list[Spoken]:
        """Return the answers spoken in a session, oldest first."""
        streamer = self.streamers.get(licence)
        return list(streamer.speech.spoken) if streamer else []

    # ------------------------------------------------------------------ from the sockets

    def listed(self, mine: Streamer | None) -> list[Streamer]:
        """Return the streamers that a socket may see."""
        if self._empty_lists or self._now() < self._away_until:
            self._empty_lists = max(0, self._empty_lists - 1)
            self.counts["unlisted"] += 1
            return []
        if mine is not None:
            return [] if mine.over.is_set() else [mine]
        found = (self._streamer(licence) for licence in self._shared.record.open_licences())
        return [one for one in found if one is not None]

    def refusal(self, streamer_id: str, found: Streamer | None) -> str:
        """Return why a subscription fails, in the open signalling server's words; "" if it succeeds."""
        limit = self.options.max_players
        if found is not None and not self._refusals and found.players < limit:
            self.counts["subscriptions"] += 1
            return ""
        self.counts["refusals"] += 1
        self._refusals = max(0, self._refusals - 1)
        if found is not None and found.players >= limit:
            return f"Streamer {streamer_id} is full. Max players = {limit}."
        return f"Streamer {streamer_id} does not exist."

    async def player(self, streamer: Streamer, remote: str) -> StreamPeer:
        """Make a new connection to offer."""
        # Loading takes half a second and must not stop the sound of other players.
        await asyncio.to_thread(import_module, "ravatard.sim.streaming.stream_peer")
        from ravatard.sim.streaming.stream_peer import StreamEnvironment, StreamPeer

        environment = StreamEnvironment(
            self.options, self.impairment, self._addresses, self._group, self._now
        )
        player = StreamPeer(streamer.speech, environment, remote)
        self.players.append(player)
        return player

    def keep_playing(self, player: StreamPeer, streamer: Streamer) -> None:
        """Keep a connection without its socket until the session ends."""
        self._start(_keep_until_over(player, streamer), "stream-linger")

    def violation(self, kind: str, detail: str) -> None:
        """Record a player's violation of the protocol."""
        self._shared.record.violated(self._now(), kind, detail)

    # ------------------------------------------------------------------ inside

    async def _say(self, streamer: Streamer, text: str, turn: int) -> None:
        pcm = await self._speech.say(text)
        if streamer.turn == turn and not streamer.over.is_set():
            streamer.speech.say(text, pcm, self._now())

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _streamer(self, licence: str) -> Streamer | None:
        """Return the streamer of an open session, made at the first call; None for an ended one."""
        if licence not in self.streamers:
            sessions = self._shared.record.sessions
            session = next((one for one in sessions if one.licence == licence and one.ended_at is None), None)
            if session is None:
                return None
            self.streamers[licence] = Streamer(session, SpeechTrack(self._now()))
        return self.streamers[licence]

    def _ticket(self, number: int) -> str:
        return self._shared.mint.label(f"stream {number}")

    def _by_ticket(self, cookie: str) -> Streamer | None:
        number, _, ticket = cookie.partition(".")
        known = number.isdecimal() and len(number) <= _LONGEST_NUMBER
        if not known or not hmac.compare_digest(ticket.encode(), self._ticket(int(number)).encode()):
            return None
        sessions = self._shared.record.sessions
        session = next((one for one in sessions if one.number == int(number) and one.ended_at is None), None)
        return self._streamer(session.licence) if session else None


def available() -> bool:
    """Return True if aiortc is installed, so that streams can be made."""
    return find_spec("aiortc") is not None


async def _keep_until_over(player: StreamPeer, streamer: Streamer) -> None:
    await streamer.over.wait()
    await player.close()
