"""Files of the state directory, read and written without following what another user put there.

The service's user owns the directory; root reads it (``doctor``, ``support-bundle``, ``replay``) and writes
it (``sudo ravatard run``). A link, a FIFO, a device or another file's second name in it must not make root
read or write anything else. Every use of a state file goes through this module.

The directory itself may be a link (to another disk) if the link belongs to root or to ourselves. No other
user can replace the parts of a path above it.

Sources: open(2) for O_NOFOLLOW, O_NONBLOCK and O_PATH; symlink(7).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ravatard.host.durable import write_all

#: Without O_NONBLOCK a FIFO would block for ever.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: State files are small; a larger one is not ours.
LIMIT_BYTES = 1 << 20
_LOCK_AGAIN_S = 0.02


def open_directory(path: Path) -> int:
    """Return ``path`` opened, as a file descriptor.

    Raises:
        OSError: it cannot be opened, or is a link of another user.
    """
    try:
        return os.open(path, _DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        link = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(link)
        if not stat.S_ISLNK(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        if found.st_uid not in (0, os.geteuid()):
            raise PermissionError(errno.EPERM, "it is a link of another user", str(path))
        # Of the link just examined: the name may lead to another one by now.
        target = os.readlink("", dir_fd=link)
    finally:
        os.close(link)
    return os.open(path.parent / target, _DIRECTORY)


def make_state_directory(path: Path, mode: int = 0o700) -> None:
    """Make the directory ``path`` and its missing parents; each belongs to the owner of the directory above.

    So what root makes in the state directory of the service's user stays usable for the service.

    Raises:
        OSError: it cannot be made, or a part of it is a link of another user.
    """
    if path.is_dir():
        return
    make_state_directory(path.parent, mode)
    with opened_directory(path.parent) as above:
        try:
            os.mkdir(path.name, mode, dir_fd=above)
        except FileExistsError:
            return
        made = os.open(path.name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        try:
            # Not one that the owner has put there since.
            if os.fstat(made).st_uid == os.geteuid():
                with suppress(OSError):
                    give_to_owner(made, above)
        finally:
            os.close(made)
        os.fsync(above)


@contextmanager
def opened_directory(path: Path) -> Iterator[int]:
    """Open ``path`` for a while, see :func:`open_directory`."""
    directory = open_directory(path)
    try:
        yield directory
    finally:
        os.close(directory)


def open_file(name: str, flags: int, mode: int = 0o600, *, directory: int) -> int:
    """Return the regular file ``name`` of an open ``directory``, opened.

    Args:
        name: a name without a slash.
        flags: as for open(2), without ``O_TRUNC``: nothing is changed before it is known what the file is.
        mode: of a new file.
        directory: from :func:`open_directory`.

    Raises:
        OSError: it cannot be opened, or is a link, not a regular file, or a file of another user that has a
            second name elsewhere.
    """
    file = os.open(name, flags | _SAFE, mode, dir_fd=directory)
    try:
        _check(os.fstat(file), os.fstat(directory).st_uid, name)
    except OSError:
        os.close(file)
        raise
    return file


def _check(found: os.stat_result, owner: int, name: str) -> None:
    """Check that ``found`` is a regular file of its own, or of the directory's ``owner``.

    Raises:
        OSError: it is not.
    """
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", name)
    if found.st_nlink > 1 and found.st_uid != owner:
        raise OSError(errno.EMLINK, "it is another user's file", name)


def names_in(directory: int) -> list[str]:
    """Return the names in an open ``directory``.

    Raises:
        OSError: it cannot be read.
    """
    return os.listdir(directory)


def read_state(path: Path, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """Return the beginning of the state file at ``path``, at most ``limit_bytes`` of it.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or is none of ours (see :func:`open_file`).
    """
    with opened_directory(path.parent) as directory:
        file = open_file(path.name, os.O_RDONLY, directory=directory)
        try:
            return os.pread(file, limit_bytes, 0)
        finally:
            os.close(file)


def state_exists(path: Path) -> bool:
    """Return True if there is a regular file at ``path``; a link is none."""
    try:
        with opened_directory(path.parent) as directory:
            return stat.S_ISREG(os.stat(path.name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False


def replace_state(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace the state file at ``path``: at every moment the old one or the new one is there, whole.

    A link of this name is replaced itself. A file that root writes belongs to the directory's owner: the
    daemon must be able to change it afterwards.

    Raises:
        OSError: the old file is unchanged.
    """
    with opened_directory(path.parent) as directory:
        new = f"{path.name}.new"
        with suppress(FileNotFoundError):
            os.unlink(new, dir_fd=directory)
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600, dir_fd=directory)
            try:
                write_all(file, content)
                give_to_owner(file, directory)
                os.fchmod(file, mode)
                os.fsync(file)
            finally:
                os.close(file)
            os.replace(new, path.name, src_dir_fd=directory, dst_dir_fd=directory)
        except OSError:
            with suppress(OSError):
                os.unlink(new, dir_fd=directory)
            raise
        os.fsync(directory)


def rename_state(path: Path, name: str) -> None:
    """Give the state file at ``path`` another ``name`` in its directory, in the place of a file of that name.

    Raises:
        OSError: it has its old name.
    """
    with opened_directory(path.parent) as directory:
        os.rename(path.name, name, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)


def remove_state(path: Path) -> None:
    """Remove the file at ``path`` if there is one; of a link, the link.

    Raises:
        OSError: it cannot be removed.
    """
    with suppress(FileNotFoundError), opened_directory(path.parent) as directory:
        os.unlink(path.name, dir_fd=directory)


@contextmanager
def locked_state(path: Path, within_s: float) -> Iterator[None]:
    """Hold the lock that the file at ``path`` stands for, which is made if there is none. Blocks.

    The file is never written to, and belongs to the directory's owner: what root locked first, the daemon
    must be able to lock afterwards.

    Raises:
        BlockingIOError: another program holds the lock for longer than ``within_s`` seconds.
        OSError: the file cannot be opened, or is none of ours (see :func:`open_file`).
    """
    with opened_directory(path.parent) as directory:
        file = open_file(path.name, os.O_RDONLY | os.O_CREAT, directory=directory)
        try:
            with suppress(OSError):
                give_to_owner(file, directory)
            _lock(file, path.name, within_s)
            yield
        finally:
            os.close(file)


def _lock(file: int, name: str, within_s: float) -> None:
    until = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise BlockingIOError(f"another program keeps {name} locked") from None
            time.sleep(_LOCK_AGAIN_S)
        else:
            return


def give_to_owner(file: int, directory: int) -> None:
    """Give a file that root has made in the service's ``directory`` to the directory's owner.

    Raises:
        OSError: the file system knows no owners.
    """
    if os.geteuid() == 0:
        owner = os.fstat(directory)
        os.fchown(file, owner.st_uid, owner.st_gid)
