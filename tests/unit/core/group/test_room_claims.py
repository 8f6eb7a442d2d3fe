"""Of the appliances that hear the same words one answers, whatever the delays; a lone one never waits."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.audio.microphone_events import (
    ChunkCaptured,
    Listened,
    MicrophoneEvent,
    MicrophoneLost,
    UtteranceClosed,
    UtteranceOpened,
    WakeUnused,
    Woken,
)
from ravatard.core.group.room_claims import (
    HOLD_S,
    LEASE_S,
    MOST_OTHERS,
    OUTSTAYED_S,
    RENEW_S,
    TAIL_S,
    RoomClaims,
    RoomVerdict,
)
from ravatard.core.group.room_messages import Opener, RoomMessage, RoomVerb
from ravatard.core.states import Cause, CloseReason, TalkState

OPENED = UtteranceOpened(1, Cause.VOICE, 0)
PRESSED = UtteranceOpened(1, Cause.BUTTON, 0)
CHUNK = ChunkCaptured(1, 0, 0, b"", 0.0)
CLOSED = UtteranceClosed(1, CloseReason.SILENCE, 9, 700.0)
LEVEL = Listened(1, -60.0, -66.0)


def message(sender: str, verb: RoomVerb, by: Opener = Opener.VOICE) -> bytes:
    return RoomMessage(sender, verb, by).encoded()


def claim(sender: str, by: Opener = Opener.VOICE) -> bytes:
    return message(sender, RoomVerb.CLAIM, by)


def in_company() -> RoomClaims:
    """Appliance ``me`` in a room with another one."""
    me = RoomClaims("me")
    assert me.connected().said == (message("me", RoomVerb.HELLO),)
    assert me.received(message("other", RoomVerb.HERE), 0.0) == RoomVerdict()
    return me


# ---------------------------------------------------------------------- one appliance


def test_alone_it_answers_at_once() -> None:
    me = RoomClaims("me")
    me.connected()

    assert me.heard(OPENED, 1.0, able=True) == RoomVerdict((OPENED,), (claim("me"),))
    assert me.heard(CHUNK, 1.0, able=True) == RoomVerdict((CHUNK,))


def test_without_a_connection_or_a_service_nothing_is_claimed() -> None:
    unconnected, unable = RoomClaims("me"), in_company()

    assert unconnected.heard(OPENED, 1.0, able=True) == RoomVerdict((OPENED,))
    assert unconnected.received(claim("other"), 1.0) == RoomVerdict()
    assert unable.heard(OPENED, 1.0, able=False) == RoomVerdict((OPENED,))


def test_in_company_it_holds_what_it_hears_until_its_claim_is_back() -> None:
    me = in_company()

    assert me.heard(OPENED, 1.0, able=True) == RoomVerdict(said=(claim("me"),))
    assert me.heard(CHUNK, 1.01, able=True) == RoomVerdict()
    # What is no part of the utterance goes on.
    assert me.heard(LEVEL, 1.01, able=True) == RoomVerdict((LEVEL,))
    assert me.received(claim("me"), 1.02) == RoomVerdict((OPENED, CHUNK))
    assert me.owner(1.03) == "me"


def test_whoever_is_first_answers_and_the_rest_is_dropped_to_its_end() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)

    assert me.received(claim("other"), 1.01) == RoomVerdict()
    assert me.received(claim("me"), 1.02) == RoomVerdict()
    assert me.heard(CHUNK, 1.1, able=True) == RoomVerdict()
    assert me.heard(CLOSED, 1.2, able=True) == RoomVerdict()
    # While the other one talks nothing here is meant for us.
    again = UtteranceOpened(2, Cause.VOICE, 0)
    assert me.heard(again, 2.0, able=True) == RoomVerdict()
    assert me.heard(ChunkCaptured(2, 0, 0, b"", 0.0), 2.0, able=True) == RoomVerdict()


def test_an_utterance_that_closed_while_it_was_held_is_forgotten_whole() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)
    me.heard(CLOSED, 1.01, able=True)
    me.received(claim("other"), 1.02)

    # A number that is used again is of another microphone's life.
    assert me.heard(CHUNK, 9.5, able=True) == RoomVerdict((CHUNK,))


def test_a_broker_that_is_slow_decides_afterwards() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)

    assert me.deadline == 1.0 + HOLD_S
    assert me.on_time(1.1) == RoomVerdict()
    assert me.on_time(1.0 + HOLD_S) == RoomVerdict((OPENED,))
    me.talks(TalkState.LISTENING, 1.2)
    assert me.received(claim("other"), 1.4) == RoomVerdict(yielded=True)
    assert me.received(claim("me"), 1.5) == RoomVerdict()


def test_the_owner_renews_while_it_talks_and_lets_go_after_its_last_word() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)
    me.received(claim("me"), 1.0)
    me.talks(TalkState.LISTENING, 1.0)
    me.talks(TalkState.THINKING, 3.0)

    assert me.deadline == 1.0 + RENEW_S
    assert me.on_time(1.0 + RENEW_S).said == (message("me", RoomVerb.RENEW),)
    me.received(message("me", RoomVerb.RENEW), 4.0)
    me.talks(TalkState.IDLE, 6.0)
    assert me.deadline == 6.0 + TAIL_S
    assert me.on_time(6.0 + TAIL_S).said == (message("me", RoomVerb.RELEASE),)
    me.received(message("me", RoomVerb.RELEASE), 6.6)
    assert me.owner(6.7) is None
    assert me.deadline is None


def test_its_own_next_words_need_no_claim_while_it_has_the_room() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)
    me.received(claim("me"), 1.0)
    me.talks(TalkState.LISTENING, 1.0)

    assert me.heard(UtteranceOpened(2, Cause.VOICE, 0), 2.0, able=True).said == ()
    me.talks(TalkState.IDLE, 3.0)
    assert me.heard(UtteranceOpened(3, Cause.VOICE, 0), 3.1, able=True).said == ()


def test_an_owner_that_vanishes_has_the_room_for_as_long_as_its_lease() -> None:
    me = in_company()
    me.received(claim("other"), 1.0)

    assert me.owner(1.0 + LEASE_S - 0.1) == "other"
    assert me.heard(OPENED, 1.0 + LEASE_S, able=True).said == (claim("me"),)


@pytest.mark.parametrize("by", [None, *Opener])
def test_one_that_never_lets_go_makes_no_other_deaf_for_good(by: Opener | None) -> None:
    """A stuck appliance, or a stranger's program; by renewing, or by any claim again and again."""
    me = in_company()
    again = message("other", RoomVerb.RENEW) if by is None else claim("other", by)
    me.received(claim("other"), 0.0)
    now, told = 0.0, []
    while now < 2 * OUTSTAYED_S:
        now += RENEW_S
        verdict = me.received(again, now)
        told += [verdict.outstayed] if verdict.outstayed else []
        assert (me.owner(now) is None) is (now > OUTSTAYED_S)
    assert told == ["other"]
    assert me.heard(OPENED, now, able=True).said == (claim("me"),)
    # It counts again once it has let go, or was silent.
    me.received(message("other", RoomVerb.RELEASE), now)
    me.received(message("me", RoomVerb.RELEASE), now)
    me.received(claim("other"), now + 1.0)
    assert me.owner(now + 1.0) == "other"


