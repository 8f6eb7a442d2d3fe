"""Screen of ``ravatard chat``: its interface, and plain lines for a pipe or a simple terminal."""

from __future__ import annotations

import os
import sys
from typing import Protocol, TextIO

from ravatard.cli.terminal import harmless, visible


class ChatDisplay(Protocol):
    """Shows answers and the state. No method waits. Texts come as they are; control characters go here."""

    def state(self, text: str) -> None:
        """Show the current state; "" when there is none to show."""
        ...

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """Show an answer of the avatar, ``took_s`` after the question; None: it came unasked."""
        ...


class ChatScreen(ChatDisplay, Protocol):
    """Shows a whole conversation."""

    def asked(self, text: str) -> None:
        """Show what the user has said."""
        ...

    def note(self, text: str) -> None:
        """Show the result of a command: a list, the history, help."""
        ...

    def complain(self, text: str) -> None:
        """Show an error."""
        ...


class PlainScreen:
    """Lines for a program: answers and results on one stream, errors on the other."""

    def __init__(self, stdout: TextIO, stderr: TextIO) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._trouble = ""

    def state(self, text: str) -> None:
        """Report trouble only, and each trouble once."""
        trouble = text.partition(";")[0] if text.startswith(("offline:", "refused:")) else ""
        if trouble and trouble != self._trouble:
            self.complain(trouble)
        if trouble or not text:
            self._trouble = trouble

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """Print an answer as one line: a program that reads it counts lines."""
        del name, took_s
        print(visible(text), file=self._stdout, flush=True)

    def asked(self, text: str) -> None:
        """Show nothing: the writer of the line knows it."""

    def note(self, text: str) -> None:
        """Print a result in its own layout."""
        print(harmless(text), file=self._stdout, flush=True)

    def complain(self, text: str) -> None:
        """Print an error after our name, as every command does."""
        for line in visible(text, lines=True).splitlines():
            print(f"ravatard: {line}", file=self._stderr, flush=True)


def is_terminal() -> bool:
    """Return True if standard input and output are a terminal that can move its cursor."""
    try:
        capable = os.environ.get("TERM", "dumb") != "dumb"
        return capable and sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):
        return False
