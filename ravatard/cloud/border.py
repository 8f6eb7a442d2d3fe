"""Border for everything a service or network sends: whatever a parser or library raises becomes our error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ravatard.errors import PeerError, RavatardError

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
    """Return foreign text for one line: control characters become blanks, and the rest is cut."""
    return _UNPRINTABLE.sub(" ", text[:longest]).strip()


def listed(names: list[str]) -> str:
    """Return foreign names for a message: ten at most, forty characters each; "none" for no name."""
    shown = [plain(name, _LONGEST_NAME) for name in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")