def test_one_that_was_silent_for_a_lease_counts_again() -> None:
    me, now = in_company(), 0.0
    while now <= OUTSTAYED_S + RENEW_S:
        me.received(message("other", RoomVerb.RENEW), now)
        now += RENEW_S
    assert me.owner(now) is None

    me.received(claim("other"), now + LEASE_S)

    assert me.owner(now + LEASE_S) == "other"


def test_an_owner_that_lets_go_leaves_the_room_to_the_next() -> None:
    me = in_company()
    me.received(claim("other"), 1.0)
    me.received(message("third", RoomVerb.RELEASE), 1.5)
    assert me.owner(1.6) == "other"
    me.received(message("other", RoomVerb.RELEASE), 2.0)

    assert me.owner(2.0) is None


def test_a_press_is_answered_where_the_button_is() -> None:
    me = in_company()
    me.received(claim("other"), 1.0)

    verdict = me.heard(PRESSED, 1.5, able=True)

    assert verdict == RoomVerdict((PRESSED,), (claim("me", Opener.BUTTON),))
    me.received(claim("me", Opener.BUTTON), 1.6)
    assert me.owner(1.6) == "me"


def test_a_press_takes_along_what_was_held() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)

    assert me.heard(PRESSED, 1.01, able=True).passed == (OPENED, PRESSED)


