"""The settings store: checked, saved, undone, by several at once."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ravatard.config import load
from ravatard.config.saved import store as store_module
from ravatard.config.saved.store import FileSettingsStore
from ravatard.ports.settings import (
    Changes,
    NothingToUndo,
    SettingsConflict,
    SettingsNotSaved,
    SettingsRefused,
    SettingsStore,
)

SECRET = "hush-hush-4711"


class Place:
    """A configuration, and the settings that are saved."""

    def __init__(self, folder: Path) -> None:
        self.main = folder / "etc" / "ravatard.yaml"
        self.main.parent.mkdir()
        self.main.write_text("gate: {longest_s: 20}\n")
        self.saved = folder / "state" / "settings.yaml"
        self.environ: dict[str, str] = {}

    @property
    def store(self) -> SettingsStore:
        return FileSettingsStore(self.saved, self.environ, self.main)

    @property
    def longest_s(self) -> float:
        """The value that the daemon would start with."""
        return load(self.main, self.environ, saved=self.saved).options.gate.longest_s

    def refused(self, changes: Changes) -> list[str]:
        found = self.store.check(changes)
        if found:
            with pytest.raises(SettingsRefused) as caught:
                self.store.save(changes, None)
            assert caught.value.problems == found
        return [f"{problem.key}: {problem.text}" for problem in found]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_saved_setting_is_in_effect_and_nobody_else_may_read_it(place: Place) -> None:
    revision = place.store.save({"gate.longest_s": 30}, None)

    assert place.longest_s == 30
    assert place.store.describe()["revision"] == revision
    assert stat.S_IMODE(place.saved.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.saved.parent.stat().st_mode) == 0o700


def test_what_is_not_changed_stays_saved(place: Place) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    place.store.save({"voice.aggressiveness": 3}, None)

    assert place.longest_s == 30


def test_a_setting_that_is_taken_away_has_the_files_value_again(place: Place) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    place.store.save({"gate.longest_s": None}, None)

    assert place.longest_s == 20


def test_an_optional_setting_can_be_saved_as_unset(place: Place) -> None:
    place.main.write_text("gate: {silence_ms: 700}")
    place.store.save({"gate.silence_ms": ""}, None)

    assert load(place.main, {}, saved=place.saved).options.gate.silence_ms is None
    assert "allowed: a number" in place.refused({"gate.longest_s": ""})[0]


def test_all_problems_are_told_at_once_and_nothing_is_saved(place: Place) -> None:
    found = place.refused(
        {
            "gate.longest_s": 1000,
            "gate.tggle": True,
            "microphone.command": "arecord",
            "voice.aggressiveness": "2",
            "voice.start_frames": 9,
            "spend.day_minutes": 60,
        }
    )

    assert {line.partition(":")[0] for line in found} == {
        "gate.longest_s",
        "'gate.tggle'",
        "microphone.command",
        "voice.aggressiveness",
        "voice.start_frames",
    }
    assert len(found) == 5
    assert not place.saved.exists()


def test_settings_that_contradict_each_other_are_refused(place: Place) -> None:
    assert (
        "must be less than gate.longest_s" in place.refused({"gate.silence_ms": 3000, "gate.longest_s": 2})[0]
    )


def test_a_mistake_in_the_owners_file_is_told_with_its_place(place: Place) -> None:
    place.main.write_text("gate: {longest_s: 1000}")

    assert f"{place.main}:1: found '1000'" in place.refused({"voice.aggressiveness": 1})[0]


def test_a_secret_is_saved_and_never_told(place: Place) -> None:
    place.store.save({"service.project_id": SECRET}, None)

    (changed,) = place.store.diff({"service.project_id": "another"})
    assert changed == {
        "key": "service.project_id",
        "old": {"set": True},
        "new": {"set": True},
        "needs": "restart",
    }
    assert SECRET not in str(place.store.describe())
    assert SECRET not in str(place.refused({"service.project_id": f"{SECRET} "}))


def test_a_difference_is_told_before_it_is_saved(place: Place) -> None:
    assert place.store.diff({"gate.longest_s": 30, "session.idle_s": 120, "session.keep": "always"}) == [
        {"key": "gate.longest_s", "old": 20, "new": 30.0, "needs": "restart"},
        {"key": "session.keep", "old": "on-need", "new": "always", "needs": "reload"},
    ]
    assert not place.saved.exists()
    with pytest.raises(SettingsRefused):
        place.store.diff({"gate.longest_s": 1000})


# -------------------------------------------------------------- two at once


def test_the_slower_one_of_two_gets_a_conflict(place: Place) -> None:
    seen = place.store.describe()["revision"]
    newest = place.store.save({"gate.longest_s": 30}, seen)

    with pytest.raises(SettingsConflict) as caught:
        place.store.save({"gate.longest_s": 40}, seen)

    assert caught.value.revision == newest
    assert place.longest_s == 30


def test_many_at_once_lose_nothing(place: Place) -> None:
    changes: list[Changes] = [
        {"gate.longest_s": 30},
        {"voice.aggressiveness": 3},
        {"session.idle_s": 60},
        {"turn.busy_shown_s": 5},
        {"reconnect.longest_s": 30},
    ]
    threads = [threading.Thread(target=place.store.save, args=(one, None)) for one in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    saved = {one["key"] for one in place.store.describe()["settings"] if one["source"] == "page"}
    assert saved == {key for one in changes for key in one}


@contextmanager
def _hanging(place: Place) -> Iterator[None]:
    place.store.save({}, None)
    with place.saved.with_name("settings.yaml.lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_another_program_that_hangs_is_not_waited_for_without_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LOCK_S", 0.0)

    with _hanging(place), pytest.raises(SettingsNotSaved, match="another program"):
        place.store.save({"gate.longest_s": 30}, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_saves_first_is_the_services_to_save_afterwards(place: Place) -> None:
    place.saved.parent.mkdir()
    os.chown(place.saved.parent, 4711, 4712)

    place.store.save({"gate.longest_s": 30}, None)
    place.store.save({"gate.longest_s": 40}, None)

    owners = {one.name: (one.stat().st_uid, one.stat().st_gid) for one in place.saved.parent.iterdir()}
    names = ("settings.yaml", "settings.yaml.before", "settings.yaml.lock")
    assert owners == dict.fromkeys(names, (4711, 4712))


# -------------------------------------------------------------- undo


def test_the_last_save_is_undone_and_only_that(place: Place) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    first = place.store.describe()["revision"]
    place.store.save({"gate.longest_s": 40}, None)
    assert place.store.describe()["undo"]

    assert place.store.undo() == first

    assert place.longest_s == 30
    assert not place.store.describe()["undo"]
    with pytest.raises(NothingToUndo):
        place.store.undo()


def test_the_first_save_can_be_undone_too(place: Place) -> None:
    before = place.store.describe()["revision"]
    place.store.save({"gate.longest_s": 30}, None)

    assert place.store.undo() == before
    assert place.longest_s == 20


def test_saving_what_is_saved_leaves_the_undo_as_it_is(place: Place) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    place.store.save({"gate.longest_s": 30}, None)
    place.store.undo()

    assert place.longest_s == 20


def test_an_undo_of_what_was_changed_meanwhile_is_a_conflict(place: Place) -> None:
    seen = place.store.save({"gate.longest_s": 30}, None)
    place.store.save({"gate.longest_s": 40}, None)

    with pytest.raises(SettingsConflict):
        place.store.undo(seen)


def test_what_is_valid_no_longer_is_not_brought_back(place: Place) -> None:
    place.store.save({"gate.silence_ms": 3000}, None)
    place.store.save({"gate.silence_ms": None}, None)
    place.main.write_text("gate: {longest_s: 2}")

    with pytest.raises(SettingsRefused, match="must be less than"):
        place.store.undo()
    assert place.longest_s == 2


def test_after_a_power_cut_between_the_two_files_nothing_is_undone(place: Place) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    place.saved.with_name("settings.yaml.before").write_bytes(place.saved.read_bytes())

    assert not place.store.describe()["undo"]
    with pytest.raises(NothingToUndo):
        place.store.undo()


# -------------------------------------------------------------- damage


@pytest.mark.parametrize("content", ["gate: [", "\0" * 30, "gate: {longest_s: 1000}\nspeaker: {wav: /x}\n"])
def test_an_unusable_file_is_mended_by_the_next_save(place: Place, content: str) -> None:
    place.saved.parent.mkdir()
    place.saved.write_text(content)

    assert place.store.describe()["settings"]
    place.store.save({"gate.longest_s": 30}, None)

    assert place.longest_s == 30


def test_what_mends_a_contradiction_is_compared_with_the_owners_files(place: Place) -> None:
    place.store.save({"quiet.from": "22:00", "quiet.to": "07:00"}, None)
    place.saved.write_text(place.saved.read_text().replace("to:", "# to:"))

    assert not place.store.check({"quiet.to": "08:00"})
    found = {one["key"]: (one["old"], one["new"]) for one in place.store.diff({"quiet.to": "08:00"})}

    assert found == {"quiet.from": (None, "22:00"), "quiet.to": (None, "08:00")}


def test_the_rest_of_a_file_with_mistakes_is_kept(place: Place) -> None:
    place.saved.parent.mkdir()
    place.saved.write_text("gate: {longest_s: 30}\nvoice: {aggressiveness: 9}\nspeaker: {wav: /x}\n")

    place.store.save({"session.idle_s": 60}, None)

    assert place.longest_s == 30


def test_a_disk_that_refuses_leaves_the_old_settings(place: Place) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    place.saved.with_name("settings.yaml.new").mkdir()

    with pytest.raises(SettingsNotSaved, match="so the old settings hold"):
        place.store.save({"gate.longest_s": 40}, None)
    assert place.longest_s == 30


def test_a_place_that_is_no_folder_is_a_disk_that_refuses(place: Place) -> None:
    place.saved.parent.write_text("")

    with pytest.raises(SettingsNotSaved):
        place.store.save({"gate.longest_s": 40}, None)


def test_more_than_can_be_read_again_is_not_saved(place: Place) -> None:
    assert "too large" in place.refused({"service.avatar": "x" * 300_000})[0]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.EIO], ids=errno.errorcode.get)
def test_settings_that_cannot_be_read_for_now_are_not_replaced(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    place.store.save({"gate.longest_s": 30}, None)
    place.store.save({"gate.longest_s": 31}, None)

    def failed(file: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "content_of", failed)
        with pytest.raises(SettingsNotSaved, match="the old settings hold"):
            place.store.save({"gate.silence_ms": 700}, None)
        with pytest.raises(SettingsNotSaved, match="the old settings hold"):
            place.store.undo()

    assert place.longest_s == 31
    place.store.undo()
    assert place.longest_s == 30
