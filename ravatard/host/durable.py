"""Durable files: a power cut at any moment leaves the old content or the new one, whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace ``path`` by ``content``: at every moment the old file or the new one is there, whole.

    The new file has the old one's mode and owner, or ``mode`` when there is no old one. A symbolic link is
    followed, so that a file kept elsewhere stays there.

    Raises:
        OSError: with the path that failed; the old file is unchanged.
    """
    path = Path(os.path.realpath(path))
    new = path.with_name(f"{path.name}.new")
    try:
        old: os.stat_result | None = path.stat()
    except FileNotFoundError:
        old = None
    # Left by a power cut, or a link put there by another user, which must not be written through.
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


def make_directory(directory: Path, mode: int) -> None:
    """Make ``directory`` and its missing parents, with ``mode`` whatever the umask, and their names durable.

    Raises:
        OSError: it cannot be made.
    """
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(mode)
        sync_directory(one.parent)


def remove_file(path: Path) -> None:
    """Remove ``path`` if it is there, for good: a power cut does not bring it back.

    Raises:
        OSError: it is still there.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return
    sync_directory(path.parent)


def keep_copy(path: Path, suffix: str) -> Path | None:
    """Copy ``path`` to a file beside it, replacing an earlier copy; None if ``path`` does not exist.

    Raises:
        OSError: the copy is missing, or an earlier one.
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
    """Write all of ``content`` to an open file.

    Raises:
        OSError: the disk is full.
    """
    with memoryview(content) as rest:
        done = 0
        while done < len(rest):
            done += os.write(file, rest[done:])


def sync_directory(directory: Path) -> None:
    """Write the names in ``directory`` to the disk.

    Raises:
        OSError: the directory is gone.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
