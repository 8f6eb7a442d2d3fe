"""What the watchdog feels: gathered from the hub, the ear's progress and the indication."""

from __future__ import annotations

import asyncio

from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import Event, Tick
from ravatard.core.indication import Look, Show
from ravatard.core.states import MicrophoneStatus
from ravatard.stages.capture import Progress
from ravatard.stages.mailbox import Inbox


class HubPulse:
    """Implements :class:`ravatard.stages.heartbeat.Pulse`; looks at the hub as one of its observers."""

    def __init__(self, conversation: Conversation, progress: Progress, inbox: Inbox) -> None:
        self.changed = asyncio.Event()
        self.ready = False
        self.events_handled = 0
        self._conversation = conversation
        self._progress = progress
        self._inbox = inbox

    @property
    def status(self) -> str:
        """What the lights say, in words."""
        return self._conversation.indication.status

    @property
    def samples(self) -> int:
        """Samples captured since start."""
        return self._progress.samples

    @property
    def microphone_excused(self) -> bool:
        """Closed on purpose; or missing, shown to people, and the ear goes on trying."""
        return self._conversation.microphone in (MicrophoneStatus.ABSENT, MicrophoneStatus.MUTED)

    @property
    def overdue(self) -> str | None:
        """The state that has lasted longer than its deadline, in words, or None."""
        return self._conversation.overdue(asyncio.get_running_loop().time())

    def nudge(self) -> None:
        """A Tick: a hub with nothing to do must turn too."""
        self._inbox.put(Tick())

    def on_event(self, event: Event, now: float) -> None:
        """Count one event."""
        del event, now
        self.events_handled += 1

    def on_action(self, action: object, now: float) -> None:
        """A new indication is a new status, and the first one after starting means that we are ready."""
        del now
        if isinstance(action, Show):
            self.ready = self.ready or action.indication.look is not Look.STARTING
            self.changed.set()
