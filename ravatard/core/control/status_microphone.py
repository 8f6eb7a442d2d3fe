"""Microphone's part of the status report: the device, its levels, and what keeps it from being heard."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ravatard.core import events as ev
from ravatard.core.audio.endpointing.steady_noise import SteadyNoise
from ravatard.core.audio.progress import Progress
from ravatard.core.states import MicrophoneStatus

#: An utterance with less speech nearly was none, ms: a cough, a door, half a word.
NEARLY_NONE_MS = 500.0


class MicrophoneReport:
    """Keeps what a report needs of the microphone; takes every event.

    Attributes:
        trouble: why there is no microphone, "" while there is one.
        device: its name, "" while there is none.
        counts: overruns and losses since the start.
        near_misses: utterances with next to no speech, since the start.
    """

    def __init__(self, progress: Progress) -> None:
        """``progress``: of the microphone, which is only read."""
        self.trouble = self.device = ""
        self.counts = Counter({"overruns": 0, "microphone_losses": 0})
        self.near_misses = 0
        self._progress = progress
        self._recording_over = False
        self._unconfirmed = ""
        self._overruns = 0
        self._noise = SteadyNoise()

    def on_event(self, event: ev.Event, now: float) -> bool:
        """Take one event; return True if the noise of the room became a fault, or is none any more."""
        match event:
            case ev.Listened(overruns=overruns):
                self.counts["overruns"] += max(0, overruns - self._overruns)
                self._overruns = overruns
                return self._noise.heard(event.floor_db, now)
            case ev.MicrophoneReady(device):
                self.device, self.trouble = device, ""
                self._overruns, self._recording_over, self._noise = 0, False, SteadyNoise()
                self._unconfirmed = ""
            case ev.MicrophoneLost(reason):
                # Failing to open it again and again is one loss.
                self.counts["microphone_losses"] += bool(self.device)
                self.device, self.trouble = "", reason
            case ev.MicrophoneClosed():
                self.device = self.trouble = ""
            case ev.MicrophoneEnded():
                self._recording_over = True
            case ev.ConfirmationLost(reason):
                self._unconfirmed = reason
            case ev.UtteranceClosed(speech_ms=speech_ms):
                self.near_misses += speech_ms < NEARLY_NONE_MS
            case _:
                pass
        return False

    def degraded(self, status: MicrophoneStatus, echo_trouble: str) -> list[str]:
        """Return one sentence for each fault of a microphone that is there.

        Args:
            status: state of the capture device.
            echo_trouble: why the avatar cannot be talked over; "" if it can, or is not meant to be.
        """
        faults = []
        if echo_trouble:
            faults.append(f"the avatar cannot be talked over: {echo_trouble}")
        if self._recording_over:
            faults.append("deaf: the recording used as the microphone is over")
        if self._unconfirmed:
            faults.append(f"speech is not confirmed: {self._unconfirmed}")
        if self._noise.sentence and status is not MicrophoneStatus.MUTED:
            faults.append(self._noise.sentence)
        return faults

    def snapshot(self, status: MicrophoneStatus, silence_ms: float | None) -> dict[str, Any]:
        """Return everything as plain data.

        Levels of the newest heartbeat and the noise floor are dBFS, and None before the first, like the score
        of the wake word.

        Args:
            status: state of the capture device.
            silence_ms: silence that last ended an utterance.
        """
        listened = self._progress.listened
        return {
            "state": status.value,
            "device": self.device,
            "level_db": round(listened.level_db, 1) if listened is not None else None,
            "floor_db": round(listened.floor_db, 1) if listened is not None else None,
            "wake_score": round(listened.wake_score, 2) if listened is not None else None,
            "silence_ms": None if silence_ms is None else round(silence_ms),
        }
