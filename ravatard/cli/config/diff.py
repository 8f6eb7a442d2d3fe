"""``ravatard config diff``: what changed since an older configuration, and what puts it into effect."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json
from ravatard.cli.terminal import visible
from ravatard.config import Options, Schema, load
from ravatard.config.document import DocumentError, parse, read, unread
from ravatard.config.saved.description import changed, needs, shown_value
from ravatard.config.saved.layer import saved_file
from ravatard.config.schema import Key, value_of
from ravatard.errors import ConfigError, RavatardError
from ravatard.exit_status import in_help
from ravatard.host.credentials import with_credentials


class NothingToCompare(RavatardError):
    """OLD cannot be compared with; the settings of now may have no mistake."""


def add_diff(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``diff``."""
    parser.epilog = in_help("config diff")
    parser.add_argument(
        "old",
        type=Path,
        metavar="OLD",
        help="what `ravatard config show --json` printed before the change (a changed secret cannot be seen "
        "in it), or an older configuration file",
    )
    add_config(parser)
    add_json(parser, "print JSON: restart and reload, true or false, the keys, and each with its values")


def diff(arguments: argparse.Namespace) -> int:
    """Print the differences; return exit status 0.

    Raises:
        ConfigErrors: the settings of now are wrong.
        NothingToCompare: OLD cannot be read, or is wrong.
    """
    environ = with_credentials(os.environ)
    new = load(arguments.config, environ, saved=saved_file(os.environ)).options
    try:
        changes = _changes(arguments.old, new, environ)
    except ConfigError as error:
        raise NothingToCompare(str(error)) from error
    if arguments.json:
        found = {one["needs"] for one in changes}
        verdict = {way: way in found for way in ("restart", "reload")}
        print(json_document({**verdict, "keys": [one["key"] for one in changes], "changes": changes}))
    else:
        print("\n".join(map(_line, changes)) or "nothing differs")
    return 0


def _changes(file: Path, new: Options, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the changes since the listing or the configuration in ``file``.

    Raises:
        ConfigError: it cannot be read, or is wrong.
    """
    try:
        text = read(file)
    except FileNotFoundError:
        raise ConfigError(
            f"there is no {file}; `ravatard config show --json > FILE` before a change makes one"
        ) from None
    except (OSError, DocumentError) as error:
        raise ConfigError(f"{file} cannot be read: {unread(error)}") from error
    listing = _listing(text) if text.lstrip().startswith("{") else None
    if listing is not None:
        return _since_listing(listing, new)
    # A pipe is read once.
    old = load(file, environ, saved=saved_file(os.environ), instead={file: text})
    return _since(old.options, new)


def _listing(text: str) -> dict[str, Any] | None:
    """Return the object in ``text`` if it is JSON, else None; a file of settings in braces hardly ever is.

    Raises:
        DocumentError: it is no YAML either.
    """
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        parse(text)
        return None
    return found


def _since(old: Options, new: Options) -> list[dict[str, Any]]:
    return [_change(key, shown_value(value_of(old, key), key), new) for key in changed(old, new)]


def _since_listing(old: Mapping[str, Any], new: Options) -> list[dict[str, Any]]:
    """Return the changes since a listing; a key that it lacks, of an older version, had its default."""
    changes = []
    for key in Schema().keys.values():
        section = old.get(key.section)
        entry = section.get(key.name) if isinstance(section, dict) else None
        was = entry.get("value") if isinstance(entry, dict) else shown_value(key.default, key)
        if key.secret:
            was = was if isinstance(was, dict) else {"set": was is not None}
        if was != shown_value(value_of(new, key), key):
            changes.append(_change(key, was, new))
    return changes


def _change(key: Key, old: Any, new: Options) -> dict[str, Any]:
    return {
        "key": key.dotted,
        "old": old,
        "new": shown_value(value_of(new, key), key),
        "needs": needs(key),
    }


def _line(one: Mapping[str, Any]) -> str:
    old, new = (json.dumps(one[when], ensure_ascii=False) for when in ("old", "new"))
    return visible(f"{one['key']}: {old} -> {new} ({one['needs']})")
