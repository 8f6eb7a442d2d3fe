"""The documents say what is so: files, names, links, commands, folders, and the version of the changelog."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from ravatard import __version__
from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.stages.mailbox import INBOX_LIMIT, OUTBOX_SPEECH_MS
from ravatard.stages.playback import MOST_WAITING
from tests.house.documents import shell_lines, targets, wrong_commands, wrong_links, wrong_names
from tests.house.source import MODULES, PACKAGE, ROOT

MAP = PACKAGE / "README.md"
DOCUMENTS = [
    ROOT / "README.md",
    MAP,
    ROOT / ".github/CONTRIBUTING.md",
    ROOT / ".github/SECURITY.md",
    ROOT / "hardware/README.md",
    ROOT / "systemd/README.md",
    ROOT / "config/fleet/README.md",
]
#: Those that speak of the code; the others speak of the owner's files.
OF_THE_CODE = DOCUMENTS[1:4]


def titled(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", OF_THE_CODE, ids=titled)
def test_what_a_document_names_exists(document: Path) -> None:
    assert list(wrong_names(document.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=titled)
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    assert list(wrong_links(document.read_text(encoding="utf-8"), document.parent)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=titled)
def test_every_command_of_a_document_exists(document: Path) -> None:
    assert list(wrong_commands(document.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "word",
    [
        "core/nowhere.py",
        "nowhere/",
        "app.py:Nothing",
        "core/nowhere.py:Conversation",
        "NoSuchClass",
        "Conversation.no_such_method",
        "no_such_function()",
        "tests/nowhere.py",
    ],
)
def test_a_name_of_nothing_is_found(word: str) -> None:
    assert list(wrong_names(f"See `{word}`.")) == [word]


@pytest.mark.parametrize(
    "word", ["appliance_parts.py:Parts", "core/", "Conversation", "Conversation.handle", "run()", "a b"]
)
def test_a_name_of_something_is_let_pass(word: str) -> None:
    assert list(wrong_names(f"See `{word}`.")) == []


def test_a_link_to_nothing_is_found() -> None:
    assert list(wrong_links("[a](README.md) [b](nowhere.md) [c](https://example.com/)", ROOT)) == [
        "nowhere.md"
    ]


def test_a_command_that_does_not_exist_is_found() -> None:
    text = (
        "`make nothing`\n\n```sh\nsudo make package-test\n.venv/bin/ravatard fly\nravatard say hello\n```\n"
    )

    assert list(wrong_commands(text)) == [".venv/bin/ravatard fly", "make nothing"]


def test_targets_with_a_hyphen_are_targets() -> None:
    assert targets("package-test: x\n\techo\nVENV := y\n.PHONY: z\n") == {"package-test"}


def test_the_map_has_every_folder_of_the_package() -> None:
    text = MAP.read_text(encoding="utf-8")
    folders = {module.parent.relative_to(PACKAGE).as_posix() for module in MODULES} - {"."}

    assert sorted(folder for folder in folders if f"`{folder}/`" not in text) == []


def test_the_map_states_the_bounds_of_the_queues() -> None:
    text = MAP.read_text(encoding="utf-8")

    assert f"| {INBOX_LIMIT:,} events |" in text
    assert f"| {OUTBOX_SPEECH_MS / 1000:g} s of speech |" in text
    assert f"(`Playback`) | {MOST_WAITING} |" in text
    assert f"| {LONGEST_SAMPLES / VOICE_RATE_HZ:g} s |" in text


def readme_commands() -> list[str]:
    """Return the commands in the README's blocks of shell."""
    return shell_lines((ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= {line.split("#")[0].strip() for line in readme_commands()}


def test_from_a_clone_to_the_first_words_of_ones_own_it_is_three_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    steps = shell_lines(text[text.index("## Try it") : text.index("## What you need")])
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Homepage"]

    assert steps == [
        f"git clone {address} && cd ravatard",
        "make demo",
        ".venv/bin/ravatard run --simulate",
    ]


def test_the_readme_leads_to_the_map_and_to_the_way_in() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "](ravatard/README.md)" in text
    assert "](.github/CONTRIBUTING.md)" in text


# -------------------------------------------------------------------------- the changelog

_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?$", re.M)


def changelog_problem(changelog: str, version: str) -> str:
    """Return what is wrong with the changelog of a program of ``version``; "" when nothing is.

    A version that was released has its heading with its date. One that was not is newer than every release,
    and what is new in it stands below "Unreleased".
    """
    headings = _HEADING.findall(changelog)
    if re.findall(r"^## (?!\[)", changelog, re.M):
        return "a heading names no version"
    if headings[:1] != [("Unreleased", "")]:
        return "Unreleased, without a date, is not the first heading"
    releases = [(_numbers(name), day) for name, day in headings[1:]]
    if any(numbers is None or not _is_day(day) for numbers, day in releases):
        return "a release has no number, or no date"
    if releases != sorted(releases, key=lambda one: one[0] or (), reverse=True):
        return "the releases are not in order, the newest first"
    current = _numbers(version)
    if current is None:
        return f"{version} is not a version"
    newest = releases[0][0] if releases else None
    if newest == current:
        return ""
    if newest is not None and current < newest:
        return f"{version} is older than the newest release"
    unreleased = changelog.partition("## [Unreleased]\n")[2].partition("\n## [")[0]
    return "" if re.search(r"^- \S", unreleased, re.M) else f"nothing says what is new in {version}"


def _numbers(version: str) -> tuple[int, ...] | None:
    return tuple(map(int, version.split("."))) if re.fullmatch(r"\d+\.\d+\.\d+", version) else None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert changelog_problem((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version) == ""
    assert version == __version__


@pytest.mark.parametrize(
    ("changelog", "version"),
    [
        ("# Changelog\n", "0.1.0"),
        ("## [Unreleased]\n", "0.1.0"),
        ("## [Unreleased]\n\n### Added\n\n## [0.1.0] - 2026-11-20\n\n- x\n", "0.2.0"),
        ("## [Unreleased]\n\n- x\n\n## [0.2.0] - 2026-11-20\n", "0.1.0"),
        ("## [Unreleased]\n\n- x\n\n## [0.1.0]\n", "0.1.0"),
        ("## [Unreleased]\n\n- x\n\n## [0.1.0] - yesterday\n", "0.1.0"),
        ("## [Unreleased]\n\n- x\n\n## [0.1.0] - 2026-11-20\n\n## [0.2.0] - 2026-11-21\n", "0.2.0"),
        ("## [0.1.0] - 2026-11-20\n\n- x\n", "0.1.0"),
        ("## [Unreleased]\n\n- x\n\n## Older\n", "0.1.0"),
    ],
)
def test_a_changelog_that_does_not_know_the_version_is_found(changelog: str, version: str) -> None:
    assert changelog_problem(changelog, version) != ""


@pytest.mark.parametrize(
    ("changelog", "version"),
    [
        ("## [Unreleased]\n\n### Added\n\n- x\n", "0.1.0"),
        ("## [Unreleased]\n\n## [0.1.0] - 2026-11-20\n\n- x\n", "0.1.0"),
        ("## [Unreleased]\n\n- y\n\n## [0.1.0] - 2026-11-20\n\n- x\n", "0.2.0"),
    ],
)
def test_a_changelog_that_knows_the_version_is_let_pass(changelog: str, version: str) -> None:
    assert changelog_problem(changelog, version) == ""
