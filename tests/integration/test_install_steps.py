"""Steps of `make` that show that they live, its sentence without a network, its refusal without rights."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.install_rig import PATH, ROOT, SCRIPTS

pytestmark = pytest.mark.integration

STEP = SCRIPTS / "step.sh"
#: As pip says it, and apt, of hosts they cannot reach.
PIP = """WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(
'<HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -3] Temporary failure in name
resolution')': /simple/setuptools/
ERROR: Could not find a version that satisfies the requirement setuptools>=77 (from versions: none)
"""
PIP_WITH_HOST = (
    "HTTPSConnectionPool(host='index.example', port=443): Max retries exceeded ... Network is unreachable"
)
PIP_TIMEOUT = "ConnectTimeoutError(<HTTPSConnection(host='index.example', port=443)>, 'timed out')"
PIP_PROXY = (
    "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed')) (host='index.example')"
)
APT = "W: Failed to fetch http://deb.example/dists/InRelease  Temporary failure resolving 'deb.example'"
APT_CLOSED = "  Could not connect to deb.example:80 (192.0.2.1). - connect (111: Connection refused)"


def step(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [STEP, "Installing it", "1-3 minutes", "sh", "-c", script],
        env={"PATH": PATH, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_step_has_a_line_before_and_after_where_no_terminal_is(tmp_path: Path) -> None:
    done = step(tmp_path, "echo noted >&2")

    assert done.returncode == 0
    assert re.fullmatch(r"Installing it \(takes 1-3 minutes\)\nnoted\n  done in \d+ s\n", done.stdout)
    assert done.stderr == ""
    assert list(tmp_path.glob("ravatard-step*")) == []


def test_a_step_that_fails_shows_what_the_command_said_and_keeps_its_status(tmp_path: Path) -> None:
    done = step(tmp_path, "echo hashes differ; exit 3")

    assert done.returncode == 3
    assert re.fullmatch(r"hashes differ\nFailed after \d+ s: Installing it\n", done.stderr)
    assert list(tmp_path.glob("ravatard-step*")) == []


@pytest.mark.parametrize(
    ("said", "way"),
    [
        (PIP_WITH_HOST, "index.example (Network is unreachable)"),
        (PIP_TIMEOUT, "index.example (ConnectTimeoutError)"),
        (PIP_PROXY, "index.example (Cannot connect to proxy)"),
        (APT, "deb.example (Temporary failure resolving)"),
        (APT_CLOSED, "deb.example (Could not connect to)"),
        (
            "[Errno -3] Temporary failure in name resolution",
            "their servers (Temporary failure in name resolution)",
        ),
    ],
)
def test_without_a_network_there_is_one_sentence_with_the_host_and_the_remedy(
    tmp_path: Path, said: str, way: str
) -> None:
    (tmp_path / "said").write_text(said)

    done = step(tmp_path, f"cat {tmp_path}/said; exit 1")

    assert done.returncode == 1
    assert done.stderr == (
        f"The first run downloads packages, and there is no way to {way}: connect this machine to the "
        "network, or name your proxy in HTTPS_PROXY, and run the same command again.\n"
    )


def test_on_a_terminal_the_seconds_are_counted_and_wiped_away(tmp_path: Path) -> None:
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    (fakes / "sleep").write_text(f"#!/bin/sh\necho >>{tmp_path}/ticks\nexec /bin/sleep 0.01\n")
    (fakes / "sleep").chmod(0o755)
    until = f'until [ "$(wc -l <{tmp_path}/ticks)" -gt 2 ]; do :; done'
    (tmp_path / "ticks").touch()
    mine, theirs = pty.openpty()
    with subprocess.Popen(
        [STEP, "Installing it", "1-3 minutes", "sh", "-c", until],
        env={"PATH": f"{fakes}:{PATH}", "TMPDIR": str(fakes)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        shown = everything(mine)
        assert running.wait(30) == 0

    assert shown.startswith("Installing it (takes 1-3 minutes)\r\n\r  ")
    assert re.search(r"\r  \d+ s\r +\r  done in \d+ s\r\n$", shown), repr(shown)


def test_ctrl_c_ends_the_command_too_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with subprocess.Popen(
        [
            STEP,
            "Installing it",
            "1-3 minutes",
            "sh",
            "-c",
            f"echo $$ >{tmp_path}/id; echo >{tmp_path}/go; exec cat",
        ],
        env={"PATH": PATH, "TMPDIR": str(tmp_path / "logs")},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        while not (tmp_path / "go").exists():
            os.sched_yield()
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(30) == 130

    assert not Path("/proc", (tmp_path / "id").read_text().strip()).exists()
    assert list((tmp_path / "logs").iterdir()) == []


def everything(terminal: int) -> str:
    """Read all that is shown on a terminal until its programs have ended."""
    shown = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(terminal)
    return shown.decode()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in which building would leave a file."""
    path = tmp_path / "clone"
    path.mkdir()
    shutil.copytree(ROOT / "systemd", path / "systemd")
    shutil.copy(ROOT / "Makefile", path)
    (path / "systemd/install/environment.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/built\n")
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    (fakes / "id").write_text("#!/bin/sh\necho 1000\n")
    (fakes / "id").chmod(0o755)
    return path


def test_make_install_without_rights_is_refused_before_anything_is_built(clone: Path, tmp_path: Path) -> None:
    refused = subprocess.run(
        ["make", "-C", clone, "install", "INSTALL_PACKAGES=", "AS_OWNER="],
        env={"PATH": f"{tmp_path}/fakes:{PATH}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert refused.returncode != 0
    assert "This changes the system and needs root. Run: sudo make install\n" in refused.stderr
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("release",), "no release: the commit has no tag v"),
        (("deb", "SUITE=trixie"), "A root of its own takes root. Run: sudo make deb SUITE=trixie\n"),
        (("fleet",), "A root of its own takes root. Run: sudo make fleet\n"),
    ],
)
def test_what_is_not_possible_is_refused_before_the_tools_are_installed(
    clone: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    for name in ("README.md", "CHANGELOG.md", "pyproject.toml", "config", "ravatard/__init__.py"):
        (clone / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, clone / name)
    subprocess.run(["git", "init", "-q", clone], check=True, timeout=60)

    refused = subprocess.run(
        ["make", "-C", clone, *words],
        env={"PATH": f"{tmp_path}/fakes:{PATH}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert refused.returncode != 0
    assert said in refused.stderr
    assert "Installing" not in refused.stdout + refused.stderr
    assert not (clone / ".venv").exists()


def offered(tmp_path: Path, groups: str, **environ: str) -> tuple[str, list[str]]:
    """What the installer says about the group to a user with these groups, and what it changes."""
    fakes = tmp_path / "users"
    fakes.mkdir()
    for name, words in {
        "getent": '[ "$2" = pi ]',
        "id": f"echo {groups}",
        "usermod": f'echo "$*" >>{tmp_path}/changed',
    }.items():
        (fakes / name).write_text(f"#!/bin/sh\n{words}\n")
        (fakes / name).chmod(0o755)
    (tmp_path / "changed").touch()
    done = subprocess.run(
        ["sh", "-eu", "-c", ". $0; offer_group", SCRIPTS / "system.sh"],
        env={"PATH": f"{fakes}:{PATH}"} | environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout, (tmp_path / "changed").read_text().splitlines()


def test_the_user_behind_sudo_is_offered_the_group_with_the_command(tmp_path: Path) -> None:
    assert offered(tmp_path, "pi audio", SUDO_USER="pi") == (
        "To use `ravatard status`, mute and the like without sudo: "
        "sudo adduser pi ravatard, and log in again.\n",
        [],
    )


def test_the_user_joins_only_when_asked_to(tmp_path: Path) -> None:
    said, changed = offered(tmp_path, "pi audio", SUDO_USER="pi", JOIN="yes")

    assert changed == ["-aG ravatard pi"]
    assert (
        said == "pi is in the group ravatard now: log in again, then `ravatard status` works without sudo.\n"
    )


def test_a_member_is_offered_nothing(tmp_path: Path) -> None:
    assert offered(tmp_path, "pi ravatard", SUDO_USER="pi", JOIN="yes") == ("", [])


@pytest.mark.parametrize("user", ["", "root", "gone"])
def test_where_nobody_is_behind_sudo_the_command_has_a_gap(tmp_path: Path, user: str) -> None:
    said, changed = offered(tmp_path, "root", SUDO_USER=user, JOIN="yes")

    assert "sudo adduser NAME ravatard" in said
    assert changed == []


@pytest.mark.parametrize(
    ("sudo", "why"),
    [(True, "No right to use sudo."), (False, "Neither root nor sudo.")],
    ids=["denied", "none"],
)
def test_packages_that_a_user_may_not_install_are_to_be_asked_for(
    tmp_path: Path, sudo: bool, why: str
) -> None:
    """sudo's own refusal was all there was to read."""
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    programs = {"id": "echo 1000", "dpkg-query": "exit 1", "apt-get": "exit 0"}
    programs |= {"sudo": "exit 1"} if sudo else {}
    for name in ("sh", "make", "env", "grep"):
        (fakes / name).symlink_to(shutil.which(name, path=PATH) or name)
    for name, script in programs.items():
        (fakes / name).write_text(f"#!/bin/sh\n{script}\n")
        (fakes / name).chmod(0o755)

    refused = subprocess.run(
        ["make", "-C", ROOT, "install-packages", "INSTALL_PACKAGES=one two", "PYTHON=false"],
        env={"PATH": str(fakes)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert refused.returncode != 0
    assert (
        f"{why} Ask an administrator for: sudo apt install one two; then run make again.\n" in refused.stderr
    )
