"""Settings of the API, with a store that a test plays; the real one is used in ``test_page_contract.py``."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

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
from ravatard.web.page.call import ApiCall
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


class Saving:
    """A store that saves anything, and has ``described`` before and after an undo."""

    def __init__(self, *described: list[dict[str, object]]) -> None:
        self._described = list(described)
        self.undone: list[str | None] = []

    def describe(self) -> dict[str, object]:
        return {"settings": self._described.pop(0)}

    def check(self, changes: object) -> tuple[SettingProblem, ...]:
        return ()

    def diff(self, changes: object) -> list[dict[str, object]]:
        return []

    def save(self, changes: object, revision: str | None) -> str:
        return "new"

    def undo(self, revision: str | None = None) -> str:
        self.undone.append(revision)
        return "old"


def asking(body: object = None) -> ApiCall:
    """A call of one who has seen the revision abc."""
    made = call(body)
    made.request = cast(Any, SimpleNamespace(headers={"If-Match": '"abc"'}))
    return made


def audited(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if hasattr(record, "audit")]


async def test_every_key_asked_for_is_logged_whatever_it_changed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    many = {f"service.key_{at:03}": 1 for at in range(MOST_CHANGES)}

    await SettingsApi(Saving()).save_settings(asking(ChangedSettings({**many, "service.key_000": None})))

    lines = audited(caplog)
    assert all(line.startswith("the page: a saved ") and len(line) < 1_500 for line in lines)
    assert all(any(key in line for line in lines) for key in many)


async def test_an_undo_logs_secrets_too_and_takes_the_revision(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def settings(volume: int, source: str) -> list[dict[str, object]]:
        return [
            {"key": "a.volume", "type": "integer", "value": volume, "source": source, "needs": "reload"},
            {"key": "a.key", "type": "secret", "value": {"set": True}, "source": "page", "needs": "restart"},
            {
                "key": "a.other",
                "type": "secret",
                "value": {"set": True},
                "source": "file",
                "needs": "restart",
            },
        ]

    store = Saving(settings(40, "page"), settings(100, "default"))

    await SettingsApi(store).undo_settings(asking())

    assert store.undone == ["abc"]
    assert audited(caplog) == ["the page: a took back a.key, a.volume"]


class SecretStore(Store):
    """A store with one secret, in which nothing fails."""

    def __init__(self) -> None:
        super().__init__(ConfigError("none"))
        self.saved: list[object] = []

    def describe(self) -> dict[str, object]:
        return {"settings": [{"key": "a.secret", "type": "secret"}, {"key": "a.name", "type": "text"}]}

    def check(self, changes: object) -> tuple[SettingProblem, ...]:
        return ()

    def diff(self, changes: object) -> list[dict[str, object]]:
        return []

    def save(self, changes: object, revision: str | None) -> str:
        self.saved.append(changes)
        return "new"


def heard_from(address: str, changes: dict[str, Any], *, encrypted: bool = False) -> ApiCall:
    transport = SimpleNamespace(get_extra_info=lambda name: (address, 40_000))
    request = SimpleNamespace(transport=transport, headers={"If-Match": '"old"'})
    return ApiCall(cast(Any, request), ChangedSettings(changes), None, "a", encrypted)


async def test_a_secret_is_not_taken_where_others_could_read_it_on_its_way() -> None:
    store = SecretStore()
    api = SettingsApi(cast(Any, store))
    aloud = heard_from("192.168.1.20", {"a.secret": "planted", "a.name": "x"})

    checked = await api.check_settings(aloud)
    with pytest.raises(RequestRefused) as refused:
        await api.save_settings(aloud)

    assert [one.key for one in checked.problems] == ["a.secret"]
    assert "sudo ravatard setup" in checked.problems[0].text
    assert refused.value.status == 422
    assert "planted" not in repr(refused.value.body)
    assert store.saved == []
    fine = (
        heard_from("192.168.1.20", {"a.secret": "planted"}, encrypted=True),
        heard_from("127.0.0.1", {"a.secret": "planted"}),
        heard_from("::1", {"a.secret": "planted"}),
        heard_from("192.168.1.20", {"a.secret": None}),
        heard_from("192.168.1.20", {"a.name": "x"}),
    )
    for call_of in fine:
        assert (await api.check_settings(call_of)).problems == []
        await api.save_settings(call_of)
    assert len(store.saved) == len(fine)
