"""How mistakes in the configuration are put."""

from __future__ import annotations

import pytest

from ravatard.config.problems import ConfigErrors, Problem, SettingOrigin, shown
from ravatard.errors import ConfigError


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (SettingOrigin(), "default"),
        (SettingOrigin("file", "/etc/a.yaml", 7), "/etc/a.yaml:7"),
        (SettingOrigin("file", "/etc/a.yaml"), "/etc/a.yaml"),
        (SettingOrigin("environment", "RAVATARD_A__B"), "environment RAVATARD_A__B"),
        (SettingOrigin("credential", "ravatard.a.b"), "credential ravatard.a.b"),
    ],
)
def test_an_origin_says_where_to_look(origin: SettingOrigin, words: str) -> None:
    assert str(origin) == words


def test_a_problem_names_place_key_and_remedy() -> None:
    problem = Problem(SettingOrigin("file", "/etc/a.yaml", 7), "gate.mode", "found 'x'; allowed: one of a, b")

    assert str(problem) == "/etc/a.yaml:7: gate.mode: found 'x'; allowed: one of a, b"


def test_a_problem_of_a_whole_file_has_no_key() -> None:
    assert (
        str(Problem(SettingOrigin("file", "/etc/a.yaml"), "", "cannot be read"))
        == "/etc/a.yaml: cannot be read"
    )


def test_all_problems_are_in_the_error_one_a_line() -> None:
    first = Problem(SettingOrigin("file", "/etc/a.yaml", 7), "gate.mode", "wrong")
    second = Problem(SettingOrigin("environment", "RAVATARD_X__Y"), "", "unknown")

    errors = ConfigErrors([first, second])

    assert isinstance(errors, ConfigError)
    assert errors.problems == (first, second)
    assert str(errors).splitlines() == [str(first), str(second)]


def test_what_is_quoted_is_one_short_line_without_secrets() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert shown("x" * 200) == "'" + "x" * 59 + "…'"
    assert "hush" not in shown("wss://host/ws?token=hush")
    assert shown("\x1b[2J") == r"'\x1b[2J'"
