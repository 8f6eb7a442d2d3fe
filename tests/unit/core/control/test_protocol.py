"""Requests in, replies out: one line each, and nothing but our own error for what is none."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.control.lines import line_of
from ravatard.core.control.protocol import (
    LINE_LIMIT_BYTES,
    PRESS_LIMIT_MS,
    TEXT_LIMIT,
    BadRequest,
    PlayRequest,
    PressRequest,
    ReloadRequest,
    Request,
    RestartRequest,
    StatusRequest,
    UploadRequest,
    WatchRequest,
    agreed,
    decode,
    first_reply,
    refused,
)
from ravatard.core.events import MuteAsked, RestartSessionAsked, TextGiven, VolumeAsked


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        (b'{"do": "status"}', StatusRequest()),
        (b'{"do": "watch"}\r', WatchRequest()),
        (b'{"do": "mute"}', MuteAsked(True)),
        (b'{"do": "unmute"}', MuteAsked(False)),
        (b'{"do": "toggle-mute"}', MuteAsked(None)),
        (b'{"do": "say", "text": "  good\\n morning "}', TextGiven("good morning")),
        ('{"do": "say", "text": "می‌خواهم 👩‍👧"}'.encode(), TextGiven("می‌خواهم 👩‍👧")),
        (b'{"do": "press"}', PressRequest(0)),
        (b'{"do": "press", "ms": 1200.5}', PressRequest(1200.5)),
        (b'{"do": "volume", "percent": 60}', VolumeAsked(60)),
        (b'{"do": "volume", "by": -10}', VolumeAsked(-10, relative=True)),
        (b'{"do": "play", "url": "https://a.example/b.mp3"}', PlayRequest("https://a.example/b.mp3")),
        (b'{"do": "play", "url": "Http://a/b"}', PlayRequest("Http://a/b")),
        (b'{"do": "play", "url": "http://a/b", "volume": 0}', PlayRequest("http://a/b", volume=0)),
        (b'{"do": "play", "upload": "0123456789abcdef"}', PlayRequest(upload="0123456789abcdef")),
        (
            b'{"do": "upload", "upload": "0123456789abcdef", "data": "c291bmQ="}',
            UploadRequest("0123456789abcdef", b"sound"),
        ),
        (b'{"do": "restart-session"}', RestartSessionAsked()),
        (b'{"do": "restart"}', RestartRequest()),
        (b'{"do": "reload"}', ReloadRequest()),
    ],
)
def test_a_line_is_a_request(line: bytes, request_: Request) -> None:
    assert decode(line) == request_


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "one line of JSON"),
        (b"status", "one line of JSON"),
        (b'{"do": "status"', "one line of JSON"),
        (b"\xff\xfe", "one line of JSON"),
        (b"[" * 60_000, "one line of JSON"),
        (b'{"do": "press", "ms": ' + b"9" * 5_000 + b"}", "one line of JSON"),
        (b'["status"]', 'an object with a "do"'),
        (b"{}", 'an object with a "do"'),
        (b'{"do": 7}', 'an object with a "do"'),
        (b'{"do": "dance"}', '"do" is one of status, watch, mute'),
        (b'{"do": "mute", "now": true}', "takes nothing besides"),
        (b'{"do": "say", "text": "x", "loud": 1}', "takes only text besides"),
        (b'{"do": "say"}', "needs a string"),
        (b'{"do": "say", "text": ["x"]}', "needs a string"),
        (b'{"do": "say", "text": " \\n "}', "not empty"),
        (b'{"do": "say", "text": "a\\u0000b"}', "control characters"),
        (b'{"do": "say", "text": "\\ud800"}', "surrogate"),
        (b'{"do": "say", "text": "%s"}' % (b"x" * (TEXT_LIMIT + 1)), f"at most {TEXT_LIMIT}"),
        (b'{"do": "press", "ms": "long"}', "needs a number"),
        (b'{"do": "press", "ms": true}', "needs a number"),
        (b'{"do": "press", "ms": null}', "needs a number"),
        (b'{"do": "press", "ms": -1}', f"from 0 to {PRESS_LIMIT_MS}"),
        (b'{"do": "press", "ms": 120001}', f"from 0 to {PRESS_LIMIT_MS}"),
        (b'{"do": "press", "ms": NaN}', f"from 0 to {PRESS_LIMIT_MS}"),
        (b'{"do": "press", "ms": Infinity}', f"from 0 to {PRESS_LIMIT_MS}"),
        (b'{"do": "volume"}', "either percent or by"),
        (b'{"do": "volume", "percent": 60, "by": 1}', "either percent or by"),
        (b'{"do": "volume", "percent": "60"}', "whole number as its percent"),
        (b'{"do": "volume", "percent": 60.0}', "whole number as its percent"),
        (b'{"do": "volume", "by": true}', "whole number as its by"),
        (b'{"do": "volume", "percent": -1}', "percent from 0 to 100"),
        (b'{"do": "volume", "percent": 101}', "percent from 0 to 100"),
        (b'{"do": "volume", "by": -101}', "by from -100 to 100"),
        (b'{"do": "volume", "loud": 1}', "takes only by, percent besides"),
        (b'{"do": "play"}', "either a url or an upload"),
        (b'{"do": "play", "url": "https://a/b", "upload": "0123456789abcdef"}', "either a url or an upload"),
        (b'{"do": "play", "url": "file:///etc/shadow"}', "http or https address"),
        (b'{"do": "play", "url": "/etc/shadow"}', "http or https address"),
        (b'{"do": "play", "url": 7}', "http or https address"),
        (b'{"do": "play", "url": "https://a/ b"}', "http or https address"),
        (b'{"do": "play", "url": "https://a/\\ud800"}', "http or https address"),
        (b'{"do": "play", "url": "https://a/%s"}' % (b"x" * 2048), "at most 2048"),
        (b'{"do": "play", "file": "/etc/shadow"}', "takes only upload, url, volume besides"),
        (b'{"do": "play", "upload": "../../etc/shadow"}', "the name of an upload"),
        (b'{"do": "play", "upload": ["0123456789abcdef"]}', "the name of an upload"),
        (b'{"do": "play", "url": "https://a/b", "volume": true}', "whole number as its volume"),
        (b'{"do": "play", "url": "https://a/b", "volume": 101}', "volume from 0 to 100"),
        (b'{"do": "upload", "data": "AA=="}', "16 to 64 letters"),
        (b'{"do": "upload", "upload": "short", "data": "AA=="}', "16 to 64 letters"),
        (b'{"do": "upload", "upload": "0123456789abcdef"}', "needs base64"),
        (b'{"do": "upload", "upload": "0123456789abcdef", "data": "A"}', "needs base64"),
        (b'{"do": "upload", "upload": "0123456789abcdef", "data": "\\u00e4=="}', "needs base64"),
        (b'{"do": "upload", "upload": "0123456789abcdef", "data": ""}', "needs base64"),
        (b" " * (LINE_LIMIT_BYTES + 1), f"at most {LINE_LIMIT_BYTES} bytes"),
    ],
    ids=range(54),
)
def test_anything_else_is_refused_with_a_reason(line: bytes, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        decode(line)


def test_an_error_does_not_repeat_what_may_be_speech() -> None:
    with pytest.raises(BadRequest) as caught:
        decode(b'{"do": "say my secret", "my secret": "my secret"}')

    assert "secret" not in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_ALMOST = st.fixed_dictionaries(
    {"do": st.sampled_from(["say", "press", "mute", "volume", "play", "upload", "reload"]) | _JSON},
    optional={
        "text": _JSON,
        "ms": _JSON,
        "percent": _JSON,
        "by": _JSON,
        "url": _JSON,
        "upload": _JSON,
        "data": _JSON,
    },
)


@settings(deadline=None)
@given(st.binary(max_size=200) | _ALMOST.map(lambda asked: json.dumps(asked).encode()))
def test_whatever_comes_is_a_request_or_our_error(line: bytes) -> None:
    try:
        request = decode(line)
    except BadRequest:
        return
    assert isinstance(request, Request)
    if isinstance(request, TextGiven):
        assert request.text.encode()
    if isinstance(request, VolumeAsked):
        assert -100 <= request.percent <= 100


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=4))
def test_a_reply_is_one_plain_line_that_says_the_same(fields: dict[str, str | int | None]) -> None:
    line = line_of(fields)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert json.loads(line) == fields


def test_replies_say_whether_it_was_done() -> None:
    assert agreed("done", more=1) == b'{"ok":true,"says":"done","more":1}\n'
    assert refused("no") == b'{"ok":false,"error":"no"}\n'


class Answering:
    """A handler that notes the lines it is given, and whether its replies were left."""

    def __init__(self, *replies: bytes) -> None:
        self.lines: list[bytes] = []
        self.left = False
        self._replies = replies

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        self.lines.append(line)
        try:
            for reply in self._replies:
                yield reply
        finally:
            self.left = True


async def test_the_first_reply_is_taken_and_the_rest_is_left() -> None:
    handler = Answering(agreed("one"), agreed("two"))

    reply = await first_reply(handler, b"asked")

    assert reply == {"ok": True, "says": "one"}
    assert handler.lines == [b"asked"]
    assert handler.left


async def test_a_request_may_have_no_reply() -> None:
    assert await first_reply(Answering(), b"asked") is None
