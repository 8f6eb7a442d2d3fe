"""Answer of ``chat.completions``: server-sent events in every form, or whole JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ravatard.sim.avatar.options import AvatarSimOptions, SimTextOptions
from ravatard.sim.avatar.replies import json_answer
from ravatard.sim.exchange import Ending, Reply, StreamedBody

_LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_COMMENT = ": keep-alive"


def text_reply(text: str, options: AvatarSimOptions, *, stream: bool) -> Reply:
    """Make the reply that carries ``text``, the first word after ``think_s``."""
    if not stream or options.text.form == "json":
        return _whole(text, options)
    events, ending = _events(text, options.text)
    pieces = _cut(events, options.text.cut_bytes)
    pieces = [(pieces[0][0] + options.talk.think_s, pieces[0][1]), *pieces[1:]]
    body = b"".join(piece for _, piece in pieces)
    return Reply(
        200,
        {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"},
        body,
        stream=StreamedBody(tuple(pieces), ending),
    )


def _whole(text: str, options: AvatarSimOptions) -> Reply:
    body: dict[str, object]
    match options.text.json_shape:
        case "message":
            body = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
        case "text":
            body = {"choices": [{"text": text}]}
        case "content" | "response" as name:
            body = {name: text}
    reply = json_answer(body, options.access)
    pieces = ((options.talk.think_s, reply.body),)
    return Reply(200, reply.headers, reply.body, stream=StreamedBody(pieces, Ending.CLOSED))


def _events(text: str, options: SimTextOptions) -> tuple[list[tuple[float, str]], Ending]:
    """Return the text of each write with the wait before it, and the end of the stream."""
    words = re.findall(r"\s*\S+", text) or [""]
    middle = max(1, len(words) // 2)
    events: list[tuple[float, str]] = []
    if options.comments:
        events.append(
            (0.0, _lines([_COMMENT, "retry: 3000", "event: message", "id: 1"], options, data=False))
        )
        events.append((0.0, _delta({"role": "assistant"}, options)))
    for number, word in enumerate(words):
        if number == middle and options.trouble != "none":
            return events, _trouble(events, options)
        if options.comments and number % 3 == 1:
            events.append((0.0, _lines([_COMMENT], options, data=False)))
        events.append((options.delta_s if number else 0.0, _delta({"content": word}, options)))
    if options.trouble != "none":
        # An answer of one word breaks off behind it.
        return events, _trouble(events, options)
    if options.ending in {"finish", "both"}:
        events.append((0.0, _delta({}, options, finish="stop")))
    if options.comments:
        events.append((0.0, _line({"choices": [], "usage": {"total_tokens": len(words)}}, options)))
    if options.ending in {"done", "both"}:
        events.append((0.0, _lines(["data: [DONE]"], options)))
    return events, Ending.CLOSED


def _trouble(events: list[tuple[float, str]], options: SimTextOptions) -> Ending:
    if options.trouble == "error":
        error = {"code": "INTERNAL_ERROR", "message": "The language model failed", "details": {}}
        events.append((0.0, _line({"error": error}, options)))
        return Ending.CLOSED
    return Ending.STALLS if options.trouble == "stall" else Ending.RESET


def _delta(delta: dict[str, object], options: SimTextOptions, finish: str | None = None) -> str:
    choice: dict[str, object] = {"delta": delta}
    if finish is not None:
        choice["finish_reason"] = finish
    return _line({"choices": [choice]}, options)


def _line(event: object, options: SimTextOptions) -> str:
    return _lines([f"data: {msgspec.json.encode(event).decode()}"], options)


def _lines(lines: list[str], options: SimTextOptions, *, data: bool = True) -> str:
    end = _LINE_ENDS[options.line_end]
    return "".join(line + end for line in lines) + (end if options.blank_lines and data else "")


def _cut(events: list[tuple[float, str]], cut_bytes: int) -> list[tuple[float, bytes]]:
    return [piece for wait_s, text in events for piece in _writes(wait_s, text.encode(), cut_bytes)]


def _writes(wait_s: float, raw: bytes, cut_bytes: int) -> Iterator[tuple[float, bytes]]:
    for start in range(0, len(raw), cut_bytes or len(raw)):
        yield (0.0 if start else wait_s), raw[start : start + (cut_bytes or len(raw))]
