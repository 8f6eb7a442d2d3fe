from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.echo.talk_over_hold import TalkOverHold
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.gate_mode import options_after
from ravatard.core.conversation.machines import ConversationState
from ravatard.core.conversation.self_hearing import BargeIn
from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.conversation.turn import Words
from ravatard.core.flight.journal import Began, Gap, Happened, Reached, Record, Routine
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.spend_limit import PaidTime
from ravatard.core.states import AttentionState, Cause, CloseReason, GateMode
from ravatard.core.wakeword.attention import Attention
from ravatard.host.flight.lines import (
    EVENTS,
    LENGTH_LIMIT,
    LINE_LIMIT_BYTES,
    BeginningError,
    JournalError,
    decode,
    encode,
)
from tests.examples import examples
from tests.unit.core.recorded import EVERY_EVENT, OPTIONS, events, options, stories

TIMES = st.floats(allow_nan=False, allow_infinity=False)
BEGAN = Began("start", "0.1.0", "boot", 1.8e9, 500_000.0, OPTIONS, None)


def _line(*content: object) -> bytes:
    text = json.dumps(content).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _without_words(event: ev.Event, at: float) -> ev.Event:
    """What of an event is kept: the private parts by their length only."""
    match event:
        case ev.ChunkCaptured(pcm=pcm):
            return replace(event, pcm=bytes(len(pcm)), read_at=at)
        case ev.TextGiven(text):
            return ev.TextGiven(" " * len(text))
        case ev.Answered(text, heard, url, sound, self_heard):
            return ev.Answered(
                " " * len(text), " " * len(heard), " " * len(url), bytes(len(sound)), self_heard
            )
    return event


def test_every_event_has_a_word() -> None:
    assert set(EVENTS.values()) == set(EVERY_EVENT)
    assert len(EVENTS) == len(EVERY_EVENT)


@settings(deadline=None, max_examples=examples(400))
@given(TIMES, events())
def test_every_event_comes_back_from_its_line_as_it_was(at: float, event: ev.Event) -> None:
    line = encode(at, Happened(event))

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == (at, Happened(_without_words(event, at)))


