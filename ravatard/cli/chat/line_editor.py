"""One line being typed: keys in as a terminal sends them, text and cursor out. Knows no terminal."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ravatard.cli.terminal import cells, head, visible
from ravatard.core.control.protocol import TEXT_LIMIT

_REMEMBERED = 100
#: ECMA-48 section 5.4: a control sequence is ESC [, parameters, one final byte; no key sends a longer one.
_LONGEST_SEQUENCE = 32


@dataclass(frozen=True, slots=True)
class Entered:
    """A line is complete."""

    line: str


@dataclass(frozen=True, slots=True)
class Left:
    """Ctrl-D on an empty line."""


class LineEditor:
    """Edits one line at a time, however the bytes of its keys are cut.

    Attributes:
        text: what is typed so far.
        cursor: index into it.
    """

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._sequence: str | None = None
        self._past: deque[str] = deque(maxlen=_REMEMBERED)
        self._looking_at = 0
        self._keys: dict[str, Callable[[], None]] = {
            **{"\x01": self._home, "\x02": self._left, "\x04": self._delete, "\x05": self._end},
            **{"\x06": self._right, "\x08": self._backspace, "\x7f": self._backspace},
            **{"\x0b": self._cut_rest, "\x0e": self._newer, "\x10": self._older},
            **{"\x15": self._cut_beginning, "\x17": self._cut_word},
            **{"[A": self._older, "[B": self._newer, "[C": self._right, "[D": self._left},
            **{"[H": self._home, "[F": self._end, "[1~": self._home, "[4~": self._end, "[3~": self._delete},
            **{"OA": self._older, "OB": self._newer, "OC": self._right, "OD": self._left},
            **{"OH": self._home, "OF": self._end},
        }

    def feed(self, data: bytes) -> Iterator[Entered | Left]:
        """Take what the terminal sent; it is taken only as far as this is iterated."""
        for key in self._decoder.decode(data):
            if self._sequence is not None:
                self._go_on(key)
            elif key in "\r\n":
                line, self.text, self.cursor = self.text, "", 0
                self._remember(line)
                yield Entered(line)
            elif key == "\x04" and not self.text:
                yield Left()
            elif key == "\x1b":
                self._sequence = ""
            else:
                self._press(key)

    def window(self, columns: int) -> tuple[str, int]:
        """The part of the text that fits into ``columns``, and how many cells the cursor is into it."""
        before = head(self.text[: self.cursor][::-1], columns - 1)[::-1]
        used = cells(before)
        return before + head(self.text[self.cursor :], columns - used), used

    # -------------------------------------------------------------- keys

    def _go_on(self, key: str) -> None:
        """One more character of a key that sends several."""
        sequence = f"{self._sequence}{key}"
        self._sequence = None
        if key == "\x1b":
            self._sequence = ""
        elif sequence in ("[", "O") or (sequence[0] == "[" and not "@" <= key <= "~"):
            # A control character inside belongs to nothing: whoever pressed Escape goes on typing.
            if key.isprintable() and len(sequence) < _LONGEST_SEQUENCE:
                self._sequence = sequence
        elif action := self._keys.get(sequence):
            action()

    def _press(self, key: str) -> None:
        if action := self._keys.get(key):
            action()
        elif len(self.text) < TEXT_LIMIT and (visible(key) or key in " \t"):
            self.text = f"{self.text[: self.cursor]}{' ' if key == chr(9) else key}{self.text[self.cursor :]}"
            self.cursor += 1

    def _remember(self, line: str) -> None:
        if line.strip() and (not self._past or self._past[-1] != line):
            self._past.append(line)
        self._looking_at = len(self._past)

    def _show(self, number: int) -> None:
        if 0 <= number <= len(self._past):
            self._looking_at = number
            self.text = self._past[number] if number < len(self._past) else ""
            self.cursor = len(self.text)

    def _older(self) -> None:
        self._show(self._looking_at - 1)

    def _newer(self) -> None:
        self._show(self._looking_at + 1)

    def _home(self) -> None:
        self.cursor = 0

    def _end(self) -> None:
        self.cursor = len(self.text)

    def _left(self) -> None:
        self.cursor = self._step(-1)

    def _right(self) -> None:
        self.cursor = self._step(1)

    def _step(self, by: int) -> int:
        """The next place for the cursor: never between a character and its marks."""
        at = self.cursor + by
        while 0 < at < len(self.text) and cells(self.text[at]) == 0:
            at += by
        return min(max(at, 0), len(self.text))

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _backspace(self) -> None:
        self._cut(self._step(-1), self.cursor)

    def _delete(self) -> None:
        self._cut(self.cursor, self._step(1))

    def _cut_rest(self) -> None:
        self._cut(self.cursor, len(self.text))

    def _cut_beginning(self) -> None:
        self._cut(0, self.cursor)

    def _cut_word(self) -> None:
        before = self.text[: self.cursor].rstrip()
        self._cut(before.rfind(" ") + 1, self.cursor)
