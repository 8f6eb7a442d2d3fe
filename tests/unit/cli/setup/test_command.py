"""The last line of the set-up: the command that puts the settings to use."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import pytest

from ravatard.cli.setup.boot import add_arguments as add_boot_arguments
from ravatard.cli.setup.command import add_arguments, to_use
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


def test_the_command_finds_secrets_that_were_written_elsewhere() -> None:
    command = to_use(Path("own.yaml"), Path("/srv/my secrets"), restart=False)

    assert command == "CREDENTIALS_DIRECTORY='/srv/my secrets' ravatard run --config own.yaml"


@pytest.mark.parametrize("add", [add_arguments, add_boot_arguments])
def test_both_set_ups_write_the_file_that_the_daemon_reads(add: Callable[[ArgumentParser], None]) -> None:
    """The command line names it without loading the schema, so that it is written down twice."""
    parser = ArgumentParser()
    add(parser)

    assert parser.parse_args([]).config == DEFAULT_PATH
