"""What a person sees: on a real pseudo terminal, and through pipes."""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import select
import struct
import termios
import time
from collections.abc import Iterator

import pytest

from ravatard.cli.chat.screen import ChatScreen, PlainScreen, TerminalScreen

ERASE = "\r\x1b[K"
#: Nothing draws this.
MARK = b"\x00"
#: Longest wait for the kernel.
PATIENCE_S = 10.0


class Terminal:
    """A pseudo terminal: the person's side of it.

    Attributes:
        theirs: the program's end.
    """

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.size(40)

    def size(self, columns: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Returns when the keys have arrived: a thread of the kernel carries them over, when it has time."""
        expected = self._waiting() + len(keys.encode())
        os.write(self.ours, keys.encode())
        until = time.monotonic() + PATIENCE_S
        while self._waiting() < expected and time.monotonic() < until:
            os.sched_yield()

    def _waiting(self) -> int:
        """Bytes that the program can read."""
        return int(struct.unpack("i", fcntl.ioctl(self.theirs, termios.FIONREAD, b"\0" * 4))[0])

    def seen(self) -> str:
        """What was drawn since the last look; all of it has arrived when a mark behind it has."""
        os.write(self.theirs, MARK)
        drawn = b""
        while not drawn.endswith(MARK):
            assert select.select([self.ours], [], [], PATIENCE_S)[0], f"only {drawn!r} arrived"
            drawn += os.read(self.ours, 4_096)
        return drawn.removesuffix(MARK).decode().replace("\r\n", "\n")

    def settings(self) -> object:
        return termios.tcgetattr(self.theirs)

    def hang_up(self) -> None:
        os.close(self.ours)
        self.ours = -1


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    for end in (made.ours, made.theirs):
        if end >= 0:
            os.close(end)


async def soon() -> None:
    """What the kernel has for us is read."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_typed_line_is_drawn_and_handed_out(terminal: Terminal) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        assert terminal.seen() == f"{ERASE}> \r\x1b[2C"
        terminal.type("hé")
        await soon()
        assert terminal.seen() == f"{ERASE}> hé\r\x1b[4C"
        terminal.type("\r")

        assert await screen.next() == "hé"


async def test_an_answer_goes_above_the_line_that_is_being_typed(terminal: Terminal) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.type("half a thou")
        await soon()
        terminal.seen()
        screen.answer("Ada", "Hello\nyou", 0.84)

        assert terminal.seen() == (
            f"{ERASE}\x1b[1mAda\x1b[0m (0.8 s): Hello\nyou\n{ERASE}> half a thou\r\x1b[13C"
        )


async def test_the_state_stands_before_the_line_and_never_takes_more_than_half_of_it(
    terminal: Terminal,
) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.seen()
        screen.state("thinking, 2 s")
        assert terminal.seen() == f"{ERASE}[thinking, 2 s] > \r\x1b[18C"
        screen.state("offline: " + "very " * 20)

        assert terminal.seen() == f"{ERASE}[offline: very very…> \r\x1b[22C"


async def test_a_narrower_terminal_shows_what_is_around_the_cursor(terminal: Terminal) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.type("0123456789" * 5)
        await soon()
        terminal.seen()
        terminal.size(12)
        screen.redraw()

        assert terminal.seen() == f"{ERASE}> 23456789\r\x1b[10C"


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;pwned\x07\x9b5n", "a\r\x1b[Kb", "\u202eabc"])
async def test_nothing_a_service_says_is_obeyed(terminal: Terminal, text: str) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.seen()
        shows = (screen.state, screen.asked, screen.note, screen.complain)
        for show in shows:
            show(text)
        screen.answer(text, text, 1.0)
        drawn = terminal.seen()

    for ours in (ERASE, "\x1b[1m", "\x1b[0m"):
        drawn = drawn.replace(ours, "")
    # What is left of ours puts the cursor back.
    rest = "".join(part.partition("C")[2] if part[:1].isdigit() else part for part in drawn.split("\r\x1b["))
    assert not set(rest) & set("\x1b\x07\x9b\r\u202e")


async def test_the_terminal_is_as_it_was_whatever_ends_the_chat(terminal: Terminal) -> None:
    before = terminal.settings()
    screen = TerminalScreen(terminal.theirs, terminal.theirs)

    def fail() -> None:
        with screen.opened():
            assert terminal.settings() != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert terminal.settings() == before


async def test_a_terminal_that_another_program_used_meanwhile_is_taken_again(terminal: Terminal) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        wanted = terminal.settings()
        changed = termios.tcgetattr(terminal.theirs)
        changed[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(terminal.theirs, termios.TCSANOW, changed)
        terminal.seen()

        screen.resumed()

        assert terminal.settings() == wanted
        assert terminal.seen().startswith(ERASE)


async def test_ctrl_d_and_a_hung_up_terminal_end_the_lines(terminal: Terminal) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.type("last\n\x04")

        assert [await screen.next(), await screen.next()] == ["last", None]

    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.hang_up()
        assert await screen.next() is None
        screen.answer("Ada", "nobody sees this", 1.0)


async def test_what_is_typed_far_ahead_is_left_out_and_that_is_told(terminal: Terminal) -> None:
    screen = TerminalScreen(terminal.theirs, terminal.theirs)
    with screen.opened():
        terminal.type("x\n" * 101)
        await soon()

        assert "typed ahead" in terminal.seen()
        assert [await screen.next() for _ in range(100)] == ["x"] * 100


async def test_what_is_no_terminal_is_refused() -> None:
    ours, theirs = os.pipe()
    screen = TerminalScreen(ours, theirs)

    with pytest.raises(OSError, match="Inappropriate ioctl"), screen.opened():
        pass

    os.close(ours)
    os.close(theirs)


# ---------------------------------------------------------------------- pipes


def plain() -> tuple[PlainScreen, io.StringIO, io.StringIO]:
    stdout, stderr = io.StringIO(), io.StringIO()
    return PlainScreen(stdout, stderr), stdout, stderr


def test_through_a_pipe_an_answer_is_one_line() -> None:
    screen, stdout, stderr = plain()

    screen.asked("hello")
    screen.state("thinking, 1 s")
    screen.answer("Ada", "Hello\n\x1b[2Jyou", 0.8)

    assert (stdout.getvalue(), stderr.getvalue()) == ("Hello [2Jyou\n", "")


def test_trouble_is_told_once_until_it_is_over() -> None:
    screen, stdout, stderr = plain()
    for state in ("connecting", "offline: no route; trying again in 1 s", "connecting"):
        screen.state(state)
    for state in ("offline: no route; trying again in 2 s", "", "offline: no route; trying again in 1 s"):
        screen.state(state)

    assert stdout.getvalue() == ""
    assert stderr.getvalue() == "ravatard: offline: no route\n" * 2


def test_lists_keep_their_columns_and_complaints_have_our_name() -> None:
    screen, stdout, stderr = plain()

    screen.note("* en   English\n  de   Deutsch")
    screen.complain("one\ntwo")

    assert stdout.getvalue() == "* en   English\n  de   Deutsch\n"
    assert stderr.getvalue() == "ravatard: one\nravatard: two\n"


def test_both_are_screens() -> None:
    screens: list[ChatScreen] = [plain()[0]]

    assert screens
