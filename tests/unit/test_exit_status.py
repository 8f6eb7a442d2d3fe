"""Exit statuses: their numbers are what scripts compare with, and the administrators' page lists them."""

from __future__ import annotations

import pytest

from ravatard.cli import COMMANDS
from ravatard.exit_status import OWN_MEANINGS, ExitStatus, as_markdown, in_help
from tests.house.source import ROOT


def test_the_numbers_are_those_that_scripts_know() -> None:
    assert {one.name: int(one) for one in ExitStatus} == {
        "DONE": 0,
        "FAILED": 1,
        "MISUSED": 2,
        "DEGRADED": 3,
        "BUG": 70,
        "CONFIG": 78,
        "INTERRUPTED": 130,
    }


def test_every_command_of_the_table_exists() -> None:
    assert {name.split()[0] for name in OWN_MEANINGS} <= COMMANDS.keys()


def test_the_administrators_page_has_the_table() -> None:
    page = (ROOT / "systemd" / "README.md").read_text(encoding="utf-8")

    assert as_markdown() in page, "put what ravatard.exit_status.as_markdown() returns into systemd/README.md"


@pytest.mark.parametrize("name", OWN_MEANINGS)
def test_help_says_each_number_with_its_meaning(name: str) -> None:
    sentence = in_help(name)

    assert all(f"{status:d}: {text}" in sentence for status, text in OWN_MEANINGS[name].items())
