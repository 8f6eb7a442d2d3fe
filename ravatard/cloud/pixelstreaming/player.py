"""Player of a PixelStreaming stream's sound, without a screen: one attempt, from the page to the end."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import ssl
from typing import NoReturn

from ravatard.cloud.pixelstreaming.address import StreamAddress, is_loopback
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.cloud.pixelstreaming.page import browser, connect, visit
from ravatard.cloud.pixelstreaming.stream import StreamConnection, Terms
from ravatard.cloud.webrtc import opus
from ravatard.cloud.webrtc.reception import Reception
from ravatard.errors import LinkError, LinkTimeout
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret

_INSTALL = "install ravatard[live-audio]"


def available() -> str:
    """Return the reason why this machine cannot play the live voice, in a sentence; "" when it can.

    Looks for aiortc without importing it.
    """
    if importlib.util.find_spec("aiortc") is None:
        return f"the avatar's voice cannot be played: aiortc is missing; {_INSTALL}"
    try:
        opus.load()
    except LinkError as error:
        return str(error)
    return ""


class PixelStreamingPlayer:
    """Player that holds nothing between two streams; implements :class:`ravatard.ports.voice.VoicePlayer`."""

    def __init__(
        self,
        options: LiveAudioOptions,
        *,
        tls: ssl.SSLContext | None = None,
        loopback: bool | None = None,
    ) -> None:
        """Load nothing heavy before the first stream.

        Args:
            options: its deadlines.
            tls: issuers to trust; None: those this machine trusts.
            loopback: offer 127.0.0.1 to the streamer; None: when the signalling server is on this machine.
        """
        self._options = options
        self._tls = tls
        self._loopback = loopback

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """See :meth:`ravatard.ports.voice.VoicePlayer.play`. The page is fetched anew each time."""
        if reason := available():
            raise LinkError(reason)
        loop = asyncio.get_running_loop()
        # The import takes seconds on a small board; in this thread it would stop the daemon for as long.
        await loop.run_in_executor(None, _load)
        reception = Reception(opus.OpusDecoder(opus.load()), sink, loop.time)
        deadline = loop.time() + self._options.connect_s
        async with browser(self._tls) as session:
            try:
                async with asyncio.timeout_at(deadline):
                    address = await visit(session, url, token)
                    socket = await connect(session, address, url, token)
            except TimeoutError:
                raise LinkTimeout(
                    f"the stream's page and socket were not open within {self._options.connect_s:g} s"
                ) from None
            stream = StreamConnection(socket, reception, self._terms(address, deadline))
            try:
                failure = await stream.run()
            finally:
                await stream.close()
        raise failure

    def _terms(self, address: StreamAddress, deadline: float) -> Terms:
        loopback = is_loopback(address.socket) if self._loopback is None else self._loopback
        return Terms(address, self._options, deadline, loopback)


def _load() -> None:
    importlib.import_module("ravatard.cloud.webrtc.peer")
    # At debug they write every packet and whole descriptions with their passwords, at info every ICE check.
    for name in ("aiortc", "aioice"):
        logging.getLogger(name).setLevel(logging.WARNING)
