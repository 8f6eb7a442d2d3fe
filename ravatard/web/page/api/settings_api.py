"""Endpoints of the settings: to read, check, save and undo them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import convert

from ravatard.errors import ConfigError
from ravatard.ports.settings import (
    NothingToUndo,
    SettingProblem,
    SettingsConflict,
    SettingsNotSaved,
    SettingsRefused,
    SettingsStore,
)
from ravatard.web.page.api import settings_types as st
from ravatard.web.page.api import types as t
from ravatard.web.page.call import ApiCall, Tagged
from ravatard.web.page.refused import RequestRefused

T = TypeVar("T")

#: The longest key has some forty characters, a line of the log 1,900 bytes.
_KEYS_IN_A_LINE = 30
#: Why a secret is not taken without TLS from another machine.
HEARD_BY_OTHERS = (
    "a secret is not taken without TLS, since others on the network could read it: type "
    "`sudo ravatard setup` on the device, or set `page: {tls: self-made}` there"
)
#: Keys that one request may change.
MOST_CHANGES = 200


class SettingsApi:
    """Answers the endpoints of the settings; each method has the name of one."""

    def __init__(self, store: SettingsStore | None) -> None:
        """``store``: the saved settings; None: this run has none."""
        self._store = store
        # The store reads and writes files: one after the other, and never on the event loop.
        self._one_at_a_time = asyncio.Lock()

    async def settings(self, call: ApiCall) -> Tagged:
        """Return every setting."""
        del call
        found = await self._with(lambda store: store.describe())
        return Tagged(found, str(found["revision"]))

    async def check_settings(self, call: ApiCall) -> st.SettingsChecked:
        """Return all problems of changed settings, and what they would change."""
        changes = _few(call)

        def checked(store: SettingsStore) -> st.SettingsChecked:
            if problems := (*_overheard(call, changes, store), *store.check(changes)):
                return st.SettingsChecked(_problems(problems), [])
            return st.SettingsChecked([], _changes(store.diff(changes)))

        return await self._with(checked)

    async def save_settings(self, call: ApiCall) -> Tagged:
        """Save changed settings."""
        changes = _few(call)
        revision = _revision(call)

        def saved(store: SettingsStore) -> st.SettingsSaved:
            if overheard := _overheard(call, changes, store):
                raise SettingsRefused((*overheard, *store.check(changes)))
            # Before they are saved: afterwards nothing would change. What another page saves meanwhile makes
            # the revision an old one.
            found = _changes(store.diff(changes))
            return st.SettingsSaved(store.save(changes, revision), found)

        done = await self._with(saved)
        _audit(call, "saved", changes)
        return Tagged(done, done.revision)

    async def undo_settings(self, call: ApiCall) -> Tagged:
        """Take the last save back."""
        revision = _revision(call)
        undone_keys: list[str] = []

        def undone(store: SettingsStore) -> st.SettingsSaved:
            before = _values(store.describe())
            new = store.undo(revision)
            after = _values(store.describe())
            undone_keys.extend(_undone(before, after))
            changes = [
                st.SettingChange(key, before[key]["value"], one["value"], one["needs"])
                for key, one in after.items()
                if key in before and before[key]["value"] != one["value"]
            ]
            return st.SettingsSaved(new, changes)

        done = await self._with(undone)
        _audit(call, "took back", undone_keys)
        return Tagged(done, done.revision)

    async def _with(self, use: Callable[[SettingsStore], T]) -> T:
        """Return what ``use`` does with the store, in a thread.

        Raises:
            RequestRefused: it cannot be done.
        """
        store = self._store
        if store is None:
            raise RequestRefused(503, "no-settings", "settings cannot be saved in this run")
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(use, store)
            except (SettingsConflict, NothingToUndo) as error:
                code = "conflict" if isinstance(error, SettingsConflict) else "nothing-to-undo"
                raise RequestRefused(409, code, str(error)) from error
            except SettingsRefused as error:
                problems = _problems(error.problems)
                why = "these settings have problems"
                raise RequestRefused(422, "settings-refused", why, problems=problems) from error
            except (SettingsNotSaved, ConfigError) as error:
                raise RequestRefused(503, "not-saved", str(error)) from error


def _few(call: ApiCall) -> dict[str, Any]:
    wish: st.ChangedSettings = call.body
    if len(wish.changes) > MOST_CHANGES:
        raise RequestRefused(400, "too-many", f"at most {MOST_CHANGES} settings are changed at once")
    return wish.changes


def _overheard(call: ApiCall, changes: Mapping[str, Any], store: SettingsStore) -> list[SettingProblem]:
    """Return a problem for each secret that is set where others could read it; one is always taken away."""
    if call.is_private or all(value is None for value in changes.values()):
        return []
    secrets = {one["key"] for one in store.describe()["settings"] if one["type"] == "secret"}
    return [
        SettingProblem(key, HEARD_BY_OTHERS)
        for key, value in changes.items()
        if key in secrets and value is not None
    ]


def _revision(call: ApiCall) -> str:
    """Return the revision that the caller has seen.

    Raises:
        RequestRefused: it names none.
    """
    seen = "the revision that was seen, in quotes, as the ETag of GET /api/v1/settings or of the last save"
    return call.header("If-Match", seen).strip().removeprefix("W/").strip('"')


def _problems(problems: Sequence[SettingProblem]) -> list[t.FaultySetting]:
    return [t.FaultySetting(one.key, one.text) for one in problems]


def _changes(found: Sequence[dict[str, Any]]) -> list[st.SettingChange]:
    return convert(found, list[st.SettingChange])


def _values(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in report["settings"]}


def _undone(before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the keys that an undo may have changed: each secret that is saved here, since none is shown."""
    for key, now in after.items():
        was = before.get(key, now)
        secret = now["type"] == "secret" and "page" in (was["source"], now["source"])
        if secret or (was["value"], was["source"]) != (now["value"], now["source"]):
            yield key


def _audit(call: ApiCall, did: str, keys: Iterable[str]) -> None:
    """Write all ``keys`` into the log, in as many lines as it takes: a long line loses its end."""
    named = sorted(keys) or ["nothing"]
    for at in range(0, len(named), _KEYS_IN_A_LINE):
        call.audit(f"{did} {', '.join(named[at : at + _KEYS_IN_A_LINE])}")
