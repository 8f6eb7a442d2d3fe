"""Origin of a setting's value, and problems of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ravatard.errors import ConfigError
from ravatard.logs import redact

_LONGEST_SHOWN = 60
#: A word that may be the beginning of another has so many letters.
_LEAST_BEGINNING = 3
_MOST_NEAR = 4
#: Words whose likeness differs by so little are as near as each other.
_AS_GOOD = 0.02


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """Place where the effective value of one setting is written.

    Attributes:
        kind: one of the four sources, or an argument of a command.
        name: path of the file, name of the variable, name of the credential; "" for a default.
        line: line in the file, counted from 1; None outside a file, or for the whole file.
    """

    kind: Literal["default", "file", "environment", "credential", "argument"] = "default"
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.kind == "default":
            return "default"
        if self.kind == "file":
            return self.name if self.line is None else f"{self.name}:{self.line}"
        return f"{self.kind} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake that the owner must correct.

    Attributes:
        origin: where it is written.
        key: ``section.key`` or ``section``; "" when no key can be named.
        text: the value found and the values allowed, or the remedy. Never contains a secret.
        denied: True if the caller may not read the file, which may be without mistakes.
    """

    origin: SettingOrigin
    key: str
    text: str
    denied: bool = False

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.origin), self.key, self.text) if part)


class ConfigErrors(ConfigError):
    """All problems of the configuration; ``str`` has one line for each.

    Attributes:
        problems: in the order of reading.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def near(word: str, known: Iterable[str]) -> list[str]:
    """Return what ``word`` may stand for: all words that begin with it, else those most like it."""
    # A configuration without a slip of the pen never loads it.
    import difflib

    words = list(dict.fromkeys(known))
    if len(word) >= _LEAST_BEGINNING and (longer := [one for one in words if one.startswith(f"{word}-")]):
        return longer
    alike = difflib.get_close_matches(word, words, n=_MOST_NEAR)
    if not alike:
        return []
    least = difflib.SequenceMatcher(None, alike[0], word).ratio() - _AS_GOOD
    return [one for one in alike if difflib.SequenceMatcher(None, one, word).ratio() >= least]


def either(words: Sequence[str]) -> str:
    """Join ``words`` as alternatives in a sentence."""
    return " or ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def shown(text: str) -> str:
    """Return ``text`` as a message may quote it: in quotes, on one line, short, likely secrets masked."""
    clean = redact(text)
    if len(clean) > _LONGEST_SHOWN:
        clean = clean[: _LONGEST_SHOWN - 1] + "…"
    return repr(clean)
