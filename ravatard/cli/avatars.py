"""``ravatard avatars``: who there is to talk to."""

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
    """The options of ``avatars``."""
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
        plain = [
            {
                "id": avatar.id,
                "name": avatar.name,
                "live": avatar.has_live_mode,
                "greeting": avatar.greeting,
            }
            for avatar in connection.avatars
        ]
        print(json.dumps(plain, indent=2))
    else:
        print("\n".join(listed(connection, options.service.avatar)))
    return 0


def listed(connection: ConnectionReply, chosen: str | None) -> Iterator[str]:
    """A line for each avatar: name, id, what it can do; a star for the one that is talked to.

    Args:
        connection: what the service offers.
        chosen: id or name of an avatar; None: no star.
    """
    if not connection.avatars:
        yield "the service has no avatar for this project; ask RAVATAR for one"
    rows = [
        (
            "*" if chosen and chosen.casefold() in (avatar.id.casefold(), avatar.name.casefold()) else " ",
            visible(avatar.name) or visible(avatar.id),
            visible(avatar.id),
            "live and chat" if avatar.has_live_mode else "chat only",
        )
        for avatar in connection.avatars
    ]
    names, ids = (max((cells(row[column]) for row in rows), default=0) for column in (1, 2))
    for star, name, identity, modes in rows:
        yield (
            f"{star} {name}{' ' * (names - cells(name))}  {identity}{' ' * (ids - cells(identity))}  {modes}"
        )
