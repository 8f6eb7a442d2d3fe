"""A file says its version; an older one is brought up to date, a newer one is refused in words."""

from __future__ import annotations

import pytest

from ravatard.config.document import DocumentError, Mapping, parse
from ravatard.config.merging import settings
from ravatard.config.version import MigratedSections, Migration, MigrationHistory, migrated


def _with(name: str) -> Migration:
    """A step that leaves a mark: a setting called ``name``."""
    return Migration(int(name[1:]), f"{name} is new", lambda old: _marked(old, name))


def _marked(old: Mapping, name: str) -> Mapping:
    added = parse(f"{name}: 1")
    assert isinstance(added, Mapping)
    return Mapping((*old.entries, *added.entries), old.line)


HISTORY = MigrationHistory(3, (_with("s2"), _with("s1")))


def _read(text: str, history: MigrationHistory = HISTORY) -> MigratedSections:
    root = parse(text)
    assert isinstance(root, Mapping)
    return migrated(root, history)


def _names(dated: MigratedSections) -> list[str]:
    return [place[0] for place in settings(dated.sections)]


def test_a_file_of_today_is_taken_as_it_is_without_its_version() -> None:
    dated = _read("version: 3\ngate: {mode: vad}")

    assert (_names(dated), dated.version, dated.notes) == (["gate"], 3, ())


def test_an_older_file_takes_every_step_in_order_and_tells_each() -> None:
    dated = _read("version: 1\ngate: {mode: vad}")

    assert (_names(dated), dated.version) == (["gate", "s1", "s2"], 1)
    assert dated.notes == ("s1 is new", "s2 is new")


def test_a_file_that_is_younger_takes_only_the_steps_it_lacks() -> None:
    assert _names(_read("version: 2\ngate: {mode: vad}")) == ["gate", "s2"]


def test_a_file_without_a_version_is_of_the_first() -> None:
    assert _read("gate: {mode: vad}").version == 1


def test_a_newer_file_is_refused_with_what_to_do() -> None:
    with pytest.raises(DocumentError) as caught:
        _read("gate: {}\nversion: 4\n")

    assert str(caught.value).startswith(
        "version 4 is newer than this ravatard understands (3); install a newer"
    )
    assert caught.value.line == 2


def test_a_file_older_than_anybody_remembers_is_refused_with_what_to_do() -> None:
    with pytest.raises(DocumentError, match=r"version 0 is too old .* `ravatard config reference` prints"):
        _read("version: 0")


@pytest.mark.parametrize("value", ["'1'", "one", "1.0", "-1", "", "[1]", "1" * 10_000, "\u0661", "{a: 1}"])
def test_a_version_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(DocumentError, match="version must be a whole number without quotes"):
        _read(f"version: {value}")


def test_two_versions_are_refused_where_the_second_stands() -> None:
    with pytest.raises(DocumentError, match="version is written twice; keep one") as caught:
        _read("version: 3\n\nversion: 3")

    assert caught.value.line == 3
