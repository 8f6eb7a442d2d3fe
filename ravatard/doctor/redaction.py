"""Redaction of text that leaves the machine: known secrets, and values that look like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from ravatard.logs import redact
from ravatard.secret import MASK, Secret

_SHORTEST = 4
#: Every expression here takes time in proportion to the text, whatever it says: each repeats one class of
#: characters at a time, and two neighbours have no character in common.
#: The name of a setting in YAML, JSON, a unit or a shell; its words of a secret; the sign before its value.
_NAME = re.compile(r"[\w.-]+")
_SECRET_NAME = re.compile(
    r"project_?id|secret|token|passw(?:or)?d|passphrase|api_?key|private_?key|licen[cs]e_?id", re.IGNORECASE
)
_SIGN = re.compile(r"""\\*["']?\s*[:=]""")
_NO_VALUE = frozenset({"null", "~", "none", "unset"})
#: A YAML value that goes on in the lines below it.
_BLOCK = re.compile(r"[|>][0-9+-]{0,2}\s*(?:#|\Z)")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


class Redactor:
    """Redactor: replaces known secrets in every spelling a file may contain."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        """``secrets`` shorter than four letters are ignored: they are part of ordinary words."""
        spelled: set[str] = set()
        for secret in secrets:
            for value in {secret.reveal(), secret.reveal().strip()}:
                if len(value) >= _SHORTEST:
                    spelled.update(_spellings(value))
        # The longest first: one may contain another.
        self._spellings = sorted(spelled, key=len, reverse=True)

    def known(self, text: str) -> str:
        """Return ``text`` without known secrets and tokens."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return redact(text)

    def clean(self, text: str) -> str:
        """Return ``text`` without known secrets, tokens, and values named like a secret."""
        text = _PEM.sub(MASK, self.known(text))
        return "\n".join(_without_named(text.split("\n")))


def _without_named(lines: Iterable[str]) -> Iterator[str]:
    """Yield ``lines`` with the value of every setting masked that has the name of a secret.

    A value may begin on a line below its name, and a block of YAML goes on as far as it is indented.
    """
    awaited, block = False, -1
    for line in lines:
        words = line.strip()
        indent = len(line) - len(line.lstrip())
        if block >= 0 and (not words or indent > block):
            awaited = awaited and not words
            yield MASK if words else line
            continue
        block = -1
        if awaited and words:
            awaited = False
            yield MASK
            continue
        begin = _value_of_secret(line)
        value = "" if begin is None else line[begin:].strip()
        if begin is None or value.lower() in _NO_VALUE:
            yield line
        elif not value:
            awaited, block = True, indent
            yield line
        else:
            block = indent if _BLOCK.match(value) or value[-1] in "[{" else -1
            blanks = len(line) - begin - len(line[begin:].lstrip())
            yield line[: begin + blanks] + MASK


def _value_of_secret(line: str) -> int | None:
    """Return the place behind the sign of the first setting with the name of a secret; None without one."""
    for name in _NAME.finditer(line):
        sign = _SIGN.match(line, name.end())
        if sign is not None and _SECRET_NAME.search(name.group()):
            return sign.end()
    return None


def _spellings(value: str) -> set[str]:
    plain = {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1]}
    encoded = {base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()}
    return plain | {text.rstrip("=") for text in encoded} | {value.encode().hex()}
