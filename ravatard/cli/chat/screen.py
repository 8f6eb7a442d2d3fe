"""What a person sees of ``ravatard chat``: on a terminal with a line being typed, or as plain lines."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

from ravatard.cli.chat.line_editor import Left, LineEditor
from ravatard.cli.terminal import cells, fitted, harmless, visible

#: ECMA-48: erase the line; bold and back.
_ERASE = "\r\x1b[K"
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
#: Lines that may be typed ahead of what is being answered.
_AHEAD = 100
_DEFAULT_COLUMNS = 80
_PIECE_BYTES = 4_096


class ChatScreen(Protocol):
    """Where a conversation is shown. Texts come as they are; what a terminal obeys is taken out here."""

    def state(self, text: str) -> None:
        """How it stands at the moment; "" when there is nothing to say about it."""
        ...

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """The avatar says something."""
        ...

    def asked(self, text: str) -> None:
        """The person has said something."""
        ...

    def note(self, text: str) -> None:
        """What somebody asked to see: a list, the history, help."""
        ...

    def complain(self, text: str) -> None:
        """Something did not work."""
        ...


class PlainScreen:
    """Lines for a program: answers and what was asked for on one stream, complaints on the other."""

    def __init__(self, stdout: TextIO, stderr: TextIO) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._trouble = ""

    def state(self, text: str) -> None:
        """Only trouble is told, and each only once."""
        trouble = text.partition(";")[0] if text.startswith(("offline:", "refused:")) else ""
        if trouble and trouble != self._trouble:
            self.complain(trouble)
        if trouble or not text:
            self._trouble = trouble

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """One line, whatever the answer holds: whoever reads it counts lines."""
        del name, took_s
        print(visible(text), file=self._stdout, flush=True)

    def asked(self, text: str) -> None:
        """Nothing: whoever wrote it knows."""

    def note(self, text: str) -> None:
        """As it was laid out."""
        print(harmless(text), file=self._stdout, flush=True)

    def complain(self, text: str) -> None:
        """With our name, as every complaint of a command."""
        for line in visible(text, lines=True).splitlines():
            print(f"ravatard: {line}", file=self._stderr, flush=True)


class TerminalScreen:
    """A terminal: what was said above, the line being typed below, with the state before it.

    The typed line stays on one row and scrolls sideways in it: nothing has to be known of how a terminal
    wraps, and a change of its width costs one row drawn anew. Keys come one by one, but interrupts are still
    signals; suspending is off, for a program that stands still cannot end its live session.
    """

    def __init__(self, keyboard: int, screen: int, encoding: str = "utf-8") -> None:
        """The terminal's descriptors for reading and for writing, and how it writes characters."""
        self._keyboard = keyboard
        self._screen = screen
        self._encoding = encoding
        self._editor = LineEditor()
        self._state = ""
        self._typed: deque[str] = deque()
        self._over = False
        self._news = asyncio.Event()
        self._before: list[int | list[bytes | int]] | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keys one by one, from here to the end, however that comes; then everything as it was.

        Raises:
            OSError: it is no terminal.
        """
        loop = asyncio.get_running_loop()
        try:
            self._before = termios.tcgetattr(self._keyboard)
            self._grab()
        except termios.error as error:
            raise OSError(*error.args) from error
        try:
            loop.add_reader(self._keyboard, self._read)
            self.redraw()
            yield
        finally:
            loop.remove_reader(self._keyboard)
            self._write(_ERASE)
            # A terminal that was hung up needs no settings any more.
            with suppress(termios.error):
                termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._before)

    def resumed(self) -> None:
        """We stood still (SIGCONT), and somebody else may have used the terminal."""
        with suppress(termios.error):
            self._grab()
        self.redraw()

    def _grab(self) -> None:
        settings = termios.tcgetattr(self._keyboard)
        settings[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        settings[0] &= ~termios.IXON
        keys = settings[6]
        keys[termios.VMIN], keys[termios.VTIME] = 1, 0
        keys[termios.VSUSP] = bytes([os.fpathconf(self._keyboard, "PC_VDISABLE")])
        termios.tcsetattr(self._keyboard, termios.TCSADRAIN, settings)

    # -------------------------------------------------------------- typing

    async def next(self) -> str | None:
        """The next line that was typed; None when there will be none any more."""
        while not self._typed:
            if self._over:
                return None
            self._news.clear()
            await self._news.wait()
        return self._typed.popleft()

    def _read(self) -> None:
        try:
            data = os.read(self._keyboard, _PIECE_BYTES)
        except OSError:
            # It was hung up.
            data = b""
        if not data:
            self._end()
            return
        for event in self._editor.feed(data):
            if isinstance(event, Left):
                self._end()
                return
            if len(self._typed) < _AHEAD:
                self._typed.append(event.line)
                self._news.set()
            else:
                self.complain("too much was typed ahead; this line is left out")
        self.redraw()

    def _end(self) -> None:
        self._over = True
        self._news.set()
        asyncio.get_running_loop().remove_reader(self._keyboard)

    # -------------------------------------------------------------- showing

    def state(self, text: str) -> None:
        """Before the line that is being typed."""
        self._state = visible(text)
        self.redraw()

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """With the time it took."""
        took = "" if took_s is None else f" ({took_s:.1f} s)"
        self._above(f"{_BOLD}{visible(name)}{_PLAIN}{took}: {visible(text, lines=True)}")

    def asked(self, text: str) -> None:
        """What was typed goes up to the rest of the conversation."""
        self._above(f"{_BOLD}you{_PLAIN}: {visible(text)}")

    def note(self, text: str) -> None:
        """Above, like everything."""
        self._above(harmless(text))

    def complain(self, text: str) -> None:
        """Above, with a mark."""
        self._above(f"! {visible(text, lines=True)}")

    def redraw(self) -> None:
        """Draw the row with the line being typed anew."""
        columns = self._columns()
        state = f"[{self._state}] " if self._state else ""
        prompt = f"{fitted(state, columns // 2)}> "
        # The last column stays free: some terminals wrap as soon as it is written to.
        room = max(1, columns - cells(prompt) - 1)
        shown, cursor = self._editor.window(room)
        self._write(f"{_ERASE}{prompt}{shown}\r\x1b[{cells(prompt) + cursor}C")

    def _above(self, text: str) -> None:
        self._write(f"{_ERASE}{text}\n")
        self.redraw()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._screen).columns or _DEFAULT_COLUMNS
        except (OSError, ValueError):
            return _DEFAULT_COLUMNS

    def _write(self, text: str) -> None:
        data = text.encode(self._encoding, "backslashreplace")
        # Nobody looks any more: what is under way is ended by the keyboard, which is hung up as well. A
        # buffer in between would complain of that once more at the end of the process.
        with suppress(OSError):
            while data:
                data = data[os.write(self._screen, data) :]


def is_terminal() -> bool:
    """Whether a person sits there, at a terminal that can move its cursor."""
    try:
        capable = os.environ.get("TERM", "dumb") != "dumb"
        return capable and sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):
        return False
