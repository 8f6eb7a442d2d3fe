from __future__ import annotations

import asyncio
import os
import sys

import pytest

from ravatard.devices.microphone.child import MicrophoneChild, worker_command
from ravatard.devices.microphone.protocol import ListDevices
from ravatard.devices.process.child import (
    SLIM_CONFIG,
    child_environ,
    group_is_running,
    last_lines,
)
from ravatard.errors import DeviceError


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


def test_a_sound_process_takes_no_module_from_the_folder_it_is_started_in() -> None:
    assert worker_command() == [sys.executable, "-P", "-m", "ravatard.devices.microphone.worker"]


def test_a_group_runs_as_long_as_one_of_its_processes_does() -> None:
    # proc(5): no process has a number beyond 2^22.
    assert group_is_running(os.getpgrp())
    assert not group_is_running(2**22 + 1)


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        (b"", ""),
        (b"\n  \n", ""),
        (
            b"ALSA lib pcm_dsnoop.c:641:(snd_pcm_dsnoop_open) unable to open slave\n",
            "ALSA: unable to open slave",
        ),
        (
            b"jack server is not running or cannot be started\nJackShmReadWritePtr::~JackShmReadWritePtr\n"
            b"Cannot connect to server socket err = No such file or directory\n",
            "",
        ),
        (b"Cannot create thread res = 1\nCannot create message buffer\n", ""),
        (b"again\nagain\nagain\n", "again"),
        (b"one\ntwo\nthree\nfour\n", "two; three; four"),
        (b"cut off: \xff\xfe\n", "cut off: \ufffd\ufffd"),
    ],
)
def test_noise_becomes_one_line(printed: bytes, line: str) -> None:
    assert last_lines(printed) == line


async def test_an_interpreter_that_is_gone_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")

    with pytest.raises(DeviceError, match="cannot be started: No such file"):
        MicrophoneChild({}, ListDevices())
    await asyncio.sleep(0)
