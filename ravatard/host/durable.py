"""Files that are there whole or not at all, whatever moment the power goes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put ``content`` in the place of ``path``: at every moment the old file or the new one is there, whole.

    The new file has the old one's mode and owner, or ``mode`` when there is no old one. A symbolic link is
    followed, so that a file somebody keeps elsewhere stays there.

    Raises:
        OSError: the old file is there as it was; with the path that failed.
    """
    path = Path(os.path.realpath(path))
    new = path.with_name(f"{path.name}.new")
    try:
        old: os.stat_result | None = path.stat()
    except FileNotFoundError:
        old = None
    # What a power cut left is ours; a link that somebody put there is not written through.
    new.unlink(missing_ok=True)
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(file, content)
            if old is not None and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file, old.st_uid, old.st_gid)
            # FAT has one mode for all files, and refuses any other.
            with suppress(PermissionError):
                os.fchmod(file, mode if old is None else old.st_mode & 0o7777)
            os.fsync(file)
        finally:
            os.close(file)
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
    sync_directory(path.parent)


def keep_copy(path: Path, suffix: str) -> Path | None:
    """Copy ``path`` to a file beside it, in place of an earlier copy; None when there is nothing to keep.

    Raises:
        OSError: there is no copy, or an earlier one.
    """
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None
    copy = path.with_name(path.name + suffix)
    replace_file(copy, content, mode=mode)
    return copy


def write_all(file: int, content: bytes) -> None:
    """All of ``content`` to an open file.

    Raises:
        OSError: the disk is full.
    """
    with memoryview(content) as rest:
        done = 0
        while done < len(rest):
            done += os.write(file, rest[done:])


def sync_directory(directory: Path) -> None:
    """Bring the names in ``directory`` to the disk.

    Raises:
        OSError: it is gone.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
