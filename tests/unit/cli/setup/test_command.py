"""The last line of the set-up: the command that puts the settings to use."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.setup.command import to_use
from ravatard.config import DEFAULT_PATH


@pytest.mark.parametrize(
    ("config", "restart", "command"),
    [
        (DEFAULT_PATH, False, "sudo systemctl restart ravatard"),
        (DEFAULT_PATH, True, "sudo reboot"),
        (Path("my own.yaml"), False, "ravatard run --config 'my own.yaml'"),
    ],
)
def test_the_command_is_that_of_the_file(config: Path, restart: bool, command: str) -> None:
    """With --config the service was to be restarted, which reads another file."""
    assert to_use(config, restart=restart) == command
