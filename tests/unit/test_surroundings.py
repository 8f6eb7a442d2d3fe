"""No test sees anything of the person or service that started the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ravatard.host.state import state_directory
from tests.surroundings import is_foreign

#: Planted where a developer, a desktop and a service manager would have theirs.
PLANTED = {
    "RAVATARD_SERVICE__PROJECT_ID": "the-developers-own",
    "STATE_DIRECTORY": "/planted/state",
    "CREDENTIALS_DIRECTORY": "/planted/credentials",
    "XDG_STATE_HOME": "/planted/xdg-state",
    "XDG_DATA_DIRS": "/planted/data",
    "HOME": "/planted/home",
    "PULSE_SERVER": "unix:/planted/pulse",
}


def test_the_home_is_new_and_empty() -> None:
    home = Path.home()

    assert [entry.name for entry in home.iterdir()] == ["run"]
    assert (home / "run").stat().st_mode & 0o777 == 0o700
    assert state_directory(os.environ, system=home / "none") == home / ".local/state/ravatard"


@pytest.mark.parametrize("name", ["HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"])
def test_what_leads_to_a_home_leads_to_the_one_of_this_test(name: str) -> None:
    assert Path(os.environ[name]).is_relative_to(Path.home())


@pytest.mark.parametrize("name", ["RAVATARD_BOARD", "GPIOZERO_PIN_FACTORY", "NOTIFY_SOCKET", "XDG_DATA_DIRS"])
def test_a_variable_of_another_is_foreign(name: str) -> None:
    assert is_foreign(name)
    assert name not in os.environ


@pytest.mark.parametrize("name", ["PATH", "LANG", "PYTHONPATH", "HOME", "ALSA_CONFIG_PATH"])
def test_a_variable_of_the_machine_is_not(name: str) -> None:
    assert not is_foreign(name)


def test_a_suite_started_among_other_peoples_things_does_not_see_them(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    (tmp_path / "test_looking.py").write_text(
        "import os\n"
        "from pathlib import Path\n\n"
        "def test_it_is_at_home() -> None:\n"
        "    seen = [f'{name}={value}' for name, value in os.environ.items()]\n"
        "    assert [one for one in seen if 'planted' in one or 'developers-own' in one] == []\n"
        "    assert Path.home().is_dir()\n"
    )
    root = pytestconfig.rootpath
    pytest_alone = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest")

    done = subprocess.run(
        [*pytest_alone, f"--rootdir={tmp_path}", "-c", os.devnull, "test_looking.py"],
        cwd=tmp_path,
        env=dict(os.environ) | PLANTED | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
