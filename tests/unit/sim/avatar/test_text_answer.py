from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.sim.avatar.options import AvatarSimOptions, SimTalkOptions, SimTextOptions
from ravatard.sim.avatar.text_answer import text_reply
from ravatard.sim.exchange import Ending, Reply


def reply(text: str = "Hello! I'm doing", *, stream: bool = True, **options: Any) -> Reply:
    return text_reply(
        text,
        AvatarSimOptions(text=SimTextOptions(**options), talk=SimTalkOptions(think_s=0.5)),
        stream=stream,
    )


def streamed(found: Reply) -> bytes:
    assert found.stream is not None
    return b"".join(piece for _, piece in found.stream.pieces)


def test_the_stream_is_the_one_that_is_printed() -> None:
    found = reply()

    assert found.headers["content-type"].startswith("text/event-stream")
    assert found.body.decode().splitlines() == [
        'data: {"choices":[{"delta":{"content":"Hello!"}}]}',
        'data: {"choices":[{"delta":{"content":" I\'m"}}]}',
        'data: {"choices":[{"delta":{"content":" doing"}}]}',
        "data: [DONE]",
    ]
    assert found.stream is not None
    assert [wait_s for wait_s, _ in found.stream.pieces] == [0.5, 0.03, 0.03, 0.0]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"blank_lines": True}, b"}]}\n\ndata: "),
        ({"line_end": "crlf"}, b"}]}\r\ndata: [DONE]\r\n"),
        ({"line_end": "cr", "blank_lines": True}, b"data: [DONE]\r\r"),
        ({"ending": "finish"}, b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n'),
        ({"comments": True}, b": keep-alive\n"),
        ({"comments": True}, b'{"choices":[],"usage":'),
        ({"trouble": "error"}, b'data: {"error":{"code":"INTERNAL_ERROR"'),
    ],
)
def test_every_form_is_a_switch(options: dict[str, Any], wanted: bytes) -> None:
    assert wanted in streamed(reply(**options))


@pytest.mark.parametrize("options", [{"ending": "none"}, {"ending": "finish"}, {"trouble": "error"}])
def test_the_mark_of_the_end_may_be_missing(options: dict[str, Any]) -> None:
    assert b"[DONE]" not in reply(**options).body


@pytest.mark.parametrize(
    ("trouble", "ending"), [("error", Ending.CLOSED), ("stall", Ending.STALLS), ("reset", Ending.RESET)]
)
@pytest.mark.parametrize("text", ["one", "one two three four"])
def test_trouble_comes_before_the_end(trouble: str, ending: Ending, text: str) -> None:
    found = reply(text, trouble=trouble)

    assert found.stream is not None
    assert found.stream.ending is ending
    assert b"one" in found.body
    assert b"four" not in found.body


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ("message", ("choices", 0, "message", "content")),
        ("text", ("choices", 0, "text")),
        ("content", ("content",)),
        ("response", ("response",)),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_whole_answer_has_every_shape(shape: str, path: tuple[Any, ...], stream: bool) -> None:
    found: Any = json.loads(reply("Hello!", stream=stream, form="json", json_shape=shape).body)
    for step in path:
        found = found[step]

    assert found == "Hello!"


@given(st.text(max_size=60), st.integers(1, 50))
def test_wherever_it_is_cut_it_is_the_same(text: str, cut_bytes: int) -> None:
    whole, cut = reply(text), reply(text, cut_bytes=cut_bytes)

    assert streamed(cut) == streamed(whole) == cut.body
    assert cut.stream is not None
    assert max(len(piece) for _, piece in cut.stream.pieces) <= cut_bytes
