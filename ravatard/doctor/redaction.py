"""Redaction of text that leaves the machine: known secrets, and values that look like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from ravatard.logs import redact
from ravatard.secret import MASK, Secret

_SHORTEST = 4
#: Settings with names of secrets, in YAML, JSON, units and shells.
_NAMED = re.compile(
    r"""^(.*?\b[\w.-]*(?:project_?id|secret|token|passw(?:or)?d|passphrase|api_?key|private_?key|licen[cs]e_?id)
         [\w-]*\\*["']?\s*[:=]\s*)(?!\s*(?:null|~|none|unset)?\s*$)\S.*$""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_USERINFO = re.compile(r"(\w://)[^\s/@]+@")
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
        text = _PEM.sub(MASK, _USERINFO.sub(rf"\1{MASK}@", self.known(text)))
        return _NAMED.sub(rf"\1{MASK}", text)


def _spellings(value: str) -> set[str]:
    plain = {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1]}
    encoded = {base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()}
    return plain | {text.rstrip("=") for text in encoded} | {value.encode().hex()}
