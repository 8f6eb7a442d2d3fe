"""Answers of the set-up so far: settings that differ from the present ones, and other steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ravatard.cli.setup.questions import Asker, Choice
from ravatard.config import Loaded, Schema, SettingOrigin
from ravatard.config.candidate import Wishes, refusal
from ravatard.config.document import Node, Scalar
from ravatard.config.schema import value_of
from ravatard.secret import Secret

#: Origin of the answers, as messages name it.
ANSWERS = SettingOrigin("file", "your answers")

#: Returns the configuration with the answers so far. Raises ConfigError when they contradict it.
Preview = Callable[[Wishes], Loaded]


@dataclass(frozen=True, slots=True)
class MachineSteps:
    """Steps outside the configuration.

    Attributes:
        config_txt: lines of the chosen board for the boot partition's ``config.txt``.
        member: user who joins the group of the commands; None: none does.
    """

    config_txt: tuple[str, ...] = ()
    member: str | None = None

    def __bool__(self) -> bool:
        return bool(self.config_txt or self.member)


class Answers:
    """Collects answers. Writes nothing.

    Attributes:
        asker: asks the questions.
        base: the settings that the next answers are compared with, and whose values are their defaults.
        nodes: ``section.key``, or ``board`` -> the value to write; None removes it.
        secrets: name of the credential -> its content.
    """

    def __init__(self, asker: Asker, current: Loaded, preview: Preview) -> None:
        """``current``: the present settings."""
        self.asker = asker
        self.base = current
        self.nodes: dict[str, Node | None] = {}
        self.secrets: dict[str, Secret] = {}
        self.schema = Schema()
        self._preview = preview

    @property
    def wishes(self) -> Wishes:
        """The answers so far."""
        secrets = [key.dotted for key in self.schema.keys.values() if key.credential in self.secrets]
        origins = dict.fromkeys([*secrets, *self.nodes], ANSWERS)
        return Wishes(dict(self.nodes), origins, dict(self.secrets))

    def preview(self) -> Loaded:
        """Return the configuration with the answers so far.

        Raises:
            ConfigError: they contradict it.
        """
        return self._preview(self.wishes)

    def rebase(self) -> None:
        """Compare later answers with the settings as they are with the answers so far.

        A board brings a microphone and a speaker: choosing another one is an answer, also where the settings
        of before had none.

        Raises:
            ConfigError: the answers so far contradict the present settings.
        """
        self.base = self.preview()

    def value(self, dotted: str) -> str:
        """Return the value of :attr:`base` as it would be typed; "" for none."""
        key = self.schema.keys[dotted]
        value = value_of(self.base.options, key)
        return "" if value is None else str(value)

    def ask_text(self, dotted: str, question: str, default: str | None = None) -> None:
        """Ask for the value of a setting; Enter takes ``default``, "none" removes it.

        ``default``: None for the present value.
        """
        key = self.schema.keys[dotted]
        none = ("none", "null")

        def refused(text: str) -> str | None:
            return None if text in none and key.optional else refusal(key, text)

        text = self.asker.ask(question, self.value(dotted) if default is None else default, refused)
        self.set(dotted, "" if text in none else text)

    def choose(
        self, dotted: str, question: str, choices: Sequence[Choice], default: str | None = None
    ) -> str:
        """Ask for one of ``choices``; return it. The present value is always among them."""
        before = self.value(dotted)
        if before not in (choice.value for choice in choices):
            # It may be named otherwise (an avatar by its name), or be unplugged just now.
            choices = [*choices, Choice(before, f"{before} (as it is)")]
        text = self.asker.choose(question, choices, before if default is None else default)
        self.set(dotted, text)
        return text

    def set(self, dotted: str, text: str) -> None:
        """Note the value of a setting, or nothing where it is so already."""
        key = self.schema.keys[dotted]
        if text == self.value(dotted):
            self.nodes.pop(dotted, None)
        else:
            self.nodes[dotted] = Scalar(text, plain=not text or key.form is not str, line=1)
