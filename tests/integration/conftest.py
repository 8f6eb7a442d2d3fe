"""A microphone for a machine without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.virtual_audio import VirtualAudio, missing


@pytest.fixture
def audio(tmp_path: Path) -> Iterator[VirtualAudio]:
    """A virtual USB microphone behind PulseAudio and ALSA; without those the test is skipped, and says so."""
    if lacks := missing():
        pytest.skip(f"virtual sound needs {', '.join(lacks)}")
    folder = tmp_path / "audio"
    folder.mkdir()
    with VirtualAudio(folder) as virtual:
        yield virtual
