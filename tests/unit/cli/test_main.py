"""The ``ravatard`` command: which sub-command runs, and how each end looks from outside."""

from __future__ import annotations

import argparse
import io
import logging
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from ravatard import __version__
from ravatard.cli import COMMANDS, main
from ravatard.errors import ConfigError, DeviceError, InternalError, LinkTimeout, MoneyError, RavatardError
from ravatard.exit_status import ExitStatus


class _FakeCommand(ModuleType):
    """A sub-command that does what the test says and keeps what it was given."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.given: argparse.Namespace | None = None
        self.act: Callable[[], int] = lambda: 0

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--loud", action="store_true")

    def run(self, arguments: argparse.Namespace) -> int:
        self.given = arguments
        return self.act()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> _FakeCommand:
    """The registered sub-command ``make-tea``."""
    fake = _FakeCommand("ravatard.cli.make_tea")
    monkeypatch.setitem(COMMANDS, "make-tea", "put the kettle on")
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return fake


def _failing(error: BaseException) -> Callable[[], int]:
    def act() -> int:
        raise error

    return act


def test_a_command_gets_its_arguments_and_gives_the_exit_status(command: _FakeCommand) -> None:
    command.act = lambda: 3

    status = main(["make-tea", "--loud"])

    assert status == 3
    assert command.given is not None
    assert command.given.loud


def test_without_arguments_the_process_own_are_taken(
    command: _FakeCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ravatard", "make-tea"])

    assert main() == 0
    assert command.given is not None


@pytest.mark.usefixtures("command")
def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    shown = capsys.readouterr().out
    assert caught.value.code == 0
    assert all(name in shown for name in COMMANDS)


@pytest.mark.usefixtures("command")
def test_help_of_a_command_names_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["make-tea", "--help"])

    shown = capsys.readouterr().out
    assert caught.value.code == 0
    assert "Put the kettle on." in shown
    assert "--loud" in shown


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out == f"ravatard {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["brew-coffee"], ["make-tea", "--quiet"], ["--loud"]])
@pytest.mark.usefixtures("command")
def test_a_wrong_command_line_is_explained_with_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    captured = capsys.readouterr()
    assert caught.value.code == 2
    assert captured.err.startswith("usage: ravatard")
    assert "Traceback" not in captured.err


def test_only_the_named_command_is_imported(command: _FakeCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    # None in sys.modules makes an import fail.
    for other in set(COMMANDS) - {"make-tea"}:
        monkeypatch.setitem(sys.modules, f"ravatard.cli.{other}", None)

    assert main(["make-tea"]) == 0
    assert command.given is not None


def test_a_wrong_configuration_ends_with_status_78(
    command: _FakeCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    command.act = _failing(ConfigError("gate.mode: found 'loud'"))

    status = main(["make-tea"])

    captured = capsys.readouterr()
    assert status == ExitStatus.CONFIG
    assert captured.err == "ravatard: gate.mode: found 'loud'\n"
    assert captured.out == ""


@pytest.mark.parametrize(
    "error",
    [
        RavatardError("it failed"),
        DeviceError("it failed"),
        LinkTimeout("it failed", retry_after_s=5),
        MoneyError("it failed"),
    ],
)
def test_any_other_failure_is_one_sentence_with_status_1(
    command: _FakeCommand, capsys: pytest.CaptureFixture[str], error: RavatardError
) -> None:
    command.act = _failing(error)

    status = main(["make-tea"])

    captured = capsys.readouterr()
    assert status == ExitStatus.FAILED
    assert captured.err == "ravatard: it failed\n"


def test_an_interrupt_ends_with_the_shells_status(command: _FakeCommand) -> None:
    command.act = _failing(KeyboardInterrupt())

    assert main(["make-tea"]) == 130


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), InternalError("stuck"), ExceptionGroup("x", [ValueError()])]
)
def test_a_bug_is_told_through_the_log_and_asks_for_a_restart(
    command: _FakeCommand, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    command.act = _failing(error)

    assert main(["make-tea"]) == ExitStatus.BUG

    assert "a bug of its own" in caplog.text
    assert type(error).__name__ in caplog.text


def test_a_bug_before_logging_is_set_up_is_not_hidden(
    command: _FakeCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    command.act = _failing(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        main(["make-tea"])


def test_several_problems_are_several_lines_each_with_the_programs_name(
    command: _FakeCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    command.act = _failing(ConfigError("one\ntwo"))

    main(["make-tea"])

    assert capsys.readouterr().err == "ravatard: one\nravatard: two\n"


@pytest.mark.parametrize(
    "error",
    [
        BrokenPipeError(),
        ExceptionGroup("stages", [ExceptionGroup("hub", [BrokenPipeError()]), BrokenPipeError()]),
    ],
    ids=["alone", "in a group"],
)
def test_a_reader_that_went_away_is_no_traceback(
    command: _FakeCommand, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Closing:
        closed = False

        def close(self) -> None:
            self.closed = True

    stderr = Closing()
    monkeypatch.setattr(sys, "stderr", stderr)
    command.act = _failing(error)

    status = main(["make-tea"])

    assert status == ExitStatus.FAILED
    assert stderr.closed


def test_a_reader_that_went_away_before_the_end_is_no_traceback(
    command: _FakeCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short output is written at the end, outside of the command."""

    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    assert main(["make-tea"]) == ExitStatus.FAILED
