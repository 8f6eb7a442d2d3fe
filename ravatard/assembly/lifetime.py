"""One run of the appliance in this process: signals, exit, and a hard limit for stopping."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from ravatard.app import Controls, Parts, run
from ravatard.core.backoff import BackoffOptions
from ravatard.core.options.conversation import ConversationOptions

#: Stopping takes as long as the service needs to answer; after this the kernel ends the process in any case.
STOP_LIMIT_S = 10

log = logging.getLogger("ravatard")


def _stop(controls: Controls) -> None:
    if controls.stop.is_set():
        return
    controls.stop.set()
    log.info("stopping: the microphone is closed, and the live session ended if there is one")
    # SIGALRM's default action ends the process even when the event loop hangs in a library.
    signal.alarm(STOP_LIMIT_S)


async def live(
    parts: Parts,
    options: ConversationOptions,
    reconnect: BackoffOptions,
    controls: Controls,
    reread: Callable[[], ConversationOptions],
) -> None:
    """Run until SIGTERM or SIGINT, or until the caller sets ``controls.stop``."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, _stop, controls)
    loop.add_signal_handler(signal.SIGHUP, controls.reload.set)
    try:
        await run(parts, options, reconnect, controls, reread)
    finally:
        signal.alarm(0)
        for number in (*signals, signal.SIGHUP):
            loop.remove_signal_handler(number)
