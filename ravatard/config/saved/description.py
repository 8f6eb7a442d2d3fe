"""Every setting described for a page: meaning, range, value, source, and the way of a change into effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from ravatard.config.loading import Loaded
from ravatard.config.problems import SettingOrigin
from ravatard.config.reference import purpose
from ravatard.config.schema import Key, Options, Schema, value_of
from ravatard.config.values import allowed
from ravatard.secret import Secret

#: Sources that override what is saved.
STRONGER = ("environment", "credential")
#: Said of a reload that changes nothing.
UNCHANGED = "no setting has changed"
#: Settings that a sentence names.
_MOST_NAMED = 8
_WORDS = {bool: "boolean", int: "integer", float: "number", str: "text", Secret: "secret"}


def described(loaded: Loaded, running: Options | None = None) -> dict[str, Any]:
    """Return ``sections``, ``settings`` and ``restart`` of what a ``SettingsStore`` describes.

    Args:
        loaded: the configuration in effect after a restart.
        running: the options that this process started with; None: those of ``loaded``.
    """
    schema = Schema()
    waiting = [] if running is None else changed(running, loaded.options)
    return {
        "sections": [{"name": name, "text": purpose(group)} for name, group in schema.sections.items()],
        "settings": [_setting(key, loaded) for key in schema.keys.values()],
        "restart": [key.dotted for key in waiting if key.setting.restart],
    }


def changed(old: Options, new: Options) -> list[Key]:
    """Return the keys whose values differ."""
    return [key for key in Schema().keys.values() if value_of(old, key) != value_of(new, key)]


def told_changes(started: Options, before: Options, now: Options) -> str:
    """Return in words what a reload changes.

    Args:
        started: options that the daemon was started with.
        before: those of the last reload, or the same.
        now: those that were read.
    """
    at_once = [key.dotted for key in changed(before, now) if not key.setting.restart]
    waiting = [key.dotted for key in changed(started, now) if key.setting.restart]
    told = [
        f"{_named(keys)} {one if len(keys) == 1 else several}"
        for keys, one, several in (
            (at_once, "is in effect", "are in effect"),
            (waiting, "waits for a restart", "wait for a restart"),
        )
        if keys
    ]
    return "; ".join(told) or UNCHANGED


def _named(keys: list[str]) -> str:
    more = len(keys) - _MOST_NAMED
    return ", ".join(keys[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def shown_value(value: object, key: Key) -> Any:
    """Return a value for JSON; of a secret, if there is one."""
    if key.secret:
        return {"set": value is not None}
    return list(value) if isinstance(value, tuple) else value


def needs(key: Key) -> str:
    """Return what puts a change of ``key`` into effect."""
    return "restart" if key.setting.restart else "reload"


def source_of(origin: SettingOrigin, loaded: Loaded) -> str:
    """Return the kind of source that ``origin`` is."""
    if origin.kind != "file":
        return origin.kind
    file = Path(origin.name)
    if file == loaded.saved:
        return "page"
    if loaded.board is not None and file == loaded.board.path:
        return "board"
    return "drop-in" if file.parent.name == "ravatard.d" else "file"


def _setting(key: Key, loaded: Loaded) -> dict[str, Any]:
    origin, setting = loaded.origins[key.dotted], key.setting
    return {
        "key": key.dotted,
        "section": key.section,
        "name": key.name,
        "text": setting.text,
        "type": _type_of(key),
        "unit": setting.unit,
        "low": setting.low,
        "high": setting.high,
        "choices": list(get_args(key.form)) if get_origin(key.form) is Literal else [],
        "allowed": allowed(key),
        "optional": key.optional,
        "default": shown_value(key.default, key),
        "value": shown_value(value_of(loaded.options, key), key),
        "source": source_of(origin, loaded),
        "origin": str(origin),
        "needs": needs(key),
        "local_only": setting.local_only,
        "settable": not setting.local_only and origin.kind not in STRONGER,
    }


def _type_of(key: Key) -> str:
    if key.secret:
        return "secret"
    if get_origin(key.form) is Literal:
        return "choice"
    return "list" if get_origin(key.form) is tuple else _WORDS[key.form]
