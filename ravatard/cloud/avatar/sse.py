"""Answer of ``chat.completions``: read delta by delta while it comes, or whole. Pure.

Source: the API reference, whose example prints one ``data:`` line an event, without the blank lines that the
standard of server-sent events asks for: a ``data:`` line that is JSON by itself is an event by itself.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any

from ravatard.cloud.avatar.events import ErrorSaid
from ravatard.cloud.border import FOREIGN_FAULTS, plain
from ravatard.cloud.fields import Fields
from ravatard.cloud.foreign_json import decoded, whole

#: Characters of an answer: half an hour of speech; and of one event, or one line, of it.
LONGEST_TEXT = 64 * 1024
_LONGEST_EVENT = 64 * 1024
#: API reference, POST /v1/chat.completions: the last event.
_DONE = "[DONE]"
_ERROR = "error"
_LINE_END = re.compile(r"\r\n|\r|\n")
#: An answer that ends so has been said, also when its stream ends without a word.
_ENDS = re.compile(r"""[.!?…。！？]["'»«”’)\]]*\s*\Z|["»«”’]\s*\Z""")  # noqa: RUF001 - full-width marks are meant
#: Lines of one event are tried together this often.
_MOST_JOINS = 8
_LONGEST_WORDS = 500
_LONGEST_CODE = 64


@unique
class AnswerForm(Enum):
    """Form of an answer's body."""

    EVENTS = "events"
    WHOLE = "whole"
    PAGE = "page"
    """HTML: something in between answers."""


def form_of(beginning: bytes, content_type: str) -> AnswerForm | None:
    """Return the form of a body that begins so; None: more of it is needed.

    Its bytes decide, and its stated type only where they may mean either.
    """
    first = beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not first:
        return None
    if first in b"{[":
        return AnswerForm.WHOLE
    if first == b"<":
        return AnswerForm.PAGE
    # The fields of an event: data, event, id, retry; a colon begins a comment.
    if first in b"deir:":
        return AnswerForm.EVENTS
    return AnswerForm.WHOLE if "json" in content_type.casefold() else AnswerForm.EVENTS


@unique
class AnswerState(Enum):
    """State of an answer."""

    COMING = "coming"
    COMPLETE = "complete"
    BROKE_OFF = "broke off"
    """The stream ended in the middle of a sentence, without a word."""
    FAILED = "failed"
    """The service reported an error; the text until then may be shown."""


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """Answer that came whole, as JSON.

    Attributes:
        state: COMPLETE or FAILED.
        text: the words.
        error: of a failed one.
    """

    state: AnswerState
    text: str = field(default="", repr=False)
    error: ErrorSaid | None = None


class ChatReader:
    """Reader of an answer's events, fed bytes cut anywhere; the result is the same however they are cut.

    Call :meth:`feed` with every piece until ``over``, then :meth:`finish`. Every piece is a sign of life,
    whatever is in it.

    Attributes:
        state: state of the answer.
        error: reported error; None unless the answer failed.
        skipped: events that were no JSON.
    """

    def __init__(self) -> None:
        self.state = AnswerState.COMING
        self.error: ErrorSaid | None = None
        self.skipped = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._line: list[str] = []
        self._line_length = 0
        self._after_cr = False
        self._overlong = False
        self._event = ""
        self._kept: list[str] = []
        self._forget_kept()
        self._said: list[str] = []
        self._length = 0

    @property
    def over(self) -> bool:
        """True when nothing more is to be read."""
        return self.state is not AnswerState.COMING

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._said)

    def feed(self, data: bytes) -> list[str]:
        """Return the deltas that the next bytes complete, none of them empty. Never raises."""
        return self._take(self._decode(data))

    def finish(self) -> list[str]:
        """Return the last deltas: the stream has ended. ``state`` is final then."""
        deltas = self._take(self._decode(b"", True))
        if self._line and not self.over:
            deltas += self._end_line()
        if not self.over:
            deltas += self._drop_kept()
        if not self.over:
            self.state = AnswerState.COMPLETE if _ENDS.search(self.text[-64:]) else AnswerState.BROKE_OFF
        return deltas

    def _take(self, text: str) -> list[str]:
        deltas: list[str] = []
        if not text:
            return deltas
        if self._after_cr:
            # CR and LF of one line end may come in two pieces.
            text = text.removeprefix("\n")
            self._after_cr = False
        start = 0
        for end in _LINE_END.finditer(text):
            if self.over:
                return deltas
            self._add(text[start : end.start()])
            deltas += self._end_line()
            start = end.end()
        self._after_cr = text.endswith("\r")
        if not self.over:
            self._add(text[start:])
        return deltas

    def _add(self, part: str) -> None:
        """Add a part to the present line, as far as a line may go."""
        room = _LONGEST_EVENT - self._line_length
        self._overlong = self._overlong or len(part) > room
        part = part[: max(0, room)]
        if part:
            self._line.append(part)
            self._line_length += len(part)

    def _end_line(self) -> list[str]:
        line, overlong = "".join(self._line), self._overlong
        self._line, self._line_length, self._overlong = [], 0, False
        if overlong:
            self.skipped += 1
            return []
        line = line.removeprefix("\ufeff")
        if not line.strip():
            deltas = self._drop_kept()
            self._event = ""
            return deltas
        if line.startswith("event:"):
            self._event = line[len("event:") :].strip().casefold()
        if not line.startswith("data:"):
            # Comments keep the connection alive; id and retry say nothing about the text.
            return []
        payload = line[len("data:") :].strip()
        return self._payload(payload) if payload else []

    def _payload(self, payload: str) -> list[str]:
        if payload == _DONE:
            deltas = self._drop_kept()
            if not self.over:
                self.state = AnswerState.COMPLETE
            return deltas
        if (event := _strict(payload)) is not None:
            deltas = self._drop_kept()
            return deltas if self.over else deltas + self._meaning(event)
        deltas = self._drop_kept() if self._kept_length + len(payload) > _LONGEST_EVENT else []
        self._kept.append(payload)
        self._kept_length += len(payload)
        self._open += payload.count("{") - payload.count("}")
        if self._open == 0 and 1 < len(self._kept) and self._joins < _MOST_JOINS:
            self._joins += 1
            if (event := _strict("\n".join(self._kept))) is not None:
                self._forget_kept()
                return deltas + self._meaning(event)
        return deltas

    def _drop_kept(self) -> list[str]:
        """Give up waiting for the rest of an event; it is read liberally, or skipped."""
        if not self._kept:
            return []
        payload = "\n".join(self._kept)
        event = decoded(payload)
        self._forget_kept()
        if isinstance(event, dict):
            return self._meaning(event)
        if self._event == _ERROR:
            self.state, self.error = AnswerState.FAILED, ErrorSaid("", plain(payload, _LONGEST_WORDS))
            return []
        self.skipped += 1
        return []

    def _forget_kept(self) -> None:
        self._kept = []
        self._kept_length, self._open, self._joins = 0, 0, 0

    def _meaning(self, event: Mapping[str, Any]) -> list[str]:
        error = error_in(event)
        if error is None and self._event == _ERROR:
            # The event itself is the error, not a field of it.
            error = error_in({"error": event}) or ErrorSaid()
        if error is not None:
            self.state, self.error = AnswerState.FAILED, error
            return []
        text, finished = _delta(event)
        text = text[: LONGEST_TEXT - self._length]
        if text:
            self._said.append(text)
            self._length += len(text)
        if finished:
            self.state = AnswerState.COMPLETE
        elif self._length >= LONGEST_TEXT:
            self.state = AnswerState.BROKE_OFF
        return [text] if text else []


