"""File of answers: the form of the configuration, and a section ``setup`` for steps outside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ravatard.config.candidate import Wishes, read_wishes
from ravatard.config.document import DocumentError, Mapping, Node, Scalar, parse, read
from ravatard.config.problems import ConfigErrors, Problem, SettingOrigin, shown
from ravatard.errors import ConfigError

SECTION = "setup"
_CONFIG_TXT, _MEMBER = "config_txt", "member"
_YES_NO = {"true": True, "yes": True, "false": False, "no": False}

HELP = f"""\
The file for --answers looks like the configuration, may contain the secrets,
and may have a section {SECTION}:

  board: respeaker-2mic
  service: {{project_id: "…", avatar: Ada, language: en}}
  microphone: {{device: "USB Mic"}}     # as `ravatard devices` lists it
  speaker: {{device: "USB Speaker"}}
  {SECTION}:
    {_CONFIG_TXT}: true    # add the board's lines to the Pi's config.txt, once
    {_MEMBER}: pi          # lets this user run `ravatard status` without sudo

Settings that the file leaves out keep their values."""


@dataclass(frozen=True, slots=True)
class AnswersFile:
    """Content of a file of answers.

    Attributes:
        wishes: the settings.
        config_txt: the board's lines are to be added to ``config.txt``.
        member: user who is to join the group of the commands; None: none.
    """

    wishes: Wishes
    config_txt: bool = False
    member: str | None = None


def read_answers(path: Path) -> AnswersFile:
    """Return the content of the file.

    Raises:
        ConfigError: it cannot be read, or has mistakes; ConfigErrors has all of them.
    """
    try:
        text = read(path)
        root = parse(text)
    except DocumentError as error:
        raise ConfigError(error.within(path)) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    node = next(_named(root, SECTION), None) if isinstance(root, Mapping) else None
    steps: dict[str, str] = {}
    problems = list(_read_steps(path, node, steps)) if node is not None else []
    try:
        wishes = read_wishes(path, text, beside=[SECTION])
    except ConfigErrors as errors:
        raise ConfigErrors([*errors.problems, *problems]) from None
    if problems:
        raise ConfigErrors(problems)
    return AnswersFile(wishes, _YES_NO[steps.get(_CONFIG_TXT, "no")], steps.get(_MEMBER))


def _named(mapping: Mapping, name: str) -> Iterator[Node]:
    for key, value in mapping.entries:
        if isinstance(key, Scalar) and key.text == name:
            yield value


def _read_steps(path: Path, node: Node, steps: dict[str, str]) -> Iterator[Problem]:
    """Put the texts of the section into ``steps``; yield its problems."""

    def problem(at: Node, key: str, text: str) -> Problem:
        return Problem(SettingOrigin("file", str(path), at.line), key, text)

    if not isinstance(node, Mapping):
        yield problem(node, SECTION, f"found no keys; write {_CONFIG_TXT}: or {_MEMBER}:, indented below it")
        return
    for name, value in node.entries:
        key = name.text if isinstance(name, Scalar) else ""
        dotted = f"{SECTION}.{key if key in (_CONFIG_TXT, _MEMBER) else shown(key)}"
        text = value.text if isinstance(value, Scalar) else ""
        if key not in (_CONFIG_TXT, _MEMBER):
            yield problem(name, dotted, f"unknown key; there are: {_CONFIG_TXT}, {_MEMBER}")
        elif key == _CONFIG_TXT and text not in _YES_NO:
            yield problem(name, dotted, "write true or false")
        elif not text:
            yield problem(name, dotted, "write the login name of one user")
        else:
            steps[key] = text
