"""The machinery of migrations, shown with a version that never existed: a key had another name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.config import ConfigErrors, load
from ravatard.config.candidate import up_to_date
from ravatard.config.document import Mapping, parse
from ravatard.config.merging import settings
from ravatard.config.migrations import HISTORY, rename_key
from ravatard.config.version import Migration, MigrationHistory

#: In this invented past, silence_ms was called quiet_ms.
INVENTED = MigrationHistory(
    1,
    (
        Migration(
            0,
            "gate.quiet_ms is now called gate.silence_ms",
            lambda old: rename_key(old, "gate", "quiet_ms", "silence_ms"),
        ),
    ),
)
OLD = """\
# Mine.
version: 0

gate:
  mode: vad  # not the button
  quiet_ms: 700

voice: {start_window: 5}  # quiet_ms: of no concern
"""


def _old(folder: Path, text: str = OLD) -> Path:
    path = folder / "ravatard.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_old_file_is_read_as_one_of_today_and_stays_as_it_is(tmp_path: Path) -> None:
    path = _old(tmp_path)

    loaded = load(path, {}, history=INVENTED)

    assert loaded.options.gate.silence_ms == 700
    assert str(loaded.origins["gate.silence_ms"]) == f"{path}:6"
    assert loaded.outdated[path].notes == ("gate.quiet_ms is now called gate.silence_ms",)
    assert path.read_text(encoding="utf-8") == OLD


def test_written_down_only_what_changed_is_changed() -> None:
    changed = up_to_date(OLD, INVENTED)

    assert changed == OLD.replace("version: 0", "version: 1").replace(
        "gate:\n  mode: vad  # not the button\n  quiet_ms: 700\n",
        "gate:\n  silence_ms: 700\n  mode: vad  # not the button\n",
    )
    assert up_to_date(changed, INVENTED) == changed


def test_a_mistake_in_an_old_file_is_told_with_its_own_line(tmp_path: Path) -> None:
    path = _old(tmp_path, "version: 0\ngate:\n\n  quiet_ms: seven\n")

    with pytest.raises(ConfigErrors) as caught:
        load(path, {}, history=INVENTED)

    assert str(caught.value).startswith(f"{path}:4: gate.silence_ms: found 'seven'")


def test_the_new_name_is_unknown_to_nobody_and_the_old_one_to_todays_files(tmp_path: Path) -> None:
    path = _old(tmp_path, "version: 1\ngate: {quiet_ms: 700}\n")

    with pytest.raises(ConfigErrors, match=r"gate\.quiet_ms: unknown key"):
        load(path, {}, history=INVENTED)


@pytest.mark.parametrize(
    "text", ["gate: [quiet_ms]", "gate:", "[gate]: {quiet_ms: 1}", "voice: {quiet_ms: 1}"]
)
def test_renaming_leaves_alone_what_it_does_not_know(text: str) -> None:
    root = parse(text)
    assert isinstance(root, Mapping)

    assert rename_key(root, "gate", "quiet_ms", "silence_ms") == root


def test_files_from_before_versions_mean_the_same(tmp_path: Path) -> None:
    text = "version: 0\ngate: {silence_ms: 700}\n"
    path = _old(tmp_path, text)

    loaded = load(path, {})

    assert loaded.options.gate.silence_ms == 700
    assert up_to_date(text) == text.replace("0", "1", 1)


def test_there_is_a_step_from_every_version() -> None:
    assert [step.source for step in HISTORY.since(0)] == list(range(HISTORY.current))
    assert all(step.note for step in HISTORY.steps)


def test_a_migrated_setting_keeps_its_value_and_place_among_the_others() -> None:
    root = parse("gate: {mode: vad, quiet_ms: 700, toggle: no}")
    assert isinstance(root, Mapping)

    renamed = rename_key(root, "gate", "quiet_ms", "silence_ms")

    assert list(settings(renamed)) == [("gate", "mode"), ("gate", "silence_ms"), ("gate", "toggle")]
