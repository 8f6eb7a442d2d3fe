"""``ravatard status`` and ``ravatard id`` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.cli.status.command import _seconds
from ravatard.exit_status import ExitStatus
from ravatard.host.identity import appliance_id


def test_the_id_is_that_of_every_other_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["id"]) == 0
    assert capsys.readouterr().out == f"{appliance_id()}\n"


def test_waiting_for_a_daemon_that_does_not_come_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["status", "--wait", "working", "--timeout", "0", "--socket", str(tmp_path / "none.sock")]

    assert main(words) == ExitStatus.FAILED
    assert "does not run" in capsys.readouterr().err


def test_watching_and_waiting_are_two_things() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["status", "--wait", "working", "--watch"])

    assert caught.value.code == 2


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon", ""])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        _seconds(text)
