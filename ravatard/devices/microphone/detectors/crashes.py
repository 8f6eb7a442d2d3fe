"""Failures of the sound process while an extra's library is loaded in it, which is then done without."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core.audio.microphone_events import ConfirmationLost, EchoRemoved
from ravatard.devices.microphone.detectors.failure_limit import FailureLimit
from ravatard.devices.microphone.protocol import Start

#: Of the sound process, before it is started without.
MOST_CRASHES = 2


class Crashes:
    """Counts the failures, in the daemon, and decides what the next process loads."""

    def __init__(self) -> None:
        self._canceller: list[EchoRemoved] = []
        self._failures = 0
        self._confirmation = FailureLimit()
        self._confirms = False

    @property
    def lost(self) -> list[ConfirmationLost | EchoRemoved]:
        """Extras that are done without, told after each opening of the microphone."""
        confirmation = self._confirmation.lost
        return [*self._canceller] if confirmation is None else [confirmation, *self._canceller]

    def first(self, start: Start, now_s: float) -> Start:
        """Return ``start`` for a process that begins at ``now_s``, without a confirmation that has failed."""
        self._confirms = start.voice.confirm != "none" and self._confirmation.allows(now_s)
        return start if self._confirms else replace(start, voice=replace(start.voice, confirm="none"))

    def ended(self, how: str, now_s: float) -> None:
        """Take the end of that process.

        Args:
            how: a library may have ended it: a signal's name, or a few words; "" for any other end.
            now_s: seconds on the event loop's clock.
        """
        if self._confirms and how:
            self._confirmation.failed(how, now_s)

    def failed(self, start: Start) -> Start:
        """Count an end of the process by itself, or a failure of its echo canceller, in a row or not.

        Returns:
            What the next process is started with.
        """
        if not start.talk_over:
            return start
        self._failures += 1
        if self._failures < MOST_CRASHES:
            return start
        crashed = f"the microphone's sound process crashed {self._failures} times with it"
        self._canceller.append(EchoRemoved(False, f"{crashed}; restart the daemon to try again"))
        return replace(start, talk_over="", echo_fd=None)
