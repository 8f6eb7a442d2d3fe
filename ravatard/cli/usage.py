"""The command line's own words: commands in groups, help texts, and what a wrong line may have meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from ravatard.cli.terminal import typeable

#: Heading -> its commands: the order in which a new owner meets them.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Try": ("demo", "chat", "simulate"),
    "Set up": ("setup", "config", "board", "devices", "find-mic", "meter", "page"),
    "Every day": (
        *(
            "status",
            "mute",
            "unmute",
            "toggle-mute",
            "volume",
            "say",
            "play",
            "history",
            "avatars",
            "languages",
        ),
        *("reload", "restart", "restart-session"),
    ),
    "Trouble": ("doctor", "support-bundle", "replay", "end-sessions"),
    "For programs": ("run", "press", "id", "boot-setup"),
}
#: Words that people type for what systemd does, and what to type instead.
_ELSEWHERE = {
    "start": "sudo systemctl start ravatard",
    "stop": "sudo systemctl stop ravatard",
    "log": "journalctl -u ravatard",
    "logs": "journalctl -u ravatard",
    "install": "sudo make install",
    "update": "sudo apt update && sudo apt upgrade",
    "test": "ravatard doctor",
    "check": "ravatard config check",
    "edit": "sudo ravatard config edit",
}
_WHAT = "An always-on voice appliance for cloud avatars."
_USAGE = "usage: ravatard [-h] [-V] [-v | -q] COMMAND ..."


class CommandParser(argparse.ArgumentParser):
    """Parser that reports a mistake under the usage of the command it is in, with the nearest name."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """See :class:`argparse.ArgumentParser`; what a command does not know is an error of that command."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown[0])
        return found, unknown

    def _refuse(self, word: str) -> NoReturn:
        if not word.startswith("-"):
            self.error(f"unexpected argument {word!r}")
        name = word.partition("=")[0]
        hint = _hint(name, [option for option in self._option_string_actions if option.startswith("--")])
        self.error(f"unknown option {name}{hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Check one of several choices; of commands only the nearest are named."""
        if not isinstance(action.choices, dict) or value in action.choices:
            super()._check_value(action, value)
            return
        words = self.prog.split()[1:]
        kind = " ".join([*words, "command"])
        if not words and value in _ELSEWHERE:
            command = typeable(_ELSEWHERE[value])
            raise argparse.ArgumentError(None, f"there is no {kind} {value!r}; type: {command}")
        hint = _hint(value, list(action.choices)) or f"; there are: {', '.join(action.choices)}"
        if not words and "did you mean" not in hint:
            hint = typeable("; `ravatard --help` lists all")
        raise argparse.ArgumentError(None, f"there is no {kind} {value!r}{hint}")


def _hint(word: str, known: list[str]) -> str:
    """Return the question for the nearest of ``known``; "" when none is near."""
    # Loads the whole schema, which a command line without a mistake does not need here.
    from ravatard.config.problems import either, near

    close = near(word, known)
    return f"; did you mean {either(close)}?" if close else ""


class MainParser(CommandParser):
    """Parser of the whole command line, whose help shows the commands in groups."""

    def __init__(self, commands: Mapping[str, str]) -> None:
        """``commands``: name -> line for the help."""
        super().__init__(prog="ravatard", description=_WHAT)
        self._commands = commands

    def format_usage(self) -> str:
        """Return the one line that comes before an error."""
        return f"{_USAGE}\n"

    def format_help(self) -> str:
        """Return every command with its line, in groups."""
        width = max(map(len, self._commands)) + 2
        lines = [_USAGE, "", _WHAT]
        for heading, names in _groups(self._commands):
            lines += ["", f"{heading}:"]
            lines += [f"  {name:{width}}{self._commands[name]}" for name in names]
        lines += [
            "",
            "Options:",
            f"  {'-h, --help':{width}}show this help; after a command, its own",
            f"  {'-V, --version':{width}}show the version",
            f"  {'-v, --verbose':{width}}log debugging messages, too",
            f"  {'-q, --quiet':{width}}log errors only",
            "",
            "`ravatard help COMMAND` explains one of them. The installed service is started, stopped and "
            "logged by",
            "systemd: sudo systemctl restart ravatard, journalctl -u ravatard.",
        ]
        return "\n".join(lines) + "\n"

    def short_help(self) -> str:
        """Return the names of the commands in groups: what a command line without a command gets."""
        lines = [_USAGE, "", _WHAT, ""]
        for heading, names in _groups(self._commands):
            listed = ", ".join(names)
            lines.append(f"  {heading + ':':<14}{listed}" if len(listed) < _LONG else _folded(heading, names))
        lines += ["", "`ravatard --help` has a line for each, `ravatard help COMMAND` explains one."]
        return "\n".join(lines) + "\n"


_LONG = 64


def _folded(heading: str, names: tuple[str, ...]) -> str:
    half = (len(names) + 1) // 2
    return f"  {heading + ':':<14}{', '.join(names[:half])},\n{'':16}{', '.join(names[half:])}"


def _groups(commands: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each heading with those of its commands that exist; commands of no group come last."""
    grouped = {name for names in GROUPS.values() for name in names}
    for heading, names in GROUPS.items():
        yield heading, tuple(name for name in names if name in commands)
    if others := tuple(name for name in commands if name not in grouped):
        yield "Help", others


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Add ``-v`` and ``-q``, which may stand before and after the command."""
    either = parser.add_mutually_exclusive_group()
    for letter, name, level, text in (
        ("-v", "--verbose", "debug", "log debugging messages, too"),
        ("-q", "--quiet", "error", "log errors only"),
    ):
        either.add_argument(
            letter,
            name,
            dest="log_level",
            action="store_const",
            const=level,
            # The command's parser would else take back what stands before the command.
            default=argparse.SUPPRESS,
            help=text,
        )
