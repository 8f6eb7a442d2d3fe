"""Mode selector: the configured mode, or live mode until no avatar is free for a session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ravatard.cloud.ravatar.options import RavatarOptions

log = logging.getLogger(__name__)


class ModeSelector:
    """Mode of new connections: live or chat.

    With ``mode: auto`` it is live until :meth:`busy`, then chat for the configured time, then live again; and
    chat for as long as the avatar has no live mode.
    """

    def __init__(self, options: RavatarOptions, chance: Callable[[], float]) -> None:
        """Begin in the configured mode; ``chance`` gives numbers in [0, 1)."""
        self._options = options
        self._chance = chance
        self._chat_until: float | None = None
        self._has_live_mode = True
        self._changed = asyncio.Event()

    @property
    def live(self) -> bool:
        """True in live mode, False in chat mode."""
        if self._options.mode != "auto":
            return self._options.mode == "live"
        return self._has_live_mode and (self._chat_until is None or self._now() >= self._chat_until)

    @property
    def ever_live(self) -> bool:
        """True if live mode is possible at some time."""
        return self._options.mode != "chat"

    @property
    def falls_back(self) -> bool:
        """True if chat mode takes over where live mode is not to be had."""
        return self._options.mode == "auto"

    def avatar_chosen(self, *, has_live_mode: bool) -> None:
        """Take over what the directory says of the avatar; it is looked up anew for every connection."""
        if self.falls_back and self._has_live_mode and not has_live_mode:
            log.info("the avatar has no live mode: chat mode")
        self._has_live_mode = has_live_mode or not self.falls_back

    def busy(self, retry_after_s: float | None, reason: str = "no avatar is free for a live session") -> None:
        """Go over to chat mode, with ``auto``: no live session is to be had, for a ``reason`` to be logged.

        A fleet that was refused together asks again spread over half the configured time.
        """
        if self._options.mode != "auto":
            return
        chat_s = self._options.chat_while_busy_s * (0.75 + 0.5 * self._chance())
        chat_s = max(chat_s, retry_after_s or 0.0)
        self._chat_until = self._now() + chat_s
        self._changed.set()
        log.info("%s: chat mode for %.0f s", reason, chat_s)

    async def changed(self, live: bool) -> None:
        """Return when :attr:`live` is not ``live``."""
        while self.live == live:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(self._chat_until if self._has_live_mode and not live else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
