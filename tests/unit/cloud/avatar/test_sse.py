from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar.events import ErrorSaid
from ravatard.cloud.avatar.sse import LONGEST_TEXT, AnswerState, ChatReader, WholeAnswer, whole_answer
from tests.examples import examples
from tests.growth import assert_linear, repeated

DOCUMENTED = (
    'data: {"choices":[{"delta":{"content":"Hello!"}}]}\n'
    'data: {"choices":[{"delta":{"content":" I\'m"}}]}\n'
    'data: {"choices":[{"delta":{"content":" doing"}}]}\n'
    "data: [DONE]\n"
)


def delta(text: str, **more: object) -> str:
    return "data: " + json.dumps({"choices": [{"delta": {"content": text}, **more}]})


def read(text: str | bytes) -> tuple[str, AnswerState]:
    reader = ChatReader()
    reader.feed(text.encode() if isinstance(text, str) else text)
    reader.finish()
    return reader.text, reader.state


def test_the_documented_stream_is_read_delta_by_delta() -> None:
    reader = ChatReader()

    assert reader.feed(DOCUMENTED.encode()) == ["Hello!", " I'm", " doing"]
    assert (reader.state, reader.text, reader.over) == (AnswerState.COMPLETE, "Hello! I'm doing", True)
    assert reader.feed(delta("more").encode()) == []
    assert reader.finish() == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r"])
def test_lines_end_as_they_like(end: str) -> None:
    assert read(DOCUMENTED.replace("\n", end)) == ("Hello! I'm doing", AnswerState.COMPLETE)


def test_comments_names_and_unknown_lines_say_nothing() -> None:
    stream = f": ping\n\nevent: x\nid: 7\nretry: 5\nnonsense\ndata\ndata:\n{delta('Hi.')}\n:\n"

    assert read(stream) == ("Hi.", AnswerState.COMPLETE)


def test_an_event_over_several_lines_is_joined() -> None:
    stream = 'data: {"choices":\ndata: [{"delta":\ndata:   {"content":"Hi."}}]}\n\n'

    assert read(stream) == ("Hi.", AnswerState.COMPLETE)


def test_what_is_no_json_is_skipped_and_counted() -> None:
    reader = ChatReader()

    deltas = reader.feed(f"data: hello\n\n{delta('Hi.')}\n\ndata: {{half\n\n".encode())

    assert (deltas, reader.skipped) == (["Hi."], 2)


@pytest.mark.parametrize(
    "event",
    [
        *({"choices": []}, {"usage": {"total_tokens": 5}}, {"choices": [{"delta": {"role": "assistant"}}]}),
        *({"choices": [{"delta": {"content": None}}]}, {"choices": [{"delta": {}}]}, {"choices": None}),
        *({"choices": [None]}, {"choices": [{}, {"delta": {"content": "other"}}]}, {"error": None}),
    ],
)
def test_events_without_text_add_nothing(event: object) -> None:
    assert read(f"data: {json.dumps(event)}\n{delta('Hi.')}\n") == ("Hi.", AnswerState.COMPLETE)


def test_a_finish_reason_ends_the_answer_without_a_last_event() -> None:
    reader = ChatReader()

    assert reader.feed((delta("No stop", finish_reason="stop") + "\n").encode()) == ["No stop"]
    assert reader.state is AnswerState.COMPLETE


@pytest.mark.parametrize("text", ["Hi.", "Hi!", "Why?", "Well…", 'He said "no."', "(Yes.) ", "»Ja«", "好。"])
def test_a_whole_sentence_is_complete_without_a_word(text: str) -> None:
    assert read(delta(text)) == (text, AnswerState.COMPLETE)


@pytest.mark.parametrize("text", ["Hi", "one, two,", "", "1.5"])
def test_half_a_sentence_broke_off(text: str) -> None:
    assert read(delta(text) + "\n") == (text, AnswerState.BROKE_OFF)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": "MODEL_ERROR", "message": "no"}, ErrorSaid("MODEL_ERROR", "no")),
        ("overloaded", ErrorSaid("", "overloaded")),
        ({"type": "server_error", "message": "no", "code": None}, ErrorSaid("server_error", "no")),
    ],
)
def test_an_error_in_mid_stream_fails_the_answer_and_keeps_its_text(error: object, said: ErrorSaid) -> None:
    reader = ChatReader()

    reader.feed(f"{delta('Hi. ')}\n\ndata: {json.dumps({'error': error})}\n\n{delta('more')}\n".encode())

    assert (reader.text, reader.state, reader.error) == ("Hi. ", AnswerState.FAILED, said)


