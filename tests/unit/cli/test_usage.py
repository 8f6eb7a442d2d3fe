"""What a command line is answered with: help in groups, and the nearest name for a slip."""

from __future__ import annotations

import json
import os
import platform
import sys

import pytest

from ravatard import __version__
from ravatard.cli import COMMANDS, main
from ravatard.cli.usage import GROUPS, MainParser


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Exit status and both outputs of a command line that starts nothing."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


@pytest.mark.parametrize(
    ("line", "usage", "says"),
    [
        ("doctr", "ravatard", "ravatard: error: there is no command 'doctr'; did you mean doctor?"),
        ("unmutee", "ravatard", "there is no command 'unmutee'; did you mean unmute?"),
        ("zzz", "ravatard", "there is no command 'zzz'; `ravatard --help` lists all"),
        ("start", "ravatard", "there is no command 'start'; type: sudo systemctl start ravatard"),
        ("logs", "ravatard", "there is no command 'logs'; type: journalctl -u ravatard"),
        ("help nix", "ravatard", "there is no command 'nix'; `ravatard --help` lists all"),
        (
            "status --wach",
            "ravatard status",
            "ravatard status: error: unknown option --wach; did you mean --watch?",
        ),
        ("status --jsn=1", "ravatard status", "unknown option --jsn; did you mean --json?"),
        ("mute --zzz", "ravatard mute", "ravatard mute: error: unknown option --zzz"),
        ("mute now", "ravatard mute", "ravatard mute: error: unexpected argument 'now'"),
        ("config chek", "ravatard config", "there is no config command 'chek'; did you mean check?"),
        (
            "config zzz",
            "ravatard config",
            "there is no config command 'zzz'; there are: check, show, get, set, unset, diff, edit, "
            "reference, migrate",
        ),
        ("config check --conf", "ravatard config check", "argument --config: expected one argument"),
        (
            "config check --konfig x",
            "ravatard config check",
            "unknown option --konfig; did you mean --config?",
        ),
        ("config", "ravatard config", "required: {check,show,get,set,unset,diff,edit,reference,migrate}"),
        ("board", "ravatard board", "required: {list,show,test}"),
        ("--loud status", "ravatard", "unknown option --loud"),
    ],
)
def test_a_slip_is_answered_under_the_commands_own_usage(
    capsys: pytest.CaptureFixture[str], line: str, usage: str, says: str
) -> None:
    status, out, err = answer(capsys, *line.split())

    assert (status, out) == (2, "")
    assert err.startswith(f"usage: {usage} [")
    assert says in err


def test_the_name_alone_is_answered_with_the_commands_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was done, so a script gets the status of a wrong line."""
    status, out, err = answer(capsys)

    assert (status, out) == (2, "")
    assert "\n  Try:          demo, chat, simulate\n" in err
    assert "\n  Trouble:      doctor, support-bundle, replay, end-sessions\n" in err
    assert all(name in err for name in COMMANDS)
    assert max(map(len, err.splitlines())) <= 80


def test_help_is_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = answer(capsys, "--help")

    assert status == 0
    assert [line for line in out.splitlines() if line.endswith(":")] == [
        "Try:",
        "Set up:",
        "Every day:",
        "Trouble:",
        "For programs:",
        "Help:",
        "Options:",
    ]
    assert "\n  run              run the voice appliance\n" in out
    assert "\n  avatars          list your avatars\n" in out
    assert "\n  status           show the state of the running appliance\n" in out


def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "help")[1] == answer(capsys, "--help")[1]
    assert answer(capsys, "help", "status")[1] == answer(capsys, "status", "--help")[1]
    assert answer(capsys, "help", "config", "edit")[1].startswith("usage: ravatard config edit ")


def test_every_command_is_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]

    assert sorted([*grouped, "help", "version"]) == sorted(COMMANDS)


def test_a_command_of_no_group_is_shown_all_the_same() -> None:
    assert (
        "\nHelp:\n  make-tea  put the kettle on\n"
        in MainParser({"make-tea": "put the kettle on"}).format_help()
    )


def test_the_version_has_a_letter_and_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "-V") == (0, f"ravatard {__version__}\n", "")
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith(f"ravatard {__version__} (Python 3.")


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (["-v", "avatars"], "debug"),
        (["avatars", "--verbose"], "debug"),
        (["--quiet", "avatars"], "error"),
        (["-v", "avatars", "-q"], "error"),
        (["avatars"], "warning"),
    ],
)
def test_the_log_level_may_stand_before_and_after_the_command(
    monkeypatch: pytest.MonkeyPatch, words: list[str], level: str
) -> None:
    monkeypatch.setenv("RAVATARD_LOGGING__LEVEL", "warning")
    monkeypatch.setattr("ravatard.cli.directory.run", lambda _: 0)

    assert main(words) == 0
    assert os.environ["RAVATARD_LOGGING__LEVEL"] == level


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_text_is_idiomatic(capsys: pytest.CaptureFixture[str], name: str) -> None:
    _, out, _ = answer(capsys, name, "--help")

    for odd in (
        "the one there is",
        "the one found",
        "go on",
        "at most so many",
        "after so long",
        "instead of people",
        "for programs",
        "there are for you",
    ):
        assert odd not in " ".join(out.split())


@pytest.mark.parametrize("line", ["version --json", "--version --json", "--json -V"])
def test_the_version_is_told_to_programs(capsys: pytest.CaptureFixture[str], line: str) -> None:
    assert main(line.split()) == 0

    found = json.loads(capsys.readouterr().out)
    assert found == {
        "schema": 1,
        "version": __version__,
        "python": platform.python_version(),
        "installation": sys.prefix,
    }
