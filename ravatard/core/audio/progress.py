"""Progress of a microphone: samples captured so far, and its newest sign of life."""

from __future__ import annotations

from ravatard.core.events import Listened, MicrophoneClosed, MicrophoneLost, MicrophoneReady


class Progress:
    """Counts what a microphone delivers, for the watchdog and the status report.

    Attributes:
        samples: samples captured since start, over all openings of the device.
        listened: newest sign of life of the device that is open; None before its first.
    """

    def __init__(self) -> None:
        self.samples = 0
        self.listened: Listened | None = None
        self._opening = 0

    def note(self, event: object) -> None:
        """Count one event of the microphone."""
        match event:
            case Listened(samples=samples):
                self.samples += max(0, samples - self._opening)
                self._opening = samples
                self.listened = event
            case MicrophoneReady():
                self._opening = 0
                # A device that opens has delivered at least its first sample.
                self.samples += 1
                self.listened = None
            case MicrophoneLost() | MicrophoneClosed():
                self.listened = None
            case _:
                pass
