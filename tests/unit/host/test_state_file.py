"""State files that another user has replaced by something else: nothing outside is read or written."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ravatard.core.actions import Mute, SetVolume
from ravatard.host.ledger import FileLedger, render
from ravatard.host.remembered import RememberedSettings
from ravatard.host.ring import Ring, parts
from ravatard.host.state_file import (
    locked_state,
    make_state_directory,
    open_directory,
    read_state,
    remove_state,
    replace_state,
    state_exists,
)
from ravatard.host.state_version import bring_up_to_date, version_of
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

PRECIOUS = b"root's own: 4711\n"
STRANGER = 4711
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


class Trap:
    """A state directory of another user, and a file outside that he wants read or written.

    Attributes:
        state: the directory.
        outside: the file.
    """

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.outside = folder / "outside" / "flight-000000001.log"
        self.outside.parent.mkdir()
        self.outside.write_bytes(PRECIOUS)

    def link(self, path: Path) -> None:
        path.symlink_to(self.outside)

    def dangling_link(self, path: Path) -> None:
        path.symlink_to(self.outside.parent / "new")

    def fifo(self, path: Path) -> None:
        os.mkfifo(path)

    def second_name(self, path: Path) -> None:
        path.hardlink_to(self.outside)

    def folder(self, path: Path) -> None:
        path.mkdir()

    def give_away(self) -> None:
        if os.getuid() == 0:
            for path in (self.state, *self.state.rglob("*")):
                if not path.exists() or not path.samefile(self.outside) or path.is_symlink():
                    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)

    def assert_untouched(self) -> None:
        assert self.outside.read_bytes() == PRECIOUS
        assert list(self.outside.parent.iterdir()) == [self.outside]


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path)


KINDS: dict[str, Callable[[Trap, Path], None]] = {
    "a link": Trap.link,
    "a link to nothing": Trap.dangling_link,
    "a fifo": Trap.fifo,
    "a second name": Trap.second_name,
    "a folder": Trap.folder,
}


def use_everything(state: Path) -> None:
    """All that a daemon and the commands of root do with a state directory."""
    bring_up_to_date(state)
    version_of(state)
    remembered = RememberedSettings(state)
    assert remembered.volume is None
    for action in (Mute(True), SetVolume(30), Mute(False)):
        remembered.on_action(action, 0.0)
    for directory in (state, state / "chat"):
        ledger = FileLedger(directory)
        session = OwedSession("ravatar", Secret("licence"), "https://a.b", "u")
        assert ledger.owed() == []
        ledger.add(session)
        ledger.strike(session)
        ledger.close()
    ring = Ring(state / "recorder", file_bytes=100, files=2)
    try:
        ring.newest()
        for _ in range(4):
            ring.make_room(60)
            ring.append(b"x" * 60 + b"\n")
    except OSError:
        ring.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        *("version", "version.new", "volume", "volume.new", "muted", "muted.new", "live-sessions"),
        *("live-sessions.new", "chat/live-sessions", "recorder/flight-000000001.log"),
        *("recorder/flight-000000002.log", "before-2", "before-2.new"),
    ],
)
@as_root
def test_nothing_outside_is_read_or_written(trap: Trap, name: str, kind: str) -> None:
    path = trap.state / name
    path.parent.mkdir(exist_ok=True)
    KINDS[kind](trap, path)
    trap.give_away()

    use_everything(trap.state)

    trap.assert_untouched()
    assert stat.S_IMODE(trap.outside.stat().st_mode) == 0o644
    assert trap.outside.stat().st_uid == 0


@pytest.mark.parametrize("name", ["chat", "recorder"])
@as_root
def test_no_folder_of_the_state_leads_elsewhere(trap: Trap, name: str) -> None:
    (trap.state / name).symlink_to(trap.outside.parent)
    trap.give_away()

    use_everything(trap.state)

    trap.assert_untouched()
    with pytest.raises(PermissionError):
        parts(trap.state / "recorder" if name == "recorder" else trap.state / "chat")


@pytest.mark.parametrize("kind", KINDS)
@as_root
def test_what_is_no_state_file_is_neither_there_nor_read(trap: Trap, kind: str) -> None:
    KINDS[kind](trap, trap.state / "file")
    trap.give_away()

    with pytest.raises(OSError, match=r"."):
        read_state(trap.state / "file")
    assert state_exists(trap.state / "file") == (kind == "a second name")
    with pytest.raises(OSError, match=r"."), locked_state(trap.state / "file", 1.0):
        pass
    if kind != "a folder":
        replace_state(trap.state / "file", b"ours")
        assert read_state(trap.state / "file") == b"ours"
        assert (trap.state / "file").stat().st_uid == STRANGER
        remove_state(trap.state / "file")
    trap.assert_untouched()


def test_a_lock_is_held_by_one_alone_and_given_back(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        locked_state(lock, 1.0),
        pytest.raises(BlockingIOError, match="another program keeps lock locked"),
        locked_state(lock, 0.0),
    ):
        pass

    with locked_state(lock, 0.0):
        assert lock.read_bytes() == b""


def test_an_owners_own_link_to_another_disk_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    for name, target in (("absolute", tmp_path / "disk"), ("relative", Path("disk"))):
        (tmp_path / name).symlink_to(target)
        replace_state(tmp_path / name / "volume", name.encode())

        assert (tmp_path / "disk" / "volume").read_text() == name
    os.close(open_directory(tmp_path / "relative"))


def test_a_list_of_sessions_in_a_second_name_of_our_own_is_read(tmp_path: Path) -> None:
    # Backup programs make such names.
    session = OwedSession("ravatar", Secret("licence"), "https://a.b", "u")
    (tmp_path / "live-sessions").write_bytes(render([session]))
    (tmp_path / "backup").hardlink_to(tmp_path / "live-sessions")

    assert FileLedger(tmp_path).owed() == [session]


@as_root
@pytest.mark.parametrize("existing", ["", "var", "var/lib/ravatard"])
def test_what_root_makes_in_the_state_of_another_user_belongs_to_that_user(
    tmp_path: Path, existing: str
) -> None:
    home = tmp_path / "home"
    (home / existing).mkdir(parents=True)
    for one in (home, *home.rglob("*")):
        os.chown(one, STRANGER, STRANGER)
    state = home / "var/lib/ravatard"

    use_everything(state)

    made = [one for one in home.rglob("*") if one.lstat().st_uid != STRANGER]
    assert made == []
    assert (state / "recorder").is_dir()


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that another user can enter; that of pytest is closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@as_root
def test_the_service_goes_on_in_what_root_has_made(reachable: Path) -> None:
    state = reachable / "ravatard"
    state.mkdir(mode=0o700)
    os.chown(state, STRANGER, STRANGER)
    use_everything(state)

    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            ring = Ring(state / "recorder")
            ring.append(b"of the service\n")
            RememberedSettings(state).on_action(SetVolume(31), 0.0)
            status = 0 if RememberedSettings(state).volume == 31 else 2
        finally:
            os._exit(status)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@as_root
def test_a_directory_that_its_owner_has_put_in_the_way_is_left_alone(tmp_path: Path) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    state.mkdir()
    elsewhere.mkdir()
    os.chown(state, STRANGER, STRANGER)
    (state / "link").symlink_to(elsewhere)
    os.chown(state / "link", STRANGER, STRANGER, follow_symlinks=False)

    with pytest.raises(OSError, match=r"link of another user"):
        make_state_directory(state / "link" / "recorder")

    assert list(elsewhere.iterdir()) == []