@pytest.mark.parametrize(
    ("talk", "by", "yielded"),
    [
        (TalkState.LISTENING, Opener.BUTTON, True),
        (TalkState.THINKING, Opener.BUTTON, True),
        (TalkState.SPEAKING, Opener.BUTTON, False),
        (TalkState.LISTENING, Opener.TEXT, False),
        (TalkState.LISTENING, Opener.VOICE, False),
    ],
)
def test_a_press_elsewhere_takes_the_words_that_a_voice_began_with(
    talk: TalkState, by: Opener, yielded: bool
) -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)
    me.received(claim("me"), 1.0)
    me.talks(talk, 1.0)

    assert me.received(claim("other", by), 1.5).yielded is yielded


def test_an_answer_that_was_not_spoken_for_claims_the_room_so_that_nobody_answers_it() -> None:
    me = in_company()

    assert me.talks(TalkState.THINKING, 1.0).said == (claim("me", Opener.TEXT),)
    assert me.talks(TalkState.SPEAKING, 2.0).said == ()
    assert me.talks(TalkState.SPEAKING, 2.0) == RoomVerdict()
    # Also when the room is reached in the middle of it.
    late = RoomClaims("late")
    late.talks(TalkState.SPEAKING, 0.0)
    assert late.connected().said == (message("late", RoomVerb.HELLO), claim("late", Opener.TEXT))


def test_a_claim_that_was_lost_on_its_way_stands_for_no_later_one() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)
    me.on_time(1.0 + HOLD_S)
    me.talks(TalkState.LISTENING, 1.2)
    me.talks(TalkState.IDLE, 9.0)

    # A text was written: the others will hear the answer.
    assert me.talks(TalkState.THINKING, 20.0).said == (claim("me", Opener.TEXT),)


def test_a_wake_word_claims_and_what_follows_it_belongs_to_it() -> None:
    me = in_company()
    woken = Woken(0.9)

    assert me.heard(woken, 1.0, able=True).said == (claim("me"),)
    assert me.heard(OPENED, 1.05, able=True) == RoomVerdict()
    assert me.received(claim("me"), 1.06).passed == (woken, OPENED)


def test_a_wake_word_with_nothing_behind_it_lets_go() -> None:
    me = in_company()
    me.heard(Woken(0.9), 1.0, able=True)
    me.received(claim("me"), 1.0)

    assert me.heard(WakeUnused(), 4.0, able=True).passed == (WakeUnused(),)
    assert me.on_time(4.0).said == (message("me", RoomVerb.RELEASE),)


def test_a_wake_word_elsewhere_is_not_ours() -> None:
    me = in_company()
    me.received(claim("other"), 1.0)

    assert me.heard(Woken(0.9), 1.1, able=True) == RoomVerdict()


def test_a_microphone_that_is_lost_takes_along_what_was_held() -> None:
    me, lost = in_company(), MicrophoneLost("gone")
    me.heard(OPENED, 1.0, able=True)

    assert me.heard(lost, 1.01, able=True) == RoomVerdict((lost,))
    assert me.received(claim("me"), 1.02) == RoomVerdict()
    # Nothing came of it.
    assert me.on_time(1.02 + TAIL_S).said == (message("me", RoomVerb.RELEASE),)


def test_a_connection_that_is_lost_lets_everybody_answer() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)

    assert me.disconnected() == RoomVerdict((OPENED,))
    assert me.heard(CHUNK, 1.1, able=True) == RoomVerdict((CHUNK,))
    assert me.deadline is None


def test_a_newcomer_is_greeted_and_strangers_are_bounded() -> None:
    me = in_company()

    assert me.received(message("new", RoomVerb.HELLO), 1.0).said == (message("me", RoomVerb.HERE),)
    assert me.received(message("me", RoomVerb.HELLO), 1.0) == RoomVerdict()
    assert me.received(b"nonsense", 1.0) == RoomVerdict()
    for number in range(2 * MOST_OTHERS):
        me.received(message(f"x{number}", RoomVerb.HERE), 1.0)
    assert len(me._others) == MOST_OTHERS


def test_a_wake_word_that_another_one_answers_is_dropped_with_what_came_behind_it() -> None:
    me = in_company()
    me.heard(Woken(0.9), 1.0, able=True)
    me.heard(OPENED, 1.01, able=True)
    me.heard(CHUNK, 1.02, able=True)

    assert me.received(claim("other"), 1.03) == RoomVerdict()
    assert me.heard(CLOSED, 1.04, able=True) == RoomVerdict()


def test_a_lease_that_ran_out_meanwhile_is_not_given_back() -> None:
    me = in_company()
    me.heard(OPENED, 1.0, able=True)
    me.received(claim("me"), 1.0)

    # Nothing came of it, and a machine that was asleep looks at its clock late.
    assert me.on_time(1.0 + LEASE_S) == RoomVerdict()


