"""Plain lines: what a program gets through pipes."""

from __future__ import annotations

import io

from ravatard.cli.chat.screen import ChatScreen, PlainScreen


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
