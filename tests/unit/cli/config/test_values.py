"""``ravatard config get``, ``set`` and ``unset``."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ravatard.cli import main

SECRET = "hush-hush-4711"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    config = tmp_path / "etc" / "ravatard.yaml"
    config.parent.mkdir()
    config.write_text("gate: {longest_s: 20}\n")

    def ran(what: str, *words: str) -> tuple[int, str, str]:
        status = main(["config", what, *words, "--config", str(config), "--state", str(tmp_path / "state")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return ran


def test_a_setting_is_saved_and_got(run: Run) -> None:
    assert run("set", "gate.longest_s", "30") == (
        0,
        "gate.longest_s: 20.0 -> 30.0; a restart of `ravatard run` applies it\n",
        "",
    )

    assert run("get", "gate.longest_s") == (0, "30.0\n", "")
    found = json.loads(run("get", "gate.longest_s", "--json")[1])
    assert (found["source"], found["unit"], found["needs"]) == ("page", "s", "restart")


def test_a_setting_that_is_taken_away_has_the_files_value(run: Run) -> None:
    run("set", "gate.longest_s", "30")

    assert run("unset", "gate.longest_s")[1].startswith("gate.longest_s: 30.0 -> 20.0;")
    assert run("unset", "gate.longest_s")[1] == "saved; nothing else is in effect than before\n"


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("gate.toggle", "yes", "true"),
        ("session.keep", "always", "always"),
        ("gate.silence_ms", "700", "700"),
        ("service.avatar", "Ada: the # first", "Ada: the # first"),
        ("earcons.volume_db", "-12", "-12.0"),
    ],
)
def test_a_value_is_written_as_in_a_file(run: Run, key: str, value: str, shown: str) -> None:
    assert run("set", key, value)[0] == 0

    assert run("get", key)[1] == f"{shown}\n"


def test_an_empty_value_unsets_an_optional_setting(run: Run) -> None:
    run("set", "gate.silence_ms", "700")

    assert run("set", "gate.silence_ms", "")[1].startswith("gate.silence_ms: 700 -> (unset);")
    assert run("get", "gate.silence_ms")[1] == "\n"


def test_a_reload_is_named_where_it_is_enough(run: Run) -> None:
    assert "`ravatard reload` applies it" in run("set", "session.keep", "always")[1]


def test_settings_that_need_each_other_are_saved_together(run: Run) -> None:
    assert run("set", "quiet.from", "22:00")[0] == 1

    assert run("set", "quiet.from", "22:00", "quiet.to", "07:00")[0] == 0

    assert run("get", "quiet.to")[1] == "07:00\n"
    assert run("unset", "quiet.from", "quiet.to")[0] == 0
    assert run("get", "quiet.to")[1] == "\n"


def test_of_settings_that_are_set_together_a_wrong_one_leaves_all_as_they_were(run: Run) -> None:
    status, _, error = run("set", "gate.longest_s", "30", "gate.silence_ms", "soon")

    assert status == 1
    assert "gate.silence_ms: found 'soon'" in error
    assert run("get", "gate.longest_s")[1] == "20.0\n"


@pytest.mark.parametrize(
    ("further", "said"),
    [(("quiet.to",), "quiet.to has no value"), (("gate.longest_s", "40"), "a key is there twice")],
)
def test_a_line_of_pairs_that_is_wrong_saves_nothing(run: Run, further: tuple[str, ...], said: str) -> None:
    status, _, error = run("set", "gate.longest_s", "30", *further)

    assert status == 2
    assert said in error
    assert run("get", "gate.longest_s")[1] == "20.0\n"


@pytest.mark.parametrize("key", ["service.avatar", "page.names", "kiosk.contact", "gate.longest_s"])
def test_bytes_that_are_no_text_are_refused_in_a_sentence(run: Run, key: str) -> None:
    status, out, said = run("set", "gate.silence_ms", "700", key, "[\udcff]")

    assert (status, out) == (78, "")
    assert f"{key}: found bytes that are no UTF-8" in said
    assert run("get", "gate.silence_ms")[1] == "\n", "nothing is saved"


def test_a_section_shows_all_its_settings(run: Run) -> None:
    status, out, _ = run("get", "quiet")

    assert status == 0
    assert out.startswith("quiet.from: (unset)\nquiet.to: (unset)\n")
    assert [one["key"] for one in json.loads(run("get", "quiet", "--json")[1])["settings"]][:2] == [
        "quiet.from",
        "quiet.to",
    ]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("page.listen", "lan", "it says how this appliance is reached"),
        ("mqtt.password", "-", "it is a secret that lets others reach this appliance"),
        ("microphone.command", "arecord", "it names a program"),
    ],
)
def test_the_refusal_of_a_local_setting_says_what_it_is(
    run: Run, key: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a password\n"))

    assert why in run("set", key, value)[2]


def test_a_wrong_value_is_refused(run: Run) -> None:
    status, out, error = run("set", "gate.longest_s", "1000")

    assert (status, out) == (1, "")
    assert "gate.longest_s: found '1000'; allowed: a number from 1 to 120 s" in error


@pytest.mark.parametrize(
    "what", [("set", "gate.longest", "3"), ("get", "gate.longest"), ("unset", "gate.longest")]
)
def test_an_unknown_setting_is_refused_with_the_likely_one(run: Run, what: tuple[str, ...]) -> None:
    status, _, error = run(*what)

    assert status == 1
    assert "did you mean gate.longest_s?" in error


def test_a_local_setting_is_refused_with_the_file_to_edit(run: Run, tmp_path: Path) -> None:
    status, _, error = run("set", "microphone.command", "arecord -q")

    assert status == 1
    assert f"write it in {tmp_path}/etc/ravatard.yaml (`ravatard config edit --config " in error


def test_a_secret_is_no_word_of_a_command(run: Run) -> None:
    status, out, error = run("set", "service.project_id", SECRET)

    assert status == 1
    assert "write `ravatard config set service.project_id -`" in error
    assert SECRET not in out + error


def test_a_secret_is_typed_and_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))

    status, out, error = run("set", "service.project_id", "-")

    assert (status, error) == (0, "")
    assert out.startswith("service.project_id: (unset) -> (set);")
    assert run("get", "service.project_id")[1] == "(set)\n"


def test_a_list_is_shown_as_it_is_written(run: Run) -> None:
    assert run("get", "kiosk.users")[1] == "[ravatard-kiosk]\n"


@pytest.mark.parametrize("mode", [(), ("gate.mode", "wakeword")])
def test_a_wake_word_that_cannot_be_recognised_is_saved_with_a_warning(
    run: Run, mode: tuple[str, ...]
) -> None:
    status, said, _ = run("set", "wakeword.word", "Hey Jarwis", *mode)

    assert status == 0
    (warning,) = [line for line in said.splitlines() if line.startswith("warning: ")]
    assert warning.startswith("warning: no wake word: ")
    assert ("any voice" in warning) is bool(mode)


def test_settings_beside_the_wake_word_are_saved_without_a_look_at_it(run: Run) -> None:
    run("set", "wakeword.word", "nope")

    assert "warning" not in run("set", "gate.silence_ms", "700")[1]
    assert "warning" not in run("unset", "wakeword.word")[1]
