"""Notifications to systemd, and the watchdog interval it asks for.

Sources: sd_notify(3) and sd_watchdog_enabled(3).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping

from ravatard.installation import adding
from ravatard.ports.host import Notifier

_LOG = logging.getLogger(__name__)

#: Sends newline-separated fields, as ``systemd.daemon.notify`` does.
Send = Callable[[str], object]


class NullNotifier:
    """Notifier outside systemd: does nothing. Implements :class:`ravatard.ports.host.Notifier`."""

    watchdog_s: float | None = None

    def notify(self, *fields: str) -> None:
        """Do nothing."""


class SystemdNotifier:
    """Notifies systemd; implements :class:`ravatard.ports.host.Notifier`.

    ``RELOADING=1`` is sent with the ``MONOTONIC_USEC=`` that ``Type=notify-reload`` requires. As sd_notify(3)
    does, sending waits while systemd does not read and its queue is full.
    """

    def __init__(
        self,
        send: Send,
        watchdog_s: float | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._send = send
        self._watchdog_s = watchdog_s
        self._monotonic_ns = monotonic_ns
        self._reachable = True

    @property
    def watchdog_s(self) -> float | None:
        """Seconds within which ``WATCHDOG=1`` must arrive, or None without a watchdog."""
        return self._watchdog_s

    def notify(self, *fields: str) -> None:
        """Send fields such as ``READY=1``. Never raises; a line break in a field becomes a space."""
        lines = [" ".join(field.splitlines()) for field in fields]
        if "RELOADING=1" in lines:
            lines.append(f"MONOTONIC_USEC={self._monotonic_ns() // 1000}")
        try:
            self._send("\n".join(lines))
        except (OSError, ValueError) as error:  # ValueError: a NUL, which systemd-python refuses
            if self._reachable:
                _LOG.warning("systemd cannot be notified: %s", error)
            self._reachable = False
        else:
            self._reachable = True


def library_notify() -> Send | None:
    """Return systemd-python's ``notify``, which reads ``NOTIFY_SOCKET`` itself; None if not installed."""
    try:
        from systemd.daemon import notify
    except ImportError:
        return None
    send: Send = notify
    return send


def open_notifier(
    environ: Mapping[str, str], library: Callable[[], Send | None] = library_notify
) -> Notifier:
    """Return the notifier of this process; one that does nothing outside systemd or without systemd-python.

    Args:
        environ: the environment of this process, which systemd-python reads, too.
        library: returns systemd-python's ``notify``, or None. Called only in a service of systemd.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return NullNotifier()
    send = library()
    if send is None:
        _LOG.warning("NOTIFY_SOCKET=%s needs systemd-python: %s", address, adding("systemd"))
        return NullNotifier()
    return SystemdNotifier(send, _watchdog_s(environ))


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return ``WATCHDOG_USEC`` in seconds if it is meant for this process."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1_000_000
