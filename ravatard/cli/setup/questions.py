"""Questions in any terminal: one line out, one line in, no cursor movement, no colours."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ravatard.cli.terminal import visible

#: Width without a terminal that says its own.
COLUMNS = 80
#: Narrower lines would break every word.
_NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers.

    Attributes:
        value: the answer.
        label: its text for the user; from outside, so that it is filtered before it is shown.
    """

    value: str
    label: str


class Asker:
    """Asks until the answer is valid. Enter takes the default, which every question shows.

    Lines are broken between words where the terminal is narrow. Every method raises EOFError or
    KeyboardInterrupt when the user leaves.
    """

    def __init__(
        self,
        read: Callable[[str], str],
        read_hidden: Callable[[str], str],
        say: Callable[[str], None],
        columns: int = COLUMNS,
    ) -> None:
        """Prepare.

        Args:
            read: takes a prompt and returns a line.
            read_hidden: the same, without showing what is typed.
            say: prints a line.
            columns: width of the terminal.
        """
        self._read_line = read
        self._read_hidden_line = read_hidden
        self._say = say
        self._columns = max(columns, _NARROWEST)

    def say(self, text: str) -> None:
        """Print a line; one that is too wide goes on below its first word."""
        for line in lines_within(text, self._columns):
            self._say(line)

    def _read(self, prompt: str) -> str:
        return self._read_line(self._begun(prompt))

    def _read_hidden(self, prompt: str) -> str:
        return self._read_hidden_line(self._begun(prompt))

    def _begun(self, prompt: str) -> str:
        """Print a prompt up to its last line; return that one."""
        # Room for an answer of some letters.
        *lines, last = lines_within(prompt.rstrip(" "), self._columns - 6)
        for line in lines:
            self._say(line)
        return f"{last} "

    def ask(self, question: str, default: str, refusal: Callable[[str], str | None]) -> str:
        """Ask for a line of text; ``refusal`` returns the reason why a text is invalid, or None."""
        prompt = f"{question} [{visible(default) or 'none'}]: "
        while True:
            text = self._read(prompt).strip() or default
            why = refusal(text) if text else None
            if why is None:
                return text
            self.say(f"  {why}")

    def ask_hidden(self, question: str, refusal: Callable[[str], str | None]) -> str:
        """Ask for a secret, which is not shown while it is typed; "" for Enter."""
        while True:
            text = self._read_hidden(f"{question}: ").strip()
            why = refusal(text) if text else None
            if why is None:
                return text
            self.say(f"  {why}")

    def choose(self, question: str, choices: Sequence[Choice], default: str) -> str:
        """Ask for one of ``choices``, by number, value or label; ``default`` is the value for Enter."""
        enter = ""
        for number, choice in enumerate(choices, 1):
            mark = "*" if choice.value == default else " "
            enter = enter or (f" [{number}]" if choice.value == default else "")
            self.say(f" {mark}{number:3}  {visible(choice.label)}")
        while True:
            text = self._read(f"{question} (1-{len(choices)}){enter}: ").strip()
            if not text and any(choice.value == default for choice in choices):
                return default
            if (found := _chosen(text, choices)) is not None:
                return found
            self.say(f"  write a number from 1 to {len(choices)}")

    def confirm(self, question: str, *, default: bool = True) -> bool:
        """Ask a yes-or-no question."""
        while True:
            text = self._read(f"{question} [{'Y/n' if default else 'y/N'}]: ").strip().lower()
            if not text:
                return default
            if text in ("y", "yes", "n", "no"):
                return text.startswith("y")
            self.say("  write y or n")


def _chosen(text: str, choices: Sequence[Choice]) -> str | None:
    if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= len(choices):
        return choices[int(text[:9]) - 1].value
    folded = text.casefold()
    return next((one.value for one in choices if folded and folded in _names(one)), None)


def _names(choice: Choice) -> tuple[str, str]:
    return choice.value.casefold(), visible(choice.label).casefold()


def lines_within(text: str, columns: int) -> list[str]:
    """Return the lines of ``text``, at most ``columns`` wide where its words allow; the rest is indented."""
    if len(text) <= columns:
        return [text]
    indent = " " * (len(text) - len(text.lstrip(" *0123456789")))
    return textwrap.wrap(
        text,
        columns,
        drop_whitespace=True,
        subsequent_indent=indent if len(indent) < columns // 2 else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
