"""The description of every setting, for a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ravatard.config import Options, Schema, load
from ravatard.config.saved.description import changed, described, told_changes

SECRET = "hush-hush-4711"


@pytest.fixture
def page(tmp_path: Path) -> dict[str, Any]:
    main = tmp_path / "ravatard.yaml"
    (tmp_path / "ravatard.d").mkdir()
    main.write_text(f"board: respeaker-2mic\nservice: {{project_id: {SECRET}}}\ngate: {{longest_s: 20}}\n")
    (tmp_path / "ravatard.d" / "1.yaml").write_text("voice: {aggressiveness: 1}")
    saved = tmp_path / "settings.yaml"
    saved.write_text("gate: {silence_ms: 700}")
    loaded = load(main, {"RAVATARD_GATE__MODE": "vad"}, saved=saved)
    return described(loaded)


def _setting(page: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = [one for one in page["settings"] if one["key"] == key]
    return dict(found)


def test_it_is_json_with_every_setting_in_order(page: dict[str, Any]) -> None:
    assert json.loads(json.dumps(page)) == page
    assert [one["key"] for one in page["settings"]] == list(Schema().keys)
    assert [one["name"] for one in page["sections"]] == list(Schema().sections)


def test_a_setting_says_all_that_a_form_needs(page: dict[str, Any]) -> None:
    found = _setting(page, "gate.silence_ms")

    origin = found.pop("origin")
    text = found.pop("text")
    assert text.startswith("Silence that ends an utterance")
    assert origin.endswith("settings.yaml:1")
    assert found == {
        "key": "gate.silence_ms",
        "section": "gate",
        "name": "silence_ms",
        "type": "integer",
        "unit": "ms",
        "low": 200,
        "high": 5000,
        "choices": [],
        "allowed": "a whole number from 200 to 5000 ms, or unset",
        "optional": True,
        "default": None,
        "value": 700,
        "source": "page",
        "needs": "restart",
        "local_only": False,
        "settable": True,
    }


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("gate.silence_ms", "page"),
        ("gate.longest_s", "file"),
        ("voice.aggressiveness", "drop-in"),
        ("button.pin", "board"),
        ("gate.mode", "environment"),
        ("turn.busy_shown_s", "default"),
    ],
)
def test_it_says_where_a_value_comes_from(page: dict[str, Any], key: str, source: str) -> None:
    assert _setting(page, key)["source"] == source


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("gate.toggle", "boolean"),
        ("gate.longest_s", "number"),
        ("gate.mode", "choice"),
        ("voice.frame_ms", "choice"),
        ("service.avatar", "text"),
        ("service.project_id", "secret"),
        ("kiosk.users", "list"),
    ],
)
def test_it_says_which_kind_of_value_it_is(page: dict[str, Any], key: str, type_: str) -> None:
    assert _setting(page, key)["type"] == type_


def test_of_a_secret_it_says_only_whether_there_is_one(page: dict[str, Any]) -> None:
    assert _setting(page, "service.project_id")["value"] == {"set": True}
    assert _setting(page, "service.api_key")["value"] == {"set": False}
    assert SECRET not in json.dumps(page)


@pytest.mark.parametrize("key", ["microphone.command", "gate.mode"])
def test_what_cannot_be_saved_is_not_offered(page: dict[str, Any], key: str) -> None:
    assert not _setting(page, key)["settable"]


def test_it_says_what_waits_for_a_restart(tmp_path: Path) -> None:
    saved = tmp_path / "settings.yaml"
    saved.write_text("gate: {silence_ms: 700}\nsession: {idle_s: 60}")
    loaded = load(None, {}, default_path=tmp_path / "none.yaml", saved=saved)

    assert described(loaded, Options())["restart"] == ["gate.silence_ms"]
    assert [key.dotted for key in changed(Options(), loaded.options)] == ["gate.silence_ms", "session.idle_s"]


def _options(folder: Path, text: str) -> Options:
    file = folder / "ravatard.yaml"
    file.write_text(text)
    return load(file, {}).options


def test_a_reload_names_what_is_in_effect_and_what_waits_also_of_reloads_before(tmp_path: Path) -> None:
    started = _options(tmp_path, "{}")
    first = _options(tmp_path, "session: {idle_s: 20}\nspeaker: {device: USB}")
    second = _options(tmp_path, "session: {idle_s: 20}\nturn: {answer_s: 9}\nspeaker: {device: USB}")

    assert told_changes(started, started, started) == "no setting has changed"
    assert told_changes(started, started, first) == (
        "session.idle_s is in effect; speaker.device waits for a restart"
    )
    assert told_changes(started, first, second) == (
        "turn.answer_s is in effect; speaker.device waits for a restart"
    )
    assert told_changes(started, first, started) == "session.idle_s is in effect"


def test_of_many_changes_a_reload_names_some_and_counts_the_others(tmp_path: Path) -> None:
    started = _options(tmp_path, "{}")
    now = _options(
        tmp_path,
        "gate: {mode: vad, toggle: true, silence_ms: 700, preroll_ms: 200, longest_s: 20}\n"
        "voice: {aggressiveness: 1}\nspeaker: {device: USB}\nmicrophone: {device: USB}\n"
        "earcons: {enabled: false}\npage: {port: 8000}\nkiosk: {port: 8001}\n",
    )

    told = told_changes(started, started, now)

    in_effect, waiting = told.split("; ")
    assert in_effect == "gate.mode is in effect"
    assert waiting.endswith(" and 2 more wait for a restart")
    assert waiting.count(",") == 7


def test_no_value_of_a_setting_is_told(tmp_path: Path) -> None:
    started, now = _options(tmp_path, "{}"), _options(tmp_path, f"service: {{project_id: {SECRET}}}")

    assert SECRET not in told_changes(started, started, now)
