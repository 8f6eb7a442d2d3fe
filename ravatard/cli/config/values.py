"""``ravatard config get``, ``set`` and ``unset``: single settings, saved as the page saves them."""

from __future__ import annotations

import argparse
import os
import sys
from getpass import getpass
from pathlib import Path

from ravatard.cli.config.check import refuse_unusable
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json, add_state
from ravatard.cli.terminal import visible
from ravatard.config import ConfigErrors, Schema, SettingOrigin, load
from ravatard.config.document import Scalar
from ravatard.config.problems import Problem, shown
from ravatard.config.saved.description import needs, shown_value, source_of
from ravatard.config.saved.layer import hidden, saved_file
from ravatard.config.saved.store import FileSettingsStore
from ravatard.config.schema import Key, value_of
from ravatard.config.sources import from_text
from ravatard.errors import ConfigError
from ravatard.exit_status import in_help
from ravatard.host.credentials import with_credentials
from ravatard.host.state import SYSTEM
from ravatard.ports.settings import Changes, SettingProblem, SettingsNotSaved, SettingsRefused

#: In the place of a value: it is typed, or comes on standard input.
TYPED = "-"
_APPLIED = {
    "reload": "`sudo ravatard reload` applies it",
    "restart": "`sudo systemctl restart ravatard` applies it",
}


def add_get(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``get``."""
    _add_key(parser)
    add_json(parser, "print JSON: value, unit, where it is set, and what a change needs")


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``set``."""
    parser.epilog = in_help("config set")
    _add_key(parser)
    parser.add_argument(
        "value",
        metavar="VALUE",
        help="as in a file; a list is '[a, b]', '' sets nothing; - reads it from standard input, as a secret "
        "must be",
    )


def add_unset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``unset``."""
    _add_key(parser)


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help="section.key, such as gate.silence_ms")
    add_config(parser)
    add_state(parser)


def get(arguments: argparse.Namespace) -> int:
    """Print the value in effect; return exit status 0.

    Raises:
        ConfigErrors: there is no such setting, or the configuration is wrong.
    """
    key = _key(arguments.key)
    loaded = load(
        arguments.config, with_credentials(os.environ), saved=saved_file(os.environ, arguments.state)
    )
    if arguments.state is None and hidden(os.environ):
        print(f"ravatard: {HIDDEN}", file=sys.stderr)
    value, origin = shown_value(value_of(loaded.options, key), key), loaded.origins[key.dotted]
    if arguments.json:
        found = {
            "key": key.dotted,
            "value": value,
            "unit": key.setting.unit,
            "source": source_of(origin, loaded),
            "origin": str(origin),
            "needs": needs(key),
        }
        print(json_document(found))
    else:
        print(visible(_in_words(value)))
    return 0


#: Said where a user may not see what the page has saved.
HIDDEN = f"settings that the page has saved in {SYSTEM} are left out: only root may see them"


def set_value(arguments: argparse.Namespace) -> int:
    """Save one setting; return exit status 0.

    Raises:
        ConfigErrors: there is no such setting.
        SettingsRefused: it is no valid one.
        SettingsNotSaved: it cannot be written.
    """
    key = _key(arguments.key)
    text: str = arguments.value
    if key.secret and text != TYPED:
        raise ConfigError(
            f"{key.dotted} is a secret, and other users can see the words of a command; write "
            f"`ravatard config set {key.dotted} -`, and then the secret"
        )
    if text == TYPED:
        text = (getpass(f"{key.dotted}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    return _save(
        arguments, {key.dotted: Scalar(text, plain=False, line=1) if key.secret else from_text(text)}
    )


def unset(arguments: argparse.Namespace) -> int:
    """Take one saved setting away; return exit status 0.

    Raises:
        ConfigErrors: there is no such setting.
        SettingsNotSaved: the file cannot be written.
    """
    return _save(arguments, {_key(arguments.key).dotted: None})


def _save(arguments: argparse.Namespace, changes: Changes) -> int:
    store = FileSettingsStore(_own_file(arguments.state), with_credentials(os.environ), arguments.config)
    differences = store.diff(changes)
    if any(value is not None for value in changes.values()):
        # To take a setting away is always possible: it may be the one that is in the way.
        _refuse_unusable(store, changes)
    store.save(changes, None)
    if not differences:
        print("saved; nothing else is in effect than before")
    for one in differences:
        old, new = (visible(_in_words(one[when])) or "(unset)" for when in ("old", "new"))
        print(f"{one['key']}: {old} -> {new}; {_APPLIED[one['needs']]}")
    return 0


def _refuse_unusable(store: FileSettingsStore, changes: Changes) -> None:
    """Refuse what `config check` would refuse.

    Raises:
        SettingsRefused: each setting is valid, and yet the daemon would not start.
    """
    try:
        refuse_unusable(store.with_changes(changes))
    except ConfigError as error:
        raise SettingsRefused((SettingProblem("", str(error)),)) from error


def _own_file(state: Path | None) -> Path:
    """Return the file to write.

    Raises:
        SettingsNotSaved: it is the service's, and the caller may not write it.
    """
    if state is None and hidden(os.environ):
        raise SettingsNotSaved(
            f"you may not write to {SYSTEM}; repeat the command with sudo, or name the state directory of a "
            "daemon of your own with --state"
        )
    return saved_file(os.environ, state)


def _key(name: str) -> Key:
    schema = Schema()
    if key := schema.keys.get(name):
        return key
    section, _, rest = name.partition(".")
    known = section in schema.sections
    about = schema.about_unknown_key(section, rest) if known else schema.about_unknown_section(section)
    raise ConfigErrors([Problem(SettingOrigin("argument"), shown(name), about)])


def _in_words(value: object) -> str:
    match value:
        case None:
            return ""
        case {"set": True}:
            return "(set)"
        case {"set": False}:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(str, value))}]"
    return str(value)
