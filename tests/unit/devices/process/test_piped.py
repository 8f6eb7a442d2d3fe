from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ravatard.devices.process.piped import SLIM_CONFIG, child_environ, sound_command


def test_a_sound_process_finds_the_slim_configuration_and_no_jack_server() -> None:
    environment = child_environ({"HOME": "/home/ada"}, slim=True)

    assert environment == {
        "HOME": "/home/ada",
        "ALSA_CONFIG_PATH": str(SLIM_CONFIG),
        "JACK_NO_START_SERVER": "1",
        "PA_ALSA_PLUGHW": "1",
    }


def test_what_the_daemon_was_given_is_not_overruled() -> None:
    given = {"ALSA_CONFIG_PATH": "/etc/mine.conf", "PA_ALSA_PLUGHW": "0"}

    environment = child_environ(given, slim=True)

    assert environment["ALSA_CONFIG_PATH"] == "/etc/mine.conf"
    assert environment["PA_ALSA_PLUGHW"] == "0"


@pytest.mark.parametrize(
    "name",
    [
        "RAVATARD_SERVICE__PROJECT_ID",
        "RAVATARD_BOARD",
        "CREDENTIALS_DIRECTORY",
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
        "LISTEN_FDS",
    ],
)
def test_settings_credentials_and_systemd_are_for_the_daemon_alone(name: str) -> None:
    kept = {"PULSE_SERVER": "unix:/run/pulse", "PATH": "/usr/bin", "XDG_RUNTIME_DIR": "/run/user/1000"}

    environment = child_environ({name: "a-secret", **kept}, slim=False)

    assert name not in environment
    assert environment.items() >= kept.items()


def test_without_slim_the_machines_own_configuration_is_used() -> None:
    assert "ALSA_CONFIG_PATH" not in child_environ({}, slim=False)


def test_the_slim_configuration_is_part_of_the_package_and_has_a_default_device() -> None:
    text = SLIM_CONFIG.read_text()

    for name in ("pcm.hw", "pcm.plughw", "pcm.default", "ctl.hw", "ctl.default"):
        assert f"\n{name} " in text


def test_a_sound_process_takes_no_module_from_the_folder_it_is_started_in(tmp_path: Path) -> None:
    (tmp_path / "ravatard").mkdir()
    (tmp_path / "ravatard/__init__.py").write_text("raise SystemExit('taken from the folder')")
    command = sound_command("ravatard.errors")

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)

    # That module has no main: it was found, and is the installed one.
    assert "taken from the folder" not in ended.stderr
    assert "module 'ravatard.errors' has no attribute 'main'" in ended.stderr


def test_a_sound_process_finds_what_the_daemon_finds_without_the_folders_of_its_site(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    (tmp_path / "stand_in.py").write_text(
        "import json, sys, yaml\n"
        "def main():\n"
        f"    json.dump([sys.prefix, 'site' in sys.modules, yaml.__file__], open({str(told)!r}, 'w'))\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(tmp_path)])
        command = sound_command("stand_in")

    subprocess.run(command, cwd=tmp_path, timeout=30, check=True, env={"PATH": os.environ["PATH"]})

    prefix, site, found = json.loads(told.read_text())
    assert prefix == sys.prefix
    assert not site
    assert found.startswith(sys.prefix)