def test_an_answer_without_end_is_cut() -> None:
    reader = ChatReader()
    for _ in range(100):
        reader.feed((delta("x" * 1_000) + "\n").encode())

    assert (len(reader.text), reader.state) == (LONGEST_TEXT, AnswerState.BROKE_OFF)


def test_a_line_without_end_is_passed_over() -> None:
    reader = ChatReader()
    for _ in range(200):
        reader.feed(b"data: " + b"x" * 1_000)

    assert reader.feed(("\n" + delta("Hi.") + "\n").encode()) == ["Hi."]
    assert sum(map(len, reader._line)) == 0


def test_bytes_that_are_no_utf8_cost_a_character() -> None:
    text, state = read(b'data: {"choices":[{"delta":{"content":"H\xff."}}]}\n')

    assert (text, state) == ("H\N{REPLACEMENT CHARACTER}.", AnswerState.COMPLETE)


LINES = st.lists(
    st.sampled_from(
        [
            *(delta("Hallo, "), delta("Schüler 好"), delta("."), delta("end", finish_reason="stop")),
            *(": comment", "", "data:", "data: [DONE]", "data: no json", 'data: {"choices":', "data: []}"),
            *('data: {"error":{"code":"X"}}', "event: message", "\ufeffdata: {}", 'data: {"a":1', "data: }"),
        ]
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=examples(500))
@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 400), max_size=12))
def test_the_result_is_the_same_however_the_stream_is_cut(
    lines: list[str], end: str, cuts: list[int]
) -> None:
    stream = end.join(lines).encode()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    whole, cut_up = ChatReader(), ChatReader()

    wanted = whole.feed(stream) + whole.finish()
    found = [one for a, b in pairwise(edges) for one in cut_up.feed(stream[a:b])]

    assert found + cut_up.finish() == wanted
    assert (cut_up.state, cut_up.error, cut_up.skipped) == (whole.state, whole.error, whole.skipped)


@settings(deadline=None, max_examples=examples(300))
@given(st.binary(max_size=200))
def test_no_stream_raises(stream: bytes) -> None:
    reader = ChatReader()
    for at in range(len(stream)):
        reader.feed(stream[at : at + 1])
    reader.finish()

    assert reader.over


@pytest.mark.parametrize(
    "piece", ["\n", "\r", "data:", "data: {\n", "data: }\n", 'data: {"a":}\n', ": x\n", "x"]
)
def test_hostile_streams_take_linear_time(piece: str) -> None:
    assert_linear(read, repeated(piece))


def test_a_stream_byte_by_byte_takes_linear_time() -> None:
    def byte_by_byte(text: str) -> None:
        reader = ChatReader()
        for character in text:
            reader.feed(character.encode())

    assert_linear(byte_by_byte, repeated("x"))


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"role": "assistant", "content": "Hi."}}]},
        {"choices": [{"text": "Hi."}]},
        {"choices": [{"delta": {"content": "Hi."}}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": "Hi."}]}}]},
        *({"content": "Hi."}, {"response": "Hi."}, {"text": "Hi."}, {"answer": "Hi."}, {"message": "Hi."}),
        *({"code": 100, "data": {"content": "Hi."}}, {"message": {"content": "Hi."}}),
    ],
)
def test_a_whole_answer_is_read_in_every_shape(answer: object) -> None:
    assert whole_answer(json.dumps(answer).encode()) == WholeAnswer(AnswerState.COMPLETE, "Hi.")


def test_a_whole_answer_may_be_an_error_or_nothing() -> None:
    assert whole_answer(b'{"error":{"code":"X","message":"no"}}') == WholeAnswer(
        AnswerState.FAILED, error=ErrorSaid("X", "no")
    )
    assert whole_answer(b"<html>").state is AnswerState.FAILED
    assert whole_answer(b"{}") == WholeAnswer(AnswerState.COMPLETE)
    assert "Hi." not in repr(whole_answer(b'{"text":"Hi."}'))
