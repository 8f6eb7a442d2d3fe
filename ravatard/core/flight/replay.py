"""Replay: drives a conversation with recorded events at their recorded times, and compares its states."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import Event
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record, reached


@dataclass(frozen=True, slots=True)
class Difference:
    """First point at which replay and recording differ.

    Attributes:
        at: loop time of the event.
        event: the event's name.
        replayed: state the conversation reached, or None.
        recorded: state it reached when this was recorded, or None.
    """

    at: float
    event: str
    replayed: Reached | None
    recorded: Reached | None


class Replay:
    """Replays the records of a ring in order, from each beginning to the next gap.

    Attributes:
        difference: the first one, or None.
        events: how many were replayed.
        states: how many states were compared, and equal.
        following: a conversation is being followed.
    """

    def __init__(self) -> None:
        self.difference: Difference | None = None
        self.events = 0
        self.states = 0
        self._conversation: Conversation | None = None
        self._look = ""
        self._expected: deque[Reached] = deque()
        self._event: tuple[float, str] = (0.0, "the beginning")

    @property
    def following(self) -> bool:
        """True while a conversation is being followed."""
        return self._conversation is not None

    def take(self, at: float, record: Record) -> None:
        """Take one record; may set :attr:`difference`."""
        match record:
            case Began():
                self.interrupted()
                self._begin(record)
            case Gap():
                self.interrupted()
            case Happened(event) if self._conversation is not None:
                if self._expected:
                    self._differs(self._expected[0], None)
                else:
                    self._handle(self._conversation, event, at)
            case Reached() if self._conversation is not None:
                self._compare(record)
            case _:
                pass

    def interrupted(self) -> None:
        """Stop following: records are missing here, and missing states are no difference then."""
        self._conversation = None
        self._expected.clear()

    def _begin(self, began: Began) -> None:
        conversation = self._conversation = Conversation(began.options, began.state)
        self._look = conversation.indication.look.value
        self._event = (0.0, "the beginning")

    def _handle(self, conversation: Conversation, event: Event, at: float) -> None:
        self._event = (at, type(event).__name__)
        self.events += 1
        for action in conversation.handle(event, at):
            state = reached(action)
            if state is None:
                continue
            if state.what == "look":
                if state.value == self._look:
                    continue
                self._look = state.value
            self._expected.append(state)

    def _compare(self, recorded: Reached) -> None:
        replayed = self._expected.popleft() if self._expected else None
        if replayed == recorded:
            self.states += 1
        else:
            self._differs(replayed, recorded)

    def _differs(self, replayed: Reached | None, recorded: Reached | None) -> None:
        at, event = self._event
        if self.difference is None:
            self.difference = Difference(at, event, replayed, recorded)
        self.interrupted()
