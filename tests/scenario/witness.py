"""An observer that holds the appliance to what must always be true, and incidents that happen to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.indication import Look, Show
from ravatard.stages.mailbox import Inbox
from tests.scenario.world import World

#: The hub never waits, so what a moment brings is all that may ever lie in its inbox.
BACKLOG = 64

#: How long a message is on its way in a slow network.
SLOW_S = 0.3
#: A client cannot know that an ending whose answer was lost had worked, nor that its token is good no more.
EXCUSED = frozenset({"double_end", "token_invalid"})


class Witness:
    """Looks at the hub; what it cannot accept is kept in ``complaints``, for the hub must not be disturbed.

    Attributes:
        begun: the highest number of a turn of which something was to be sent.
        ended: the numbers of the turns that are over, in order.
        muted: (from, to) on the loop's clock: when nothing may have left; the last may still be open.
        look: what the hub wants to be seen.
        held: the microphone delivers and is not listened to.
        complaints: a sentence for each thing that must not be.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.ended: list[int] = []
        self.muted: list[tuple[float, float | None]] = []
        self.look = Look.STARTING
        self.complaints: list[str] = []
        self.inbox: Inbox | None = None
        self.held = False
        self._closed = False

    def on_event(self, event: ev.Event, now: float) -> None:
        if isinstance(event, ev.MicrophoneClosed):
            self._closed = bool(self.muted) and self.muted[-1][1] is None
        elif self._closed and isinstance(event, ev.Listened | ev.UtteranceOpened | ev.ChunkCaptured):
            self.complaints.append(f"{now:.2f}: the muted microphone delivers {type(event).__name__}")
        if self.inbox is not None and (waiting := self.inbox._queue.qsize()) > BACKLOG:
            self.complaints.append(f"{now:.2f}: {waiting} events wait for the hub")

    def on_action(self, action: object, now: float) -> None:
        match action:
            case act.Mute(True):
                self.muted.append((now, None))
            case act.Mute(False):
                self._closed = False
                self.muted[-1] = (self.muted[-1][0], now)
            case act.Hold(held):
                self.held = held
            case act.SendAudio(turn=turn) | act.SendText(turn=turn) | act.SendUtterance(turn=turn):
                self.begun = max(self.begun, turn)
            case act.TurnEnded(summary):
                self.ended.append(summary.turn)
            case Show(indication):
                self.look = indication.look

    def accept(self, world: World) -> None:
        """Check what must be true now.

        Raises:
            AssertionError: it is not.
        """
        assert self.complaints == []
        breaches = [
            one
            for one in world.record.violations
            if one.kind not in EXCUSED and not (one.kind == "ended_licence" and _on_its_way(world, one.at))
        ]
        assert breaches == [], breaches
        # What was on its way at the moment of muting still arrives.
        late_s = SLOW_S + 1e-6
        leaked = [
            (message.at, since, until)
            for message in world.record.messages
            if message.direction == "in" and message.kind in ("pcm", "blob")
            for since, until in self.muted
            if since + late_s < message.at and (until is None or message.at < until)
        ]
        assert leaked == []
        assert self.ended == list(range(1, len(self.ended) + 1))


def now() -> float:
    return asyncio.get_running_loop().time()


def _on_its_way(world: World, at: float) -> bool:
    """Whether what arrived at ``at`` was sent before the end of its session could be heard of."""
    ends = [session.ended_at for session in world.record.sessions if session.ended_at is not None]
    return any(0 <= at - ended_at <= SLOW_S + 1e-6 for ended_at in ends)


def expire(world: World) -> None:
    """The service ends every live session."""
    for licence in world.record.open_licences():
        world.sim.expire_licence(licence, now())


def cut_power_of_tokens(world: World) -> None:
    """Every token of now is worthless: the service was given another key."""
    world.sim.shared.mint._key += b"!"
    world.sim.hang_up(4401, "token expired", now())


#: What may go wrong, and is mended by :func:`mend`.
INCIDENTS: dict[str, Callable[[World], None]] = {
    "link drops": lambda world: world.network.drop_sockets(),
    "service restarts": lambda world: world.network.drop_sockets(1012, "restart"),
    "network goes down": lambda world: _network(world, down=True),
    "network comes up": lambda world: _network(world, down=False),
    "sockets are blocked": lambda world: setattr(world.network, "sockets_down", True),
    "sockets are let through": lambda world: setattr(world.network, "sockets_down", False),
    "network is slow": lambda world: setattr(world.network, "latency_s", SLOW_S),
    "session expires": expire,
    "something goes wrong": lambda world: world.sim.say("Something went wrong", now()),
    "all are busy": lambda world: world.sim.say("All AI assistants are busy", now()),
    "no licence is free": lambda world: setattr(world.sim.shared.licences, "total", 0),
    "a licence is free": lambda world: setattr(world.sim.shared.licences, "total", 2),
    "tokens expire": cut_power_of_tokens,
    "microphone is unplugged": lambda world: world.ear.unplug(),
    "microphone is plugged in": lambda world: world.ear.replug(),
    "speaker is unplugged": lambda world: world.speaker.unplug(),
    "speaker is plugged in": lambda world: world.speaker.replug(),
    "voice breaks": lambda world: world.voice.breaks(),
    "nobody streams": lambda world: setattr(world.voice, "broken", "nobody streams."),
    "somebody streams": lambda world: setattr(world.voice, "broken", ""),
}


def _network(world: World, *, down: bool) -> None:
    world.network.down = down
    if down:
        world.network.drop_sockets()


def mend(world: World) -> None:
    """All is well again."""
    world.network.down = world.network.sockets_down = False
    world.network.latency_s = 0.0
    world.sim.shared.licences.total = 2
    world.ear.replug()
    world.speaker.replug()
    world.voice.broken = ""
    if world.button.down:
        world.button.release()
