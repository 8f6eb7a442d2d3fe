"""The hub's mind: what follows from what."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio import microphone_events, speaker_events
from ravatard.core.audio_format import silence
from ravatard.core.backoff import LONGEST_WISH_S
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.service_state import (
    ASK_EVERY_S,
    NETWORK_EVERY_S,
    NO_MONEY_S,
    RENEW_S,
)
from ravatard.core.conversation.turn import LISTENING_GRACE_S
from ravatard.core.indication import Look, Show
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.spend_limit import SpendOptions
from ravatard.core.states import (
    Cause,
    CloseReason,
    GateMode,
    MicrophoneStatus,
    Refusal,
    SessionState,
    TalkState,
    TurnOutcome,
)
from tests.unit.core.recorded import plausible_events

CAPABILITIES = Capabilities(
    streams_audio=True,
    needs_session=True,
    listens=True,
    answer_timeout_s=30.0,
    avatar="Ava",
    language="en",
)
OPTIONS = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(), has_button=True)
CHUNK = silence(4096)
PLAYBACK_TAIL_S = OPTIONS.equipment.audio.tail_ms / 1000


class Talker:
    """A conversation with a clock and short words for what happens; keeps every action with its time."""

    def __init__(self, options: ConversationOptions = OPTIONS, *, online: bool = True) -> None:
        self.hub = Conversation(options)
        self.now = 100.0
        self.log: list[tuple[float, Any]] = []
        self._utterances = 0
        self.happens(ev.MicrophoneReady("usb"))
        if online:
            self.happens(ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES))

    def happens(self, *events: ev.Event) -> list[Any]:
        actions: list[Any] = []
        for event in events:
            actions += self.hub.handle(event, self.now)
        self.log += [(self.now, action) for action in actions]
        return actions

    def passes(self, seconds: float) -> list[Any]:
        """Let time go by, ticking whenever the conversation asked to be ticked."""
        until, actions = self.now + seconds, []
        while (at := self.hub.deadline) is not None and at <= until:
            self.now = max(self.now, at)
            actions += self.happens(ev.Tick())
        self.now = until
        return actions

    def opens(self, cause: Cause = Cause.VOICE) -> list[Any]:
        self._utterances += 1
        return self.happens(ev.UtteranceOpened(self._utterances, cause, 0))

    def chunk(self, pcm: bytes = CHUNK) -> list[Any]:
        actions = self.happens(ev.ChunkCaptured(self._utterances, 0, 0, pcm, self.now))
        for send in of(act.SendAudio, actions):
            self.happens(ev.MessageSent(send.turn, send.read_at, self.now))
        return actions

    def closes(self, reason: CloseReason = CloseReason.SILENCE, speech_ms: float = 1200.0) -> list[Any]:
        return self.happens(ev.UtteranceClosed(self._utterances, reason, 0, speech_ms))

    def says(self, chunks: int = 3) -> list[Any]:
        actions = self.opens()
        if self.hub.session is SessionState.STARTING:
            self.happens(ev.SessionStarted())
        for _ in range(chunks):
            actions += self.chunk()
        return actions + self.closes()

    def answers(self, text: str = "Hello.") -> list[Any]:
        return self.happens(ev.Answered(text))

    def look(self) -> Look:
        return self.hub.indication.look

    def talk(self) -> TalkState:
        return self.hub.talk

    def microphone(self) -> MicrophoneStatus:
        return self.hub.microphone


def of(kind: type[Any], actions: list[Any]) -> list[Any]:
    return [action for action in actions if isinstance(action, kind)]


def outcomes(talker: Talker) -> list[TurnOutcome]:
    return [action.summary.outcome for _, action in talker.log if isinstance(action, act.TurnEnded)]


# ---------------------------------------------------------------- a turn as it should be


def test_the_first_words_start_a_session_before_they_are_sent() -> None:
    talker = Talker()

    actions = talker.opens() + talker.chunk()

    wanted = [a for a in actions if isinstance(a, act.StartSession | act.SendAudio)]
    assert wanted == [act.StartSession(1), act.SendAudio(1, CHUNK, talker.now)]


def test_a_session_that_is_there_is_used_again() -> None:
    talker = Talker()
    talker.says()
    talker.answers()

    assert of(act.StartSession, talker.says()) == []


def test_an_answer_ends_the_turn() -> None:
    talker = Talker()
    talker.says(chunks=3)
    talker.passes(1.5)

    (ended,) = of(act.TurnEnded, talker.answers())

    assert ended.summary == act.TurnSummary(
        turn=1,
        outcome=TurnOutcome.ANSWERED,
        cause=Cause.VOICE,
        spoken_ms=768.0,
        speech_ms=1200.0,
        messages=3,
        silence_messages=5,
        answer_ms=1500.0,
        opened_at=100.0,
        closed_at=100.0,
        answered_at=101.5,
    )
    assert talker.talk() is TalkState.IDLE


def test_the_lights_follow_the_turn() -> None:
    talker = Talker()

    talker.says()
    talker.answers()

    assert [a.indication.look for _, a in talker.log if isinstance(a, Show)] == [
        Look.CONNECTING,
        Look.READY,
        Look.LISTENING,
        Look.THINKING,
        Look.READY,
    ]


def test_silence_follows_the_words_at_real_time_pace_until_the_answer() -> None:
    talker = Talker()
    talker.says()
    start = talker.now

    silent = [(round(t - start, 3), a) for t, a in _timed(talker, 1.1) if isinstance(a, act.SendAudio)]
    talker.answers()

    assert [t for t, _ in silent] == [0.256, 0.512, 0.768, 1.024]
    assert all(a.pcm == CHUNK and a.read_at is None for _, a in silent)
    assert of(act.SendAudio, talker.passes(10.0)) == []


def _timed(talker: Talker, seconds: float) -> list[tuple[float, Any]]:
    before = len(talker.log)
    talker.passes(seconds)
    return talker.log[before:]


def test_silence_stops_at_its_limit_though_no_answer_came() -> None:
    talker = Talker()
    talker.says()

    assert len(of(act.SendAudio, talker.passes(29.0))) == 19


def test_an_answer_that_never_comes_ends_the_turn_at_the_services_own_limit() -> None:
    talker = Talker()
    talker.says()

    talker.passes(29.9)
    assert talker.talk() is TalkState.THINKING
    talker.passes(0.2)

    assert outcomes(talker) == [TurnOutcome.UNANSWERED]
    assert talker.talk() is TalkState.IDLE


def test_the_configuration_may_set_another_limit_for_the_answer() -> None:
    talker = Talker(replace(OPTIONS, turn=TurnOptions(answer_s=3.0)))
    talker.says()

    talker.passes(3.1)

    assert outcomes(talker) == [TurnOutcome.UNANSWERED]


def test_an_answer_before_the_gate_closed_needs_no_silence_after_it() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionStarted())
    talker.chunk()

    talker.answers()
    assert talker.talk() is TalkState.LISTENING
    talker.closes()

    assert outcomes(talker) == [TurnOutcome.ANSWERED]
    assert of(act.SendAudio, talker.passes(5.0)) == []


def test_a_further_answer_to_nobody_is_tolerated() -> None:
    talker = Talker()
    talker.says()
    talker.answers()

    assert of(act.TurnEnded, talker.answers()) == []


def test_a_late_answer_does_not_end_a_turn_that_has_sent_nothing_yet() -> None:
    talker = Talker()
    talker.says()
    talker.opens()

    talker.answers()
    talker.chunk()
    talker.closes()

    assert outcomes(talker) == [TurnOutcome.SUPERSEDED]
    assert talker.talk() is TalkState.THINKING


def test_who_goes_on_speaking_supersedes_the_question() -> None:
    talker = Talker()
    talker.says()

    talker.says()
    talker.answers()

    assert outcomes(talker) == [TurnOutcome.SUPERSEDED, TurnOutcome.ANSWERED]


def test_a_press_with_nothing_said_asks_the_service_nothing() -> None:
    talker = Talker()
    talker.opens(Cause.BUTTON)

    talker.closes(CloseReason.NO_SPEECH)

    assert outcomes(talker) == [TurnOutcome.NOTHING_SAID]
    assert talker.talk() is TalkState.IDLE


def test_chunks_and_closings_of_an_unknown_utterance_are_ignored() -> None:
    talker = Talker()

    actions = talker.happens(
        ev.ChunkCaptured(9, 0, 0, CHUNK, 0.0), ev.UtteranceClosed(9, CloseReason.SILENCE, 0, 0)
    )

    assert actions == []


# ---------------------------------------------------------------- text


def test_text_is_a_turn_of_its_own() -> None:
    talker = Talker()

    actions = talker.happens(ev.TextGiven("Hello"))
    talker.happens(ev.SessionStarted(), ev.MessageSent(1, None, talker.now))
    talker.answers()

    assert [a for a in actions if isinstance(a, act.StartSession | act.SendText)] == [
        act.StartSession(1),
        act.SendText(1, "Hello"),
    ]
    assert outcomes(talker) == [TurnOutcome.ANSWERED]


def test_text_while_somebody_speaks_joins_that_turn() -> None:
    talker = Talker()
    talker.opens()

    assert of(act.SendText, talker.happens(ev.TextGiven("and this"))) == [act.SendText(1, "and this")]
    assert talker.talk() is TalkState.LISTENING


# ---------------------------------------------------------------- the session


def test_an_idle_session_is_ended() -> None:
    talker = Talker()
    talker.says()
    talker.answers()

    assert of(act.EndSession, talker.passes(119.9)) == []
    (end,) = of(act.EndSession, talker.passes(0.2))

    assert not end.gone
    assert talker.hub.session is SessionState.NONE


def test_a_session_in_use_is_not_idle() -> None:
    talker = Talker()
    talker.says()
    talker.passes(100.0)
    talker.says()
    talker.answers()

    assert of(act.EndSession, talker.passes(119.0)) == []


ALWAYS = replace(OPTIONS, session=SessionOptions(keep="always"))


@pytest.mark.parametrize(
    "over",
    [
        ev.StreamBroke(Refusal.FAILED, "it broke"),
        ev.SessionEnded("over"),
        ev.RestartSessionAsked(),
        ev.SessionRefused(Refusal.FAILED, "no"),
    ],
)
def test_a_session_kept_always_that_is_over_is_started_again_after_a_while(over: ev.Event) -> None:
    talker = Talker(ALWAYS)
    talker.happens(ev.SessionStarted(), over)

    assert of(act.StartSession, talker.passes(RENEW_S - 0.1)) == []
    assert of(act.StartSession, talker.happens(ev.VolumeAsked(-10, relative=True), ev.Tick())) == []
    assert of(act.StartSession, talker.passes(0.2)) == [act.StartSession(0)]
    assert of(act.StartSession, talker.passes(600.0)) == []


def test_no_session_is_kept_without_a_link_or_without_money() -> None:
    talker = Talker(ALWAYS)
    talker.happens(ev.SessionRefused(Refusal.MONEY, "no money"))
    assert of(act.StartSession, talker.passes(NO_MONEY_S - 1)) == []
    assert of(act.StartSession, talker.passes(RENEW_S + 1)) == [act.StartSession(0)]

    talker.happens(ev.SessionRefused(Refusal.FAILED, "no"), ev.LinkOffline("no network.", 5.0))

    assert of(act.StartSession, talker.passes(600.0)) == []


def test_a_session_that_reached_its_limit_is_not_kept_but_started_for_words() -> None:
    talker = Talker(replace(ALWAYS, spend=SpendOptions(session_minutes=1)))
    talker.happens(ev.SessionStarted())
    assert len(of(act.EndSession, talker.passes(61.0))) == 1

    assert of(act.StartSession, talker.passes(600.0)) == []
    assert of(act.StartSession, talker.opens()) == [act.StartSession(1)]


def test_a_session_kept_always_starts_with_the_link_and_never_idles() -> None:
    talker = Talker(replace(OPTIONS, session=SessionOptions(keep="always")))

    assert [a for _, a in talker.log if isinstance(a, act.StartSession)] == [act.StartSession(0)]
    talker.happens(ev.SessionStarted())
    assert of(act.EndSession, talker.passes(100_000.0)) == []


def test_a_service_without_sessions_is_asked_for_none() -> None:
    talker = Talker(online=False)
    talker.happens(ev.LinkConnecting(), ev.LinkOnline(replace(CAPABILITIES, needs_session=False)))

    assert of(act.StartSession, talker.says()) == []


@pytest.mark.parametrize(
    ("refusal", "look"),
    [(Refusal.BUSY, Look.BUSY), (Refusal.MONEY, Look.NO_MONEY), (Refusal.FAILED, Look.SERVICE_DEAF)],
)
def test_a_refused_session_cancels_the_utterance_as_a_whole(refusal: Refusal, look: Look) -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.ChunkCaptured(1, 0, 0, CHUNK, talker.now))

    actions = talker.happens(ev.SessionRefused(refusal, "no"))
    later = talker.happens(ev.ChunkCaptured(1, 1, 4096, CHUNK, talker.now))

    assert of(act.DropTurn, actions) == [act.DropTurn(1)]
    assert outcomes(talker) == [TurnOutcome.CANCELLED]
    assert of(act.SendAudio, later) == []
    assert talker.look() is look


def test_busy_is_shown_for_a_while_and_then_no_longer() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.BUSY, "no"))

    talker.passes(9.9)
    assert talker.look() is Look.BUSY
    talker.passes(0.2)

    assert talker.look() is Look.READY


def test_busy_is_shown_as_long_as_the_service_asks_us_to_wait() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.BUSY, "no", retry_after_s=40.0))

    talker.passes(39.0)

    assert talker.look() is Look.BUSY


def test_without_money_a_voice_asks_every_twenty_seconds_and_a_press_at_once() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.MONEY, "no"))

    assert of(act.StartSession, talker.opens()) == []
    talker.happens(ev.ButtonPressed(talker.now))
    assert of(act.StartSession, talker.opens(Cause.BUTTON)) == [act.StartSession(2)]
    talker.happens(ev.ButtonReleased(talker.now))
    talker.happens(ev.SessionRefused(Refusal.MONEY, "no"))
    talker.passes(ASK_EVERY_S - 1)
    assert of(act.StartSession, talker.opens()) == []
    talker.passes(1)
    assert talker.look() is Look.NO_MONEY
    assert of(act.StartSession, talker.opens()) == [act.StartSession(3)]
    talker.happens(ev.SessionRefused(Refusal.MONEY, "no"))
    talker.passes(NO_MONEY_S + 1)

    assert talker.look() is Look.READY


def test_an_account_that_was_topped_up_is_not_shown_as_empty_any_more() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.MONEY, "no"))
    talker.passes(ASK_EVERY_S)
    talker.opens()

    assert talker.look() is Look.NO_MONEY
    talker.happens(ev.SessionStarted())

    assert talker.look() is Look.LISTENING


def test_a_session_that_went_wrong_is_ended() -> None:
    talker = Talker()
    talker.says()

    actions = talker.happens(ev.StreamBroke(Refusal.FAILED, "it broke"))

    assert of(act.EndSession, actions) == [act.EndSession("it broke")]
    assert outcomes(talker) == [TurnOutcome.CANCELLED]
    assert talker.hub.session is SessionState.NONE


def test_words_sent_in_a_session_that_was_over_are_sent_anew_as_a_whole_in_another() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionStarted())
    first, second = b"\1\0" * 4096, b"\2\0" * 4096
    talker.chunk(first)
    talker.chunk(second)

    actions = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"))

    told = [action for action in actions if isinstance(action, act.CloudAction)]
    assert told == [
        act.EndSession("it expired", gone=True),
        act.DropTurn(1),
        act.StartSession(1),
        act.SendAudio(1, first, talker.now),
        act.SendAudio(1, second, talker.now),
    ]
    talker.happens(ev.SessionStarted())
    talker.closes()
    talker.happens(ev.MessageSent(1, talker.now, talker.now), ev.Answered("well"))
    assert outcomes(talker) == [TurnOutcome.ANSWERED]


def test_words_that_wait_for_their_answer_are_given_its_whole_time_when_sent_anew() -> None:
    talker = Talker()
    talker.says()
    talker.passes(20.0)

    talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"), ev.SessionStarted())
    talker.passes(25.0)

    assert outcomes(talker) == []
    talker.passes(6.0)
    assert outcomes(talker) == [TurnOutcome.CANCELLED]


def test_text_sent_in_a_session_that_was_over_is_sent_anew() -> None:
    talker = Talker()
    talker.happens(ev.TextGiven("hello"), ev.SessionStarted(), ev.MessageSent(1, None, talker.now))

    actions = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"))

    assert of(act.StartSession, actions) == [act.StartSession(1)]
    assert of(act.SendText, actions) == [act.SendText(1, "hello")]


def test_words_are_sent_anew_once_and_then_given_up() -> None:
    talker = Talker()
    talker.says()
    talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"), ev.SessionStarted())
    talker.happens(ev.MessageSent(1, talker.now, talker.now))

    actions = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"))

    assert of(act.SendAudio, actions) == []
    assert outcomes(talker) == [TurnOutcome.CANCELLED]
    assert talker.hub.session is SessionState.NONE


def test_an_echo_of_the_session_before_does_not_make_a_new_one_forgotten() -> None:
    talker = Talker()
    talker.says()
    talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"))

    starting = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"))
    started = talker.happens(ev.SessionStarted(), ev.StreamBroke(Refusal.EXPIRED, "it expired"))

    assert of(act.EndSession, starting + started) == []
    assert talker.hub.session is SessionState.LIVE


def test_a_session_that_is_surely_gone_is_forgotten_although_nothing_was_sent_in_it() -> None:
    talker = Talker()
    talker.happens(ev.TextGiven("hello"), ev.SessionStarted())

    actions = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it vanished", certain=True))

    assert of(act.EndSession, actions) == [act.EndSession("it vanished", gone=True)]
    assert talker.hub.session is not SessionState.LIVE


def test_a_session_that_is_always_kept_is_started_again_when_it_is_surely_gone_unused() -> None:
    talker = Talker(ALWAYS)
    talker.happens(ev.SessionStarted())

    actions = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it vanished", certain=True))
    later = talker.passes(60.0)

    assert of(act.StartSession, [*actions, *later]) != []


def test_a_session_that_expires_while_nobody_talks_is_forgotten() -> None:
    talker = Talker()
    talker.says()
    talker.happens(ev.Answered("well"))

    actions = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it expired"))

    assert of(act.EndSession, actions) == [act.EndSession("it expired", gone=True)]
    assert of(act.StartSession, actions) == []


def test_a_stream_timeout_costs_the_turn_but_not_the_session() -> None:
    talker = Talker()
    talker.says()

    actions = talker.happens(ev.StreamBroke(Refusal.TIMEOUT, "it took too long"))

    assert of(act.EndSession, actions) == []
    assert talker.hub.session is SessionState.LIVE


def test_a_session_that_came_after_it_was_given_up_is_ended_when_idle() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.UtteranceDropped(1, "full"))
    assert talker.hub.session is SessionState.NONE

    talker.happens(ev.SessionStarted())

    assert len(of(act.EndSession, talker.passes(121.0))) == 1


def test_a_session_that_ended_by_itself_cancels_what_was_sent_in_it() -> None:
    talker = Talker()
    talker.says()
    talker.happens(ev.SessionEnded("gone"))
    assert outcomes(talker) == [TurnOutcome.CANCELLED]

    talker.happens(ev.SessionEnded("gone"))

    assert talker.hub.session is SessionState.NONE


def test_a_stream_error_without_a_session_ends_none() -> None:
    talker = Talker()

    assert of(act.EndSession, talker.happens(ev.StreamBroke(Refusal.FAILED, "it broke"))) == []


# ---------------------------------------------------------------- the link


def test_a_turn_half_sent_when_the_link_broke_is_cancelled() -> None:
    talker = Talker()
    talker.opens()
    talker.chunk()

    actions = talker.happens(ev.LinkOffline("it broke.", 1.0))

    assert of(act.DropTurn, actions) == [act.DropTurn(1)]
    assert talker.look() is Look.OFFLINE


def test_a_turn_not_begun_when_the_link_broke_is_kept() -> None:
    talker = Talker()
    talker.opens()

    talker.happens(ev.LinkOffline("it broke.", 1.0))

    assert talker.talk() is TalkState.LISTENING
    assert outcomes(talker) == []


def test_words_said_offline_are_cancelled_when_they_are_too_old() -> None:
    talker = Talker(online=False)
    talker.opens()
    actions = talker.happens(ev.ChunkCaptured(1, 0, 0, CHUNK, talker.now))
    actions += talker.closes()
    assert len(of(act.SendAudio, actions)) == 1

    assert act.DropTurn(1) in talker.passes(31.0)

    assert outcomes(talker) == [TurnOutcome.CANCELLED]


def test_a_service_that_refuses_us_is_not_talked_to() -> None:
    talker = Talker()
    talker.says()

    talker.happens(ev.LinkDenied("no such avatar", Refusal.DENIED))

    assert outcomes(talker) == [TurnOutcome.CANCELLED]
    assert talker.look() is Look.FAULT
    # It is asked once more whether it still refuses, at most every 20 s; what is said goes nowhere.
    assert talker.opens() == [act.Reconnect()]
    assert talker.opens() == []
    talker.now += 20.0
    assert talker.opens() == [act.Reconnect()]


def test_the_same_refusal_again_is_logged_once() -> None:
    talker = Talker()

    first = talker.happens(ev.LinkDenied("no such avatar", Refusal.DENIED))
    again = talker.happens(ev.LinkConnecting(), ev.LinkDenied("no such avatar", Refusal.DENIED))
    another = talker.happens(ev.LinkDenied("no such project", Refusal.DENIED))

    assert [line.text for line in of(act.LogLine, first)] == ["no such avatar"]
    assert of(act.LogLine, again) == []
    assert [line.text for line in of(act.LogLine, another)] == ["no such project"]


def test_the_status_says_why() -> None:
    talker = Talker()

    talker.happens(ev.LinkOffline("cannot reach chat.example.", 4.0))

    assert talker.hub.indication.status == "offline: cannot reach chat.example."


def test_each_trouble_has_its_own_reason() -> None:
    """Without microphone and network, the status said: no microphone: cannot reach chat.example."""
    talker = Talker()

    talker.happens(ev.LinkOffline("cannot reach chat.example.", 4.0), ev.MicrophoneLost("plug one in"))
    assert talker.hub.indication.status == "no microphone: plug one in"
    talker.happens(ev.MuteAsked(True), ev.MicrophoneClosed())
    assert talker.hub.indication.status == "muted"
    talker.happens(ev.MuteAsked(False), ev.MicrophoneReady("usb"))
    assert talker.hub.indication.status == "offline: cannot reach chat.example."


def test_a_dropped_turn_that_is_over_already_changes_nothing() -> None:
    talker = Talker()
    talker.says()
    talker.answers()

    assert talker.happens(ev.UtteranceDropped(1, "late"), ev.MessageSent(1, None, 0.0)) == []


# ---------------------------------------------------------------- microphone, gate, button


def test_the_gate_obeys_the_service_once_it_is_known() -> None:
    talker = Talker(online=False)
    assert talker.hub.gate is GateMode.BOTH

    actions = talker.happens(ev.LinkOnline(replace(CAPABILITIES, listens=False)))

    assert of(act.SetGate, actions) == [act.SetGate(GateMode.BUTTON)]


def test_a_service_that_cannot_be_obeyed_is_told_of() -> None:
    talker = Talker(replace(OPTIONS, has_button=False), online=False)

    actions = talker.happens(ev.LinkOnline(replace(CAPABILITIES, listens=False)))

    assert any(tell.warning for tell in of(act.LogLine, actions))
    assert talker.hub.gate is GateMode.VAD


def test_new_options_hold_from_the_next_moment_on() -> None:
    talker = Talker()
    talker.says()
    talker.answers()

    actions = talker.happens(
        ev.OptionsChanged(
            replace(OPTIONS, gate=GateOptions(mode="button"), session=SessionOptions(idle_s=10.0))
        )
    )

    assert of(act.SetGate, actions) == [act.SetGate(GateMode.BUTTON)]
    assert len(of(act.EndSession, talker.passes(10.1))) == 1


def test_options_may_change_before_the_service_is_known() -> None:
    talker = Talker(online=False)

    talker.happens(ev.OptionsChanged(replace(OPTIONS, gate=GateOptions(mode="vad"))))

    assert talker.hub.gate is GateMode.VAD


def test_a_press_is_shown_at_once() -> None:
    talker = Talker()

    actions = talker.happens(ev.ButtonPressed(talker.now))

    assert act.Press() in actions
    assert talker.look() is Look.LISTENING
    assert act.Release() in talker.happens(ev.ButtonReleased(talker.now))
    assert talker.look() is Look.READY


def test_a_press_that_opens_nothing_is_not_shown_as_listening() -> None:
    talker = Talker(replace(OPTIONS, gate=GateOptions(mode="vad")))

    talker.happens(ev.ButtonPressed(talker.now))

    assert talker.look() is Look.READY


def test_a_microphone_lost_in_mid_word_closes_the_turn_with_silence() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionStarted())
    talker.chunk()

    talker.happens(ev.MicrophoneLost("unplugged"))

    assert talker.look() is Look.NO_MICROPHONE
    assert len(of(act.SendAudio, talker.passes(2.0))) == 7
    talker.answers()
    assert outcomes(talker) == [TurnOutcome.ANSWERED]


def test_a_microphone_lost_while_nobody_speaks_is_only_told() -> None:
    talker = Talker()

    actions = talker.happens(ev.MicrophoneLost("unplugged"))

    assert [type(a) for a in actions] == [act.LogLine, act.LogLine, Show]
    assert talker.microphone() is MicrophoneStatus.ABSENT


def test_an_utterance_that_never_closes_is_closed_by_the_clock() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionStarted())
    talker.chunk()

    talker.passes(15.0 + LISTENING_GRACE_S + 0.1)

    assert talker.talk() is TalkState.THINKING


def test_what_should_have_happened_long_ago_is_named() -> None:
    talker = Talker()
    talker.says()

    assert talker.hub.overdue(talker.now + 1.0) is None
    assert "thinking" in str(talker.hub.overdue(talker.now + 3.0))
    assert Conversation(OPTIONS).overdue(1e9) is None


def test_what_matters_to_others_changes_nothing_here() -> None:
    talker = Talker()

    assert (
        talker.happens(
            ev.Listened(16_000, -60.0, -65.0),
            ev.MicrophoneEnded(),
            ev.ConfirmationLost("no library"),
            ev.PressIgnored(90.0),
            ev.Tick(),
        )
        == []
    )


# ---------------------------------------------------------------- the speaker


def test_the_microphone_is_held_while_the_avatar_is_heard_and_a_little_longer() -> None:
    talker = Talker()
    talker.says()
    assert act.Hold(held=True) in talker.happens(ev.PlaybackStarted(talker.now))
    assert talker.look() is Look.SPEAKING

    talker.answers()
    assert talker.talk() is TalkState.SPEAKING
    talker.happens(ev.PlaybackEnded(talker.now))
    assert talker.microphone() is MicrophoneStatus.HELD

    assert act.Hold(held=False) in talker.passes(PLAYBACK_TAIL_S + 0.01)
    assert talker.microphone() is MicrophoneStatus.OPEN


def test_a_press_stops_the_answer_and_opens_the_microphone_at_once() -> None:
    talker = Talker()
    talker.happens(ev.PlaybackStarted(talker.now))

    actions = talker.happens(ev.ButtonPressed(talker.now))

    assert [a for a in actions if not isinstance(a, Show)] == [
        act.StopPlayback(),
        act.Hold(held=False),
        act.Press(),
    ]


def test_sound_that_starts_again_within_the_tail_keeps_the_microphone_held() -> None:
    talker = Talker()
    talker.happens(ev.PlaybackStarted(talker.now), ev.PlaybackEnded(talker.now))
    talker.happens(ev.PlaybackStarted(talker.now))

    assert of(act.Hold, talker.passes(5.0)) == []


def test_sound_while_somebody_speaks_holds_nothing() -> None:
    talker = Talker()
    talker.opens()

    assert of(act.Hold, talker.happens(ev.PlaybackStarted(talker.now), ev.PlaybackEnded(talker.now))) == []


# ---------------------------------------------------------------- the whole


def test_every_event_is_known() -> None:
    modules = {ev.__name__, microphone_events.__name__, speaker_events.__name__}
    events = {one for one in vars(ev).values() if is_dataclass(one) and one.__module__ in modules}

    assert events == set(get_args(ev.Event))


@settings(deadline=None)
@given(plausible_events())
def test_every_event_is_handled(event: ev.Event) -> None:
    conversation = Conversation(OPTIONS)

    conversation.handle(event, 0.0)

    assert conversation.overdue(0.0, 0.0) is None


def test_no_speech_and_no_text_shows_in_a_repr() -> None:
    for event in (
        ev.Answered("secret words", "secret question", "https://x/secret"),
        ev.TextGiven("secret words"),
        act.SendText(1, "secret words"),
        act.SendAudio(1, b"secret words", None),
    ):
        assert "secret" not in repr(event)


# ---------------------------------------------------------------- wished pauses, other networks


@pytest.mark.parametrize("refusal", [Refusal.BUSY, Refusal.TIMEOUT, Refusal.FAILED])
def test_speech_asks_for_a_session_no_sooner_than_the_service_wishes(refusal: Refusal) -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(refusal, "later", 6.0))
    talker.passes(5.9)

    early = talker.opens()
    talker.passes(0.2)
    late = talker.opens()

    assert of(act.StartSession, early) == []
    assert "asked again in 0 s; a press asks at once" in of(act.LogLine, early)[-1].text
    assert len(of(act.StartSession, late)) == 1


def test_a_press_asks_for_a_session_at_once_whatever_the_service_wishes() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.BUSY, "later", 600.0))

    talker.happens(ev.ButtonPressed(talker.now))

    assert len(of(act.StartSession, talker.opens(Cause.BUTTON))) == 1


@pytest.mark.parametrize("wished_s", [601.0, 86_400.0, 1e12, float("inf")])
def test_no_wish_of_the_service_makes_it_deaf_for_more_than_ten_minutes(wished_s: float) -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.BUSY, "later", wished_s))

    talker.passes(LONGEST_WISH_S + 0.1)

    assert len(of(act.StartSession, talker.opens())) == 1
    assert talker.look() is not Look.BUSY


def test_a_session_that_is_always_held_is_not_asked_for_before_the_service_wishes() -> None:
    talker = Talker(replace(OPTIONS, session=SessionOptions(keep="always")))
    talker.happens(ev.SessionRefused(Refusal.BUSY, "later", 300.0))

    assert of(act.StartSession, talker.passes(299.0)) == []
    assert len(of(act.StartSession, talker.passes(2.0))) == 1


@pytest.mark.parametrize(
    "failure", [ev.LinkOffline("no network.", 120.0), ev.LinkDenied("no such avatar", Refusal.DENIED)]
)
def test_another_network_is_tried_at_once_but_not_each_time_it_flaps(failure: ev.Event) -> None:
    talker = Talker()
    talker.happens(failure)

    tries = [talker.happens(ev.NetworkChanged())]
    tries.append(talker.happens(ev.NetworkChanged()))
    talker.passes(NETWORK_EVERY_S)
    tries.append(talker.happens(ev.NetworkChanged()))

    assert tries == [[act.Reconnect()], [], [act.Reconnect()]]


def test_a_link_that_works_does_not_mind_another_network() -> None:
    assert Talker().happens(ev.NetworkChanged()) == []
