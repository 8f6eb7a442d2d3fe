"""What is installed is on the disk before the installer says so: seen in its system calls and commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.install_rig import PATH, ROOT, SCRIPTS, script, small_environment

pytestmark = pytest.mark.integration

_CALLS = (
    "fsync,fdatasync,sync,syncfs,rename,renameat,renameat2,link,linkat,symlink,symlinkat,open,openat,creat,write,"
    "pwrite64,copy_file_range,sendfile,ftruncate,chmod,fchmod,fchmodat,chown,fchown,fchownat,lchown,mkdir,mkdirat"
)
_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_WRITES = {"write", "pwrite64", "copy_file_range", "sendfile", "ftruncate"}
_NAMES = {"rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"}


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded.

    Attributes:
        name: of the call.
        paths: files it names, by descriptor or by name, in order.
        text: its arguments as strace shows them.
    """

    name: str
    paths: tuple[str, ...]
    text: str


def traced(folder: Path, *command: str | Path) -> list[Call]:
    """Run ``command`` and return its calls, those of its children among them."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    listing = folder / "trace"
    done = subprocess.run(
        ["strace", "-f", "-y", "-qq", "-s", "200", "-e", f"trace={_CALLS}", "-o", listing, *command],
        env={"PATH": PATH, "DESTDIR": str(folder / "root")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    if not listing.exists() or "ptrace" in done.stderr:
        pytest.skip("nothing can be traced here")
    assert done.returncode == 0, done.stderr
    calls = []
    for line in listing.read_text().splitlines():
        if (found := _CALL.match(line)) and int(found[3]) >= 0:
            paths = re.findall(r'<(/[^>]*)>(?!, ")|"(/[^"]*)"', found[2])
            calls.append(Call(found[1], tuple(one or other for one, other in paths), found[2]))
    return calls


def unsynced_names(calls: list[Call], root: Path) -> list[str]:
    """Return every file that got a name below ``root`` while its content could still be lost."""
    dirty: set[str] = set()
    found = []
    for call in calls:
        inside = [path for path in call.paths if path.startswith(f"{root}/")]
        if call.name in ("sync", "syncfs"):
            dirty.clear()
        elif call.name in ("fsync", "fdatasync"):
            dirty -= set(inside)
        elif (call.name in _WRITES and inside) or ("O_CREAT" in call.text or "O_TRUNC" in call.text):
            # The last one is what is written to: copy_file_range names its source first.
            dirty |= set(inside[-1:])
        elif call.name.startswith("rename") and inside:
            source = inside[0]
            found += [one for one in dirty if one == source or one.startswith(f"{source}/")]
    return found


def unsynced_at_the_end(calls: list[Call], root: Path, said: str) -> list[str]:
    """Return the changes below ``root`` that no sync follows before the installer says that it is done."""
    (end,) = (number for number, call in enumerate(calls) if call.name == "write" and said in call.text)
    changes: list[str] = []
    for call in calls[:end]:
        if call.name in ("sync", "syncfs"):
            changes.clear()
        elif any(path.startswith(f"{root}/") for path in call.paths) and (
            call.name not in ("open", "openat", "fsync", "fdatasync") or "O_CREAT" in call.text
        ):
            changes.append(f"{call.name} {call.paths}")
    return changes


@pytest.fixture(params=["first", "again"])
def calls(request: pytest.FixtureRequest, tmp_path: Path) -> list[Call]:
    """What an installation asks of the kernel, the first one and one over it."""
    environment = small_environment(tmp_path / "environment")
    if request.param == "again":
        assert script("install.sh", environment, DESTDIR=tmp_path / "root").returncode == 0
    return traced(tmp_path, SCRIPTS / "install.sh", environment)


def test_no_file_gets_its_name_before_its_content_is_on_the_disk(calls: list[Call], tmp_path: Path) -> None:
    assert [call for call in calls if call.name.startswith("rename")]
    assert unsynced_names(calls, tmp_path / "root") == []


def test_everything_is_on_the_disk_before_the_last_line(calls: list[Call], tmp_path: Path) -> None:
    assert unsynced_at_the_end(calls, tmp_path / "root", "Files are in") == []


def test_every_installed_file_is_renamed_into_its_place(calls: list[Call], tmp_path: Path) -> None:
    """Also over an old one: a file that is written in place is empty for a while."""
    program, root = tmp_path / "root" / "opt/ravatard.new", f"{tmp_path / 'root'}/"
    written = {
        call.paths[-1]
        for call in calls
        if ("O_CREAT" in call.text or "O_TRUNC" in call.text)
        and call.paths
        and call.paths[-1].startswith(root)
    }
    assert {
        one for one in written if not one.endswith(".new") and not Path(one).is_relative_to(program)
    } == set()


def test_the_units_come_last_and_what_they_start_is_on_the_disk_before(
    calls: list[Call], tmp_path: Path
) -> None:
    renamed = [
        (number, call.paths[-1])
        for number, call in enumerate(calls)
        if call.name.startswith("rename") and str(tmp_path / "root") in call.paths[-1]
    ]
    units = [number for number, path in renamed if path.endswith((".service", ".socket"))]
    others = [number for number, path in renamed if not path.endswith((".service", ".socket"))]

    assert len(units) == 4
    assert max(others) < min(units)
    assert "syncfs" in {call.name for call in calls[max(others) : min(units)]}


def test_a_program_is_exchanged_in_one_step(tmp_path: Path) -> None:
    environment = small_environment(tmp_path / "environment")
    assert script("install.sh", environment, DESTDIR=tmp_path / "root").returncode == 0
    program = environment / "opt/ravatard/bin/ravatard"
    program.write_text("#!/bin/sh\n# new\n")

    calls = traced(tmp_path, SCRIPTS / "install.sh", environment)

    moved = [
        call for call in calls if call.name.startswith("rename") and call.paths[-1].endswith("/opt/ravatard")
    ]
    if not any("RENAME_EXCHANGE" in call.text for call in moved):
        pytest.skip("the file system of the tests cannot exchange")
    assert len(moved) == 1
    assert "new" in (tmp_path / "root/opt/ravatard/bin/ravatard").read_text()
    assert [one.name for one in (tmp_path / "root/opt").iterdir()] == ["ravatard"]


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    """Programs that only write down how they were called, ``sync`` among them."""
    if os.geteuid() != 0:
        pytest.skip("only root has mounts of its own")
    folder = tmp_path / "fakes"
    folder.mkdir()
    log = folder / "log"
    log.touch()
    for name, rest in {
        "systemctl": '[ "$2" != is-active ]',
        "systemd-sysusers": "",
        "udevadm": "",
        "deb-systemd-helper": "",
        "deb-systemd-invoke": "",
        "dpkg-query": "exit 1",
        "getent": "exit 2",
        "sync": 'exec /bin/sync "$@"',
    }.items():
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n{rest}\n')
        (folder / name).chmod(0o755)
    return folder


#: A system of the test's own, which ends with it.
_ALONE = """
set -e
mount --make-rprivate /
for place in /opt /usr/local /etc /run /var/lib; do mount -t tmpfs tmpfs $place; done
mkdir -p /run/systemd/system /opt/ravatard/bin /etc/ravatard
touch /etc/ravatard/ravatard.yaml
printf '#!/bin/sh\\n' >/opt/ravatard/bin/ravatard
chmod +x /opt/ravatard/bin/ravatard
exec "$@"
"""


def commands(fakes: Path, *command: str | Path) -> list[str]:
    """Run a script in a system of its own; return what it called."""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _ALONE, "sh", *command],
        env={"PATH": f"{fakes}:{PATH}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mounts of its own here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return (fakes / "log").read_text().splitlines()


def places(said: list[str], words: str) -> list[int]:
    return [number for number, line in enumerate(said) if words in line]


def test_make_install_enables_the_unit_last_and_syncs_that_too(fakes: Path, tmp_path: Path) -> None:
    environment = small_environment(tmp_path / "environment")

    said = commands(fakes, SCRIPTS / "install.sh", environment)

    (enabled,) = places(said, "enable ravatard.service")
    syncs = places(said, "sync -f")
    assert not [line for line in said[:enabled] if line.startswith(("systemctl --quiet enable", "udevadm"))]
    # The users and the configuration are written before, and in /etc like the link.
    assert any(places(said, "systemd-sysusers")[0] < one < enabled and "/etc" in said[one] for one in syncs)
    assert "/etc" in said[enabled + 1]
    assert enabled + 1 in syncs


def test_the_package_enables_the_unit_last_and_syncs_that_too(fakes: Path) -> None:
    said = commands(fakes, ROOT / "systemd/debian/postinst", "configure")

    enabled = places(said, "deb-systemd-helper enable")[-1]
    started = places(said, "deb-systemd-invoke start")[0]
    syncs = places(said, "sync -f")
    before = [said[one] for one in syncs if places(said, "systemd-sysusers")[0] < one < enabled]
    between = [said[one] for one in syncs if enabled < one < started]
    assert before
    assert all(path in before[-1].split() for path in ("/opt", "/usr", "/etc"))
    assert between
    # Helpers keep what they did in /var/lib.
    assert all(path in between[-1].split() for path in ("/etc", "/var/lib"))


def test_removing_the_package_leaves_no_enabled_unit_without_its_program(fakes: Path) -> None:
    said = commands(fakes, ROOT / "systemd/debian/postrm", "remove")

    assert said[0].startswith("sync -f")
