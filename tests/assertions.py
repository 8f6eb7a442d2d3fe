"""Assertions for tests whose point is that something does not happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


def as_written(path: Path) -> tuple[int, int, int, int]:
    """Return what changes when a file is written or replaced, and not when it is only read."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
