"""Write the manual pages and the shell's completion, made from the commands and settings themselves.

``manual.py DIRECTORY`` writes ``ravatard.1``, ``ravatard.yaml.5`` and ``ravatard.bash``. It runs with a
Python in which ravatard and all of its extras are installed; the same code gives the same files.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ravatard import __version__
from ravatard.cli import COMMANDS, parser_of
from ravatard.cli.usage import GROUPS
from ravatard.config.reference import purpose
from ravatard.config.schema import Key, Schema
from ravatard.config.values import allowed

#: Name of a positional argument that is a setting.
_SETTING = "key"
_FILES = {
    "/etc/ravatard/ravatard.yaml": "the settings, see ravatard.yaml(5)",
    "/etc/ravatard/ravatard.d/*.yaml": "settings that override it, in the order of their names",
    "/etc/credstore/ravatard.*": "secrets, one a file, for root alone",
    "/var/lib/ravatard": "state of the service: open sessions, flight recorder",
    "/run/ravatard/control.sock": "the control socket, for root and the group ravatard",
}


def manual() -> str:
    """Return ravatard(1): every command with every option."""
    lines = [
        *_head("ravatard", 1, "talk to a cloud avatar in the room"),
        ".SH SYNOPSIS",
        ".B ravatard",
        r"[\-h] [\-V] [\-v | \-q]",
        ".I COMMAND",
        "[...]",
        ".SH DESCRIPTION",
        _text(
            "ravatard turns a computer with a microphone, a speaker, a button and a few lights into a voice "
            "appliance for a cloud avatar. The service ravatard.service runs it; the commands set it up, ask "
            "it things, and look for what is wrong."
        ),
    ]
    for heading, names in _groups():
        lines.append(f".SH {heading.upper()}")
        for name in names:
            lines += _command(f"ravatard {name}", parser_of(name))
    lines += [".SH FILES"]
    for path, text in _FILES.items():
        lines += [".TP", f".I {_text(path)}", _text(text)]
    lines += [".SH SEE ALSO", r".BR ravatard.yaml (5),", ".BR journalctl (1),", ".BR systemctl (1)"]
    return "\n".join(lines) + "\n"


def settings_manual() -> str:
    """Return ravatard.yaml(5): every setting with its range and default."""
    schema = Schema()
    lines = [
        *_head("ravatard.yaml", 5, "settings of the voice appliance"),
        ".SH DESCRIPTION",
        _text(
            "YAML, a section each for the parts of the appliance. A setting that is not written has its "
            "default. `ravatard config check` finds mistakes, `ravatard config show` prints every value in "
            "effect and where it was written, and `ravatard config reference` a file with examples. Files "
            "ravatard.d/*.yaml beside it override it, and environment variables override them: "
            "RAVATARD_GATE__SILENCE_MS=700 sets silence_ms of gate."
        ),
    ]
    for section, group in schema.sections.items():
        lines += [f".SH {_text(section.upper())}", _text(purpose(group))]
        for key in schema.keys.values():
            if key.section == section:
                lines += _setting(key)
    lines += [".SH SEE ALSO", ".BR ravatard (1)"]
    return "\n".join(lines) + "\n"


def completion() -> str:
    """Return the completion for bash: tables of words, and the function that looks them up."""
    words: dict[str, list[str]] = {"ravatard": [*COMMANDS, "--help", "--version", "--verbose", "--quiet"]}
    values: dict[str, list[str]] = {}
    for name in COMMANDS:
        _complete(name, parser_of(name), words, values)
    return "\n".join(
        [
            "# Completion of bash for ravatard.",
            *_table("_ravatard_words", words),
            *_table("_ravatard_values", values),
            _FUNCTION,
        ]
    )


_FUNCTION = """\
_ravatard() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} path=ravatard word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [ -z "${_ravatard_words[$path $word]+there}" ] || path="$path $word"
    done
    local offered=${_ravatard_values[$path $before]-${_ravatard_words[$path]}}
    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current")
}
complete -o bashdefault -o default -F _ravatard ravatard
"""


def _head(name: str, section: int, purpose_of_it: str) -> list[str]:
    return [
        f'.TH {name.upper()} {section} "" "ravatard {__version__}"',
        ".SH NAME",
        rf"{_text(name)} \- {_text(purpose_of_it)}",
    ]


def _groups() -> Iterator[tuple[str, Sequence[str]]]:
    grouped = {name for names in GROUPS.values() for name in names}
    for heading, names in GROUPS.items():
        yield f"commands: {heading}", [name for name in names if name in COMMANDS]
    yield "commands: help", [name for name in COMMANDS if name not in grouped]


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return all arguments of a parser; argparse has no public way to them."""
    return [one for one in parser._actions if one.help != argparse.SUPPRESS]  # noqa: SLF001


