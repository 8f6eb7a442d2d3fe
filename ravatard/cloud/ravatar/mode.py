"""Live or chat mode at the moment: the configured one, or live mode until no avatar is free for a session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ravatard.cloud.ravatar.options import RavatarOptions

log = logging.getLogger(__name__)


class ModeSelector:
    """In which mode new connections talk.

    With ``mode: auto`` it is live until :meth:`busy`, then chat for the configured time, then live again.
    """

    def __init__(self, options: RavatarOptions, chance: Callable[[], float]) -> None:
        """``chance`` gives numbers in [0, 1)."""
        self._options = options
        self._chance = chance
        self._chat_until: float | None = None
        self._news = asyncio.Event()

    @property
    def live(self) -> bool:
        """Whether it is live mode; else it is chat mode."""
        if self._options.mode != "auto":
            return self._options.mode == "live"
        return self._chat_until is None or self._now() >= self._chat_until

    @property
    def ever_live(self) -> bool:
        """Whether it may be live mode at some time: the avatar must have one."""
        return self._options.mode != "chat"

    def busy(self, retry_after_s: float | None) -> None:
        """No avatar is free for a live session: with ``auto``, chat mode takes its place from now on.

        A fleet that was refused together asks again spread over half the configured time.
        """
        if self._options.mode != "auto":
            return
        chat_s = self._options.chat_while_busy_s * (0.75 + 0.5 * self._chance())
        chat_s = max(chat_s, retry_after_s or 0.0)
        self._chat_until = self._now() + chat_s
        self._news.set()
        log.info("no avatar is free for a live session: chat mode for %.0f s", chat_s)

    async def changed(self, live: bool) -> None:
        """Returns when the mode is another than ``live`` says."""
        while self.live == live:
            self._news.clear()
            try:
                async with asyncio.timeout_at(None if live else self._chat_until):
                    await self._news.wait()
            except TimeoutError:
                continue

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
