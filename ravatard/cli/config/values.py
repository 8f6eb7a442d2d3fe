"""``ravatard config get``, ``set`` and ``unset``: single settings, saved as the page saves them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from getpass import getpass
from pathlib import Path
from typing import Any

from ravatard.cli.config.check import about_wakeword, refuse_unusable
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json, add_state
from ravatard.cli.terminal import is_text, visible
from ravatard.config import DEFAULT_PATH, Loaded, Schema, load
from ravatard.config.document import Node, Scalar
from ravatard.config.problems import shown
from ravatard.config.saved.description import needs, shown_value, source_of
from ravatard.config.saved.layer import hidden, refused_change, saved_file
from ravatard.config.saved.store import FileSettingsStore
from ravatard.config.schema import Key, value_of
from ravatard.config.sources import from_text
from ravatard.errors import ConfigError, RavatardError
from ravatard.exit_status import in_help
from ravatard.host.credentials import with_credentials
from ravatard.host.state import SYSTEM, state_directory
from ravatard.installation import is_services, owners_command, restarting
from ravatard.ports.settings import Changes, SettingProblem, SettingsNotSaved, SettingsRefused


class UnknownSetting(RavatardError):
    """A setting that there is none of; those in effect may have no mistake."""


#: In the place of a value: it is typed, or comes on standard input.
TYPED = "-"


def add_get(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``get``."""
    parser.add_argument(
        "key", metavar="KEY", help="section.key, such as gate.silence_ms; or a section: all its settings"
    )
    _add_places(parser)
    add_json(parser, "print JSON: value, unit, where it is set, and what a change needs")


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``set``."""
    parser.epilog = in_help("config set")
    parser.add_argument("key", metavar="KEY", help="section.key, such as gate.silence_ms")
    parser.add_argument(
        "value",
        metavar="VALUE",
        help="as in a file; a list is '[a, b]', '' sets nothing; - reads it from standard input, as a secret "
        "must be",
    )
    parser.add_argument("further", nargs="*", metavar="KEY VALUE", help="more settings, saved together")
    _add_places(parser)


def add_unset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``unset``."""
    parser.add_argument("keys", nargs="+", metavar="KEY", help="section.key, such as gate.silence_ms")
    _add_places(parser)


