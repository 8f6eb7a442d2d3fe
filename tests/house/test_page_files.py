"""The owner's page in the browser: small, of this machine alone, within its policy, in every language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ravatard.core.indication import Look
from ravatard.core.states import LinkState, MicrophoneStatus, SessionState, TalkState, TurnOutcome
from ravatard.doctor.result import Verdict
from ravatard.web.page.browser.static_files import StaticFiles
from tests.house.source import PACKAGE, ROOT

STATIC = PACKAGE / "web" / "page" / "static"
LANGUAGES = STATIC / "languages"
HARDWARE = ROOT / "hardware"
#: What one browser loads, in the language with the longest file.
MOST_BYTES = 120_000
#: Lines of one module, as in the package.
MOST_LINES = 320
#: Of the pictures of the README.
PICTURES = ("page-now.png", "page-turns.png", "page-settings.png")
MOST_PICTURE_BYTES = 150_000
SCRIPTS = sorted(path for path in STATIC.rglob("*.js") if path.parent.name != "vendor")
ENGLISH: dict[str, str] = json.loads((LANGUAGES / "en.json").read_text(encoding="utf-8"))
TEXTS = sorted(path for path in LANGUAGES.glob("*.json") if path.stem != "names")
_PLACEHOLDER = re.compile(r"\{[a-z]+\}")
#: A key of a text as it stands in a module, and one whose last part is a value.
_WHOLE_KEY = re.compile(r'"([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+|[a-z]+)"')
_OPEN_KEY = re.compile(r"`([a-z.]+\.)\$\{")
_NAMED = re.compile(r'named\("([a-z]+)"')


def texts(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def source() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)


def loaded() -> Iterator[Path]:
    """Every file that a browser loads, in the language with the longest file."""
    languages = max(TEXTS, key=lambda path: path.stat().st_size)
    for path in STATIC.rglob("*.*"):
        if path.suffix != ".txt" and (
            path.parent != LANGUAGES or path in (languages, LANGUAGES / "names.json")
        ):
            yield path


def test_a_browser_loads_120_kb_at_most() -> None:
    served = StaticFiles()
    bodies = [served.body(f"/{path.relative_to(STATIC).as_posix()}") for path in loaded()]

    assert all(bodies)
    assert sum(map(len, bodies)) <= MOST_BYTES


def test_nothing_is_asked_of_another_host() -> None:
    urls = [
        (path.name, found)
        for path in loaded()
        for found in re.findall(r"https?://[\w.]+", path.read_text(encoding="utf-8"))
    ]

    # Names of XML's vocabularies; nothing is loaded from there.
    assert {found for _, found in urls} <= {"http://www.w3.org"}


def test_the_page_keeps_to_its_policy() -> None:
    index = (STATIC / "index.html").read_text(encoding="utf-8")

    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", index) == []
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style="
    assert re.findall(forbidden, source()) == []


def imported(module: str, how: str) -> set[str]:
    """Modules that ``module`` imports, by their paths; ``how``: a pattern up to the quoted address."""
    text = (STATIC / module).read_text(encoding="utf-8")
    folder = (STATIC / module).parent
    found = re.findall(how + r'"(\.[\w/.-]+\.js)"', text)
    return {(folder / one).resolve().relative_to(STATIC).as_posix() for one in found}


def needed(*modules: str) -> set[str]:
    """These modules and all that they cannot run without."""
    found: set[str] = set()
    waiting = set(modules)
    while waiting:
        found |= waiting
        waiting = {one for module in waiting for one in imported(module, r"\bfrom ")} - found
    return found


def test_what_the_first_look_needs_is_loaded_at_once_and_the_rest_behind_it() -> None:
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:href|src)="/([\w/.-]+\.js)"', index)
    later = imported("app.js", r"\bimport\(")

    assert set(named) == needed("app.js", "pages/now.js")
    every = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    assert needed("app.js", *later) == every


def test_every_module_is_short() -> None:
    assert {path.name: n for path in SCRIPTS if (n := len(path.read_text().splitlines())) > MOST_LINES} == {}


def test_the_licences_of_what_others_wrote_lie_beside_it() -> None:
    licences = (STATIC / "vendor" / "LICENSES.txt").read_text(encoding="utf-8")

    assert "Apache License" in licences
    assert "The MIT License" in licences
    assert {path.name for path in (STATIC / "vendor").iterdir()} == {"LICENSES.txt", "htm-preact.js"}


def test_the_pictures_of_the_page_are_small() -> None:
    """Made by ``python -m tests.make_page_pictures``."""
    assert sum((HARDWARE / name).stat().st_size for name in PICTURES) <= MOST_PICTURE_BYTES


# ---------------------------------------------------------------------- languages


def test_the_promised_languages_are_there_by_their_own_names() -> None:
    names = texts(LANGUAGES / "names.json")

    assert set(names) == {path.stem for path in TEXTS}
    assert set(names) >= {"en", "de", "fr", "es", "uk", "ru"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_language_has_every_text_in_the_order_of_the_english_file(path: Path) -> None:
    found = texts(path)

    assert list(found) == list(ENGLISH)
    assert [key for key, text in found.items() if not text.strip()] == []
    for key, text in found.items():
        assert sorted(_PLACEHOLDER.findall(text)) == sorted(_PLACEHOLDER.findall(ENGLISH[key])), key


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_word_of_the_menu_fits_a_phone(path: Path) -> None:
    """Seven of them share 360 pixels, with 11 pixels a line."""
    menu = {key: text for key, text in texts(path).items() if key.startswith("page.")}

    assert len(menu) == 7
    assert {key: text for key, text in menu.items() if len(text) > 9} == {}


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    code = source()
    whole = set(_WHOLE_KEY.findall(code))
    beginnings = {*_OPEN_KEY.findall(code), *(f"{group}." for group in _NAMED.findall(code))}
    unused = [key for key in ENGLISH if key not in whole and not key.startswith(tuple(beginnings))]
    called = set(re.findall(r'\bt\("([^"]+)"', code))

    assert unused == []
    assert called - set(ENGLISH) == set()


def test_every_state_that_the_appliance_tells_has_its_words() -> None:
    wanted = {
        *(f"look.{look.value}{end}" for look in Look for end in ("", ".text")),
        *(f"link.{one.value}" for one in LinkState),
        *(f"session.{one.value}" for one in SessionState),
        *(f"talk.{one.value}" for one in TalkState),
        *(f"microphone.{one.value}" for one in MicrophoneStatus),
        *(f"outcome.{one.value}" for one in TurnOutcome),
        *(f"verdict.{one.value.replace(' ', '-')}" for one in Verdict),
    }

    assert wanted - set(ENGLISH) == set()
