"""No test sees anything of the person or service that started the suite."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ravatard import logs
from ravatard.host import credentials
from ravatard.host.state import state_directory
from tests.surroundings import Homes, is_foreign

#: Planted where a developer, a desktop and a service manager would have theirs.
PLANTED = {
    "RAVATARD_SERVICE__PROJECT_ID": "the-developers-own",
    "STATE_DIRECTORY": "/planted/state",
    "CREDENTIALS_DIRECTORY": "/planted/credentials",
    "XDG_STATE_HOME": "/planted/xdg-state",
    "XDG_DATA_DIRS": "/planted/data",
    "HOME": "/planted/home",
    "PULSE_SERVER": "unix:/planted/pulse",
    "http_proxy": "http://planted.example:3128",
    "HTTPS_PROXY": "http://planted.example:3128",
    "NETRC": "/planted/netrc",
    "LANG": "uk_UA.planted",
    "LC_ALL": "planted",
    "LANGUAGE": "planted",
    "MAKEFLAGS": "-- ARGS=planted",
    "GIT_DIR": "/planted/git",
    "PYTHONSTARTUP": "/planted/start.py",
    "EDITOR": "planted",
}


def test_the_home_is_new_and_empty() -> None:
    home = Path.home()

    assert [entry.name for entry in home.iterdir()] == ["run"]
    assert (home / "run").stat().st_mode & 0o777 == 0o700
    assert state_directory(os.environ, system=home / "none") == home / ".local/state/ravatard"


@pytest.mark.parametrize("name", ["HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"])
def test_what_leads_to_a_home_leads_to_the_one_of_this_test(name: str) -> None:
    assert Path(os.environ[name]).is_relative_to(Path.home())


@pytest.mark.parametrize(
    "name",
    [
        "RAVATARD_BOARD",
        "GPIOZERO_PIN_FACTORY",
        "NOTIFY_SOCKET",
        "XDG_DATA_DIRS",
        "http_proxy",
        "HTTPS_PROXY",
        "LC_ALL",
        "COLUMNS",
        "NO_COLOR",
        "TZ",
        "MAKEFLAGS",
        "GIT_DIR",
        "NETRC",
        "PYTHONWARNINGS",
        "PYTHONDONTWRITEBYTECODE",
    ],
)
def test_a_variable_of_another_is_foreign(name: str) -> None:
    assert is_foreign(name)
    assert name not in os.environ


@pytest.mark.parametrize(
    "name", ["PATH", "PYTHONPATH", "HOME", "ALSA_CONFIG_PATH", "PIP_INDEX_URL", "SSL_CERT_FILE"]
)
def test_a_variable_of_the_machine_is_not(name: str) -> None:
    assert not is_foreign(name)


def test_the_secrets_of_an_appliance_on_this_machine_are_not_seen() -> None:
    assert credentials.STORE.is_relative_to(Path.home())
    assert "CREDENTIALS_DIRECTORY" not in credentials.with_credentials({})


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_home_that_something_was_put_into_is_not_given_to_the_next(turn: int) -> None:
    home = Path.home()

    assert [entry.name for entry in home.iterdir()] == ["run"]
    assert list((home / "run").iterdir()) == []
    if turn == 1:
        (home / ".asoundrc").touch()
    else:
        (home / "run" / "pulse").mkdir()


def test_a_home_that_is_gone_or_open_to_others_is_replaced(tmp_path: Path) -> None:
    homes = Homes(tmp_path)
    first, _ = homes.empty()
    assert homes.empty()[0] == first

    (first / "run").chmod(0o755)
    second, _ = homes.empty()
    (second / "run").rmdir()
    third, variables = homes.empty()

    assert len({first, second, third}) == 3
    assert variables["HOME"] == str(third)


@pytest.mark.parametrize("turn", [1, 2])
def test_no_handler_of_an_earlier_test_is_left(turn: int) -> None:
    assert not [one for one in logging.getLogger().handlers if type(one).__module__.startswith("ravatard")]

    logs.configure(logs.LogOptions(), under_systemd=False)


@pytest.mark.slow
def test_a_suite_started_among_other_peoples_things_does_not_see_them(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    (tmp_path / "test_looking.py").write_text(
        "import os\n"
        "from pathlib import Path\n\n"
        "def test_it_is_at_home() -> None:\n"
        "    seen = [f'{name}={value}' for name, value in os.environ.items()]\n"
        "    assert [one for one in seen if 'planted' in one or 'developers-own' in one] == []\n"
        "    assert os.environ['LANG'] == 'C.UTF-8'\n"
        "    assert Path.home().is_dir()\n"
    )

    done = another_suite(tmp_path, pytestconfig.rootpath, PLANTED)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_suite_started_in_the_background_with_a_closed_umask_has_those_of_a_shell(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    (tmp_path / "test_looking.py").write_text(
        "import os, signal, subprocess\n"
        "from pathlib import Path\n\n"
        "def test_umask_and_signals(tmp_path: Path) -> None:\n"
        "    (tmp_path / 'a').touch()\n"
        "    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o644\n"
        "    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "    for one in ('HUP', 'TERM', 'QUIT', 'CHLD', 'USR1'):\n"
        "        assert signal.getsignal(getattr(signal, 'SIG' + one)) == signal.SIG_DFL\n"
        "    assert subprocess.run(['sh', '-c', 'exit 3']).returncode == 3\n"
        "    assert subprocess.run(['sh', '-c', 'kill -TERM $$']).returncode == -15\n"
    )
    ignoring = ("sh", "-c", "umask 077; trap '' HUP INT QUIT TERM CHLD USR1; exec \"$@\"", "sh")

    done = another_suite(tmp_path, pytestconfig.rootpath, {}, ignoring)

    assert done.returncode == 0, done.stdout + done.stderr


def another_suite(
    folder: Path, root: Path, environ: dict[str, str], launcher: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the tests in ``folder`` with our own conftest."""
    pytest_alone = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest")
    return subprocess.run(
        [*launcher, *pytest_alone, f"--rootdir={folder}", "-c", os.devnull, "test_looking.py"],
        cwd=folder,
        env=dict(os.environ) | environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
