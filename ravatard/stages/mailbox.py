"""Mailboxes between the stages: each bounded, each with a named overflow policy."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from ravatard.core.actions import (
    CancelUtterance,
    DropTurn,
    EndSession,
    EndUtterance,
    Interrupt,
    Message,
    Reconnect,
    SendAudio,
    SendUtterance,
    StartSession,
)
from ravatard.core.audio_format import bytes_for
from ravatard.core.events import Event
from ravatard.errors import InternalError

T = TypeVar("T")

#: A busy second has some twenty events: with this many waiting, the hub is stuck.
INBOX_LIMIT = 4_096
#: Events from outside (the service, control clients, devices) that may wait; each takes the hub some 0.1 ms,
#: so that a flood of them never holds the loop for long.
ROOM = 16
#: An outage's worth of speech: older speech would be answered too late anyway.
OUTBOX_SPEECH_MS = 30_000.0

Outgoing = StartSession | EndSession | Message
#: Actions that are obeyed at once, with or without a link.
Urgent = EndSession | Reconnect


class Inbox:
    """Inbox of the hub: all events in one order.

    Events of our own stages never wait: when they fill it, the hub is stuck, and systemd restarts us. Events
    that come from outside, as many as a stranger likes, wait until there is room.
    """

    def __init__(self, limit: int = INBOX_LIMIT, room: int = ROOM) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(limit)
        self._room = room
        self._taken = asyncio.Event()

    async def put_when_room(self, event: Event) -> None:
        """Add one event from outside, once fewer than ``room`` events wait. Cancelled, it is not added."""
        while self._queue.qsize() >= self._room:
            self._taken.clear()
            await self._taken.wait()
        self._queue.put_nowait(event)

    def put(self, event: Event) -> None:
        """Add one event of our own. Never waits.

        Raises:
            InternalError: the hub has not taken anything for thousands of events.
        """
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            raise InternalError(f"the hub is stuck: {self._queue.maxsize} events wait in its inbox") from None

    async def get(self) -> Event:
        """Return the next event. Cancelling loses none."""
        event = await self._queue.get()
        self._taken.set()
        return event


class Outbox:
    """Outbox: actions to be sent, in order, at most 30 s of speech; full, the turn is dropped as a whole."""

    def __init__(self, limit_ms: float = OUTBOX_SPEECH_MS) -> None:
        self._waiting: deque[Outgoing] = deque()
        self._limit_bytes = bytes_for(limit_ms)
        self._bytes = 0
        self._reconnect = False
        self._interrupt = False
        #: Turn of which a chunk was taken, and neither its end nor its cancellation since.
        self._open: int | None = None
        self._filled = asyncio.Event()
        #: Apart, so that a message wakes only the task that sends it.
        self._interrupt_asked = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def connected(self) -> None:
        """Forget what concerned the connection before: its open utterance, and its answer to interrupt."""
        self._open, self._interrupt = None, False
        self._waiting = deque(one for one in self._waiting if not isinstance(one, CancelUtterance))

    def put(self, action: Outgoing | DropTurn | Reconnect | Interrupt) -> bool:
        """Add one action, take back a turn, or ask for a connection. Never waits.

        A cancellation goes ahead of everything that waits, and nowhere when nothing of its turn was taken.

        Returns:
            False when there was no room: then nothing of that turn waits any more.
        """
        if isinstance(action, DropTurn):
            self._drop(action.turn)
            return True
        if isinstance(action, Reconnect):
            self._reconnect = True
            self._filled.set()
            return True
        if isinstance(action, Interrupt):
            self._interrupt = True
            self._interrupt_asked.set()
            return True
        if isinstance(action, CancelUtterance):
            self._cancel(action)
            return True
        if isinstance(action, SendAudio | SendUtterance):
            if self._bytes + len(action.pcm) > self._limit_bytes:
                self._drop(action.turn)
                return False
            self._bytes += len(action.pcm)
        elif isinstance(action, EndSession):
            # With its session an utterance is gone.
            self._open = None
        self._waiting.append(action)
        self._filled.set()
        return True

    def _cancel(self, action: CancelUtterance) -> None:
        if self._open == action.turn:
            self._open = None
            self._waiting.appendleft(action)
            self._filled.set()

    async def get(self) -> Outgoing:
        """Return the next action. Cancelling loses none: it is taken only when it is returned."""
        while not self._waiting or self._interrupt:
            self._filled.clear()
            await self._filled.wait()
        action = self._waiting.popleft()
        if isinstance(action, SendAudio | SendUtterance):
            self._bytes -= len(action.pcm)
        if isinstance(action, SendAudio):
            self._open = action.turn
        elif isinstance(action, EndUtterance | EndSession):
            self._open = None
        return action

    async def interrupted(self) -> None:
        """Return when the answer is to be interrupted; nothing else is taken before. Cancelling is safe."""
        while not self._interrupt:
            self._interrupt_asked.clear()
            await self._interrupt_asked.wait()
        self._interrupt = False
        self._filled.set()

    def put_back(self, action: Outgoing) -> None:
        """Give back an action of :meth:`get` that could not be carried out; it is the next again."""
        self._waiting.appendleft(action)
        if isinstance(action, SendAudio | SendUtterance):
            self._bytes += len(action.pcm)
        self._filled.set()

    async def get_urgent(self) -> Urgent:
        """Return what cannot wait for a link: the wish to connect now, or to end the paid session."""
        while True:
            if self._reconnect:
                self._reconnect = False
                return Reconnect()
            for action in self._waiting:
                if isinstance(action, EndSession):
                    self._waiting.remove(action)
                    return action
            self._filled.clear()
            await self._filled.wait()

    def _drop(self, turn: int) -> None:
        kept: list[Outgoing] = []
        orphaned = False
        for action in self._waiting:
            if isinstance(action, EndSession):
                # The actions behind it are another session's, and have a start of their own.
                orphaned = False
                kept.append(action)
            elif action.turn == turn and not isinstance(action, CancelUtterance):
                orphaned = orphaned or isinstance(action, StartSession)
            else:
                if orphaned and not isinstance(action, StartSession):
                    # The session was not the dropped turn's alone: the turns behind it need it, too.
                    kept.append(StartSession(action.turn))
                orphaned = False
                kept.append(action)
        self._bytes = sum(len(a.pcm) for a in kept if isinstance(a, SendAudio | SendUtterance))
        self._waiting = deque(kept)


class Latest(Generic[T]):
    """Mailbox of one value: the newest wins, older ones that were not taken are forgotten."""

    def __init__(self, value: T) -> None:
        self.value = value
        self._changed = asyncio.Event()

    def put(self, value: T) -> None:
        """Replace the value. Never waits."""
        self.value = value
        self._changed.set()

    async def changed(self) -> T:
        """Wait for a value that was not taken yet, and take it."""
        await self._changed.wait()
        self._changed.clear()
        return self.value