@settings(deadline=None, max_examples=examples(300))
@given(TIMES, options(), stories())
def test_a_checkpoint_comes_back_as_it_was_and_goes_on_exactly_so(
    at: float, told: ConversationOptions, story: list[tuple[float, ev.Event]]
) -> None:
    before, after = story[: len(story) // 2], story[len(story) // 2 :]
    original, now = Conversation(told), 1000.1
    for passed, event in before:
        now += passed
        original.handle(event, now)
        told = options_after(told, event)

    began = replace(BEGAN, why="new file", options=told, state=original.state)
    again_at, again = decode(encode(at, began))

    assert isinstance(again, Began)
    assert (again_at, again.options) == (at, told)
    assert again.state == _speechless(original.state)
    copy = Conversation(again.options, again.state)
    for passed, event in after:
        now += passed
        assert _wordless(copy.handle(event, now)) == _wordless(original.handle(event, now))
        assert copy.deadline == original.deadline
        assert _speechless(copy.state) == _speechless(original.state)


def _speechless(state: ConversationState) -> ConversationState:
    """What of a state is kept: everything but words."""
    return replace(state, turns=replace(state.turns, said=Words()))


def _wordless(actions: list[Any]) -> list[Any]:
    """Without what people said: it is not kept, and so not said again by a conversation that goes on."""
    return [
        one
        for one in actions
        if not isinstance(one, act.SendAudio | act.SendText | act.SendUtterance | act.EndUtterance)
    ]


def test_the_sessions_of_the_day_are_remembered_as_they_were() -> None:
    paid = PaidTime(past=((1.0, 2.5),))
    state = replace(Conversation(OPTIONS).state, service=ServiceState(paid=paid))

    _, began = decode(encode(1.0, replace(BEGAN, state=state)))

    assert isinstance(began, Began)
    assert began.state == state


def test_an_event_that_changes_nothing_leaves_an_equal_state() -> None:
    conversation = Conversation(OPTIONS)
    before = conversation.state
    conversation.handle(ev.Listened(1, -60.0, -66.0), 1.0)
    assert conversation.state == before

    conversation.handle(ev.MicrophoneReady("mic"), 2.0)
    conversation.handle(ev.UtteranceOpened(1, Cause.VOICE, 0), 3.0)
    open_turn = conversation.state
    conversation.handle(ev.ChunkCaptured(1, 0, 0, bytes(8192), 3.1), 3.1)

    assert open_turn != before
    assert conversation.state != open_turn


@pytest.mark.parametrize(
    "record",
    [
        BEGAN,
        Reached("look", "ready"),
        Gap("the disk was full"),
        Routine(240, 960_000, -70.5, -20.0, -66.0, 1, 12, 35.5),
        Routine(1, 1, -math.inf, -math.inf, -math.inf, 0, 0, 0.0),
    ],
)
def test_every_other_record_comes_back_as_it_was(record: Record) -> None:
    assert decode(encode(12.25, record)) == (12.25, record)


def test_what_was_said_heard_and_written_is_not_in_the_line() -> None:
    secret = "xylophone"
    told: list[ev.Event] = [
        ev.TextGiven(secret),
        ev.Answered(secret, secret, f"https://files.example/{secret}", secret.encode()),
        ev.ChunkCaptured(1, 0, 0, secret.encode() * 2, 0.5),
    ]

    lines = b"".join(encode(1.0, Happened(event)) for event in told)

    assert secret.encode() not in lines
    assert b'"chunk",1,0,0,18]' in lines


def test_a_sentence_is_cleaned_and_cut() -> None:
    event = ev.LinkOffline("token=abc " + "x" * 1000, 1.0)

    line = encode(1.0, Happened(event), lambda text: text.replace("abc", "***"))

    assert b"abc" not in line
    assert len(line) < 400


def test_a_line_that_nobody_could_read_again_is_not_written() -> None:
    past = tuple((float(at), at + 0.5) for at in range(LINE_LIMIT_BYTES // 10))
    began = replace(
        BEGAN, state=ConversationState(GateMode.VAD, service=ServiceState(paid=PaidTime(past=past)))
    )

    with pytest.raises(JournalError, match="too long"):
        encode(1.0, began)


@settings(deadline=None, max_examples=examples(500))
@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_our_error(line: bytes) -> None:
    assert_read_or_refused(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)


@settings(deadline=None, max_examples=examples(500))
@given(
    JSON, st.sampled_from([*EVENTS, "=", "routine", "gap", "began", "nonsense"]), st.lists(JSON, max_size=7)
)
def test_any_content_with_a_good_checksum_is_a_record_or_our_error(
    at: object, word: str, rest: list[object]
) -> None:
    assert_read_or_refused(_line(at, word, *rest))
    assert_read_or_refused(_line(1.0, word, *rest))


@settings(deadline=None)
@given(events(), st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_byte_is_noticed(event: ev.Event, where: int, change: int) -> None:
    line = bytearray(encode(1.0, Happened(event)).removesuffix(b"\n"))
    line[where % len(line)] ^= change

    with pytest.raises(JournalError, match="checksum"):
        decode(bytes(line).replace(b"\n", b"~"))


def assert_read_or_refused(line: bytes) -> None:
    try:
        at, record = decode(line)
    except JournalError:
        return
    assert math.isfinite(at)
    assert isinstance(record, Record)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "checksum"),
        (b"00000000 ", "cannot be understood|not JSON"),
        (encode(1.0, BEGAN)[:-20], "checksum"),
        (_line(*range(LINE_LIMIT_BYTES)), "checksum"),
        (b"%08x [" % zlib.crc32(b"["), "not JSON"),
        (b"%08x %b" % (zlib.crc32(b"[" * 50_000), b"[" * 50_000), "not JSON"),
        (b"%08x 12" % zlib.crc32(b"12"), "a time, a word"),
        (_line(1.0), "a time, a word"),
        (_line("noon", "tick"), "Expected `float`, got `str`"),
        (_line(True, "tick"), "Expected `float`, got `bool`"),
        (_line(math.nan, "tick"), "no time but nan"),
        (_line(10**400, "tick"), "out of range"),
        (_line(1.0, "nonsense"), "no word"),
        (_line(1.0, 7), "no word"),
        (_line(1.0, "tick", 1), "length 0, got 1"),
        (_line(1.0, "chunk", 1, 0, 0, 1 << 40), "`int` <= 1048576"),
        (_line(1.0, "chunk", 1, 0, 0, -1), "`int` >= 0"),
        (_line(1.0, "text", "hello"), "Expected `int`, got `str`"),
        (_line(1.0, "opened", 1, "telepathy", 0, 0), "Invalid enum value 'telepathy'"),
        (_line(1.0, "opened", 1, ["voice"], 0, 0), "Invalid enum value|Expected `str`"),
        (_line(1.0, "online", "Ava"), "Expected `object`, got `str`"),
        (_line(1.0, "online", ["Ava"]), "1 fields where 8 belong"),
        (_line(1.0, "began", "start", "1", "b", 1.0, 1.0, [], None), "0 fields where 8 belong"),
        (_line(1.0, "began", "start", "1", "b", 1.0, 1.0, None, 7), "the state is not a list"),
        (_line(1.0, "began", {"format": 2}), "missing required field `why`"),
    ],
)
def test_what_is_wrong_is_said(line: bytes, complaint: str) -> None:
    with pytest.raises(JournalError, match=complaint):
        decode(line)


def test_a_complaint_does_not_repeat_all_of_it() -> None:
    with pytest.raises(JournalError) as complaint:
        decode(_line(1.0, "opened", 1, "x" * 10_000, 0))

    assert len(str(complaint.value)) < 300


def test_a_huge_private_field_comes_back_no_longer_than_the_limit() -> None:
    _, record = decode(encode(1.0, Happened(ev.Answered("", sound=bytes(LENGTH_LIMIT + 5)))))

    assert record == Happened(ev.Answered("", sound=bytes(LENGTH_LIMIT)))


def test_what_has_no_plain_form_is_our_bug() -> None:
    with pytest.raises(TypeError, match="object has no plain form"):
        encode(1.0, Happened(ev.LinkOnline(object())))  # type: ignore[arg-type] # a bug in an event


def test_a_recording_of_a_later_format_is_refused_with_one_sentence() -> None:
    with pytest.raises(BeginningError, match=r"^recorded by ravatard 9\.9 in format 3; this version reads"):
        decode(_line(1.0, "began", {"format": 3, "version": "9.9", "why": "start"}))


def test_a_recording_from_before_services_were_told_is_read_and_goes_on() -> None:
    talker = Conversation(OPTIONS)
    for event in (
        ev.MicrophoneReady("usb"),
        ev.LinkOnline(Capabilities(True, True, True, 30.0, "Ava", "en")),
        ev.UtteranceOpened(1, Cause.VOICE, 0),
    ):
        talker.handle(event, 1.0)
    words = json.loads(encode(1.0, replace(BEGAN, state=talker.state)).partition(b" ")[2])
    state = words[2]["state"]
    for part, names in {
        "service": ["deafness"],
        "playback": ["arriving", "came", "gap_at"],
    }.items():
        for name in names:
            del state[part][name]
    del state["turns"]["turn"]["marked"]
    for name in ("marks_utterances", "interrupts"):
        del state["service"]["capabilities"][name]

    _, began = decode(_line(*words))

    assert isinstance(began, Began)
    assert began.state is not None
    assert began.state.service == talker.state.service
    assert began.state.playback == talker.state.playback
    closed = ev.UtteranceClosed(1, CloseReason.SILENCE, 0, 500.0)
    assert Conversation(began.options, began.state).handle(closed, 2.0) == talker.handle(closed, 2.0)


def test_a_recording_from_before_a_hold_ended_by_itself_is_read_and_goes_on() -> None:
    talker = Conversation(OPTIONS)
    talker.handle(ev.MicrophoneReady("usb"), 1.0)
    words = json.loads(encode(1.0, replace(BEGAN, state=talker.state)).partition(b" ")[2])
    state = words[2]["state"]
    # It was held for good, as if its process could not cancel.
    state["microphone"] |= {"tells_echo": False, "echo_trouble": "it took its own voice for a user's"}
    state["barge_in"]["false_alarms"] = 2
    del state["microphone"]["talk_over_hold"]
    for name in ("excused", "counted", "false_at", "ended_at"):
        del state["barge_in"][name]

    _, began = decode(_line(*words))

    assert isinstance(began, Began)
    again = Conversation(began.options, began.state)
    assert again.state.microphone.talk_over_trouble == "it took its own voice for a user's"
    again.handle(ev.MicrophoneReady("usb"), 2.0)
    again.handle(ev.EchoRemoved(True), 2.0)
    assert again.state.microphone.trusted


def test_a_hold_comes_back_with_its_end_and_the_interruptions_before_it() -> None:
    barge_in = BargeIn(
        3, excused=True, counted=True, false_alarms=1, false_at=(0.1, 600.25), ended_at=(600.25,)
    )
    held = TalkOverHold(until=600.1, length_s=600.0, next_s=2400.0)
    begun = Conversation(OPTIONS).state
    microphone = replace(begun.microphone, tells_echo=True, talk_over_hold=held)
    state = replace(begun, microphone=microphone, barge_in=barge_in)

    _, began = decode(encode(1.0, replace(BEGAN, state=state)))

    assert isinstance(began, Began)
    assert began.state == state
    again = Conversation(began.options, began.state)
    again.handle(ev.Tick(), 600.1)
    assert again.state.microphone.trusted


def test_a_recording_from_before_follow_ups_were_counted_is_read_and_one_with_their_number_has_it() -> None:
    attention = Attention(AttentionState.FOLLOW_UP, 9.0, follow_ups=7)
    state = replace(Conversation(OPTIONS).state, attention=attention)
    words = json.loads(encode(1.0, replace(BEGAN, state=state)).partition(b" ")[2])

    _, began = decode(_line(*words))
    del words[2]["state"]["attention"]["follow_ups"]
    _, before = decode(_line(*words))

    assert isinstance(began, Began)
    assert isinstance(before, Began)
    assert began.state == state
    assert before.state == replace(state, attention=Attention(AttentionState.FOLLOW_UP, 9.0))
