"""Parts of replies that all clouds share: Retry-After, and causes without secrets."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime


def retry_after(value: str | None) -> float | None:
    """Return the seconds in a ``Retry-After`` header: a number, or an HTTP date. None for anything else."""
    if value is None:
        return None
    if value.strip().isdigit():
        return min(float(value), 86_400.0)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    # Our own date may be wrong by decades: then the clamping keeps the result harmless.
    wait = (at - datetime.now(UTC)).total_seconds() if at.tzinfo else 0.0
    return min(max(wait, 0.0), 3_600.0)


def cause_of(error: BaseException) -> str:
    """Return a network error in a few words, never with a URL or a token in them."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text if "://" not in text and "token" not in text else type(error).__name__