# ---------------------------------------------------------------------- a room of them


@dataclass
class Appliance:
    """An appliance that listens when it is let, and forgets what it yields."""

    claims: RoomClaims
    began_at: list[float] = field(default_factory=list)
    answers: bool = False


class SimulatedRoom:
    """Appliances around a broker, which has one order for everybody; each way takes its own time."""

    def __init__(self, size: int, delay: Callable[[], float]) -> None:
        self.devices = [Appliance(RoomClaims(f"a{number}")) for number in range(size)]
        self._delay = delay
        self._queue: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        #: When the newest message of each way arrives: a connection keeps its order.
        self._up = [0.0] * size
        self._down = [0.0] * size

    def at(self, when: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), what))

    def run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            now, _, what = heapq.heappop(self._queue)
            what(now)

    def carried_out(self, number: int, verdict: RoomVerdict, now: float) -> None:
        device = self.devices[number]
        for event in verdict.passed:
            if isinstance(event, UtteranceOpened):
                device.answers = True
                device.began_at.append(now)
                self.carried_out(number, device.claims.talks(TalkState.LISTENING, now), now)
        if verdict.yielded:
            device.answers = False
            self.carried_out(number, device.claims.talks(TalkState.IDLE, now), now)
        for said in verdict.said:
            self._up[number] = max(self._up[number], now + self._delay())
            self.at(self._up[number], lambda at, said=said: self._passed_on(said, at))  # type: ignore[misc]
        if (deadline := device.claims.deadline) is not None:
            self.at(max(now, deadline), lambda at: self.carried_out(number, device.claims.on_time(at), at))

    def _passed_on(self, said: bytes, now: float) -> None:
        for number, device in enumerate(self.devices):
            self._down[number] = max(self._down[number], now + self._delay())
            self.at(
                self._down[number],
                lambda at, number=number, device=device: self.carried_out(  # type: ignore[misc]
                    number, device.claims.received(said, at), at
                ),
            )

    def connect(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.carried_out(number, self.devices[number].claims.connected(), 0.0)

    def hear(self, number: int, now: float, event: MicrophoneEvent = OPENED) -> None:
        self.at(
            now,
            lambda at: self.carried_out(number, self.devices[number].claims.heard(event, at, able=True), at),
        )

    @property
    def answering(self) -> int:
        return sum(device.answers for device in self.devices)


@given(
    st.integers(2, 6),
    st.floats(0.0, 0.5),
    st.integers(0, 1_000_000),
    st.booleans(),
)
def test_of_any_room_exactly_one_answers(size: int, slowest_s: float, seed: int, acquainted: bool) -> None:
    dice = random.Random(seed)
    room = SimulatedRoom(size, lambda: dice.uniform(0.0, slowest_s))
    room.connect(range(size))
    if acquainted:
        room.run(9.9)
    for number in range(size):
        room.hear(number, 10.0 + dice.uniform(0.0, 0.2))
    # The appliances may not know each other yet, and each begin at once: then all but one yield.
    room.run(14.0)

    assert room.answering == 1


def test_three_appliances_in_two_hundred_of_two_hundred_tries() -> None:
    outcomes, waits = [], []
    for seed in range(200):
        dice = random.Random(seed)
        room = SimulatedRoom(3, lambda dice=dice: dice.uniform(0.001, 0.02))  # type: ignore[misc]
        room.connect(range(3))
        room.run(9.9)
        heard = [10.0 + dice.uniform(0.0, 0.2) for _ in range(3)]
        for number, at in enumerate(heard):
            room.hear(number, at)
        room.run(12.0)
        began = [at for device in room.devices for at in device.began_at]
        outcomes.append((room.answering, len(began)))
        waits.append(began[0] - min(heard))

    # Not one of them began and had to stop: nothing was bought, shown or sounded for nothing.
    assert outcomes == [(1, 1)] * 200
    assert max(waits) <= 0.15


def test_three_appliances_without_a_broker_each_answer_at_once() -> None:
    for seed in range(50):
        dice = random.Random(seed)
        room = SimulatedRoom(3, lambda: 0.01)
        heard = [10.0 + dice.uniform(0.0, 0.2) for _ in range(3)]
        for number, at in enumerate(heard):
            room.hear(number, at)
        room.run(12.0)

        assert [device.began_at for device in room.devices] == [[at] for at in heard]
