"""Numbers of utterances since the microphone started; every new sound process begins with 1 again."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core.audio.microphone_events import ChunkCaptured, UtteranceClosed, UtteranceOpened
from ravatard.core.audio_format import samples_in
from ravatard.core.states import CloseReason

Part = UtteranceOpened | ChunkCaptured | UtteranceClosed


class UtteranceNumbers:
    """Renumbers the utterances of sound processes, and closes one that a process left open."""

    def __init__(self) -> None:
        self._before = self._utterance = 0
        self._open = False
        self._end_sample = 0

    def restart(self) -> None:
        """Another process begins to count."""
        self._before = self._utterance

    def numbered(self, event: Part) -> Part:
        """Return ``event`` with its number since the microphone started."""
        match event:
            case UtteranceOpened():
                self._utterance = self._before + event.utterance
                self._open, self._end_sample = True, event.first_sample
            case ChunkCaptured():
                self._end_sample = event.first_sample + samples_in(event.pcm)
            case UtteranceClosed():
                self._open = False
        return replace(event, utterance=self._utterance) if self._before else event

    def lost(self) -> UtteranceClosed | None:
        """The process is gone; return the end of the utterance it had open, if any."""
        if not self._open:
            return None
        self._open = False
        end = self._end_sample
        return UtteranceClosed(self._utterance, CloseReason.LOST, end, 0.0)
