"""Parser of the lines typed into ``ravatard chat``: words for the avatar, or a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ravatard.cli.terminal import visible
from ravatard.core.control.protocol import TEXT_LIMIT
from ravatard.errors import RavatardError

HELP = """\
Write a line, and the avatar answers. These are commands:
/voice FILE.wav    say what is recorded in a WAV file
/avatar [NAME]     talk to another avatar; without a name, list them
/language [CODE]   talk in another language; without a code, list them
/history           show earlier messages
/help              show this list
/quit              leave; so do Ctrl-D and Ctrl-C
A line that begins with two slashes is said with one."""


class WrongLine(RavatardError):
    """A line that is neither words nor a command; the message says what to write."""


@dataclass(frozen=True, slots=True)
class SayText:
    """Words for the avatar."""

    text: str


@dataclass(frozen=True, slots=True)
class SayRecording:
    """A recording for the avatar."""

    path: Path


@dataclass(frozen=True, slots=True)
class UseAvatar:
    """Talk to another avatar; "" asks for a list."""

    name: str


@dataclass(frozen=True, slots=True)
class UseLanguage:
    """Talk in another language; "" asks for a list."""

    code: str


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """Show earlier messages."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """Show the list of commands."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Command = SayText | SayRecording | UseAvatar | UseLanguage | ShowHistory | ShowHelp | Quit


def parsed(line: str) -> Command | None:
    """Return the command that one line holds; None for an empty line.

    Raises:
        WrongLine: it holds none.
    """
    text = visible(line)
    if not text:
        return None
    if not text.startswith("/") or text.startswith("//"):
        return _text(text.removeprefix("/") if text.startswith("//") else text)
    name, _, rest = text.partition(" ")
    match name:
        case "/voice":
            # The name of a file may hold blanks in a row; only those around it are dropped.
            path = line.strip().removeprefix("/voice").strip()
            if not path:
                raise WrongLine("/voice needs the name of a WAV file: /voice FILE.wav")
            if "\0" in path:
                raise WrongLine("no file has such a name")
            return SayRecording(Path(path).expanduser() if path.startswith("~/") else Path(path))
        case "/avatar":
            return UseAvatar(rest)
        case "/language":
            return UseLanguage(rest)
    bare: dict[str, Command] = {
        "/history": ShowHistory(),
        "/help": ShowHelp(),
        "/quit": Quit(),
        "/exit": Quit(),
    }
    command = bare.get(name)
    if command is None:
        raise WrongLine(f"there is no {name[:40]}; /help lists the commands")
    if rest:
        raise WrongLine(f"{name} takes nothing after it")
    return command


def _text(text: str) -> SayText:
    if len(text) > TEXT_LIMIT:
        raise WrongLine(f"a line has at most {TEXT_LIMIT} characters, not {len(text)}; say it in several")
    return SayText(text)
