"""Takes secrets out of text that leaves the house: those that are known, and what looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from ravatard.logs import redact
from ravatard.secret import MASK, Secret

_SHORTEST = 4
#: Settings whose names say that nobody should see them, in YAML, JSON, units and shells.
_NAMED = re.compile(
    r"""^(.*?\b[\w.-]*(?:project_?id|secret|token|passw(?:or)?d|passphrase|api_?key|private_?key|licen[cs]e_?id)
         [\w-]*\\*["']?\s*[:=]\s*)(?!\s*(?:null|~|none|unset)?\s*$)\S.*$""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_USERINFO = re.compile(r"(\w://)[^\s/@]+@")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


class Redactor:
    """Knows secrets, and takes them out in every spelling a file may have them in."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        """``secrets``: those shorter than four letters are left alone; they stand in every other word."""
        spelled: set[str] = set()
        for secret in secrets:
            for value in {secret.reveal(), secret.reveal().strip()}:
                if len(value) >= _SHORTEST:
                    spelled.update(_spellings(value))
        # The longest first: one may stand in another.
        self._spellings = sorted(spelled, key=len, reverse=True)

    def known(self, text: str) -> str:
        """``text`` without the secrets that are known, and without tokens."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return redact(text)

    def clean(self, text: str) -> str:
        """The same, and without values that are named like a secret."""
        text = _PEM.sub(MASK, _USERINFO.sub(rf"\1{MASK}@", self.known(text)))
        return _NAMED.sub(rf"\1{MASK}", text)


def _spellings(value: str) -> set[str]:
    plain = {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1]}
    encoded = {base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode()}
    return plain | {text.rstrip("=") for text in encoded} | {value.encode().hex()}
