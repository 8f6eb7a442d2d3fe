"""Speaker's part of the status report: the speaker, the live voice, the answers played."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ravatard.core import events as ev
from ravatard.core.options.conversation import ConversationOptions

_COUNTED: dict[type[Any], str] = {
    ev.PlaybackStarted: "answers_heard",
    ev.AnswerUnplayable: "answers_unplayable",
}


class SpeakerReport:
    """Keeps what a report needs of the speaker; takes every event.

    Attributes:
        options: may be replaced while running.
    """

    def __init__(self, options: ConversationOptions) -> None:
        self.options = options
        counted = (*_COUNTED.values(), "speaker_losses", "voice_losses", "underruns")
        self.counts = Counter(dict.fromkeys(counted, 0))
        self._device = ""
        self._latency_ms = 0.0
        self._speaker_trouble = ""
        self._voice_trouble = ""
        self._streaming = self._asleep = False
        self._underruns = 0

    def on_event(self, event: ev.Event) -> None:
        """Take one event."""
        if name := _COUNTED.get(type(event)):
            self.counts[name] += 1
        match event:
            case ev.SpeakerReady(device, latency_ms):
                self._device, self._latency_ms, self._speaker_trouble = device, latency_ms, ""
                self._underruns, self._asleep = 0, False
            case ev.SpeakerLost(reason):
                # Failing to open it again and again is one loss, and none if it was never there.
                self.counts["speaker_losses"] += bool(self._device)
                self._device, self._speaker_trouble, self._asleep = "", reason, False
            case ev.SpeakerAsleep() | ev.SpeakerAwake():
                self._asleep = isinstance(event, ev.SpeakerAsleep)
            case ev.Played(underruns=underruns):
                self.counts["underruns"] += max(0, underruns - self._underruns)
                self._underruns = underruns
            case ev.VoiceOnline():
                self._streaming, self._voice_trouble = True, ""
            case ev.VoiceOffline(reason):
                self._streaming, self._voice_trouble = False, reason if event.is_trouble else ""
                self.counts["voice_losses"] += event.is_trouble
            case ev.SessionEnded() | ev.RestartSessionAsked():
                self._streaming = False
            case ev.OptionsChanged(options):
                self.options = options
            case _:
                pass

    @property
    def degraded(self) -> list[str]:
        """One sentence for each fault that keeps the avatar from being heard."""
        faults = []
        if self.options.equipment.speaks and not self._device:
            faults.append(f"no speaker: {self._speaker_trouble or 'not opened yet'}")
        if self._voice_trouble:
            faults.append(f"no live voice: {self._voice_trouble}")
        return faults

    def face(self) -> tuple[object, ...]:
        """Return the parts that are no numbers."""
        return (self._device, self._asleep, self._streaming, *self.degraded)

    def snapshot(self, first_sound_s: float | None = None) -> dict[str, Any]:
        """Return everything as plain data; ``first_sound_s``: from the gate's closing to the first sound."""
        if not self.options.equipment.speaks:
            state = "none"
        elif self._asleep:
            state = "asleep"
        else:
            state = "open" if self._device else "absent"
        first_ms = None if first_sound_s is None else round(first_sound_s * 1000)
        return {
            "state": state,
            "device": self._device,
            "latency_ms": round(self._latency_ms, 1),
            "live_voice": self._streaming,
            "first_sound_ms": first_ms,
        }
