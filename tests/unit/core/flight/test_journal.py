from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.flight.journal import (
    EVENTS,
    LINE_LIMIT_BYTES,
    Began,
    Gap,
    Happened,
    JournalError,
    Reached,
    Record,
    Routine,
    decode,
    encode,
    reached,
)
from ravatard.core.indication import Indication, Look, Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import Cause, GateMode, SessionState, TurnOutcome
from tests.unit.core.recorded import EVERY_EVENT, OPTIONS, events, options

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


@settings(deadline=None, max_examples=400)
@given(TIMES, events())
def test_every_event_comes_back_from_its_line_as_it_was(at: float, event: ev.Event) -> None:
    line = encode(at, Happened(event))

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == (at, Happened(_without_words(event, at)))


@settings(deadline=None)
@given(TIMES, options(), st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.text())))
def test_a_beginning_comes_back_as_it_was(at: float, told: ConversationOptions, memory: list[object]) -> None:
    began = replace(BEGAN, options=told, memory=tuple(memory))

    assert decode(encode(at, began)) == (at, replace(began, memory=tuple(_cut(one) for one in memory)))


def _cut(one: object) -> object:
    return one[:300] if isinstance(one, str) else one


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
    began = replace(BEGAN, memory=tuple(range(LINE_LIMIT_BYTES)))

    with pytest.raises(JournalError, match="too long"):
        encode(1.0, began)


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_our_error(line: bytes) -> None:
    assert_read_or_refused(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)


@settings(deadline=None, max_examples=500)
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
        (_line("noon", "tick"), "not float"),
        (_line(True, "tick"), "not float"),
        (_line(math.nan, "tick"), "not a time"),
        (_line(10**400, "tick"), "not float"),
        (_line(1.0, "nonsense"), "no word"),
        (_line(1.0, 7), "no word"),
        (_line(1.0, "tick", 1), "0 fields, not 1"),
        (_line(1.0, "chunk", 1, 0, 0, 1 << 40), "not a length"),
        (_line(1.0, "chunk", 1, 0, 0, -1), "not a length"),
        (_line(1.0, "text", "hello"), "not a length"),
        (_line(1.0, "opened", 1, "telepathy", 0, 0), "not one of voice, button"),
        (_line(1.0, "opened", 1, ["voice"], 0, 0), "not one of"),
        (_line(1.0, "online", "Ava"), "list of Capabilities"),
        (_line(1.0, "began", "start", "1", "b", 1.0, 1.0, [], None), "fields, not 0"),
        (_line(1.0, "began", "start", "1", "b", 1.0, 1.0, None, 7), "list"),
    ],
)
def test_what_is_wrong_is_said(line: bytes, complaint: str) -> None:
    with pytest.raises(JournalError, match=complaint):
        decode(line)


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Show(Indication(Look.READY, "ready: Ava")), Reached("look", "ready")),
        (act.SessionChanged(SessionState.LIVE, "started"), Reached("session", "live")),
        (
            act.TurnEnded(act.TurnSummary(3, TurnOutcome.ANSWERED, Cause.VOICE, 1.0, 1.0, 1, 1, 1.0)),
            Reached("turn", "3 answered"),
        ),
        (act.Hold(held=True), Reached("held", "yes")),
        (act.Hold(held=False), Reached("held", "no")),
        (act.Mute(muted=True), Reached("muted", "yes")),
        (act.Mute(muted=False), Reached("muted", "no")),
        (act.SetGate(GateMode.BOTH), Reached("gate", "both")),
        (act.LogLine("something"), None),
        (act.SendText(1, "something"), None),
    ],
)
def test_an_action_tells_of_a_state_or_of_none(action: object, state: Reached | None) -> None:
    assert reached(action) == state
