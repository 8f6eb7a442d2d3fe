"""The terminal of ``ravatard chat``: the conversation above, the line being typed below (prompt_toolkit).

Imported only where a user sits at a terminal: prompt_toolkit is an optional extra.
"""

from __future__ import annotations

import io
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output

from ravatard.cli.terminal import fitted, harmless, takes_colour, visible, wrapped
from ravatard.core.control.protocol import TEXT_LIMIT

#: ECMA-48: bold and back.
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
#: Columns of a list before the last one, each with two blanks after it.
_COLUMNS = re.compile(r"(\s*\S+(?: \S+)*\s{2,})+")
_BLANKS = dict.fromkeys(map(ord, "\t\r\n"), " ")
_DEFAULT_SIZE = Size(rows=24, columns=80)
#: Raw mode hands these keys to the program, which raises the signals a terminal would.
_SIGNALS = {"c-c": signal.SIGINT, "c-\\": signal.SIGQUIT}


class TerminalScreen:
    """A terminal with a line being typed, and the state of the conversation before it.

    The typed line stays on one row and scrolls sideways in it. Everything that comes from outside passes
    :mod:`ravatard.cli.terminal` first. Suspending is off: a stopped program cannot end its live session.
    """

    def __init__(self, keyboard: Input, screen: Output, *, bold: bool = True) -> None:
        """Read keys from ``keyboard`` and draw on ``screen``; see :func:`open_terminal` for the real ones.

        ``bold``: names may be bold.
        """
        self._bold, self._plain = (_BOLD, _PLAIN) if bold else ("", "")
        self._keyboard = keyboard
        self._screen = screen
        self._state = ""
        self._modes = ExitStack()
        self._session: PromptSession[str] = PromptSession(
            self._prompt,
            input=keyboard,
            output=screen,
            key_bindings=_signal_keys(),
            wrap_lines=False,
            erase_when_done=True,
            reserve_space_for_menu=0,
        )
        self._session.default_buffer.on_text_changed += _clean

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the terminal in raw mode, also between two lines; restore its settings at the end."""
        with self._modes:
            self._modes.enter_context(self._keyboard.raw_mode())
            yield

    def resumed(self) -> None:
        """Take the terminal again after SIGCONT: another program may have used it meanwhile."""
        self._modes.enter_context(self._keyboard.raw_mode())
        self._above("")

    async def next(self) -> str | None:
        """Return the next line that was typed; None after Ctrl-D and when the terminal was hung up."""
        try:
            return await self._session.prompt_async(handle_sigint=False, set_exception_handler=False)
        except EOFError:
            return None

    def state(self, text: str) -> None:
        """Show the state before the line that is being typed."""
        if self._state != visible(text):
            self._state = visible(text)
            self._above("")

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """Show an answer with the time it took."""
        took = "" if took_s is None else f" ({took_s:.1f} s)"
        self._spoken(visible(name), f"{took}: ", visible(text, lines=True))

    def asked(self, text: str) -> None:
        """Show what was typed as a part of the conversation."""
        self._spoken("you", ": ", visible(text))

    def note(self, text: str) -> None:
        """Show a list or a help text in its own layout."""
        self._above("".join(f"{self._fitted(line)}\n" for line in harmless(text).split("\n")))

    def complain(self, text: str) -> None:
        """Show an error, marked as such."""
        self._above(f"{self._wrapped('! ', visible(text, lines=True))}\n")

    def _spoken(self, name: str, after: str, text: str) -> None:
        """Show words after a name, which is bold where it may be."""
        line = self._wrapped(name + after, text).removeprefix(name)
        self._above(f"{self._bold}{name}{self._plain}{line}\n")

    def _wrapped(self, first: str, text: str) -> str:
        """Return the lines of ``text`` after ``first``, wrapped between words."""
        columns = self._screen.get_size().columns
        begin, *others = text.split("\n")
        return "\n".join([wrapped(first, begin, columns), *(wrapped("", line, columns) for line in others)])

    def _fitted(self, line: str) -> str:
        """Return a line of a list, wrapped in its last column where it is too long."""
        columns = self._screen.get_size().columns
        column = _COLUMNS.match(line)
        first = column.group() if column is not None else ""
        return wrapped(first, line.removeprefix(first), columns)

    def _above(self, text: str) -> None:
        """Write ``text``, whole lines, where the row being typed is, and draw the row anew below."""
        # Synchronous, unlike run_in_terminal(): no task of its own, no moment in cooked mode.
        self._session.app.renderer.erase()
        self._screen.write_raw(text)
        self._screen.flush()
        self._session.app.invalidate()

    def _prompt(self) -> str:
        state = f"[{self._state}] " if self._state else ""
        return f"{fitted(state, self._screen.get_size().columns // 2)}> "


class LogScreen(io.TextIOBase):
    """Writes log lines above the line being typed."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen

    def write(self, text: str, /) -> int:
        """Show ``text`` unless it is only the end of a line."""
        if text.strip():
            self._screen.complain(text)
        return len(text)


class _TerminalWriter(io.TextIOBase):
    """Writes to a terminal without a buffer, and ignores one that was hung up.

    The keyboard is hung up as well and ends the chat. A buffer would fail once more when the process ends.
    """

    def __init__(self, fd: int, encoding: str) -> None:
        self._fd = fd
        self._encoding = encoding

    def fileno(self) -> int:
        return self._fd

    def write(self, text: str, /) -> int:
        data = text.encode(self._encoding, "backslashreplace")
        with suppress(OSError):
            while data:
                data = data[os.write(self._fd, data) :]
        return len(text)


def open_terminal(keyboard: TextIO, screen: TextIO) -> TerminalScreen:
    """Return the screen for standard input and output that are a terminal."""
    fd = screen.fileno()

    def size() -> Size:
        try:
            columns, rows = os.get_terminal_size(fd)
        except OSError:
            return _DEFAULT_SIZE
        return Size(rows=rows, columns=columns) if columns and rows else _DEFAULT_SIZE

    # Without questions about the cursor's position: a terminal that does not answer would be waited for.
    writer = cast(TextIO, _TerminalWriter(fd, screen.encoding))
    output = Vt100_Output(writer, size, term=os.environ.get("TERM"), enable_cpr=False)
    return TerminalScreen(create_input(keyboard), output, bold=takes_colour(screen))


def _signal_keys() -> KeyBindings:
    bindings = KeyBindings()
    for key, number in _SIGNALS.items():

        @bindings.add(key)
        def _(event: KeyPressEvent, number: signal.Signals = number) -> None:
            signal.raise_signal(number)

    return bindings


def _clean(buffer: Buffer) -> None:
    """Keep the line printable, on one row and within the longest text that may be said."""
    kept = _row(buffer.text)[:TEXT_LIMIT]
    if kept != buffer.text:
        buffer.document = Document(kept, min(len(kept), len(_row(buffer.document.text_before_cursor))))


def _row(text: str) -> str:
    """Return ``text`` without control characters; tabs and ends of lines (pasted) become blanks."""
    return text if text.isprintable() else harmless(text.translate(_BLANKS))
