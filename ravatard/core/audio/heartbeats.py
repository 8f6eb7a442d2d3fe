"""Heartbeats of a microphone's process, of which few become events."""

from __future__ import annotations

import math
from dataclasses import replace

from ravatard.core.audio.microphone_events import Listened
from ravatard.core.audio.progress import Progress

#: So often a heartbeat becomes an event. The others are noted where the pipe is read: to carry each of them
#: to the hub took two thirds of what the daemon does in a quiet room.
LISTENED_S = 10.0


class Heartbeats:
    """Notes every heartbeat; those that become events have the highest figures since the one before."""

    def __init__(self, progress: Progress) -> None:
        """``progress``: takes every heartbeat."""
        self._progress = progress
        self.restart()

    def restart(self) -> None:
        """The microphone is opened: its first heartbeat becomes an event."""
        self._loudest_db = self._due = -math.inf
        self._highest_score = 0.0

    def absorbs(self, heartbeat: Listened, now: float) -> bool:
        """Note one that brings no news, at loop time ``now``; return False if it must become an event."""
        last = self._progress.listened
        overran = last is not None and last.overruns != heartbeat.overruns
        if overran or now >= self._due:
            return False
        self._note(heartbeat)
        return True

    def event(self, heartbeat: Listened, now: float) -> Listened:
        """Note one at loop time ``now``; return the event that it becomes."""
        self._note(heartbeat)
        event = replace(heartbeat, level_db=self._loudest_db, wake_score=self._highest_score)
        self.restart()
        self._due = now + LISTENED_S
        return event

    def _note(self, heartbeat: Listened) -> None:
        self._progress.note(heartbeat)
        self._loudest_db = max(self._loudest_db, heartbeat.level_db)
        self._highest_score = max(self._highest_score, heartbeat.wake_score)
