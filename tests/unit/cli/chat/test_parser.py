"""Lines typed into a chat, and what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.chat.parser import (
    HELP,
    Command,
    Quit,
    SayRecording,
    SayText,
    ShowHelp,
    ShowHistory,
    UseAvatar,
    UseLanguage,
    WrongLine,
    parsed,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("hello there\n", SayText("hello there")),
        ("  what?\x07 ", SayText("what?")),
        ("//etc is a folder", SayText("/etc is a folder")),
        ("/voice  a  b.wav ", SayRecording(Path("a  b.wav"))),
        ("/avatar", UseAvatar("")),
        ("/avatar Ada  Lovelace", UseAvatar("Ada Lovelace")),
        ("/language de", UseLanguage("de")),
        ("/history", ShowHistory()),
        ("/help", ShowHelp()),
        ("/quit", Quit()),
        ("/exit", Quit()),
        ("", None),
        (" \t\r\n", None),
    ],
)
def test_a_line_has_a_meaning(line: str, command: Command | None) -> None:
    assert parsed(line) == command


def test_a_file_in_ones_own_folder_may_be_named_so() -> None:
    command = parsed("/voice ~/a.wav")

    assert command == SayRecording(Path.home() / "a.wav")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/voice", "needs the name of a WAV file"),
        ("/voice a\0b", "no file has such a name"),
        ("/dance", "there is no /dance; /help"),
        ("/", "there is no /;"),
        ("/quit now", "takes nothing"),
        ("x" * 4_001, "at most 4000 characters, not 4001"),
    ],
)
def test_what_has_none_is_told_why(line: str, complaint: str) -> None:
    with pytest.raises(WrongLine, match=complaint):
        parsed(line)


@given(st.text() | st.text().map("/voice {}".format) | st.text().map("/{}".format))
def test_whatever_is_typed_is_a_command_or_our_error(line: str) -> None:
    try:
        command = parsed(line)
    except WrongLine:
        return
    assert command is None or isinstance(command, Command)


def test_the_help_names_every_command() -> None:
    for word in ("/voice", "/avatar", "/language", "/history", "/help", "/quit"):
        assert f"\n{word} " in HELP
