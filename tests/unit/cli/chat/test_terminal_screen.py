"""What a person sees at a terminal, and what keys do to the line; on pipes, and on a real pseudo terminal."""

from __future__ import annotations

import asyncio
import io
import os
import re
import select
import signal
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from ravatard.cli.chat.parser import HELP
from ravatard.cli.chat.screen import ChatScreen
from ravatard.cli.chat.terminal_screen import LogScreen, TerminalScreen, open_terminal
from ravatard.core.control.protocol import TEXT_LIMIT
from tests.examples import examples
from tests.virtual_time import run

#: Looks at a terminal, 10 ms apart, until what is awaited counts as missing: a busy machine may take seconds.
_LOOKS = 1_000


class Keyboard:
    """A terminal made of pipes: what is typed, what was drawn.

    Attributes:
        screen: the screen under test.
    """

    def __init__(self, keys: PipeInput, columns: int = 40, *, bold: bool = True) -> None:
        self._keys = keys
        self._drawn = io.StringIO()
        self.columns = columns
        output = Vt100_Output(self._drawn, lambda: Size(rows=24, columns=self.columns), enable_cpr=False)
        self.screen = TerminalScreen(keys, output, bold=bold)

    def type(self, keys: str) -> None:
        self._keys.send_text(keys)

    def hang_up(self) -> None:
        self._keys.close()

    def seen(self) -> str:
        """What was drawn since the last look."""
        drawn = self._drawn.getvalue()
        self._drawn.seek(0)
        self._drawn.truncate()
        return drawn

    async def assert_shows(self, text: str) -> str:
        """All that was drawn until ``text`` was."""
        drawn = ""
        for _ in range(_LOOKS):
            await asyncio.sleep(0.01)
            drawn += self.seen()
            if text in drawn:
                return drawn
        raise AssertionError(f"{text!r} is not in {drawn!r}")

    async def enter(self, keys: str) -> str | None:
        """Type ``keys``; the line that comes of it."""
        self.type(keys)
        return await self.screen.next()


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    with create_pipe_input() as keys:
        yield Keyboard(keys)


@asynccontextmanager
async def typing(keyboard: Keyboard) -> AsyncIterator[asyncio.Task[str | None]]:
    """A line is being typed."""
    async with asyncio.TaskGroup() as group:
        line = group.create_task(keyboard.screen.next(), name="line")
        await keyboard.assert_shows(">")
        yield line
        line.cancel()


async def test_a_typed_line_is_drawn_and_handed_out(keyboard: Keyboard) -> None:
    async with typing(keyboard) as line:
        keyboard.type("hé日")
        await keyboard.assert_shows("hé日")
        keyboard.type("\r")

        assert await line == "hé日"


async def test_an_answer_goes_above_the_line_that_is_being_typed(keyboard: Keyboard) -> None:
    async with typing(keyboard):
        keyboard.type("half a thou")
        await keyboard.assert_shows("half a thou")
        keyboard.screen.answer("Ada", "Hello\nyou", 0.84)
        above, _, below = (await keyboard.assert_shows("half a thou")).partition("\n")

        assert above.endswith("\x1b[1mAda\x1b[0m (0.8 s): Hello")
        # The row is erased before, and drawn anew after.
        assert "\x1b[J" in above
        assert below.startswith("you\n")
        assert "> half a thou" in below


async def test_the_state_stands_before_the_line_and_never_takes_more_than_half_of_it(
    keyboard: Keyboard,
) -> None:
    async with typing(keyboard):
        keyboard.screen.state("thinking, 2 s")
        await keyboard.assert_shows("[thinking, 2 s] >")
        keyboard.screen.state("offline: " + "very " * 20)

        await keyboard.assert_shows("offline: very very…>")


