"""``ravatard config edit``: an editor on a copy, which is installed once it has no mistake (as visudo)."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ravatard.cli.setup.writing import NotWritten
from ravatard.cli.terminal import harmless, visible
from ravatard.config import DEFAULT_PATH, ConfigErrors, Loaded, load
from ravatard.config.advice import advice
from ravatard.config.document import DocumentError, read
from ravatard.config.migrations import HISTORY
from ravatard.config.saved.layer import saved_file
from ravatard.config.version import KEY
from ravatard.errors import RavatardError
from ravatard.exit_status import ExitStatus
from ravatard.host.credentials import with_credentials
from ravatard.host.durable import make_directory, replace_file
from ravatard.installation import owners_command, restarting

#: What people and their system name as their editor, the strongest first; then what is usually there.
_VARIABLES = ("SUDO_EDITOR", "VISUAL", "EDITOR")
_EDITORS = ("sensible-editor", "nano", "vi")
_NEW = f"# `ravatard config reference` prints every setting with an explanation.\n{KEY}: {HISTORY.current}\n"
_AGAIN, _DISCARD = "e", "d"


class NotEdited(RavatardError):
    """The file is as it was; the message says why."""


def edit(main: Path, environ: Mapping[str, str], ask: Callable[[str], str] = input) -> int:
    """Edit ``main``; return exit status 0, or 78 when mistakes were left and the change was discarded.

    Args:
        main: the configuration file; it need not exist yet.
        environ: the environment: the editor, and settings that override the file.
        ask: puts a question to the user; raises EOFError without one.

    Raises:
        NotEdited: the editor failed, or the file may not be written or was changed meanwhile.
    """
    before = _content(main)
    _check_rights(main)
    with tempfile.TemporaryDirectory(prefix="ravatard-edit-") as folder:
        # Its name tells the editor the language.
        copy = Path(folder, main.name)
        copy.write_text(_NEW if before is None else before, encoding="utf-8")
        while True:
            _run_editor(copy, environ)
            text = _edited(copy)
            if text == (_NEW if before is None else before):
                print("nothing was changed")
                return 0
            try:
                loaded = load(
                    main, with_credentials(environ), instead={main: text}, saved=saved_file(environ)
                )
                break
            except ConfigErrors as errors:
                print(f"{harmless(str(errors))}\n", file=sys.stderr)
                if not _wants_again(ask):
                    print(f"{main} is as it was; the change was discarded", file=sys.stderr)
                    return ExitStatus.CONFIG
    _install(main, text, before)
    _report(main, loaded)
    return 0


def _content(main: Path) -> str | None:
    try:
        return read(main)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise NotEdited(f"you may not read {main}; repeat the command with sudo") from error
    except (OSError, DocumentError) as error:
        raise NotEdited(f"{main} cannot be edited: {error}") from error


def _check_rights(main: Path) -> None:
    """Refuse before anything is typed.

    Raises:
        NotEdited: the file may not be replaced.
    """
    folder = Path(os.path.realpath(main)).parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotEdited(f"you may not write to {folder}; repeat the command with sudo")


def editor_command(
    environ: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """Return the user's editor with its arguments.

    Raises:
        NotEdited: there is none.
    """
    for name in _VARIABLES:
        if words := shlex.split(environ.get(name, "")):
            return words
    for name in _EDITORS:
        if which(name) is not None:
            return [name]
    raise NotEdited("there is no editor; name one: EDITOR=nano, or sudo apt install nano")


def _run_editor(copy: Path, environ: Mapping[str, str]) -> None:
    command = editor_command(environ)
    try:
        status = subprocess.run([*command, str(copy)], check=False).returncode  # noqa: S603 - the user's own
    except OSError as error:
        raise NotEdited(f"the editor {command[0]} cannot be started: {error.strerror}") from error
    if status != 0:
        raise NotEdited(f"the editor {command[0]} ended with status {status}; nothing was changed")


def _edited(copy: Path) -> str:
    try:
        return read(copy)
    except (OSError, DocumentError) as error:
        raise NotEdited(
            f"what the editor has written cannot be read: {error}; nothing was changed"
        ) from error


def _wants_again(ask: Callable[[str], str]) -> bool:
    """Return True if the user wants to edit again."""
    while True:
        try:
            answer = ask("Edit again, or discard the change? [E/d] ").strip().lower() or _AGAIN
        except EOFError:
            return False
        if answer[0] in (_AGAIN, _DISCARD):
            return answer[0] == _AGAIN


def _install(main: Path, text: str, before: str | None) -> None:
    if _content(main) != before:
        kept = Path(tempfile.mkdtemp(prefix="ravatard-edit-"), main.name)
        kept.write_text(text, encoding="utf-8")
        raise NotEdited(f"{main} was changed by another program meanwhile; your text is in {kept}")
    try:
        make_directory(main.parent, 0o755)
        # Owner and mode stay; a power cut leaves the old file or the new one.
        replace_file(main, text.encode())
    except OSError as error:
        raise NotWritten(f"{main} cannot be written ({error.strerror}), so the old settings hold") from error


def _report(main: Path, loaded: Loaded) -> None:
    service = main == DEFAULT_PATH
    reload = owners_command("ravatard reload", service=service)
    print(f"{main} is written; `{reload}` applies what needs no restart, and")
    print(f"{restarting(service=service)} everything")
    for warning in advice(loaded, main):
        print(f"warning: {visible(warning)}")
