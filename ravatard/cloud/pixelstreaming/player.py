"""Player of a PixelStreaming stream's sound, without a screen: one attempt, from the page to the end."""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from typing import NoReturn

from ravatard.cloud.media.address_rule import PUBLIC_ONLY
from ravatard.cloud.media.addresses import Reach
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.missed_deadline import missed
from ravatard.cloud.pixelstreaming.address import StreamAddress, is_loopback
from ravatard.cloud.pixelstreaming.availability import available
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.cloud.pixelstreaming.page import Browser, browser
from ravatard.cloud.pixelstreaming.stream import StreamConnection
from ravatard.cloud.pixelstreaming.terms import Terms
from ravatard.cloud.webrtc import opus
from ravatard.cloud.webrtc.reception import Reception
from ravatard.errors import LinkError, LinkTimeout
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Signalling sockets of one attempt: each may show one message more that the server does not accept.
_MOST_SOCKETS = 3
#: Signalling servers whose tolerance is remembered.
_MOST_SERVERS = 16


class PixelStreamingPlayer:
    """Player of one stream at a time; implements :class:`ravatard.ports.voice.VoicePlayer`.

    Between two streams it keeps only which messages their signalling servers do not accept.
    """

    def __init__(
        self,
        options: LiveAudioOptions,
        routes: Routes,
        *,
        tls: ssl.SSLContext | None = None,
        loopback: bool | None = None,
    ) -> None:
        """Load nothing heavy before the first stream.

        Args:
            options: its deadlines.
            routes: ways to addresses that may be connected to.
            tls: whom to trust; None: the issuers of ``routes``.
            loopback: offer 127.0.0.1 to the streamer; None: when the signalling server is on this machine.
        """
        self._options = options
        self._tls = tls
        self._loopback = loopback
        self._routes = routes
        #: Address of a signalling server -> types of messages it does not accept, newest last.
        self._avoided: dict[str, frozenset[str]] = {}

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """See :meth:`ravatard.ports.voice.VoicePlayer.play`. The page is fetched anew each time."""
        if reason := available():
            raise LinkError(reason)
        loop = asyncio.get_running_loop()
        # The import takes seconds on a small board; in this thread it would stop the daemon for as long.
        await loop.run_in_executor(None, _load)
        reception = Reception(opus.OpusDecoder(opus.load()), sink, loop.time)
        deadline = loop.time() + self._options.connect_s
        async with browser(self._routes, self._tls) as visitor:
            address, reaches = await self._visit(visitor, url, token, deadline)
            for _ in range(_MOST_SOCKETS):
                avoided = self._avoided.get(address.socket, frozenset())
                terms = self._terms(address, deadline, reaches, avoided)
                try:
                    async with asyncio.timeout_at(deadline):
                        socket = await visitor.connect(address, url, token)
                except TimeoutError as late:
                    raise self._late(late) from None
                stream = StreamConnection(socket, reception, terms)
                try:
                    failure = await stream.run()
                finally:
                    await stream.close()
                self._learn(address.socket, stream.avoid_next)
                if reception.last_at is not None or stream.avoid_next <= avoided:
                    break
                log.info("the signalling server does not accept %s", ", ".join(sorted(stream.avoid_next)))
        raise failure

    async def _visit(
        self, visitor: Browser, url: Secret, token: Secret, deadline: float
    ) -> tuple[StreamAddress, frozenset[Reach]]:
        """Fetch the page; returns its facts and the reaches of candidates that may be connected to."""
        try:
            async with asyncio.timeout_at(deadline):
                address = await visitor.visit(url, token)
                try:
                    return address, await self._routes.rule.allowed()
                except OSError as error:
                    # The service's own name is not found at this moment: then nothing is beside it.
                    log.debug("only public candidates are used: %s", error)
                    return address, PUBLIC_ONLY
        except TimeoutError as late:
            raise self._late(late) from None

    def _late(self, late: TimeoutError) -> LinkTimeout:
        return LinkTimeout(
            missed("the stream's page and socket were not open", self._options.connect_s, late)
        )

    def _learn(self, server: str, avoided: frozenset[str]) -> None:
        self._avoided.pop(server, None)
        if avoided:
            self._avoided[server] = avoided
        while len(self._avoided) > _MOST_SERVERS:
            del self._avoided[next(iter(self._avoided))]

    def _terms(
        self, address: StreamAddress, deadline: float, reaches: frozenset[Reach], avoided: frozenset[str]
    ) -> Terms:
        loopback = is_loopback(address.socket) if self._loopback is None else self._loopback
        return Terms(address, self._options, deadline, loopback, self._routes, reaches, avoided)


def _load() -> None:
    importlib.import_module("ravatard.cloud.webrtc.peer")
    # At debug they write every packet and whole descriptions with their passwords, at info every ICE check.
    for name in ("aiortc", "aioice"):
        logging.getLogger(name).setLevel(logging.WARNING)
