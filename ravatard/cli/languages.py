"""``ravatard languages``: what the service speaks."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator

from ravatard.assembly.client import add_config, asked, loaded_quietly
from ravatard.cli.terminal import cells, visible
from ravatard.cloud.ravatar.rest import ConnectionReply
from ravatard.cloud.ravatar.service import RavatarCloud


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``languages``."""
    parser.add_argument("--json", action="store_true", help="for programs instead of people")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0.

    Raises:
        RavatardError: the service did not tell.
    """
    options = loaded_quietly(arguments.config, dict(os.environ)).options
    connection = asked(options, RavatarCloud.about)
    if arguments.json:
        plain = [{"code": language.code, "name": language.name} for language in connection.languages]
        print(json.dumps(plain, indent=2))
    else:
        print("\n".join(listed(connection, options.service.language)))
    return 0


def listed(connection: ConnectionReply, chosen: str | None) -> Iterator[str]:
    """A line for each language: code and name; a star for the one that is spoken.

    Args:
        connection: what the service offers.
        chosen: code of a language; None: no star.
    """
    if not connection.languages:
        yield "the service does not say which languages it speaks"
    codes = max((cells(visible(language.code)) for language in connection.languages), default=0)
    for language in connection.languages:
        code = visible(language.code)
        star = "*" if chosen and chosen.casefold() == language.code.casefold() else " "
        yield f"{star} {code}{' ' * (codes - cells(code))}  {visible(language.name)}"
