"""A file of answers: the configuration's form, and a section for what is no setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.setup.answers_file import HELP, AnswersFile, read_answers
from ravatard.errors import ConfigError


def read(folder: Path, text: str) -> AnswersFile:
    path = folder / "answers.yaml"
    path.write_text(text, encoding="utf-8")
    return read_answers(path)


def test_a_file_without_the_section_is_what_it_always_was(tmp_path: Path) -> None:
    answers = read(tmp_path, "board: aiy-voice-hat\nservice: {project_id: abc}\n")

    assert set(answers.wishes.names) == {"board", "service.project_id"}
    assert (answers.config_txt, answers.member) == (False, None)


@pytest.mark.parametrize(
    ("text", "config_txt", "member"),
    [
        ("setup: {config_txt: true, member: pi}", True, "pi"),
        ("setup:\n  config_txt: no\nservice: {language: de}\n", False, None),
        ('{"setup": {"member": "pi"}, "service": {"language": "de"}}', False, "pi"),
    ],
)
def test_the_section_holds_the_steps_and_is_no_setting(
    text: str, config_txt: bool, member: str | None, tmp_path: Path
) -> None:
    answers = read(tmp_path, text)

    assert (answers.config_txt, answers.member) == (config_txt, member)
    assert set(answers.wishes.nodes) <= {"service.language"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("setup: yes", "1: setup: found no keys; write config_txt: or member:, indented below it"),
        ("setup:\n  config: true", "2: setup.'config': unknown key; there are: config_txt, member"),
        ("setup: {config_txt: maybe}", "1: setup.config_txt: write true or false"),
        ("setup: {member: [a, b]}", "1: setup.member: write the login name of one user"),
        ("setup: {member: }", "1: setup.member: write the login name of one user"),
    ],
)
def test_a_mistake_in_the_section_is_named_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)

    assert str(caught.value) == f"{tmp_path}/answers.yaml:{problem}"


def test_mistakes_in_settings_and_steps_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "setup: {config_txt: maybe}\ngate: {mode: loud}\n")

    assert ["setup.config_txt" in str(caught.value), "gate.mode" in str(caught.value)] == [True, True]


def test_the_example_of_the_help_is_a_file_of_answers(tmp_path: Path) -> None:
    example = HELP.split("\n\n")[1].replace("…", "abc")

    answers = read(tmp_path, example)

    assert (answers.config_txt, answers.member) == (True, "pi")
    assert set(answers.wishes.nodes) == {
        "board",
        "service.avatar",
        "service.language",
        "microphone.device",
        "speaker.device",
    }
    assert max(map(len, HELP.splitlines())) <= 80


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a: [", b"#" * 300_000])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"answers\.yaml"):
        read_answers(path)
