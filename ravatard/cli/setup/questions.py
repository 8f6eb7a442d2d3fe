"""Questions in any terminal: one line out, one line in, no cursor movement, no colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ravatard.cli.terminal import visible


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
    """Asks until the answer is valid. Enter takes the default.

    Every method raises EOFError or KeyboardInterrupt when the user leaves.
    """

    def __init__(
        self, read: Callable[[str], str], read_hidden: Callable[[str], str], say: Callable[[str], None]
    ) -> None:
        """``read`` and ``read_hidden`` take a prompt and return a line; ``say`` prints a line."""
        self._read = read
        self._read_hidden = read_hidden
        self.say = say

    def ask(self, question: str, default: str, refusal: Callable[[str], str | None]) -> str:
        """Ask for a line of text; ``refusal`` returns the reason why a text is invalid, or None."""
        prompt = f"{question} [{visible(default)}]: " if default else f"{question}: "
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
        for number, choice in enumerate(choices, 1):
            mark = "*" if choice.value == default else " "
            self.say(f" {mark}{number:3}  {visible(choice.label)}")
        while True:
            text = self._read(f"{question} (1-{len(choices)}): ").strip()
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
