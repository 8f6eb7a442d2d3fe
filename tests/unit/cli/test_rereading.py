"""A configuration that is read again: for a reload, and before a restart."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from ravatard.cli.rereading import check_start, restart_refusal, told_issuers
from ravatard.cloud.network.trust import Issuers, issuers_in
from ravatard.errors import ConfigError
from tests.unit.cloud.network.test_trust import FIRM


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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (FIRM, ""),
        (FIRM + FIRM, "the new content of network.ca waits for a restart"),
        ("", "cannot be used (it is empty)"),
        ("no certificate", "cannot be used (no certificate is in it)"),
        (None, "is no file"),
    ],
)
def test_a_file_of_issuers_that_has_changed_since_the_start_is_told(
    content: str | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "firm.pem"
    file.write_text(FIRM)
    started = issuers_in(str(file))
    file.unlink()
    if content is not None:
        file.write_text(content)

    told = told_issuers(str(file), started)

    assert said in told
    assert bool(said) == bool(told)
    assert told.endswith("without that the next start fails") == ("network.ca: " in told)


def test_without_a_file_of_issuers_nothing_is_told() -> None:
    assert told_issuers(None, Issuers()) == ""
