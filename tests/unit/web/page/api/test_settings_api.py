"""Settings of the API, with a store that a test plays; the real one is used in ``test_page_contract.py``."""

from __future__ import annotations

import pytest

from ravatard.errors import ConfigError
from ravatard.ports.settings import (
    NothingToUndo,
    SettingProblem,
    SettingsConflict,
    SettingsNotSaved,
    SettingsRefused,
)
from ravatard.web.page.api.settings_api import MOST_CHANGES, SettingsApi
from ravatard.web.page.api.settings_types import ChangedSettings
from ravatard.web.page.refused import RequestRefused
from tests.unit.web.page.api.test_health_api import call


class Store:
    """A store in which every save fails with ``error``."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def describe(self) -> dict[str, object]:
        raise self._error

    def check(self, changes: object) -> tuple[SettingProblem, ...]:
        return (SettingProblem("a.b", "no"),)

    def diff(self, changes: object) -> list[dict[str, object]]:
        raise self._error

    def save(self, changes: object, revision: str | None) -> str:
        raise self._error

    def undo(self, revision: str | None = None) -> str:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (SettingsConflict("abc"), 409, "conflict"),
        (NothingToUndo("nothing"), 409, "nothing-to-undo"),
        (SettingsRefused((SettingProblem("a.b", "no"),)), 422, "settings-refused"),
        (SettingsNotSaved("the disk is full"), 503, "not-saved"),
        (ConfigError("mistakes"), 503, "not-saved"),
    ],
)
async def test_every_trouble_of_the_store_has_its_status(error: Exception, status: int, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        await SettingsApi(Store(error)).settings(call())

    assert (refused.value.status, refused.value.code) == (status, code)


async def test_all_problems_come_at_once_and_nothing_else_is_asked() -> None:
    api = SettingsApi(Store(AssertionError()))

    found = await api.check_settings(call(ChangedSettings({"a.b": 1})))

    assert [(one.key, one.text) for one in found.problems] == [("a.b", "no")]
    assert found.changes == []


async def test_a_run_without_a_store_says_so() -> None:
    with pytest.raises(RequestRefused, match="cannot be saved in this run"):
        await SettingsApi(None).settings(call())


async def test_a_flood_of_keys_is_refused() -> None:
    many = ChangedSettings({f"a.{at}": 1 for at in range(MOST_CHANGES + 1)})

    with pytest.raises(RequestRefused, match="at most"):
        await SettingsApi(Store(AssertionError())).check_settings(call(many))
