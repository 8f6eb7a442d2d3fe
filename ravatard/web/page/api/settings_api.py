"""Endpoints of the settings: to read, check, save and undo them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from ravatard.ports.settings import (
    SavedSettings,
    SettingFault,
    SettingsConflict,
    SettingsRefused,
    SettingsStore,
)
from ravatard.web.page.api import types as t
from ravatard.web.page.call import Call, Tagged
from ravatard.web.page.refused import RequestRefused

T = TypeVar("T")

#: Keys that one request may change.
MOST_CHANGES = 200


class SettingsApi:
    """Answers the endpoints of the settings; each method has the name of one."""

    def __init__(self, store: SettingsStore | None) -> None:
        """``store``: the saved settings; None: this run has none."""
        self._store = store
        # The store reads and writes files: one after the other, and never on the event loop.
        self._one_at_a_time = asyncio.Lock()

    async def settings(self, call: Call) -> Tagged:
        """Return every setting."""
        del call
        found = await self._with(lambda store: store.describe())
        return Tagged(found, str(found.get("revision", "")))

    async def check_settings(self, call: Call) -> t.SettingsChecked:
        """Return all problems of changed settings."""
        wish: t.ChangedSettings = call.body
        return t.SettingsChecked(_problems(await self._with(lambda store: store.check(_few(wish)))))

    async def save_settings(self, call: Call) -> Tagged:
        """Save changed settings."""
        wish: t.ChangedSettings = call.body
        revision = call.header("If-Match").strip().removeprefix("W/").strip('"')
        return _saved(call, await self._with(lambda store: store.save(_few(wish), revision)))

    async def undo_settings(self, call: Call) -> Tagged:
        """Take the last save back."""
        return _saved(call, await self._with(lambda store: store.undo()))

    async def _with(self, use: Callable[[SettingsStore], T]) -> T:
        store = self._store
        if store is None:
            raise RequestRefused(503, "no-settings", "settings cannot be saved in this run")
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(use, store)
            except SettingsConflict as error:
                raise RequestRefused(409, "conflict", str(error)) from error
            except SettingsRefused as error:
                problems = _problems(error.faults)
                raise RequestRefused(
                    422, "settings-refused", "these settings have problems", problems=problems
                ) from error
            except OSError as error:
                why = f"the settings cannot be saved or read: {error.strerror or error}"
                raise RequestRefused(503, "not-saved", why) from error


def _few(wish: t.ChangedSettings) -> dict[str, object]:
    if len(wish.changes) > MOST_CHANGES:
        raise RequestRefused(400, "too-many", f"at most {MOST_CHANGES} settings are changed at once")
    return wish.changes


def _problems(faults: Sequence[SettingFault]) -> list[t.SettingProblem]:
    return [t.SettingProblem(fault.key, fault.text) for fault in faults]


def _saved(call: Call, saved: SavedSettings) -> Tagged:
    call.changed = ", ".join(saved.keys)
    return Tagged(t.SettingsSaved(saved.revision, saved.needs, list(saved.keys)), saved.revision)
