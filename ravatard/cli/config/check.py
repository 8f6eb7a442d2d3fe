"""``ravatard config check``: every mistake and every warning, also of a file that is not in its place yet."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json
from ravatard.cli.terminal import typeable, visible
from ravatard.config import DEFAULT_PATH, ConfigErrors, Loaded, load
from ravatard.config.advice import advice
from ravatard.config.document import DocumentError, read, unread
from ravatard.config.problems import Problem, SettingOrigin
from ravatard.config.saved.layer import hidden, saved_file
from ravatard.errors import ConfigError, DeviceError
from ravatard.exit_status import ExitStatus, in_help
from ravatard.host.credentials import may_be_sealed, with_credentials

#: Where settings that override the file lie beside it.
_DROP_INS = "ravatard.d"


def add_check(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check``."""
    parser.epilog = in_help("config check")
    parser.add_argument(
        "--file",
        type=Path,
        metavar="FILE",
        help=f"check the configuration as it were with this file, as the last one of {_DROP_INS}, or in the "
        "place that --as names; nothing is written",
    )
    parser.add_argument(
        "--as",
        dest="place",
        type=Path,
        metavar="PATH",
        help="the place that --file is meant for: another file of the same name there is not read, so that "
        f"its mistakes do not count any more; without a folder, in {_DROP_INS}",
    )
    add_config(parser)
    add_json(parser, "print JSON: good, files, warnings, and problems with file, line, key and text")


def check(arguments: argparse.Namespace) -> int:
    """Print the verdict; return exit status 0, or 78 with ``--json`` and a mistake.

    Raises:
        ConfigError: there is a mistake, and it is told to people.
    """
    main: Path = arguments.config or DEFAULT_PATH
    try:
        loaded = load(
            arguments.config,
            with_credentials(os.environ),
            saved=saved_file(os.environ),
            instead=_candidate(arguments, main),
        )
        warnings = [visible(typeable(one)) for one in _warnings(loaded, main)]
    except ConfigError as error:
        if not arguments.json:
            raise
        print(json_document({"good": False, "files": [], "warnings": [], "problems": _problems(error)}))
        return ExitStatus.CONFIG
    if arguments.json:
        files = [str(file) for file in loaded.files]
        print(json_document({"good": True, "files": files, "warnings": warnings, "problems": []}))
    else:
        print("\n".join(_verdict(loaded, warnings)))
    return ExitStatus.DONE


def _candidate(arguments: argparse.Namespace, main: Path) -> Mapping[Path, str]:
    """Return the text of ``--file`` under the name that it shall have; nothing without one.

    Raises:
        ConfigError: it cannot be read, or its place is none that is read.
    """
    file, place = arguments.file, arguments.place
    if file is None:
        if place is not None:
            raise ConfigError("--as says where --file is meant for; name that file, too")
        return {}
    try:
        text = read(file)
    except (OSError, DocumentError) as error:
        line = error.line if isinstance(error, DocumentError) else None
        origin = SettingOrigin("file", str(file), line)
        raise ConfigErrors([Problem(origin, "", f"cannot be read: {unread(error)}")]) from error
    if place is None:
        return {file: text}
    folder = main.parent / _DROP_INS
    meant = folder / place if place.parent == Path() else place
    if meant != main and (meant.parent != folder or meant.suffix != ".yaml" or meant.name.startswith(".")):
        # One problem for programs, whatever is in the name.
        raise ConfigError(
            visible(f"--as {place} is not read: it is neither {main} nor a file {folder}/NAME.yaml")
        )
    return {meant: text}


def _problems(error: ConfigError) -> list[Mapping[str, Any]]:
    """Return each mistake with its place, as far as it has one."""
    problems = error.problems if isinstance(error, ConfigErrors) else ()
    if not problems:
        return [
            {"file": None, "line": None, "key": None, "text": visible(line)}
            for line in str(error).splitlines()
        ]
    return [_problem(one) for one in problems]


def _problem(one: Problem) -> Mapping[str, Any]:
    return {
        "file": one.origin.name or None,
        "line": one.origin.line,
        "key": one.key or None,
        "text": visible(one.text),
    }


def refuse_unusable(loaded: Loaded) -> None:
    """Refuse settings with which the daemon would not start, although each is a valid one.

    Raises:
        ConfigError: the kiosk's texts or design have mistakes, or the file of ``network.ca`` has.
    """
    for _ in _about_network(loaded):
        # A file that only the service may read.
        pass
    for _ in _about_kiosk(loaded):
        # A mistake of a page that is not served: a warning.
        pass