async def test_a_narrower_terminal_shows_what_is_around_the_cursor(keyboard: Keyboard) -> None:
    keyboard.columns = 12
    async with typing(keyboard):
        keyboard.type("abcdefghij" * 5)
        await keyboard.assert_shows("j")
        keyboard.screen.note("drawn anew")
        _, _, drawn = (await keyboard.assert_shows("ghij")).partition("drawn anew\n")

        assert "\n" not in drawn
        assert "abcdefghijabc" not in drawn


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;pwned\x07\x9b5n", "a\r\x1b[Kb", "\u202eabc"])
async def test_nothing_a_service_says_is_obeyed(keyboard: Keyboard, text: str) -> None:
    keyboard.columns = 100
    for show in (
        keyboard.screen.state,
        keyboard.screen.asked,
        keyboard.screen.note,
        keyboard.screen.complain,
    ):
        show(text)
    keyboard.screen.answer(text, text, 1.0)
    # No line is being typed: what is drawn is the text, and the order to erase the row before it.
    drawn = keyboard.seen()
    async with typing(keyboard):
        keyboard.screen.state(f"{text} state")
        drawn += await keyboard.assert_shows("state")

    for ours in ("\x1b[1m", "\x1b[0m", "\x1b[J", "\x1b[K", "\x1b[?7h", "\x1b[?7l", "\x1b[?25l", "\x1b[?25h"):
        drawn = drawn.replace(ours, "")
    for order in ("\x1b[2J", "\x1b[K", "\x1b]", "\x07", "\x9b", "\u202e"):
        assert order not in drawn


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("ab\x7f", "a"),
        ("\x7f", ""),
        ("ab\x1b[Dc", "acb"),
        ("ab\x1b[D\x1b[D\x1b[Dc", "cab"),
        ("ab\x01c\x05d", "cabd"),
        ("ab\x1b[H\x1b[3~", "b"),
        ("ab\x02\x04", "a"),
        ("one two  \x17", "one "),
        ("one two\x1bOD\x15", "o"),
        ("one two\x01\x06\x0b", "o"),
        ("a\x00\x07b", "ab"),
        ("a\x1b[200~b\nc\td\x1b[201~e", "ab c de"),
        ("a\u202eb\x9b", "ab"),
        ("\x1b[200~" + "x" * 5_000 + "\x1b[201~", "x" * TEXT_LIMIT),
    ],
)
async def test_keys_edit(keyboard: Keyboard, keys: str, line: str) -> None:
    assert await keyboard.enter(f"{keys}\r") == line


async def test_what_is_typed_in_the_middle_of_a_full_line_leaves_the_cursor_there(keyboard: Keyboard) -> None:
    assert await keyboard.enter("abc\x1b[D\x1b[D\x1b[200~\n\x9bx\x1b[201~y\r") == "a xybc"


async def test_earlier_lines_come_back(keyboard: Keyboard) -> None:
    for line in ("one", "two", "two", ""):
        assert await keyboard.enter(f"{line}\r") == line

    assert await keyboard.enter("\x1b[A\x1b[A\r") == "one"
    assert await keyboard.enter("\x1b[A\x1b[A\x1b[B!\r") == "one!"


async def test_several_lines_may_be_typed_ahead(keyboard: Keyboard) -> None:
    keyboard.type("one\rtwo\rthr")

    assert [await keyboard.screen.next(), await keyboard.screen.next()] == ["one", "two"]
    assert await keyboard.enter("ee\r") == "three"


async def test_ctrl_d_leaves_only_from_an_empty_line(keyboard: Keyboard) -> None:
    assert await keyboard.enter("ab\x02\x04\r") == "a"
    assert await keyboard.enter("\x04") is None


async def test_a_keyboard_that_was_hung_up_ends_the_lines(keyboard: Keyboard) -> None:
    keyboard.hang_up()

    assert await keyboard.screen.next() is None


@pytest.mark.parametrize(("key", "number"), [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
async def test_keys_that_end_a_program_raise_the_signals_of_a_terminal(
    keyboard: Keyboard, key: str, number: int
) -> None:
    came = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, came.set)
    try:
        async with typing(keyboard):
            keyboard.type(key)
            await came.wait()
        assert came.is_set()
    finally:
        loop.remove_signal_handler(number)


async def test_the_log_goes_above_the_line_without_empty_rows(keyboard: Keyboard) -> None:
    log = LogScreen(keyboard.screen)

    print("ravatard: a warning", file=log)

    assert keyboard.seen().endswith("! ravatard: a warning\n")


@settings(max_examples=examples(30))
@given(st.binary(max_size=20))
def test_whatever_is_typed_nothing_hidden_is_in_the_line(data: bytes) -> None:
    async def entered() -> str | None:
        with create_pipe_input() as keys:
            keyboard = Keyboard(keys)
            # Without the keys that end a program, or begin a longer key or a search.
            typed = bytes(one for one in data if one not in b"\x03\x04\x11\x12\x13\x16\x18\x1b\x1c\x1d")
            keys.send_bytes(typed + b"\r")
            return await keyboard.screen.next()

    # The library takes a millisecond a key in debug mode.
    line = run(entered(), debug=False)

    assert line is not None
    assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in line)


