"""A configuration that is read again: for a reload, and before a restart."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from ravatard.cli.rereading import check_start, restart_refusal
from ravatard.errors import ConfigError


def command_line(folder: Path, settings: str) -> Namespace:
    file = folder / "ravatard.yaml"
    file.write_text(settings)
    return Namespace(config=file, simulate=False)


async def nothing_starts_it() -> str:
    return "it was started by hand"


async def test_where_nothing_would_start_it_again_the_settings_are_not_looked_at(tmp_path: Path) -> None:
    arguments = command_line(tmp_path, "no: settings")

    refusal = restart_refusal(nothing_starts_it, arguments, {})

    assert await refusal() == "it was started by hand"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("session: {idle_s: soon}", "session.idle_s"),
        ("sesion: {}", "sesion"),
        ("microphone: {wav: no-such-file.wav}", "no-such-file.wav"),
    ],
)
def test_settings_with_which_it_would_not_start_are_named(settings: str, named: str, tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": str(tmp_path), "HOME": str(tmp_path)}

    with pytest.raises(ConfigError, match=named):
        check_start(command_line(tmp_path, settings), environ)
