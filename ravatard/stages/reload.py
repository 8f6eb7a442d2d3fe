"""Reload stage: replaces the options that may change while running; a bad configuration changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ravatard.core.events import OptionsChanged
from ravatard.core.options.conversation import ConversationOptions
from ravatard.errors import ConfigError
from ravatard.ports.host import Notifier
from ravatard.stages.mailbox import Inbox

log = logging.getLogger(__name__)


async def reload(
    asked: asyncio.Event, read: Callable[[], Awaitable[ConversationOptions]], inbox: Inbox, notifier: Notifier
) -> None:
    """Run for ever. ``read`` reads the configuration anew; it raises ConfigError when that is bad."""
    while True:
        await asked.wait()
        asked.clear()
        notifier.notify("RELOADING=1")
        try:
            options = await read()
        except ConfigError as error:
            log.warning("the configuration is not reloaded; the old one stays in force: %s", error)
        else:
            inbox.put(OptionsChanged(options))
            log.info("configuration reloaded; what needs a restart waits for one")
        notifier.notify("READY=1")
