"""WebRTC connection of one session: the microphone's track, and the avatar's voice on the other one."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from ravatard.cloud.avatar import commands, requests
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.held import HeldSession
from ravatard.cloud.avatar.refusals import ApiRefusal, RefusalKind
from ravatard.cloud.avatar.replies import start_reply
from ravatard.cloud.border import foreign
from ravatard.cloud.media.address_rule import PUBLIC_ONLY, AddressRule
from ravatard.cloud.media.addresses import Reach, admitted, reach_of
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.pixelstreaming.stun_turn import checked_helpers
from ravatard.cloud.webrtc import opus
from ravatard.cloud.webrtc.answers import direction_of
from ravatard.cloud.webrtc.ice import RemoteAddress
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.cloud.webrtc.opus_encoder import FRAME_BYTES, OpusEncoder
from ravatard.cloud.webrtc.paced_packets import PacedPackets
from ravatard.cloud.webrtc.reception import Reception
from ravatard.cloud.webrtc.sdp import prepare
from ravatard.core.audio_format import samples_in, seconds_of, silence
from ravatard.errors import DeniedError, LinkError, LinkTimeout, PeerError, TurnError
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret

if TYPE_CHECKING:  # 70 MB, loaded when a connection is wanted
    from ravatard.cloud.webrtc.calling import CallingPeer

log = logging.getLogger(__name__)

#: Limits: for our candidates, for the connection, and for silence of a track that sends in silence, too.
_GATHER_S = 1.0
_CONNECT_S = 10.0
_SILENT_S = 5.0
_CLOSE_S = 1.0
_ATTEMPTS = 3
_STABLE_S = 30.0
_PAUSE_S = 1.0
#: Silence behind an utterance, for a detector that needs to hear its end (PROTOCOL.md, "Microphone").
_TAIL_S = 0.6
_DRAIN_S = 10.0


class TrackRefused(DeniedError):
    """The service has no WebRTC for us, or takes no microphone on it."""


def track_missing() -> str:
    """Return why this machine has no WebRTC; "" when it has."""
    found = all(importlib.util.find_spec(name) is not None for name in ("aiortc", "av"))
    return "" if found else "the microphone's track needs ravatard[live-audio]"


class TrackMedia:
    """Media connection of a session; :meth:`run` keeps it up.

    Attributes:
        packets: the microphone's packets.
        connected: set while media can flow.
        sends: the microphone is part of it.
    """

    def __init__(
        self,
        calls: ServiceCalls,
        held: HeldSession,
        sink: VoiceSink,
        chance: Callable[[], float],
        *,
        sends: bool,
    ) -> None:
        """Connect nothing yet; ``sink`` takes the sound of the avatar's track."""
        self.packets = PacedPackets()
        self.connected = asyncio.Event()
        self.sends = sends
        self._calls, self._held = calls, held
        self._sink = sink
        self._chance = chance
        self._changed = asyncio.Event()
        self._failures = 0
        self._host = urlsplit(calls.api).hostname or ""
        self._routes = Routes(AddressRule(MediaOptions(), calls.api), calls.way.proxies, calls.way.issuers)

    async def run(self) -> NoReturn:
        """Connect, and connect again when it is lost.

        Raises:
            TrackRefused: the service takes no part in it.
            SessionVanished: the session is gone.
            LinkError: it was lost too often in a row.
        """
        if reason := track_missing():
            raise TrackRefused(reason)
        # The import takes seconds on a small board; in this thread it would stop the daemon for as long.
        await asyncio.get_running_loop().run_in_executor(None, _load)
        self._failures = 0
        while True:
            try:
                await self._connection()
            except (LinkError, PeerError) as error:
                self._failures += 1
                log.info("the media connection: %s", error)
                if self._failures >= _ATTEMPTS:
                    raise LinkError(
                        f"the media connection failed {self._failures} times ({error})"
                    ) from error
            finally:
                self.connected.clear()
                self.packets.clear()
            await asyncio.sleep(_PAUSE_S * (0.5 + self._chance()))

    # ------------------------------------------------------------------ inside

    async def _connection(self) -> NoReturn:
        """Connect once, and return with the error that ended it."""
        for video in (False, True):
            reception = Reception(opus.OpusDecoder(opus.load()), self._sink, asyncio.get_running_loop().time)
            peer = await self._peer(reception)
            try:
                if await self._negotiated(peer, video=video):
                    await self._follow(peer, reception)
            finally:
                try:
                    async with asyncio.timeout(_CLOSE_S):
                        await peer.close()
                except TimeoutError:
                    log.warning("the media connection did not close within %g s", _CLOSE_S)
        raise TrackRefused("the service demands a picture, and refuses that as well")

    async def _peer(self, reception: Reception) -> CallingPeer:
        from ravatard.cloud.webrtc.calling import CallingPeer

        servers = [
            IceServer(one.urls, one.username or "", one.credential or Secret(""))
            for one in self._held.created.reply.ice_servers
        ]
        # A service in the same network is reached without the help of a third party.
        if _is_near(self._host):
            servers = []
        helpers, dropped = await checked_helpers(servers, self._routes, _GATHER_S)
        if dropped:
            log.info("ICE servers that are not used: %s", ", ".join(dropped))
        return CallingPeer(
            helpers,
            reception,
            self._changed.set,
            gather_s=_GATHER_S,
            relay_only=False,
            loopback=_is_loopback(self._host),
        )

    async def _negotiated(self, peer: CallingPeer, *, video: bool) -> bool:
        """Exchange descriptions; return False when the service demands a picture."""
        offer = await peer.offer(self.packets if self.sends else None, video=video)
        refused, body = await self._calls.tried(
            requests.START,
            requests.start_request(self._held.id, offer),
            token=self._held.created.reply.access_token,
        )
        if refused is not None:
            if not video and refused.status in (400, 422, 500) and "video" in _words(refused):
                return False
            self._refuse(refused)
        with foreign("the service's description"):
            answer = start_reply(body)
            direction = direction_of(answer)
        if self.sends and direction in ("", "sendonly", "inactive"):
            raise TrackRefused(
                f"the service takes no microphone by WebRTC (it answers {direction or 'none'})"
            )
        reaches = await self._reaches()

        def may_reach(address: RemoteAddress) -> bool:
            return bool(admitted([address.host], reaches))

        await peer.accept(prepare(answer, may_reach))
        return True

    def _refuse(self, refused: ApiRefusal) -> NoReturn:
        meant = refused.kind in (RefusalKind.NO_SUCH_CALL, RefusalKind.REQUEST)
        if meant or refused.status in (400, 405, 501):
            raise TrackRefused(f"the service refuses WebRTC ({refused.status} at {refused.call})")
        self._calls.raise_for(refused)

    async def _reaches(self) -> frozenset[Reach]:
        try:
            return await self._routes.rule.allowed()
        except OSError as error:
            log.debug("only public candidates are used: %s", error)
            return PUBLIC_ONLY

    async def _follow(self, peer: CallingPeer, reception: Reception) -> NoReturn:
        """Wait for the end of the connection.

        Raises:
            LinkError: it ended, or never came about.
        """
        loop = asyncio.get_running_loop()
        limit = loop.time() + _CONNECT_S
        while True:
            self._changed.clear()
            now = loop.time()
            if peer.lost:
                raise LinkError(f"it ended: {peer.lost}")
            if peer.connected and not self.connected.is_set():
                self.connected.set()
                log.info("the media connection is up")
            if not self.connected.is_set() and now >= limit:
                raise LinkTimeout(f"it was not up within {_CONNECT_S:g} s")
            if self.connected.is_set() and now >= limit + _STABLE_S:
                self._failures = 0
            last_at = reception.last_at
            if self.connected.is_set() and last_at is not None and now - last_at >= _SILENT_S:
                raise LinkError(f"it ended: no packet for {_SILENT_S:g} s")
            wake_at = limit if not self.connected.is_set() else now + _SILENT_S
            with suppress(TimeoutError):
                async with asyncio.timeout_at(wake_at):
                    await self._changed.wait()


