"""A microphone for a machine without one, and a runtime directory for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.virtual_audio import VirtualAudio, missing


@pytest.fixture(autouse=True)
def runtime_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the daemons of this test put their control socket: two tests at once must not meet there."""
    directory = tmp_path / "run"
    directory.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(directory))
    return directory


@pytest.fixture
def audio(tmp_path: Path) -> Iterator[VirtualAudio]:
    """A virtual USB microphone behind PulseAudio and ALSA; without those the test is skipped, and says so."""
    if lacks := missing():
        pytest.skip(f"virtual sound needs {', '.join(lacks)}")
    folder = tmp_path / "audio"
    folder.mkdir()
    with VirtualAudio(folder) as virtual:
        yield virtual
