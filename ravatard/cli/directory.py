"""``ravatard avatars`` and ``ravatard languages``: the service's directory."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from ravatard.assembly.client import asked, loaded_quietly
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json
from ravatard.cli.terminal import cells, visible
from ravatard.ports.cloud import Directory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options, which both commands have."""
    add_json(parser)
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """List avatars or languages; exit status 0.

    Raises:
        RavatardError: the service did not answer, or has no directory.
    """
    options = loaded_quietly(arguments.config, dict(os.environ)).options
    directory = asked(options, lambda cloud: cloud.about())
    if arguments.command == "avatars":
        plain, lines = avatars_as_plain(directory), listed_avatars(directory, options.service.avatar)
    else:
        plain, lines = languages_as_plain(directory), listed_languages(directory, options.service.language)
    print(json_document({arguments.command: plain}) if arguments.json else "\n".join(lines))
    return 0


def avatars_as_plain(directory: Directory) -> list[dict[str, object]]:
    """Return the avatars for a program."""
    return [
        {"id": avatar.id, "name": avatar.name, "live": avatar.has_live_mode, "greeting": avatar.greeting}
        for avatar in directory.avatars
    ]


def languages_as_plain(directory: Directory) -> list[dict[str, object]]:
    """Return the languages for a program."""
    return [{"code": language.code, "name": language.name} for language in directory.languages]


def listed_avatars(directory: Directory, chosen: str | None) -> Iterator[str]:
    """Yield a line for each avatar: name, id, modes; a star for the configured one.

    Args:
        directory: the service's directory.
        chosen: id or name of an avatar; None: no star.
    """
    if not directory.avatars:
        yield "the service has no avatar for this project; ask its operator for one"
    rows = [
        (
            "*" if chosen and chosen.casefold() in (avatar.id.casefold(), avatar.name.casefold()) else " ",
            visible(avatar.name) or visible(avatar.id),
            visible(avatar.id),
            "live and chat" if avatar.has_live_mode else "chat only",
        )
        for avatar in directory.avatars
    ]
    names, ids = (max((cells(row[column]) for row in rows), default=0) for column in (1, 2))
    for star, name, identity, modes in rows:
        yield (
            f"{star} {name}{' ' * (names - cells(name))}  {identity}{' ' * (ids - cells(identity))}  {modes}"
        )


def listed_languages(directory: Directory, chosen: str | None) -> Iterator[str]:
    """Yield a line for each language: code and name; a star for the configured one.

    Args:
        directory: the service's directory.
        chosen: code of a language; None: no star.
    """
    if not directory.languages:
        yield "the service does not say which languages it speaks"
    codes = max((cells(visible(language.code)) for language in directory.languages), default=0)
    for language in directory.languages:
        code = visible(language.code)
        star = "*" if chosen and chosen.casefold() == language.code.casefold() else " "
        yield f"{star} {code}{' ' * (codes - cells(code))}  {visible(language.name)}"
