"""Last guard of paid sessions: what is still owed when the interpreter ends is done then, without a loop.

A program may leave its loop without closing it, or be interrupted again while its sessions are stopped. The
guard belongs to the process: there is one end only.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

#: For all stops at the end together.
_STOPS_S = 4.0
#: A stop is given this long, also when many wait.
_SHORTEST_S = 0.5


class ExitGuard:
    """Debts of the process, each under a key, until they are paid."""

    def __init__(self) -> None:
        """Owe nothing yet."""
        self._stops: dict[object, Callable[[float], bool]] = {}
        self._threads: dict[threading.Thread, tuple[float, Callable[[], None]]] = {}
        self._process = 0
        self._finish: dict[object, Callable[[], None]] = {}

    @property
    def owing(self) -> bool:
        """True while a thread still looks for sessions, or stops them."""
        return bool(self._threads)

    def owe(self, key: object, stop: Callable[[float], bool]) -> None:
        """Note a session.

        Args:
            key: of :meth:`paid`.
            stop: stops it within so many seconds; returns True when it has ended. Never raises.
        """
        self._register()
        self._stops[key] = stop

    def paid(self, key: object) -> None:
        """Note that a session has ended."""
        self._stops.pop(key, None)

    def finish_by(self, key: object, finish: Callable[[], None]) -> None:
        """Call ``finish`` first of all at the end, unless :meth:`finished` comes before. It never raises."""
        self._register()
        self._finish[key] = finish

    def finished(self, key: object) -> None:
        """Note that there is nothing to finish any more."""
        self._finish.pop(key, None)

    def run(
        self, work: Callable[[], None], within_s: float, hurry: Callable[[], None] = lambda: None
    ) -> None:
        """Run ``work`` in a thread that the process's end waits for.

        Args:
            work: bounded by itself. Never raises.
            within_s: the end waits until then, from now on.
            hurry: called at the end, before it waits.
        """
        self._register()
        thread = threading.Thread(target=self._worked, args=(work,), name="avatar session", daemon=True)
        self._threads[thread] = (time.monotonic() + within_s, hurry)
        try:
            thread.start()
        except RuntimeError:
            # The interpreter is at its end and gives no threads any more.
            self._threads.pop(thread, None)
            work()

    def settle(self) -> None:
        """Do all that is owed; blocks. In a process that was forked it is the parent's."""
        if self._process != os.getpid():
            return
        if not (self._stops or self._threads or self._finish):
            return
        self._heed_no_signal()
        for finish in list(self._finish.values()):
            finish()
        self._finish.clear()
        for _, hurry in list(self._threads.values()):
            hurry()
        told = False
        for thread, (until, _) in list(self._threads.items()):
            thread.join(_SHORTEST_S)
            if thread.is_alive() and not told:
                told = True
                log.warning("a session may have been made: its answer is waited for, so that it is stopped")
            thread.join(max(0.0, until - time.monotonic()))
        until = time.monotonic() + _STOPS_S
        for stop in list(self._stops.values()):
            left_s = until - time.monotonic()
            if left_s <= 0.0 or not stop(max(_SHORTEST_S, left_s / len(self._stops))):
                log.warning("a session could not be stopped and may still be open")
        self._stops.clear()

    def _register(self) -> None:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._stops.clear()
            self._threads.clear()
            self._finish.clear()
            atexit.unregister(self.settle)
            atexit.register(self.settle)

    def _worked(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._threads.pop(threading.current_thread(), None)

    def _heed_no_signal(self) -> None:
        """Let no further signal end what is bounded anyway."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                with suppress(ValueError, OSError):
                    signal.signal(number, signal.SIG_IGN)


#: The process's own.
EXIT_GUARD = ExitGuard()
