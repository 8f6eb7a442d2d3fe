"""Assertions for tests whose point is that something does not fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def assert_no_complaint() -> Iterator[None]:
    """Fail if the body raises: whatever it was given must be accepted."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"refused: {error!r}") from error


@contextmanager
def assert_raises_only(*refusals: type[Exception]) -> Iterator[None]:
    """Fail if the body raises anything but ``refusals``; succeeding is allowed, too."""
    try:
        yield
    except refusals:
        return
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"neither accepted nor properly refused: {error!r}") from error
