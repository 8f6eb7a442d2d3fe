"""Ledger of the live sessions being paid for: one small file that a power cut does not harm.

One line a session: a checksum, a space, and ``["kind", "session id", "base URL", "account"]`` in JSON. The
checksum is there because credentials are sent to the URL: a line in which one letter has changed is dropped.
Lines of state version 1 have no kind; they are read as sessions of the only kind there was.

A damaged list is kept beside the new one until the owner removes it: only the service knows what was on it,
and no later run can say that no session is open.
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

from ravatard.host.state_file import (
    give_to_owner,
    make_state_directory,
    names_in,
    open_directory,
    open_file,
)
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: The file in the state directory.
NAME = "live-sessions"
#: Below the state directory: the ledger of ``ravatard chat``, which may run beside the daemon.
CHAT = "chat"
#: Kind of every session on a list of state version 1.
FIRST_KIND = "ravatar"
_NEW = f"{NAME}.new"
#: The damaged list, beside it.
DAMAGED = f"{NAME}.damaged"
#: One block, filled up with empty lines: a full disk still lets us write into the room we have already.
_ROOM_BYTES = 4_096
#: A larger file is not ours.
_LIMIT_BYTES = 1 << 20

_Key = tuple[str, Secret, str]


class FileLedger:
    """Ledger in a directory; implements :class:`ravatard.ports.host.Ledger`.

    Only one process at a time may use a directory: it holds a lock (flock(2) on the directory) from the first
    use until :meth:`close` or its own end. A read or write that fails is logged once, its entries are kept in
    memory, and it is tried again at every use. No method raises for the disk's failures; each may wait for
    the disk.

    Attributes:
        trouble: present failure of the list, in words; "" for none.
        taken: True while another process holds the lock.
        damage: damage of the list, of this run or an earlier one, in words; "" for none.
    """

    def __init__(self, directory: Path, *, shared: bool = False, frozen: bool = False) -> None:
        """Read nothing yet.

        Args:
            directory: directory of the list.
            shared: go ahead although another process holds the lock.
            frozen: write nothing; keep changes in memory alone.
        """
        self.trouble = ""
        self.taken = False
        self.damage = ""
        self._directory = directory
        self._shared = shared
        self._frozen = frozen
        self._sessions: dict[_Key, OwedSession] = {}
        #: The open directory, which also holds the lock; -1 while we have neither.
        self._fd = -1
        self._saved = False
        #: The damaged list is kept beside the new one.
        self._kept = False

    def owed(self) -> list[OwedSession]:
        """See :meth:`ravatard.ports.host.Ledger.owed`."""
        self._sync()
        return list(self._sessions.values())

    def add(self, session: OwedSession) -> None:
        """See :meth:`ravatard.ports.host.Ledger.add`. Two entries with one id at one service are one."""
        self._sessions[_key(session)] = session
        self._saved = False
        self._sync()

    def strike(self, session: OwedSession) -> None:
        """See :meth:`ravatard.ports.host.Ledger.strike`."""
        # Read the file first: an entry that is only there would come back with the next reading.
        self._sync()
        if self._sessions.pop(_key(session), None) is not None:
            self._saved = False
            self._sync()

    def faults(self) -> tuple[str, ...]:
        """Return a sentence for each present fault. Damage is one until the owner has removed its list."""
        with suppress(OSError):
            if self._kept and self._fd >= 0 and DAMAGED not in names_in(self._fd):
                self.damage, self._kept = "", False
        return tuple(filter(None, (self.damage, self.trouble)))

    def close(self) -> None:
        """Release the lock. Idempotent; the next use takes it again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # ------------------------------------------------------------------ inside

    def _sync(self) -> None:
        """Take the lock, read the list, and write it when it has changed."""
        if (self._fd >= 0 or self._open()) and not self._saved and not self._frozen:
            self._save()

    def _open(self) -> bool:
        self.taken = False
        try:
            make_state_directory(self._directory)
            self._fd = open_directory(self._directory)
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
        if not self.damage and DAMAGED in names_in(self._fd):
            self._kept = True
            self._tell_damage("was damaged earlier")
        return True

    def _load(self) -> None:
        """Merge the file's entries with those in memory."""
        try:
            file = open_file(NAME, os.O_RDONLY, directory=self._fd)
            try:
                content = os.read(file, _LIMIT_BYTES)
            finally:
                os.close(file)
        except FileNotFoundError:
            return
        except OSError as error:
            self._complain(f"the list of live sessions in {self._directory} cannot be read ({_why(error)})")
            # Without entries of our own there is nothing to write in its place.
            self._saved = not self._sessions
            return
        sessions, damaged = parse(content)
        if is_damaged(content):
            self._keep(content)
            self._tell_damage(f"is damaged ({f'{damaged} lines' if damaged else 'it is cut off'})")
        self._saved = not self._sessions and not damaged and len(content) >= _ROOM_BYTES
        self._sessions = {_key(session): session for session in sessions} | self._sessions

    def _keep(self, content: bytes) -> None:
        """Keep a damaged list beside the new one, as far as the disk lets us."""
        if self._frozen:
            return
        with suppress(OSError):
            file = open_file(DAMAGED, os.O_WRONLY | os.O_CREAT, directory=self._fd)
            try:
                os.ftruncate(file, 0)
                self._make_private(file)
                _write(file, content)
            finally:
                os.close(file)
            os.fsync(self._fd)
            self._kept = True

    def _tell_damage(self, how: str) -> None:
        self.damage = (
            f"the list of live sessions in {self._directory} {how}: a session may be open that ravatard "
            f"cannot end; look for it at the service, and remove {self._directory / DAMAGED} then"
        )
        log.warning("%s", self.damage)

    def _save(self) -> None:
        content = render(self._sessions.values())
        try:
            self._replace(content)
        except OSError as error:
            try:
                # A full disk has no room for a new file, but the old file's room is ours already.
                self._overwrite(content)
            except OSError:
                self._complain(
                    f"the list of live sessions in {self._directory} cannot be written ({_why(error)}); one "
                    "that is open at a power cut would stay open; make room, or mend the file system"
                )
                if isinstance(error, FileNotFoundError):
                    # The directory was removed under us: the next use makes a new one.
                    self.close()
                return
        self._saved = True
        self.trouble = ""

    def _replace(self, content: bytes) -> None:
        """Replace the file: at every moment the old one or the new one is there, whole.

        Raises:
            OSError: the old one is still there, as it was.
        """
        file = open_file(_NEW, os.O_WRONLY | os.O_CREAT, directory=self._fd)
        try:
            try:
                os.ftruncate(file, 0)
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
        """Write over the old file, within its size. A power cut meanwhile loses the lines it tears.

        Raises:
            OSError: there is no old file, or it cannot be written.
        """
        file = open_file(NAME, os.O_WRONLY, directory=self._fd)
        try:
            _write(file, content.ljust(os.fstat(file).st_size, b"\n"))
        finally:
            os.close(file)

    def _make_private(self, file: int) -> None:
        os.fchmod(file, 0o600)
        # root ends sessions by hand, and the daemon must be able to read its list afterwards.
        give_to_owner(file, self._fd)

    def _complain(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble


def render(sessions: Iterable[OwedSession]) -> bytes:
    """Return the file's content: a line a session, filled up to a block with empty lines."""
    return b"".join(map(_line, sessions)).ljust(_ROOM_BYTES, b"\n")


def parse(content: bytes) -> tuple[list[OwedSession], int]:
    """Return the sessions in ``content`` and the number of damaged lines. Accepts any bytes."""
    # An editor of another system may have saved it: the checksum tells whether a line is whole.
    bare = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    lines = [line for line in bare.split(b"\n") if line]
    sessions = [session for session in map(_session, lines) if session is not None]
    return sessions, len(lines) - len(sessions)


def is_damaged(content: bytes) -> bool:
    """Return True if a list has damaged lines or was cut: each is written with a whole block at least."""
    return bool(parse(content)[1]) or len(content) < _ROOM_BYTES or not content.endswith(b"\n")


def _line(session: OwedSession) -> bytes:
    fields = json.dumps([session.kind, session.id.reveal(), session.base_url, session.account]).encode()
    return b"%08x %s\n" % (zlib.crc32(fields), fields)


def _session(line: bytes) -> OwedSession | None:
    checksum, _, fields = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(fields):
        return None
    try:
        match json.loads(fields):
            case [str(kind), str(id_), str(base_url), str(account)] if kind and id_:
                return OwedSession(kind, Secret(id_), base_url, account)
            case [str(id_), str(base_url), str(account)] if id_:
                return OwedSession(FIRST_KIND, Secret(id_), base_url, account)
            case _:
                return None
    except (ValueError, RecursionError):
        return None


def _key(session: OwedSession) -> _Key:
    return session.kind, session.id, session.base_url


def _write(file: int, content: bytes) -> None:
    """Write all of ``content`` and bring it to the disk.

    Raises:
        OSError: not all of it is there.
    """
    with memoryview(content) as rest:
        done = 0
        while done < len(rest):
            done += os.write(file, rest[done:])
    os.fsync(file)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
