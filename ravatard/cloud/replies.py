"""Parts of replies that all clouds share: Retry-After, and causes without secrets."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime

from ravatard.cloud.border import FOREIGN_FAULTS, plain

_LONGEST_S = 86_400.0
_LONGEST_DATE_S = 3_600.0
_SECONDS = re.compile(r"([0-9]+)(\.[0-9]*)?")
#: An HTTP date has 29 characters.
_LONGEST_HEADER = 100


def retry_after(value: str | None) -> float | None:
    """Return the seconds in a ``Retry-After`` header: a number, or an HTTP date. None for anything else."""
    if value is None or len(value) > _LONGEST_HEADER:
        return None
    if (seconds := _SECONDS.fullmatch(value.strip())) is not None:
        return min(float(seconds[0]), _LONGEST_S)
    try:
        at = email.utils.parsedate_to_datetime(value)
        # Our own date may be wrong by decades: then the clamping keeps the result harmless.
        wait = (at - datetime.now(UTC)).total_seconds() if at.tzinfo else 0.0
    except FOREIGN_FAULTS:
        return None
    return min(max(wait, 0.0), _LONGEST_DATE_S)


def cause_of(error: BaseException) -> str:
    """Return a network error in a few words, never with a URL or a token in them."""
    text = str(getattr(error, "strerror", None) or error or "")[:200]
    return plain(text, 200) if text and "://" not in text and "token" not in text else type(error).__name__