class TrackUpload:
    """Utterance on the microphone's track; see :class:`ravatard.cloud.avatar.live.uploads.Upload`."""

    def __init__(self, held: HeldSession, connection: Callable[[], Awaitable[TrackMedia]]) -> None:
        """Send nothing yet; ``connection`` gives the session's connection, which may not be up."""
        self.seconds = 0.0
        self._held = held
        self._connection = connection
        self._found: TrackMedia | None = None
        self._encoder = OpusEncoder(opus.load())
        self._rest = b""

    async def begin(self) -> None:
        """Have the service listen, once the connection is up."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                self._found = await self._connection()
                await self._found.connected.wait()
        except TimeoutError:
            raise TurnError(f"the media connection was not up within {_CONNECT_S:g} s") from None
        await self._held.send(commands.START_LISTENING)

    async def add(self, pcm: bytes) -> None:
        """Hand over the next sound; what is behind goes out at twice its pace."""
        self._check()
        self.seconds += seconds_of(samples_in(pcm))
        self._put(pcm)

    async def end(self) -> None:
        """Send what is left and some silence, and stop listening then."""
        self._check()
        self._put(bytes(-len(self._rest) % FRAME_BYTES) + silence(round(_TAIL_S * 16_000)))
        try:
            async with asyncio.timeout(_DRAIN_S):
                await self._media.packets.drained()
        except TimeoutError:
            raise TurnError(
                f"the media connection did not take the utterance within {_DRAIN_S:g} s"
            ) from None
        await self._held.send(commands.STOP_LISTENING)

    async def cancel(self) -> None:
        """Send nothing more."""
        self._media.packets.clear()
        await self._held.send(commands.STOP_LISTENING)

    def _put(self, pcm: bytes) -> None:
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % FRAME_BYTES
        for at in range(0, whole, FRAME_BYTES):
            self._media.packets.put(self._encoder.encode(sound[at : at + FRAME_BYTES]))
        self._rest = sound[whole:]

    @property
    def _media(self) -> TrackMedia:
        if self._found is None:
            raise TurnError("the media connection was not up")
        return self._found

    def _check(self) -> None:
        if not self._media.connected.is_set():
            raise TurnError("the media connection broke in the middle of the utterance")


def _load() -> None:
    importlib.import_module("ravatard.cloud.webrtc.calling")
    # At debug they write every packet and whole descriptions with their passwords, at info every ICE check.
    for name in ("aiortc", "aioice"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _words(refused: ApiRefusal) -> str:
    return f"{refused.code} {refused.message}".casefold()


def _is_near(host: str) -> bool:
    """Return True for an address, or a name, of this machine or its network."""
    try:
        return reach_of(host) is not Reach.PUBLIC
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".home.arpa", ".internal"))


def _is_loopback(host: str) -> bool:
    try:
        return reach_of(host) is Reach.LOOPBACK
    except ValueError:
        return host == "localhost"