def _add_places(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_state(parser)


def get(arguments: argparse.Namespace) -> int:
    """Print the value in effect, or every value of a section; return exit status 0.

    Raises:
        UnknownSetting: there is no such setting.
        ConfigErrors: the configuration is wrong.
    """
    schema = Schema()
    if arguments.key in schema.sections:
        keys = [key for key in schema.keys.values() if key.section == arguments.key]
    else:
        keys = [_key(arguments.key)]
    loaded = load(
        arguments.config, with_credentials(os.environ), saved=saved_file(os.environ, arguments.state)
    )
    if arguments.state is None and hidden(os.environ):
        print(f"ravatard: {HIDDEN}", file=sys.stderr)
    found = [_found(key, loaded) for key in keys]
    of_section = arguments.key in schema.sections
    if arguments.json:
        print(json_document({"section": arguments.key, "settings": found} if of_section else found[0]))
    elif of_section:
        print("\n".join(visible(f"{one['key']}: {_in_words(one['value']) or '(unset)'}") for one in found))
    else:
        print(visible(_in_words(found[0]["value"])))
    return 0


def _found(key: Key, loaded: Loaded) -> dict[str, Any]:
    """Return one setting in effect, for programs; of a secret, if there is one."""
    origin = loaded.origins[key.dotted]
    return {
        "key": key.dotted,
        "value": shown_value(value_of(loaded.options, key), key),
        "unit": key.setting.unit,
        "source": source_of(origin, loaded),
        "origin": str(origin),
        "needs": needs(key),
    }


#: Said where a user may not see what the page has saved.
HIDDEN = f"settings that the page has saved in {SYSTEM} are left out: only root may see them"


def set_value(arguments: argparse.Namespace) -> int:
    """Save settings, all of them or none; return exit status 0, 2 for a wrong line.

    Raises:
        UnknownSetting: there is no such setting.
        SettingsRefused: it is no valid one.
        SettingsNotSaved: it cannot be written.
    """
    words = [arguments.key, arguments.value, *arguments.further]
    names, texts = words[::2], words[1::2]
    if len(names) != len(texts):
        return _usage(f"{visible(names[-1])} has no value; write KEY VALUE, or several of these pairs")
    if len(set(names)) != len(names):
        return _usage("a key is there twice; name each one once")
    keys = [_key(name) for name in names]
    # Every line is looked at before the first is read from standard input.
    for key, text in zip(keys, texts, strict=True):
        _refuse_shown_secret(key, text)
    return _save(arguments, {key.dotted: _node(key, text) for key, text in zip(keys, texts, strict=True)})


def _refuse_shown_secret(key: Key, text: str) -> None:
    if key.secret and text != TYPED:
        raise _refusal(
            key.dotted,
            "it is a secret, and other users can see the words of a command; write "
            f"`ravatard config set {key.dotted} -`, and then the secret",
        )


def _node(key: Key, text: str) -> Node:
    """Return a value as it is saved; that of :data:`TYPED` is asked for.

    Raises:
        ConfigError: it is no text.
    """
    if text == TYPED:
        text = (getpass(f"{key.dotted}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not is_text(text):
        # Not shown: it may be a secret.
        raise ConfigError(f"{key.dotted}: found bytes that are no UTF-8; write it as text")
    return Scalar(text, plain=False, line=1) if key.secret else from_text(text)


def unset(arguments: argparse.Namespace) -> int:
    """Take saved settings away; return exit status 0.

    Raises:
        UnknownSetting: there is no such setting.
        SettingsNotSaved: the file cannot be written.
    """
    return _save(arguments, {_key(name).dotted: None for name in arguments.keys})


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
        print(f"{one['key']}: {old} -> {new}; {applying(one['needs'], arguments.state)}")
    for warning in _warnings(store, changes, arguments.config or DEFAULT_PATH):
        print(f"warning: {visible(warning)}")
    return 0


def _warnings(store: FileSettingsStore, changes: Changes, main: Path) -> Iterator[str]:
    """Yield why a wake word that was chosen now cannot be recognised."""
    chosen = {name for name, value in changes.items() if value is not None}
    if chosen & {"gate.mode", "wakeword.word", "wakeword.sensitivity"}:
        yield from about_wakeword(store.with_changes({}), main, unused="wakeword.word" in chosen)


def applying(needs: str, state: Path | None) -> str:
    """Return what puts a saved setting into effect.

    Args:
        needs: "reload" or "restart".
        state: the state directory named on the command line; None: the one that is found.
    """
    service = is_services(state_directory(os.environ, state))
    if needs == "reload":
        return f"`{owners_command('ravatard reload', service=service)}` applies it"
    return f"{restarting(service=service)} applies it"


def _usage(what: str) -> int:
    print(f"ravatard config set: {what}", file=sys.stderr)
    return 2


def _refuse_unusable(store: FileSettingsStore, changes: Changes) -> None:
    """Refuse what `config check` would refuse.

    Raises:
        SettingsRefused: each setting is valid, and yet the daemon would not start.
    """
    try:
        refuse_unusable(store.with_changes(changes))
    except ConfigError as error:
        raise _refusal("", str(error)) from error


def _refusal(key: str, text: str) -> SettingsRefused:
    return SettingsRefused((SettingProblem(key, text),))


def _own_file(state: Path | None) -> Path:
    """Return the file to write.

    Raises:
        SettingsNotSaved: it is the service's, and the caller may not write it.
    """
    if refusal := refused_change(os.environ, state):
        raise SettingsNotSaved(refusal)
    return saved_file(os.environ, state)


def _key(name: str) -> Key:
    """Return the setting of that name.

    Raises:
        UnknownSetting: there is none.
    """
    schema = Schema()
    if key := schema.keys.get(name):
        return key
    section, _, rest = name.partition(".")
    known = section in schema.sections
    about = schema.about_unknown_key(section, rest) if known else schema.about_unknown_section(section)
    raise UnknownSetting(f"{shown(name)}: {about}")


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
