"""The list of live sessions that are being paid for, in one small file that a power cut does not harm.

One line a session: a checksum, a space, and ``["licence", "base URL", "user id"]`` in JSON. The checksum is
there because the project's id is sent to the URL: a line in which one letter has changed is not believed.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: The file in the state directory.
NAME = "live-sessions"
_NEW = f"{NAME}.new"
#: One block, filled up with empty lines: what a full disk still lets us write is the room we have already.
_ROOM_BYTES = 4_096
#: Nobody owes that much; a file of more is not ours.
_LIMIT_BYTES = 1 << 20

_Key = tuple[Secret, str]


class FileLedger:
    """Implements :class:`ravatard.ports.host.Ledger` in a directory.

    Only one process at a time may use a directory: it holds a lock (flock(2) on the directory) from the first
    use until :meth:`close` or its end, whatever ends it. What cannot be read or written is logged once, kept
    in memory, and tried again at every use. No method raises for what the disk does; each may wait for it.

    Attributes:
        trouble: what is wrong with the list at the moment, in words; "" when nothing is.
        taken: another process has it.
    """

    def __init__(self, directory: Path, *, shared: bool = False, frozen: bool = False) -> None:
        """Nothing is read yet.

        Args:
            directory: where the list is.
            shared: go ahead although another process holds the lock.
            frozen: write nothing; what changes is kept in memory alone.
        """
        self.trouble = ""
        self.taken = False
        self._directory = directory
        self._shared = shared
        self._frozen = frozen
        self._debts: dict[_Key, OwedSession] = {}
        #: The open directory, which also holds the lock; -1 while we have neither.
        self._fd = -1
        self._saved = False

    def owed(self) -> list[OwedSession]:
        """See :meth:`ravatard.ports.host.Ledger.owed`."""
        self._sync()
        return list(self._debts.values())

    def add(self, debt: OwedSession) -> None:
        """See :meth:`ravatard.ports.host.Ledger.add`. Two debts with one licence at one service are one."""
        self._debts[_key(debt)] = debt
        self._saved = False
        self._sync()

    def strike(self, debt: OwedSession) -> None:
        """See :meth:`ravatard.ports.host.Ledger.strike`."""
        # Read before it is struck: what is not yet known from the file would come back with it.
        self._sync()
        if self._debts.pop(_key(debt), None) is not None:
            self._saved = False
            self._sync()

    def close(self) -> None:
        """Let another process have the list. Idempotent; the next use takes it again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # ------------------------------------------------------------------ inside

    def _sync(self) -> None:
        """Have the lock, what was on the list, and on the list what is owed."""
        if (self._fd >= 0 or self._open()) and not self._saved and not self._frozen:
            self._save()

    def _open(self) -> bool:
        self.taken = False
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
            if not self._shared:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.taken = True
            self.close()
            self._complain(f"another ravatard uses the list of live sessions in {self._directory}")
            return False
        except OSError as error:
            self.close()
            self._complain(f"the list of live sessions in {self._directory} cannot be used ({_why(error)})")
            return False
        self.trouble = ""
        self._load()
        return True

    def _load(self) -> None:
        """Join what the file says with what is owed already."""
        try:
            # Without O_NONBLOCK a FIFO of this name would keep us for ever.
            file = os.open(NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=self._fd)
            try:
                content = os.read(file, _LIMIT_BYTES)
            finally:
                os.close(file)
        except FileNotFoundError:
            return
        except OSError as error:
            self._complain(f"the list of live sessions in {self._directory} cannot be read ({_why(error)})")
            # Nothing is put in its place before there is something to put there.
            self._saved = not self._debts
            return
        debts, damaged = parse(content)
        if damaged:
            log.warning(
                "%d lines of the list of live sessions in %s are damaged and dropped; what stood there "
                "cannot be ended any more",
                damaged,
                self._directory,
            )
        self._saved = not self._debts and not damaged and len(content) >= _ROOM_BYTES
        self._debts = {_key(debt): debt for debt in debts} | self._debts

    def _save(self) -> None:
        content = render(self._debts.values())
        try:
            self._replace(content)
        except OSError as error:
            try:
                # A full disk has no room for a new file; the old one's room is ours already.
                self._overwrite(content)
            except OSError:
                self._complain(
                    f"the list of live sessions in {self._directory} cannot be written ({_why(error)}); one "
                    "that is open at a power cut would stay open; make room, or mend the file system"
                )
                if isinstance(error, FileNotFoundError):
                    # Somebody has removed the directory under us: the next use makes a new one.
                    self.close()
                return
        self._saved = True
        self.trouble = ""

    def _replace(self, content: bytes) -> None:
        """A new file in the old one's place: at every moment one of them is there, whole.

        Raises:
            OSError: the old one is still there, as it was.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        file = os.open(_NEW, flags, 0o600, dir_fd=self._fd)
        try:
            try:
                self._make_private(file)
                _write(file, content)
            finally:
                os.close(file)
            os.replace(_NEW, NAME, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except OSError:
            with suppress(OSError):
                os.unlink(_NEW, dir_fd=self._fd)
            raise
        os.fsync(self._fd)

    def _overwrite(self, content: bytes) -> None:
        """Write over the old file, within its size. Torn by a power cut, it loses the lines that it tears.

        Raises:
            OSError: there is no old file, or it cannot be written.
        """
        file = os.open(NAME, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=self._fd)
        try:
            _write(file, content.ljust(os.fstat(file).st_size, b"\n"))
        finally:
            os.close(file)

    def _make_private(self, file: int) -> None:
        os.fchmod(file, 0o600)
        if os.geteuid() == 0:
            # root ends sessions by hand: the daemon must be able to read its list afterwards.
            owner = os.fstat(self._fd)
            os.fchown(file, owner.st_uid, owner.st_gid)

    def _complain(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble


def render(debts: Iterable[OwedSession]) -> bytes:
    """The content of the file: a line a debt, filled up to a block with empty lines."""
    return b"".join(map(_line, debts)).ljust(_ROOM_BYTES, b"\n")


def parse(content: bytes) -> tuple[list[OwedSession], int]:
    """The debts that can be read of ``content``, and how many lines cannot. Any bytes will do."""
    lines = [line for line in content.split(b"\n") if line]
    debts = [debt for debt in map(_debt, lines) if debt is not None]
    return debts, len(lines) - len(debts)


def _line(debt: OwedSession) -> bytes:
    told = json.dumps([debt.licence.reveal(), debt.base_url, debt.user_id]).encode()
    return b"%08x %s\n" % (zlib.crc32(told), told)


def _debt(line: bytes) -> OwedSession | None:
    checksum, _, told = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(told):
        return None
    try:
        match json.loads(told):
            case [str(licence), str(base_url), str(user_id)] if licence:
                return OwedSession(Secret(licence), base_url, user_id)
            case _:
                return None
    except (ValueError, RecursionError):
        return None


def _key(debt: OwedSession) -> _Key:
    return debt.licence, debt.base_url


def _write(file: int, content: bytes) -> None:
    """All of ``content``, on the disk.

    Raises:
        OSError: it is not, or not all of it.
    """
    with memoryview(content) as rest:
        done = 0
        while done < len(rest):
            done += os.write(file, rest[done:])
    os.fsync(file)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
