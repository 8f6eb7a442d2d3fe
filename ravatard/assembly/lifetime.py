"""One run of the appliance in this process: signals, exit, and a hard limit for stopping."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

from ravatard.app import Controls, run
from ravatard.appliance_parts import Parts
from ravatard.assembly.frozen_start import SettledStart
from ravatard.core.backoff import BackoffOptions
from ravatard.core.options.conversation import ConversationOptions
from ravatard.logs import report_omissions
from ravatard.stages.reload import ReadAgain

#: Stopping takes as long as the service needs to answer; after this the process ends itself, with status 0.
STOP_S = 9.0
#: After this the kernel ends the process in any case.
STOP_LIMIT_S = 10

#: Period at which the log is asked whether it has omitted lines; the count comes within 80 s. More
#: often it would wake an appliance that waits.
REPORTED_EVERY_S = 20.0

log = logging.getLogger("ravatard")


class _HardEnd:
    """Limit for stopping, from the first signal to the end of the process.

    Leaving the event loop is part of stopping: its threads are joined there.
    """

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def arm(self) -> None:
        """Begin to count. Idempotent."""
        if self._timer is not None:
            return
        # SIGALRM's default action ends the process even when a library keeps Python from running.
        signal.alarm(STOP_LIMIT_S)
        self._timer = threading.Timer(STOP_S, _end_now)
        self._timer.daemon = True
        self._timer.start()

    def disarm(self) -> None:
        """Count no more: the process is about to end, or did not stop because of a signal."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            signal.alarm(0)


_hard_end = _HardEnd()


def _end_now() -> None:
    """End the process, whatever its other threads wait for."""
    log.warning("stopping took longer than %.0f s: ended without waiting for the rest", STOP_S)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def disarm() -> None:
    """End the limit for stopping; the caller has left the event loop."""
    _hard_end.disarm()


def _stop(controls: Controls) -> None:
    if controls.stop.is_set():
        return
    controls.stop.set()
    log.info("stopping: the microphone is closed, and the live session ended if there is one")
    _hard_end.arm()


class _OmissionReports:
    """Timer on which the log reports omitted lines, though nothing else is logged."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle = loop.call_later(REPORTED_EVERY_S, self._report)

    def _report(self) -> None:
        self._handle = self._loop.call_later(REPORTED_EVERY_S, self._report)
        report_omissions()

    def cancel(self) -> None:
        """End it."""
        self._handle.cancel()


async def live(
    parts: Parts,
    options: ConversationOptions,
    reconnect: BackoffOptions,
    controls: Controls,
    reread: ReadAgain,
) -> None:
    """Run until SIGTERM or SIGINT, or until the caller sets ``controls.stop``.

    After a signal the process ends within :data:`STOP_S`, also while the event loop is left; a caller that
    goes on after that calls :func:`disarm`.
    """
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, _stop, controls)
    loop.add_signal_handler(signal.SIGHUP, controls.reload.set)
    timers = (_OmissionReports(loop), SettledStart(loop))
    try:
        await run(parts, options, reconnect, controls, reread)
    finally:
        for timer in timers:
            timer.cancel()
        for number in (*signals, signal.SIGHUP):
            loop.remove_signal_handler(number)