def _warnings(loaded: Loaded, main: Path) -> Iterator[str]:
    """Yield what is probably not meant.

    Raises:
        ConfigError: the daemon would not start.
    """
    yield from advice(loaded, main, sealed=may_be_sealed(os.environ))
    yield from _about_network(loaded)
    yield from _about_kiosk(loaded)
    yield from about_wakeword(loaded, main)
    yield from _about_page(loaded)


def _verdict(loaded: Loaded, warnings: list[str]) -> Iterator[str]:
    """Yield the verdict on a configuration without mistakes, and a line for each warning."""
    if not warnings:
        yield f"configuration is good: {_count(loaded)} read"
        return
    plural = "s" if len(warnings) > 1 else ""
    yield f"configuration can be used, with {len(warnings)} warning{plural}: {_count(loaded)} read"
    yield from (f"warning: {one}" for one in warnings)


@contextmanager
def _noting_mistakes(*, served: bool) -> Iterator[list[str]]:
    """Collect the mistakes of an owner's files for the kiosk's page, one sentence each.

    Raises:
        ConfigError: the page is ``served``; with these files the daemon would not start.
    """
    mistakes: list[str] = []
    try:
        yield mistakes
    except ConfigError as error:
        if served:
            raise
        mistakes += str(error).splitlines()


def _about_network(loaded: Loaded) -> Iterator[str]:
    """Yield why the file of ``network.ca`` could not be looked at.

    Raises:
        ConfigError: it cannot be used; with it the daemon would not start.
    """
    file = loaded.options.network.ca
    if file is None:
        return
    if Path(file).is_file() and not os.access(file, os.R_OK):
        yield f"network.ca: {file} may not be read by you; the user of the service must be able to"
        return
    # Few have an issuer of their own.
    from ravatard.cloud.network.trust import issuers_in, out_of_date

    if stale := out_of_date(issuers_in(file), datetime.now(UTC)):
        yield stale


def _about_kiosk(loaded: Loaded) -> Iterator[str]:
    """Yield what is wrong with the owner's texts and design of a page that is not served.

    Raises:
        ConfigError: the page is served; with these files the daemon would not start.
    """
    kiosk = loaded.options.kiosk
    for folder, examine in ((kiosk.texts, _read_texts), (kiosk.design, _read_design)):
        if folder is not None:
            with _noting_mistakes(served=kiosk.enabled) as mistakes:
                examine(Path(folder), loaded)
            yield from mistakes


def _read_texts(folder: Path, loaded: Loaded) -> None:
    # Few have texts of their own.
    from ravatard.web.kiosk.texts import read_texts

    read_texts(loaded.options.service.language, str(folder), loaded.options.kiosk.contact)
    for file in sorted(folder.glob("*.yaml")):
        # Also those of languages that are not chosen now.
        read_texts(file.stem, str(folder))


def _read_design(folder: Path, loaded: Loaded) -> None:
    # Few have a design of their own.
    from ravatard.web.kiosk.design import read_design

    del loaded
    read_design(str(folder))


def _about_page(loaded: Loaded) -> Iterator[str]:
    """Yield why a page for the local network is served to this machine only; the daemon starts so."""
    if loaded.options.page.listen != "lan" or hidden(os.environ):
        # Only root sees whether there is one.
        return
    # Few have it.
    from ravatard.assembly.page import lan_refusal
    from ravatard.host.page.access_file import StateAccessFile
    from ravatard.host.state import state_directory

    if refusal := lan_refusal(loaded.options, StateAccessFile(state_directory(os.environ))):
        yield f"the page is served to this machine only: {refusal}"


def about_wakeword(loaded: Loaded, main: Path, *, unused: bool = False) -> Iterator[str]:
    """Yield why the wake word cannot be recognised.

    Args:
        loaded: the configuration.
        main: the file that was looked for.
        unused: also if the gate does not wait for it.
    """
    takes_word = loaded.options.gate.takes_word
    if not takes_word and not unused:
        return
    # Few have a wake word.
    from ravatard.devices.microphone.wakeword.trial import find_and_try

    try:
        tried = find_and_try(loaded.options.wakeword, main.parent, os.environ)
        os.close(tried.fd)
    except DeviceError as error:
        without = "; without it the button opens the gate, or else any voice" if takes_word else ""
        yield f"no wake word: {error}{without}"


def _count(loaded: Loaded) -> str:
    return "1 file" if len(loaded.files) == 1 else f"{len(loaded.files)} files"
