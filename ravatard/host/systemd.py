"""What the service manager is told, and how often it wants to hear from us.

Sources: sd_notify(3) and sd_watchdog_enabled(3).
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping

from ravatard.ports.host import Notifier

_LOG = logging.getLogger(__name__)

#: Hands one datagram of newline-separated fields over.
Send = Callable[[str], object]


class NullNotifier:
    """Nobody listens; implements :class:`ravatard.ports.host.Notifier`."""

    watchdog_s: float | None = None

    def notify(self, *fields: str) -> None:
        """Nobody is told."""


class SystemdNotifier:
    """Tells systemd; implements :class:`ravatard.ports.host.Notifier`.

    ``RELOADING=1`` goes out with the ``MONOTONIC_USEC=`` that ``Type=notify-reload`` wants with it.
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
        """Seconds within which ``WATCHDOG=1`` must arrive, or None when nobody watches."""
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
                _LOG.warning("systemd cannot be told how the daemon is: %s", error)
            self._reachable = False
        else:
            self._reachable = True


def library_notify() -> Send | None:
    """systemd-python's ``notify``, which reads ``NOTIFY_SOCKET`` itself; None when it is not installed."""
    try:
        from systemd.daemon import notify
    except ImportError:
        return None
    send: Send = notify
    return send


def open_notifier(
    environ: Mapping[str, str], library: Callable[[], Send | None] = library_notify
) -> Notifier:
    """The notifier for this process; one that tells nobody when it was not started by systemd.

    Args:
        environ: the environment of this process, which is where systemd-python looks too.
        library: finds systemd-python's ``notify``, or None to send the datagrams ourselves. Asked only when
            there is somebody to notify.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    watchdog_s = _watchdog_s(environ)
    if address and (send := library()) is not None:
        return SystemdNotifier(send, watchdog_s)
    if address.startswith(("/", "@")):
        return SystemdNotifier(_datagrams(address), watchdog_s)
    if address:
        _LOG.warning("NOTIFY_SOCKET=%s needs systemd-python: pip install 'ravatard[systemd]'", address)
    return NullNotifier()


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """``WATCHDOG_USEC`` in seconds, if it is meant for this process."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1_000_000


def _datagrams(address: str) -> Send:
    """sd_notify's side of the wire, for when systemd-python is not installed. Never waits for the reader."""
    # A leading @ stands for the NUL byte of Linux's abstract socket names.
    name = "\0" + address[1:] if address.startswith("@") else address

    def send(text: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            out.sendto(text.encode(), name)

    return send