# ---------------------------------------------------------------------- a real terminal


class Terminal:
    """A pseudo terminal.

    Attributes:
        ours: the person's end; -1 when it was hung up.
        screen: the screen at the other end.
    """

    def __init__(self, keyboard: TextIO, screen: TextIO, ours: int) -> None:
        self.ours = ours
        self._theirs = keyboard.fileno()
        self.screen = open_terminal(keyboard, screen)

    def settings(self) -> list[int | list[bytes | int]]:
        return termios.tcgetattr(self._theirs)

    def change(self, settings: list[int | list[bytes | int]]) -> None:
        termios.tcsetattr(self._theirs, termios.TCSANOW, settings)

    def seen(self) -> str:
        return os.read(self.ours, 65_536).decode()

    async def assert_shows(self, text: str) -> None:
        """Wait until ``text`` was drawn."""
        drawn = ""
        for _ in range(_LOOKS):
            await asyncio.sleep(0.01)
            if select.select([self.ours], [], [], 0)[0]:
                drawn += self.seen()
            if text in drawn:
                return
        raise AssertionError(f"{text!r} is not in {drawn!r}")

    def hang_up(self) -> None:
        os.close(self.ours)
        self.ours = -1


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as keyboard, open(theirs, "w", closefd=False) as screen:
        made = Terminal(keyboard, screen, ours)
        yield made
    if made.ours >= 0:
        os.close(made.ours)


async def test_the_terminal_is_as_it_was_whatever_ends_the_chat(terminal: Terminal) -> None:
    before = terminal.settings()

    def fail() -> None:
        with terminal.screen.opened():
            assert terminal.settings() != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert terminal.settings() == before


async def test_a_terminal_that_another_program_used_meanwhile_is_taken_again(terminal: Terminal) -> None:
    before = terminal.settings()
    with terminal.screen.opened():
        wanted = terminal.settings()
        terminal.change(before)

        terminal.screen.resumed()

        assert terminal.settings() == wanted
    assert terminal.settings() == before


async def test_a_terminal_without_a_size_counts_as_usual(terminal: Terminal) -> None:
    terminal.screen.state("x" * 100)
    async with asyncio.TaskGroup() as group:
        line = group.create_task(terminal.screen.next(), name="line")
        await terminal.assert_shows(f"[{'x' * 38}…>")
        line.cancel()


async def test_a_hung_up_terminal_ends_the_lines_and_is_no_error(terminal: Terminal) -> None:
    with terminal.screen.opened():
        terminal.hang_up()

        assert await terminal.screen.next() is None
        terminal.screen.answer("Ada", "nobody sees this", 1.0)


def test_both_are_screens() -> None:
    with create_pipe_input() as keys:
        screens: list[ChatScreen] = [Keyboard(keys).screen]

    assert screens


async def test_words_are_wrapped_between_them_and_no_color_means_no_bold() -> None:
    with create_pipe_input() as keys:
        keyboard = Keyboard(keys, bold=False)
        async with typing(keyboard):
            keyboard.screen.answer("Ada", "I heard one long sentence of yours, and more.", 0.8)
            keyboard.screen.note(HELP)
            drawn = await keyboard.assert_shows("begins with two")

    assert "\x1b[1mAda" not in drawn
    assert "Ada (0.8 s): I heard one long sentence\n" in drawn.replace("\r", "")
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn).replace("\r", "").split("\n")
    assert "/voice FILE.wav    say what is recorded" in rows
    assert max(len(row) for row in rows[1:-1]) <= 40


def test_the_help_fits_a_terminal_of_the_usual_width() -> None:
    assert max(map(len, HELP.splitlines())) <= 80
