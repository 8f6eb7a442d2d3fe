"""Pulse of the hub, for the watchdog: from the conversation, the microphone's progress and the indication."""

from __future__ import annotations

import asyncio

from ravatard.core.audio.progress import Progress
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import Event, Tick
from ravatard.core.indication import Look, Show
from ravatard.core.states import MicrophoneStatus
from ravatard.stages.mailbox import Inbox


class HubPulse:
    """Implements :class:`ravatard.stages.heartbeat.Pulse`; an observer of the hub.

    Attributes:
        changed: set when ``ready`` or ``status`` may have changed.
        ready: the appliance showed something else than starting.
        events_handled: events the hub has handled since start.
    """

    def __init__(self, conversation: Conversation, progress: Progress, inbox: Inbox) -> None:
        self.changed = asyncio.Event()
        self.ready = False
        self.events_handled = 0
        self._conversation = conversation
        self._progress = progress
        self._inbox = inbox

    @property
    def status(self) -> str:
        """Indication of the lights, in words."""
        return self._conversation.indication.status

    @property
    def samples(self) -> int:
        """Samples captured since start."""
        return self._progress.samples

    @property
    def microphone_excused(self) -> bool:
        """True while the microphone is closed on purpose, or missing, shown to people and being retried."""
        return self._conversation.microphone in (MicrophoneStatus.ABSENT, MicrophoneStatus.MUTED)

    @property
    def overdue(self) -> str | None:
        """The state that has lasted longer than its deadline, in words, or None."""
        return self._conversation.overdue(asyncio.get_running_loop().time())

    def nudge(self) -> None:
        """Put a Tick into the inbox: an idle hub must handle events, too."""
        self._inbox.put(Tick())

    def on_event(self, event: Event, now: float) -> None:
        """Count one event."""
        del event, now
        self.events_handled += 1

    def on_action(self, action: object, now: float) -> None:
        """Note a new indication: a new status, and the first one after starting means that we are ready."""
        del now
        if isinstance(action, Show):
            self.ready = self.ready or action.indication.look is not Look.STARTING
            self.changed.set()
