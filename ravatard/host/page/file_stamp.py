"""Stamp of a file, by which a replacement is noticed without reading it."""

from __future__ import annotations

from pathlib import Path


def file_stamp(file: Path, *, follow_links: bool = True) -> object:
    """Return a value that differs whenever ``file`` was replaced or changed; also for one that is missing."""
    try:
        found = file.stat(follow_symlinks=follow_links)
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_mtime_ns, found.st_size