def whole_answer(body: bytes) -> WholeAnswer:
    """Return the answer in a whole JSON body; an empty COMPLETE one when there is no text. Never raises.

    The shapes are those of OpenAI, and of services that resemble it.
    """
    value = decoded(body)
    if not isinstance(value, dict):
        return WholeAnswer(AnswerState.FAILED, error=ErrorSaid("no-json-object", "the answer is none"))
    try:
        error = error_in(value)
        if error is not None:
            return WholeAnswer(AnswerState.FAILED, error=error)
        for one in (value, value.get("data")):
            text = _whole_text(one) if isinstance(one, dict) else ""
            if text:
                return WholeAnswer(AnswerState.COMPLETE, text[:LONGEST_TEXT])
    except FOREIGN_FAULTS:
        return WholeAnswer(AnswerState.FAILED, error=ErrorSaid("unreadable", "the answer cannot be read"))
    return WholeAnswer(AnswerState.COMPLETE)


def error_in(event: Mapping[str, Any]) -> ErrorSaid | None:
    """Return the error in an event or a whole answer; None when there is none."""
    error = event.get("error")
    if isinstance(error, str) and error:
        return ErrorSaid("", plain(error, _LONGEST_WORDS))
    if not isinstance(error, dict) or not error:
        return None
    fields = Fields(error)
    code = fields.identifier("code", "type")
    return ErrorSaid(plain(code, _LONGEST_CODE), plain(fields.text("message", "detail"), _LONGEST_WORDS))


def _strict(text: str) -> Mapping[str, Any] | None:
    """Return the JSON object that ``text`` is by the letter; half of one is none, and so are two."""
    import msgspec  # With the first event, not with the import of the SDK.

    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _choice(event: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _delta(event: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the text that an event adds, and True if it is the last one."""
    choice = Fields(_choice(event))
    delta = choice.inner("delta") or choice.inner("message") or Fields({})
    return _text(delta, "content") or choice.text("text"), bool(choice.text("finish_reason"))


def _whole_text(answer: Mapping[str, Any]) -> str:
    choice = Fields(_choice(answer))
    message = choice.inner("message") or choice.inner("delta") or Fields({})
    outer = Fields(answer)
    found = _text(message, "content") or choice.text("text") or outer.text("content", "response", "text")
    if found:
        return found
    inner = outer.inner("message")
    return _text(inner, "content") if inner is not None else outer.text("answer", "message", "reply")


def _text(fields: Fields, name: str) -> str:
    """Return a text, or the texts of a list of parts (``[{"type": "text", "text": ...}]``)."""
    return fields.text(name) or whole("".join(part.text("text") for part in fields.objects(name)))
