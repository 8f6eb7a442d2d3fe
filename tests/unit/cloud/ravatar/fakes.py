"""A player and a sink for the live voice, which record what became of them."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from ravatard.errors import RavatardError
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret


class FakePlayer:
    """Implements ``VoicePlayer``: each attempt takes the next of ``fates``; after the last it plays for ever.

    A fate is (seconds to connect, or None for never; seconds until it fails; the error).
    """

    def __init__(
        self, *fates: tuple[float | None, float, RavatardError], close_s: float = 1.0, again: bool = False
    ) -> None:
        """``again``: the last fate holds for ever."""
        self._fates = list(fates)
        self._again = again
        self._close_s = close_s
        self.opened: list[tuple[float, str, str]] = []
        self.closed: list[float] = []
        self.open = 0

    @property
    def tokens(self) -> list[str]:
        """The token of each attempt."""
        return [token for _, _, token in self.opened]

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """See ``VoicePlayer.play``."""
        self.opened.append((now(), url.reveal(), token.reveal()))
        self.open += 1
        try:
            await self._live(sink)
            raise AssertionError("nothing lasts for ever")
        finally:
            await asyncio.sleep(self._close_s)
            self.open -= 1
            self.closed.append(now())

    async def _live(self, sink: VoiceSink) -> None:
        if not self._fates:
            sink.online()
            sink.feed(b"sound")
            await asyncio.Event().wait()
        connect_s, until_s, error = self._fates[0] if self._again else self._fates.pop(0)
        if connect_s is not None:
            await asyncio.sleep(connect_s)
            sink.online()
        await asyncio.sleep(until_s)
        raise error


class HeardSink:
    """Implements ``VoiceSink``: what was told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []
        self.sound = b""

    @property
    def words(self) -> list[str]:
        """What was told, without the times."""
        return [word for _, word in self.told]

    def online(self) -> None:
        """See ``VoiceSink.online``."""
        self.told.append((now(), "online"))

    def feed(self, pcm: bytes) -> None:
        """See ``VoiceSink.heard``."""
        self.sound += pcm

    def begin_answer(self) -> None:
        """See ``VoiceSink.begin_answer``."""
        self.told.append((now(), "begin"))

    def end_answer(self) -> None:
        """See ``VoiceSink.end_answer``."""
        self.told.append((now(), "end"))

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """See ``VoiceSink.offline``."""
        self.told.append((now(), f"hopeless: {reason}" if hopeless else reason))


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()
