"""Claims on the next turn in a room: the first appliance that hears the words answers, the others drop them.

Sans-I/O. Every appliance hears every message, its own too, in one order: the broker's. So each of them knows
the same owner of the room, without a vote and without waiting. An utterance that may have to be dropped is
held until our own claim has come back, some milliseconds later; an appliance that knows of no other in the
room holds nothing. While the owner listens, thinks or speaks it renews its claim, and the others stay silent:
an avatar that hears another one would answer it.

The caller passes on the microphone's events that come back, sends what is to be said, and calls
:meth:`RoomClaims.on_time` when :attr:`RoomClaims.deadline` has come. Times are loop seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.core.audio.microphone_events import (
    ChunkCaptured,
    MicrophoneClosed,
    MicrophoneEvent,
    MicrophoneLost,
    UtteranceClosed,
    UtteranceOpened,
    WakeUnused,
    Woken,
)
from ravatard.core.group.room_messages import Opener, RoomMessage, RoomVerb, room_message
from ravatard.core.states import Cause, TalkState

#: An appliance that says nothing for so long is gone.
LEASE_S = 8.0
#: So that one lost message ends no lease.
RENEW_S = 3.0
#: Longest wait for our own claim. A user notices nothing; a broker that is slower decides afterwards.
HOLD_S = 0.15
#: After an answer the room falls silent, and nothing of it reaches another microphone.
TAIL_S = 0.5
#: An appliance that keeps the room for so long without a pause is stuck, or is none: no answer takes longer.
#: Its claims count no more until it lets go, or is silent for as long as a lease: the others are not deaf.
OUTSTAYED_S = 600.0
#: Names of others that are remembered: more are no room.
MOST_OTHERS = 64


@dataclass(frozen=True, slots=True)
class RoomVerdict:
    """Outcome of a step.

    Attributes:
        passed: events of the microphone to pass on, in order.
        said: messages to send, in order.
        yielded: another appliance answers what we have begun with: forget it.
        outstayed: name of another one that has kept the room for too long, once; "": none has.
    """

    passed: tuple[MicrophoneEvent, ...] = ()
    said: tuple[bytes, ...] = ()
    yielded: bool = False
    outstayed: str = ""


class RoomClaims:
    """One appliance's view of the room."""

    def __init__(self, own_id: str) -> None:
        """``own_id``: different from that of every other appliance."""
        self._id = own_id
        self._connected = False
        self._others: set[str] = set()
        self._owner: str | None = None
        self._until = 0.0
        #: The other appliance that had the room last, since when without a pause, and its last claim.
        self._keeper: str | None = None
        self._kept_since = self._kept_until = 0.0
        self._is_outstayed = False
        self._talk = TalkState.IDLE
        #: A claim of ours was sent and has not come back.
        self._claimed = False
        #: What was heard meanwhile was passed on all the same.
        self._unsure = False
        self._by = Opener.VOICE
        self._held: list[MicrophoneEvent] = []
        self._held_until: float | None = None
        #: Utterance that another appliance answers.
        self._dropped: int | None = None
        self._renew_at: float | None = None
        self._release_at: float | None = None

    @property
    def deadline(self) -> float | None:
        """When :meth:`on_time` is due; None: never."""
        times = (self._held_until, self._renew_at, self._release_at)
        return min((at for at in times if at is not None), default=None)

    def owner(self, now: float) -> str | None:
        """Return the appliance that has the room; None: no appliance has."""
        return self._owner if self._owner is not None and now < self._until else None

    # -------------------------------------------------------------- the channel

    def connected(self) -> RoomVerdict:
        """The channel is there."""
        self._connected = True
        said = [self._message(RoomVerb.HELLO)]
        if self._talk is not TalkState.IDLE:
            said.append(self._claim(Opener.TEXT))
        return RoomVerdict(said=tuple(said))

    def disconnected(self) -> RoomVerdict:
        """The channel is gone: each appliance answers."""
        self._connected = self._claimed = self._unsure = False
        self._others.clear()
        self._owner = self._renew_at = self._release_at = self._dropped = None
        return RoomVerdict(self._let_go())

    def received(self, data: bytes, now: float) -> RoomVerdict:
        """A message came; what is none is ignored."""
        message = room_message(data)
        if message is None or not self._connected:
            return RoomVerdict()
        ours = message.id == self._id
        if not ours and len(self._others) < MOST_OTHERS:
            self._others.add(message.id)
        match message.verb:
            case RoomVerb.HELLO:
                return RoomVerdict() if ours else RoomVerdict(said=(self._message(RoomVerb.HERE),))
            case RoomVerb.RELEASE:
                if self._owner == message.id:
                    self._owner = None
                if self._keeper == message.id:
                    self._keeper = None
                return RoomVerdict()
            case RoomVerb.CLAIM | RoomVerb.RENEW:
                return self._claimed_by(message, now, ours=ours)
            case _:
                return RoomVerdict()

    def _claimed_by(self, message: RoomMessage, now: float, *, ours: bool) -> RoomVerdict:
        owner = self.owner(now)
        # A press, or an answer that will be heard anyway, needs no leave.
        wins = owner in (None, message.id) or (
            message.verb is RoomVerb.CLAIM and message.by is not Opener.VOICE
        )
        if ours and message.verb is RoomVerb.CLAIM:
            self._claimed = False
        if not wins:
            return RoomVerdict()
        if not ours and self._outstays(message.id, now):
            return self._outstayed(message.id)
        self._owner, self._until = message.id, now + LEASE_S
        if ours:
            return self._won(now)
        return self._lost(message)

    def _outstays(self, other: str, now: float) -> bool:
        """Note a claim of another appliance; return True if it has kept the room for too long."""
        if other != self._keeper or now >= self._kept_until:
            self._keeper, self._kept_since, self._is_outstayed = other, now, False
        self._kept_until = now + LEASE_S
        return now - self._kept_since > OUTSTAYED_S

    def _outstayed(self, other: str) -> RoomVerdict:
        is_news, self._is_outstayed = not self._is_outstayed, True
        if self._owner == other:
            self._owner = None
        return RoomVerdict(outstayed=other if is_news else "")

    def _won(self, now: float) -> RoomVerdict:
        self._unsure = False
        self._renew_at = now + RENEW_S if self._talk is not TalkState.IDLE else None
        passed = self._let_go()
        if self._talk is TalkState.IDLE and not any(isinstance(event, Woken) for event in passed):
            # What is passed on now begins a turn, or nothing comes of it.
            self._release_at = now + TAIL_S
        return RoomVerdict(passed)

    def _lost(self, message: RoomMessage) -> RoomVerdict:
        self._renew_at = self._release_at = None
        for event in self._held:
            if isinstance(event, UtteranceOpened):
                self._dropped = event.utterance
            elif isinstance(event, UtteranceClosed):
                self._dropped = None
        self._held, self._held_until = [], None
        early = self._talk in (TalkState.LISTENING, TalkState.THINKING)
        chosen = message.by is Opener.BUTTON and self._by is Opener.VOICE and early
        yielded = self._unsure or chosen
        self._unsure = False
        return RoomVerdict(yielded=yielded)

    # -------------------------------------------------------------- the microphone

    def heard(self, event: MicrophoneEvent, now: float, *, able: bool) -> RoomVerdict:
        """The microphone has an event.

        Args:
            event: the event.
            now: loop time.
            able: we could answer: the service is reached.
        """
        if isinstance(event, UtteranceOpened | Woken):
            return self._begun(event, now, able=able)
        if isinstance(event, ChunkCaptured | UtteranceClosed):
            if event.utterance == self._dropped:
                if isinstance(event, UtteranceClosed):
                    self._dropped = None
                return RoomVerdict()
        elif isinstance(event, MicrophoneLost | MicrophoneClosed):
            # Half an utterance is not answered.
            self._held, self._held_until, self._dropped = [], None, None
        elif isinstance(event, WakeUnused) and self.owner(now) == self._id and self._talk is TalkState.IDLE:
            self._release_at = now
        if self._held and isinstance(event, ChunkCaptured | UtteranceClosed | WakeUnused):
            self._held.append(event)
            return RoomVerdict()
        return RoomVerdict((event,))

    def _begun(self, event: UtteranceOpened | Woken, now: float, *, able: bool) -> RoomVerdict:
        pressed = isinstance(event, UtteranceOpened) and event.cause is Cause.BUTTON
        owner = self.owner(now)
        if not self._connected or not able:
            return RoomVerdict((event,))
        self._by = Opener.BUTTON if pressed else Opener.VOICE
        if pressed:
            held = self._let_go()
            return RoomVerdict((*held, event), (self._claim(Opener.BUTTON),))
        if owner is not None and owner != self._id:
            self._dropped = event.utterance if isinstance(event, UtteranceOpened) else None
            return RoomVerdict()
        if self._held:
            self._held.append(event)
            return RoomVerdict()
        if owner == self._id or self._unsure:
            # Until the turn has begun, as the state shows.
            self._release_at = now + TAIL_S if self._talk is TalkState.IDLE else None
            return RoomVerdict((event,))
        said = (self._claim(Opener.VOICE),)
        if not self._others:
            self._unsure = True
            return RoomVerdict((event,), said)
        self._held, self._held_until = [event], now + HOLD_S
        return RoomVerdict(said=said)

    def _let_go(self) -> tuple[MicrophoneEvent, ...]:
        held, self._held, self._held_until = tuple(self._held), [], None
        return held

    # -------------------------------------------------------------- our own talk, and the clock

    def talks(self, talk: TalkState, now: float) -> RoomVerdict:
        """Our conversation is in this phase."""
        before, self._talk = self._talk, talk
        if talk is before or not self._connected:
            return RoomVerdict()
        mine = self.owner(now) == self._id
        if talk is TalkState.IDLE:
            # A claim that has not come back by now was lost: it must not stand for a later one.
            self._renew_at, self._unsure, self._claimed = None, False, False
            self._release_at = now + TAIL_S if mine else None
            return RoomVerdict()
        self._release_at = None
        if mine:
            self._renew_at = now + RENEW_S if self._renew_at is None else self._renew_at
        elif before is TalkState.IDLE and not self._claimed:
            # A text was written, or an answer comes unasked.
            self._by = Opener.TEXT
            return RoomVerdict(said=(self._claim(Opener.TEXT),))
        return RoomVerdict()

    def on_time(self, now: float) -> RoomVerdict:
        """Do what is due."""
        passed: tuple[MicrophoneEvent, ...] = ()
        said: list[bytes] = []
        if _due(self._held_until, now):
            passed, self._unsure = self._let_go(), True
        if _due(self._renew_at, now):
            self._renew_at = now + RENEW_S
            said.append(self._message(RoomVerb.RENEW))
        if _due(self._release_at, now):
            self._release_at = None
            if self.owner(now) == self._id:
                said.append(self._message(RoomVerb.RELEASE))
        return RoomVerdict(passed, tuple(said))

    def _claim(self, by: Opener) -> bytes:
        self._claimed = True
        return self._message(RoomVerb.CLAIM, by)

    def _message(self, verb: RoomVerb, by: Opener = Opener.VOICE) -> bytes:
        return RoomMessage(self._id, verb, by).encoded()


def _due(at: float | None, now: float) -> bool:
    return at is not None and now >= at
