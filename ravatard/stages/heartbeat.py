"""Heartbeat: reports to the service manager that the appliance works, only while it does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import NoReturn, Protocol

from ravatard.ports.host import Notifier

_LOG = logging.getLogger(__name__)

#: ``WATCHDOG=1`` goes out at half the interval (sd_watchdog_enabled(3)); after one was withheld, the next
#: check comes sooner, so that a hiccup which is over in time does not cost a restart.
_BEATS_PER_INTERVAL = 2
_CHECKS_PER_INTERVAL = 8


class Pulse(Protocol):
    """Signs of life that are examined; kept elsewhere, only read here."""

    @property
    def changed(self) -> asyncio.Event:
        """Set by the owner when ``ready`` or ``status`` changed; cleared here."""
        ...

    @property
    def ready(self) -> bool:
        """The first frame was captured, or the microphone found missing and shown so, and the lights lit."""
        ...

    @property
    def status(self) -> str:
        """One line for people."""
        ...

    def nudge(self) -> None:
        """Give the hub something harmless to do, a ``Tick``: an idle hub must handle events, too."""
        ...

    @property
    def events_handled(self) -> int:
        """Events the hub has handled since start."""
        ...

    @property
    def samples(self) -> int:
        """Samples captured; starts again when the device is opened again."""
        ...

    @property
    def microphone_excused(self) -> bool:
        """No samples are expected: closed on purpose, or missing, shown to people and being retried."""
        ...

    @property
    def overdue(self) -> str | None:
        """The state that has lasted longer than its deadline, in words, or None."""
        ...


class _Examination:
    """Compares the pulse with what it was at the last beat."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._begin()

    def _begin(self) -> None:
        self._events_handled, self._samples = self._pulse.events_handled, self._pulse.samples
        self._pulse.nudge()

    def complaint(self) -> str | None:
        """Return what is wrong since the last beat, or None; then this is the last beat."""
        pulse = self._pulse
        if pulse.overdue is not None:
            return pulse.overdue
        if pulse.events_handled == self._events_handled:
            return "the hub stands still"
        if pulse.samples == self._samples and not pulse.microphone_excused:
            return "the microphone is open but delivers nothing"
        self._begin()
        return None


async def heartbeat(notifier: Notifier, pulse: Pulse) -> None:
    """Send ``READY=1`` once, ``STATUS=`` when it changes, ``WATCHDOG=1`` while all is well. Never returns.

    Cancelling it is safe at any time.
    """
    sender = _Sender(notifier)
    while not pulse.ready:
        sender.status(pulse.status)
        await _change(pulse)
    sender.status(pulse.status, "READY=1")
    if notifier.watchdog_s is not None:
        await _watch(notifier.watchdog_s, sender, pulse)
    while True:
        sender.status(pulse.status)
        await _change(pulse)


async def _change(pulse: Pulse) -> None:
    await pulse.changed.wait()
    pulse.changed.clear()


async def _watch(interval_s: float, sender: _Sender, pulse: Pulse) -> NoReturn:
    loop = asyncio.get_running_loop()
    examination = _Examination(pulse)
    complaint: str | None = None
    check_at = loop.time() + interval_s / _BEATS_PER_INTERVAL
    while True:
        sender.status(pulse.status if complaint is None else f"{pulse.status}; stuck: {complaint}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(check_at):
                await _change(pulse)
                continue
        before, complaint = complaint, examination.complaint()
        if complaint is None:
            sender.beat()
        check_at = loop.time() + interval_s / (_CHECKS_PER_INTERVAL if complaint else _BEATS_PER_INTERVAL)
        if complaint != before:
            _log(complaint)


def _log(complaint: str | None) -> None:
    if complaint is None:
        _LOG.info("systemd's watchdog is fed again")
    else:
        _LOG.error("systemd's watchdog is not fed: %s", complaint)


class _Sender:
    """Sends to the service manager what changed."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._status: str | None = None

    def status(self, status: str, *fields: str) -> None:
        """Send ``STATUS=`` if it is another one than before, with ``fields`` in any case."""
        changed = () if status == self._status else (f"STATUS={status}",)
        self._status = status
        if fields or changed:
            self._notifier.notify(*fields, *changed)

    def beat(self) -> None:
        """Send ``WATCHDOG=1``."""
        self._notifier.notify("WATCHDOG=1")
