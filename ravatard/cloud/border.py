"""Border for everything a service or network sends: whatever a parser or library raises becomes our error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ravatard.errors import PeerError, RavatardError
from ravatard.secret import MASK, SHORTEST_MASKED, Secret, cut, living_secrets

#: Everything that parsers and libraries raise for unexpected bytes: UnicodeError and JSON errors are
#: ValueErrors, KeyError and IndexError are LookupErrors, OverflowError is an ArithmeticError.
FOREIGN_FAULTS = (
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    MemoryError,
    EOFError,
    BufferError,
)

_MOST_NAMES = 10
_LONGEST_NAME = 40
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")

#: A JWT, as in logs.py, which no cloud may import.
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,4}")
#: A code or state of a service: words of letters, each with two digits at most. Keys and tokens have more.
_WORD = re.compile(r"[A-Za-z]+[0-9]{0,2}(?:[_.:-][A-Za-z]+[0-9]{0,2})*")
_LONGEST_WORD = 64
#: Characters in a row that a word has in common with a secret only if it repeats a part of it.
_PART = 12


@contextmanager
def foreign(what: str) -> Iterator[None]:
    """Read something foreign inside: every fault of its content becomes a PeerError.

    Args:
        what: what is read, for the message, such as "the service's reply to /jwt".

    Raises:
        PeerError: it cannot be read. Our own errors pass.
    """
    try:
        yield
    except RavatardError:
        raise
    except FOREIGN_FAULTS as error:
        raise PeerError(f"{what} cannot be read ({type(error).__name__})") from None


def plain(text: str, longest: int) -> str:
    """Return foreign text for one line: control characters become blanks, and the rest is cut.

    No secret is halved by that: see :func:`ravatard.secret.cut`.
    """
    return _UNPRINTABLE.sub(" ", cut(text, longest)).strip()


def names_secret(text: str, secret: Secret | None) -> bool:
    """Return True if foreign text has our own ``secret`` in it; a very short one is in any text."""
    return secret is not None and len(secret.reveal()) >= SHORTEST_MASKED and secret.reveal() in text


def shown_word(word: str) -> str:
    """Return a foreign code or state as it came; "" for one that might repeat a secret, or is none."""
    fits = len(word) <= _LONGEST_WORD and _WORD.fullmatch(word) and not _JWT.search(word)
    return word if fits and not _repeats_secret(word.casefold()) else ""


def aside(word: str) -> str:
    """Return ", " and a foreign word for a message that has a reason already; "" where it is not shown."""
    return f", {shown}" if (shown := shown_word(word)) else ""


def _repeats_secret(word: str) -> bool:
    parts = [word[at : at + _PART] for at in range(len(word) - _PART + 1)]
    for secret in living_secrets():
        value = secret.reveal().casefold()
        whole = len(value) >= SHORTEST_MASKED and value in word
        if whole or any(part in value for part in parts):
            return True
    return False


def masked(text: str, secret: Secret | None) -> str:
    """Return foreign text that will be shown, without our own ``secret`` and without what looks like a token.

    A service knows our token, and what it calls its avatars is in the status, on the display and in the log.
    """
    if secret is not None and names_secret(text, secret):
        text = text.replace(secret.reveal(), MASK)
    return _JWT.sub(MASK, text)


def listed(names: list[str]) -> str:
    """Return foreign names for a message: ten at most, forty characters each; "none" for no name."""
    shown = [plain(name, _LONGEST_NAME) for name in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")
