"""Home Assistant's own MQTT integration takes the discovery message, and drops nothing of it.

It needs a Python of its own, such as 3.13 with ``pip install homeassistant==2026.2.3 paho-mqtt``; the test
runs where HOME_ASSISTANT_PYTHON names that program.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ravatard.core.homeassistant.discovery import DeviceFacts, discovery_message
from ravatard.core.homeassistant.topics import Topics

PYTHON = os.environ.get("HOME_ASSISTANT_PYTHON", "")
SCRIPT = Path(__file__).with_name("home_assistant_schema.py")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not PYTHON, reason="HOME_ASSISTANT_PYTHON names no Python with Home Assistant"),
]


def test_its_schema_takes_every_component() -> None:
    facts = DeviceFacts("Kitchen avatar", "1.2.3", "Raspberry Pi 4", installs=True)
    message = discovery_message(Topics("ravatard", "ravatard-0123456789abcdef"), facts)

    judged = subprocess.run([PYTHON, SCRIPT], input=message, capture_output=True, timeout=60, check=False)

    lines = [line.split() for line in judged.stdout.decode().splitlines()]
    assert judged.returncode == 0, judged.stderr.decode()
    assert [key for key, _, _, enabled in lines if enabled == "False"] == ["restart", "minutes", "heat"]
    assert len(lines) == 15
