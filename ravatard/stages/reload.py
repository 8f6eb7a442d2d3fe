"""Reload stage: replaces the options that may change while running; a bad configuration changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ravatard.core.events import OptionsChanged
from ravatard.core.options.conversation import ConversationOptions
from ravatard.errors import ConfigError
from ravatard.ports.host import Notifier
from ravatard.stages.mailbox import Inbox

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewOptions:
    """Options that were read anew.

    Attributes:
        options: those of the conversation.
        changes: words about the settings that differ, and which wait for a restart; "" where none are known.
    """

    options: ConversationOptions
    changes: str = ""

    @property
    def sentence(self) -> str:
        """Sentence about the reload."""
        return f"configuration reloaded: {self.changes}" if self.changes else "configuration reloaded"


ReadAgain = Callable[[], Awaitable[NewOptions]]


async def reload(asked: asyncio.Event, read: ReadAgain, inbox: Inbox, notifier: Notifier) -> None:
    """Run for ever. ``read`` reads the configuration anew; it raises ConfigError when that is bad."""
    while True:
        await asked.wait()
        asked.clear()
        notifier.notify("RELOADING=1")
        try:
            new = await read()
        except ConfigError as error:
            log.warning("the configuration is not reloaded; the old one stays in force: %s", error)
        else:
            inbox.put(OptionsChanged(new.options))
            log.info("%s", new.sentence)
        notifier.notify("READY=1")