def _inner(action: argparse.Action) -> Mapping[str, argparse.ArgumentParser]:
    """Return the sub-commands of an argument; none for others."""
    choices = action.choices
    return choices if isinstance(choices, dict) else {}


def _command(path: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield a section for a command, and those of its sub-commands."""
    yield f'.SS "{_text(path)}"'
    if parser.description:
        yield _text(parser.description)
    inner: dict[str, argparse.ArgumentParser] = {}
    for action in _actions(parser):
        if found := _inner(action):
            inner |= found
        elif action.dest != "help":
            yield from _argument(parser, action)
    if parser.epilog:
        yield from (".PP", _text(parser.epilog))
    for name, one in inner.items():
        yield from _command(f"{path} {name}", one)


def _argument(parser: argparse.ArgumentParser, action: argparse.Action) -> Iterator[str]:
    formatter = parser._get_formatter()  # noqa: SLF001
    shown = formatter._format_action_invocation(action)  # noqa: SLF001
    text = formatter._expand_help(action) if action.help else ""  # noqa: SLF001
    yield from (".TP", f".B {_text(shown)}", _text(text) or r"\&")


def _setting(key: Key) -> Iterator[str]:
    words = allowed(key)
    facts = [words[:1].upper() + words[1:]]
    if key.default not in (None, "", ()):
        facts.append(f"Default: {_plain(key.default)}")
    facts.append("Needs a restart" if key.setting.restart else "Taken over by a reload")
    if key.secret:
        facts.append(f"Secret: better in the credential {key.credential}")
    yield from (
        ".TP",
        f".B {_text(key.dotted)}",
        _text(key.setting.text),
        ".br",
        _text(". ".join(facts) + "."),
    )


def _plain(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(map(_plain, value))}]"
        case _:
            return str(value)


def _text(words: str) -> str:
    """Return words as roff: hyphens are those of commands, and no line is a request."""
    one_line = " ".join(words.replace("``", "`").split())
    escaped = one_line.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return re.sub(r"^([.'])", r"\\&\1", escaped)


def _complete(
    path: str, parser: argparse.ArgumentParser, words: dict[str, list[str]], values: dict[str, list[str]]
) -> None:
    """Add what may follow a command to the tables."""
    offered = words.setdefault(f"ravatard {path}", [])
    for action in _actions(parser):
        choices = [str(one) for one in action.choices or ()]
        if action.option_strings:
            offered += [one for one in action.option_strings if one.startswith("--")]
            if action.nargs != 0:
                # Also without choices: then it is a file, or nothing that could be known.
                values |= {f"ravatard {path} {one}": choices for one in action.option_strings}
        else:
            offered += list(Schema().keys) if action.dest == _SETTING else choices
        for name, inner in _inner(action).items():
            _complete(f"{path} {name}", inner, words, values)


def _table(name: str, rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield f"declare -gA {name}=("
    for key, words in rows.items():
        yield f"    ['{key}']='{' '.join(words)}'"
    yield ")"


def main(directory: Path) -> None:
    """Write all three."""
    for name, made in (
        ("ravatard.1", manual()),
        ("ravatard.yaml.5", settings_manual()),
        ("ravatard.bash", completion()),
    ):
        (directory / name).write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
