"""Every state the hub can get into, with every event: found by search, not by hand."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.echo.talk_over_hold import LONGEST_HOLD_S
from ravatard.core.audio_format import silence
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.self_hearing import MOST_AT_ONCE, MOST_FALSE, MOST_FALSE_LATELY
from ravatard.core.indication import Condition, Show, look_for
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import ConversationOptions, SessionOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import (
    AttentionState,
    Cause,
    CloseReason,
    LinkState,
    MicrophoneStatus,
    Refusal,
    SessionState,
    TalkState,
    TurnOutcome,
    VoiceSource,
)
from ravatard.core.wakeword.attention import MOST_FOLLOW_UPS
from ravatard.core.wakeword.options import WakeWordOptions
from tests.unit.core.conversation.test_conversation import CAPABILITIES
from tests.unit.core.conversation.test_playback_state import ALOUD as OPTIONS
from tests.unit.core.recorded import EVERY_EVENT

CHUNK = silence(4096)

#: Seconds that pass before a tick: silence is due, the avatar's tail or a long press is over, an answer
#: is late, the session is idle, a hold for the avatar's own voice is over.
PAUSES_S = (0.3, 1.1, 31.0, 121.0, 601.0)

#: Every configuration that gives an event another meaning.
TALKED_OVER = replace(
    OPTIONS, equipment=replace(OPTIONS.equipment, audio=AudioOptions("cancel", barge_in="voice"))
)
WISHES: dict[str, ConversationOptions] = {
    "a voice or a held button": OPTIONS,
    "a voice alone": replace(OPTIONS, gate=GateOptions(mode="vad"), session=SessionOptions(keep="always")),
    "a word or a held button": replace(
        OPTIONS,
        gate=GateOptions(mode="wakeword-or-button"),
        equipment=replace(OPTIONS.equipment, audio=AudioOptions(echo="off")),
        wakeword=WakeWordOptions(in_answer="turn"),
    ),
    "a voice that interrupts": TALKED_OVER,
    "muted from the start": replace(OPTIONS, gate=GateOptions(mode="button", toggle=True), muted=True),
}

#: A service that finds the end of an utterance by silence, and one that has it marked, takes orders to stop,
#: and answers in pieces.
SERVICES: dict[str, Capabilities] = {
    "listens": CAPABILITIES,
    "is told": replace(
        CAPABILITIES, voice=VoiceSource.PIECES, marks_utterances=True, interrupts=True, listens=None
    ),
}

State = tuple[LinkState, SessionState, TalkState, MicrophoneStatus, bool]
#: What happens, and how many seconds after what happened before.
Step = tuple[float, ev.Event]


@dataclass
class Story:
    """A conversation that lives through steps one after another, and what is true of it."""

    options: ConversationOptions
    service: Capabilities = CAPABILITIES
    hub: Conversation = field(init=False)
    now: float = 0.0
    pressed: bool = False
    #: Numbers of the turns that were told to be over.
    over: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hub = Conversation(self.options)

    def lives(self, step: Step) -> list[Any]:
        after_s, event = step
        self.now += after_s
        if isinstance(event, ev.ButtonPressed | ev.ButtonReleased):
            self.pressed = isinstance(event, ev.ButtonPressed)
        actions = self.hub.handle(event, self.now)
        self.over += [action.summary.turn for action in actions if isinstance(action, act.TurnEnded)]
        return actions

    @property
    def state(self) -> State:
        hub, state = self.hub, self.hub.state
        return state.service.link, hub.session, hub.talk, hub.microphone, state.microphone.muted

    @property
    def place(self) -> tuple[object, ...]:
        """The state, and of the turn and the answer what decides most of what may follow."""
        turn, playback = self.hub.state.turns.turn, self.hub.state.playback
        barge_in = self.hub.state.barge_in
        interrupted = (barge_in.utterance is None, barge_in.paused, barge_in.discard_at is None)
        answer = (playback.arriving, playback.gap_at is not None, *interrupted)
        attention = self.hub.state.attention.state
        return *self.state, None if turn is None else turn.begun, *answer, attention, *self.doubts

    @property
    def doubts(self) -> tuple[object, ...]:
        """Whether the avatar is held for its own voice, where it can be talked over at all."""
        if not self.options.equipment.audio.is_talked_over:
            return ()
        return (self.hub.state.microphone.talk_over_hold.until is None,)

    @property
    def turn(self) -> int:
        """The number of the turn there is, or of one that never was."""
        turn = self.hub.state.turns.turn
        return turn.number if turn is not None else 99


def steps(story: Story) -> Iterator[Step]:  # noqa: C901, PLR0912 - a list of contents is a list of loops
    """Every type of event with every content that means something else to the hub."""
    now = story.now
    for cause in Cause:
        yield 0.0, ev.UtteranceOpened(1, cause, 0)
    for reason in (CloseReason.SILENCE, CloseReason.NO_SPEECH):
        yield 0.0, ev.UtteranceClosed(1, reason, 9, 700.0)
    yield 0.0, ev.UtteranceClosed(2, CloseReason.SILENCE, 9, 700.0)
    yield 0.0, ev.UtteranceClosed(1, CloseReason.SILENCE, 9, 20.0)
    yield 0.0, ev.UtteranceClosed(1, CloseReason.SILENCE, 9, 700.0, proven=False)
    for works in (True, False):
        yield 0.0, ev.EchoRemoved(works, "" if works else "it crashed twice")
    for utterance in (1, 2):
        yield 0.0, ev.ChunkCaptured(utterance, 0, 0, CHUNK, now)
    for read_at in (now, None):
        yield 0.0, ev.MessageSent(story.turn, read_at, now)
    yield 0.0, ev.UtteranceDropped(story.turn, "the network is slow")
    for refusal in Refusal:
        yield 0.0, ev.SessionRefused(refusal, "no", None)
        yield 0.0, ev.StreamBroke(refusal, "it broke")
    for refusal in (Refusal.MONEY, Refusal.DENIED):
        yield 0.0, ev.LinkDenied("no", refusal)
    for listens in (True, False):
        yield 0.0, ev.LinkOnline(replace(story.service, listens=listens))
    for source in VoiceSource:
        streams = source in (VoiceSource.STREAM, VoiceSource.PIECES)
        yield 0.0, ev.LinkOnline(replace(story.service, streams_audio=streams, voice=source))
    for deaf in (True, False):
        yield 0.0, ev.ServiceHearing(deaf, "no ear" if deaf else "")
    for hopeless in (True, False):
        yield 0.0, ev.VoiceOffline("no voice", hopeless)
    yield 0.0, ev.Answered("hello", file_url="https://a.example/b.wav")
    yield 0.0, ev.Answered("hello", self_heard=True)
    for muted in (True, False, None):
        yield 0.0, ev.MuteAsked(muted)
    for pause_s in PAUSES_S:
        yield pause_s, ev.Tick()
    for event in (
        *(ev.MicrophoneReady("usb"), ev.MicrophoneLost("gone"), ev.MicrophoneClosed(), ev.MicrophoneEnded()),
        ev.ConfirmationLost("the library is missing"),
        *(ev.Woken(0.9), ev.WakeMissed(0.6), ev.WakeUnused(), ev.WakeWordLost("it crashed")),
        *(ev.Listened(1, -60.0, -66.0), ev.PressIgnored(20.0), ev.ButtonPressed(now), ev.ButtonReleased(now)),
        *(ev.LinkConnecting(), ev.LinkOffline("no network.", 1.0), ev.NetworkChanged()),
        *(ev.SessionStarted(), ev.SessionEnded("over"), ev.Answered("hello"), ev.TextGiven("hello")),
        *(ev.RestartSessionAsked(), ev.AnsweredElsewhere(), ev.OptionsChanged(story.options)),
        *(ev.PlaybackStarted(now), ev.PlaybackEnded(now), ev.Played(0, 20.0)),
        *(ev.SpeakerReady("usb", 20.0), ev.SpeakerLost("gone"), ev.AnswerUnplayable(1, "no sound")),
        *(ev.SpeakerAsleep(), ev.SpeakerAwake()),
        *(ev.VoiceOnline(), ev.VolumeAsked(-10, relative=True)),
        *(ev.QuietChanged(True), ev.QuietChanged(False)),
        *(ev.AnnouncementAsked(1, 30), ev.AnnouncementBegun(1), ev.AnnouncementEnded(1)),
        *(ev.AnswerBegun(), ev.AnswerComplete(), ev.TurnFailed("no recogniser"), ev.NothingSaid()),
    ):
        yield 0.0, event


def fork(story: Story) -> Story:
    """The same story, to go on from here; everything a conversation is made of is a value."""
    hub = copy(story.hub)
    hub._machines = copy(story.hub._machines)
    forked = replace(story, over=list(story.over))
    forked.hub = hub
    return forked


def check(story: Story, actions: list[Any], before: Story) -> None:
    """What is true after every event in every state."""
    hub, state = story.hub, story.hub.state
    turn = state.turns.turn
    # Somebody is listened to, or an answer awaited, exactly in a turn; only sound may overlay one.
    awaited = TalkState.THINKING if state.turns.sound_awaited else TalkState.IDLE
    assert turn is not None or hub.talk in (awaited, TalkState.IDLE, TalkState.SPEAKING)
    # Who is heard is followed by the microphone: held at most while something sounds, and its tail.
    sounds = state.playback.since is not None or state.microphone.free_at is not None
    assert hub.microphone is not MicrophoneStatus.HELD or sounds
    if hub.talk is TalkState.LISTENING:
        assert turn is not None
        assert turn.closed_at is None
    # Each turn ends once, in the order they began.
    assert story.over == list(range(1, state.turns.count + (turn is None)))
    check_attention(hub)
    check_doubts(hub, story.now)
    if story.state[-1]:
        assert not [action for action in actions if isinstance(action, act.SendAudio | act.Press)]
        assert hub.talk is not TalkState.LISTENING
    # What waits for its next piece is still heard; nothing is awaited of an answer that is over.
    assert state.playback.gap_at is None or (state.playback.arriving and state.playback.since is not None)
    if hub.state.service.capabilities is not None:
        check_orders(story, actions)
    check_deadline(hub, story.now)
    check_indication(story, actions, before)


def check_attention(hub: Conversation) -> None:
    """Speech without the word opens the gate in no state but those in which it may be meant."""
    attention, able = hub.state.attention, hub.state.microphone.able
    if not (hub.gate.takes_word and able):
        assert attention.state is AttentionState.WAITING
    assert (attention.until is None) is (attention.state is AttentionState.WAITING)
    assert attention.earcon_at is None or attention.state is AttentionState.WOKEN
    assert 0 <= attention.follow_ups <= MOST_FOLLOW_UPS
    if attention.follow_ups == MOST_FOLLOW_UPS:
        assert attention.state is not AttentionState.FOLLOW_UP
        assert not attention.due
    if attention.state is AttentionState.FOLLOW_UP:
        assert hub.microphone is MicrophoneStatus.OPEN
        assert hub.talk in (TalkState.IDLE, TalkState.THINKING)


def check_doubts(hub: Conversation, now: float) -> None:
    """No hold is for good, and the avatar that took itself for a user too often is held."""
    microphone, barge_in = hub.state.microphone, hub.state.barge_in
    hold = microphone.talk_over_hold
    assert hold.until is None or now < hold.until <= now + LONGEST_HOLD_S
    assert barge_in.false_alarms < MOST_FALSE
    assert len(barge_in.false_at) < MOST_FALSE_LATELY
    assert len(barge_in.ended_at) < MOST_AT_ONCE
    assert not (microphone.trusted and hold.reason)


def check_orders(story: Story, actions: list[Any]) -> None:
    """Each service is asked for what it can do, and for nothing else."""
    stops = [action for action in actions if isinstance(action, act.StopPlayback)]
    interruptions = [action for action in actions if isinstance(action, act.Interrupt)]
    unanswered = [
        action
        for action in actions
        if isinstance(action, act.TurnEnded) and action.summary.outcome is TurnOutcome.UNANSWERED
    ]
    # What is silenced here, or not waited for any more, the service need not go on with.
    assert len(interruptions) == (len(stops) + len(unanswered) if story.service.interrupts else 0)
    if story.service.marks_utterances:
        silence_sent = [one for one in actions if isinstance(one, act.SendAudio) and one.read_at is None]
        # The first link may come in the middle of what was said without one.
        assert silence_sent == []
    else:
        marks = [one for one in actions if isinstance(one, act.EndUtterance | act.CancelUtterance)]
        turn = story.hub.state.turns.turn
        assert marks == [] or turn is None or turn.marked


def check_deadline(hub: Conversation, now: float) -> None:
    assert hub.deadline is None or math.isfinite(hub.deadline)
    assert hub.overdue(now, 0.0) is None


def check_indication(story: Story, actions: list[Any], before: Story) -> None:
    hub, state = story.hub, story.hub.state
    link, _, talk, microphone, muted = story.state
    shown_link, denied = state.service.shown_link(story.now)
    look = look_for(
        Condition(
            started=state.microphone.known and state.service.tried,
            link=shown_link,
            talk=talk,
            microphone=microphone,
            pressed=story.pressed and hub.gate.takes_button and not muted,
            busy=state.service.busy_until is not None,
            denied=denied,
            deaf=bool(state.service.deafness.reason),
            attention=state.attention.shown if hub.gate.takes_word else None,
        )
    )
    assert shown_link is link or denied is Refusal.MONEY or state.service.deafness.person
    assert hub.indication.look is look
    shows = [action.indication for action in actions if isinstance(action, Show)]
    assert shows == ([hub.indication] if hub.indication != before.hub.indication else [])


def every_place(
    options: ConversationOptions, service: Capabilities
) -> dict[tuple[object, ...], tuple[Step, ...]]:
    """Breadth first: each place that can be reached, and a shortest path to it. Checks every step."""
    begin = Story(options, service)
    found: dict[tuple[object, ...], tuple[Step, ...]] = {begin.place: ()}
    waiting: deque[tuple[Story, tuple[Step, ...]]] = deque([(begin, ())])
    while waiting:
        before, path = waiting.popleft()
        for step in steps(before):
            story = fork(before)
            actions = story.lives(step)
            try:
                check(story, actions, before)
            except AssertionError as error:
                error.add_note(f"after {[event for _, event in path]}, then {step}")
                raise
            if story.place not in found:
                found[story.place] = (*path, step)
                waiting.append((story, found[story.place]))
    return found


@pytest.mark.slow
# Half a minute each by itself, several times that on a machine that does much else.
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("a voice or a held button", "listens"),
        ("a voice or a held button", "is told"),
        ("a voice alone", "is told"),
        ("muted from the start", "listens"),
        ("a word or a held button", "listens"),
        ("a voice that interrupts", "listens"),
    ],
)
def test_every_event_in_every_state_that_can_be_reached(name: str, service: str) -> None:
    states = {place[:5] for place in every_place(WISHES[name], SERVICES[service])}

    for number, kind in enumerate((LinkState, SessionState, TalkState, MicrophoneStatus)):
        # The microphone is held with echo off, too: a loop of the avatar with itself has an end.
        assert {state[number] for state in states} == set(kind)
    assert {state[4] for state in states} == {True, False}


def test_no_type_of_event_is_left_out() -> None:
    assert {type(event) for _, event in steps(Story(OPTIONS))} == set(EVERY_EVENT)
