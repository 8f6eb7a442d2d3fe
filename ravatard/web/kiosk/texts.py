"""Texts of the page for the public, from one YAML file a language: shipped, and the owner's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ravatard.core.indication import Look
from ravatard.core.language import lookup
from ravatard.errors import ConfigError
from ravatard.web.kiosk.owner_file import folder_of, known_names, texts_in

SHIPPED = Path(__file__).with_name("languages")
#: The language of every text that a file leaves out.
FALLBACK = "en"
#: Longest texts that fit the page, by section; a word that cannot be broken has to fit a narrow one.
LIMITS = {"words": 20, "advice": 90, "picture": 120, "page": 32}
LONGEST_WORD = 15

_LARGEST_BYTES = 64 * 1024
_CODE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
#: Looks for which the public may need help.
_TROUBLE = frozenset({Look.FAULT, Look.NO_MONEY, Look.NO_MICROPHONE, Look.OFFLINE, Look.SERVICE_DEAF})


@dataclass(frozen=True, slots=True)
class PageTexts:
    """All texts in one language.

    Attributes:
        language: its code, for ``<html lang>``.
        values: ``section.key`` -> text.
        contact: the owner's line for trouble; "" without one.
    """

    language: str
    values: Mapping[str, str]
    contact: str = ""

    def word(self, look: Look) -> str:
        """Return the word for a look."""
        return self.values[f"words.{look.value}"]

    def advice(self, look: Look) -> str:
        """Return the sentence below it."""
        return self.values[f"advice.{look.value}"]

    def help(self, look: Look) -> str:
        """Return the contact and a short code, for a look of trouble; "" for others."""
        return self._help(look.value) if look in _TROUBLE else ""

    def as_json(self) -> str:
        """Return the texts for the page's own use, also while the daemon does not answer."""
        return json.dumps({**self.values, "help.gone": self._help("gone")}, ensure_ascii=False)

    def _help(self, code: str) -> str:
        parts = (self.contact, self.values["page.code"].replace("{code}", code))
        return " · ".join(filter(None, parts))


def read_texts(
    language: str = FALLBACK, folder: str | None = None, contact: str | None = None, shipped: Path = SHIPPED
) -> PageTexts:
    """Return the texts in the language that fits ``language`` best, else in English. Reads files.

    Args:
        language: a BCP 47 tag, as in ``service.language``.
        folder: the owner's folder; its files precede the shipped ones, text by text, and may add languages.
        contact: the owner's line for trouble.
        shipped: folder of the shipped files.

    Raises:
        ConfigError: a file in the owner's folder is unusable, or there is no such folder that may be read.
    """
    own = None if folder is None else folder_of(folder, "kiosk.texts")
    if own is not None and (misnamed := sorted(own.glob("*.yml"))):
        raise ConfigError(f"{misnamed[0]} is not read; give it a name that ends in .yaml")
    folders = [shipped, *([] if own is None else [own])]
    codes = sorted({file.stem for one in folders for file in one.glob("*.yaml")})
    chosen = lookup(language, codes) or FALLBACK
    english = read_file(shipped / f"{FALLBACK}.yaml")
    values = dict(english)
    for code in dict.fromkeys((FALLBACK, chosen)):
        for one in folders:
            file = one / f"{code}.yaml"
            if file.exists():
                values |= _checked(file, read_file(file), english)
    return PageTexts(chosen, values, contact or "")


def problems_of(values: Mapping[str, str], english: Mapping[str, str]) -> Iterator[str]:
    """Yield every mistake in the texts of a file; ``english`` has all keys and placeholders."""
    for key, text in values.items():
        if key not in english:
            yield f"{key}: unknown key; {known_names(key, english)}"
            continue
        limit = LIMITS[key.partition(".")[0]]
        if len(text) > limit:
            yield f"{key}: {len(text)} characters do not fit the page; write {limit} at most"
        for word in text.split() if key.startswith("words.") else ():
            if len(word) > LONGEST_WORD:
                yield f"{key}: the word {word} does not fit the page; {LONGEST_WORD} characters at most"
        wanted = _PLACEHOLDER.findall(english[key])
        if sorted(_PLACEHOLDER.findall(text)) != sorted(wanted):
            yield f"{key}: write {' and '.join(wanted)} once" if wanted else f"{key}: write no braces"


def read_file(path: Path) -> dict[str, str]:
    """Return ``section.key`` -> text of one file.

    Raises:
        ConfigError: it cannot be read, or is no YAML file of sections with texts.
    """
    if not _CODE.fullmatch(path.stem):
        raise ConfigError(f"{path}: name it after a language's code, such as nl.yaml or pt-BR.yaml")
    hint = "; put a text with ': ' or '#' into quotes"
    sections = texts_in(path, _LARGEST_BYTES, "the texts", hint)
    values: dict[str, str] = {}
    for section, texts in _pairs(sections, path, "the file"):
        for key, text in _pairs(texts, path, f"{section}"):
            if not isinstance(text, str):
                raise ConfigError(f"the texts {path}: {section}.{key}: write one text, in one line")
            values[f"{section}.{key}"] = " ".join(text.split())
    return values


def _pairs(node: object, path: Path, name: str) -> list[tuple[object, object]]:
    if node in (None, ""):
        return []
    if not isinstance(node, dict):
        raise ConfigError(
            f"the texts {path}: {name} has to hold keys with texts, as in {SHIPPED / 'en.yaml'}"
        )
    return list(node.items())


def _checked(path: Path, values: dict[str, str], english: Mapping[str, str]) -> dict[str, str]:
    problems = list(problems_of(values, english))
    if problems:
        raise ConfigError("\n".join(f"the texts {path}: {problem}" for problem in problems))
    return values
