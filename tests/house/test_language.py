"""The mechanical part of the language rule: how docstrings begin, and who acts in a sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.source import MODULES, PACKAGE, ROOT, docstrings, named, tracked, tree

#: A docstring begins with an imperative or with the field's noun.
BAD_BEGINNING = re.compile(
    r"\s*(What|Whether|Who|Whoever|Whose|Nothing|Somebody|Nobody|Anybody|Everybody|Everything that)\b"
)

#: The daemon, the sound process, the service, the user, the owner, the caller: the actors have names.
UNNAMED_ACTOR = re.compile(r"\b(somebody|nobody|whoever|anybody|everybody)\b", re.I)

#: Texts that owners and contributors read; tests may tell stories.
READ = ("README.md", "CHANGELOG.md", "Makefile", "config/", "hardware/", "systemd/", ".github/", "ravatard/")
TEXTS = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".html",
    ".css",
    ".js",
    ".conf",
    ".rules",
    ".service",
    ".svg",
    "",
}


def badly_begun(module: ast.Module) -> list[str]:
    """Return line and beginning of each docstring that begins as none should."""
    return [f"{line}: {text.strip()[:60]}" for line, text in docstrings(module) if BAD_BEGINNING.match(text)]


def unnamed_actors(text: str) -> list[str]:
    """Return line and word of each actor without a name."""
    lines = enumerate(text.splitlines(), 1)
    return [f"{number}: {found[0]}" for number, line in lines for found in UNNAMED_ACTOR.finditer(line)]


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_docstring_begins_with_an_imperative_or_a_noun(module: Path) -> None:
    assert badly_begun(tree(module)) == []


def read_texts() -> list[Path]:
    found = {path for path in tracked() if path.suffix in TEXTS}
    return sorted(path for path in found if path.relative_to(ROOT).as_posix().startswith(READ))


def test_the_actors_have_names() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): unnamed_actors(path.read_text("utf-8")) for path in read_texts()
    }

    assert {name: words for name, words in found.items() if words} == {}


def test_the_texts_are_found() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in read_texts()}

    assert {"README.md", "Makefile", "config/ravatard.yaml", "systemd/ravatard.service"} <= names
    assert {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")} <= names


@pytest.mark.parametrize(
    "text",
    [
        "What there is to talk with.",
        "Whether it is open.",
        "Nothing: the rest matters to others.",
        "Everything that happens.",
        "\n    Whoever asks.",
    ],
)
def test_a_bad_beginning_is_found(text: str) -> None:
    source = f'def f():\n    """{text}"""\n\nclass C:\n    x = 1\n    """{text}"""'

    assert len(badly_begun(ast.parse(source))) == 2


@pytest.mark.parametrize("text", ["Return the state.", "Everything in order.", "Whatever.", "Whole file."])
def test_a_good_beginning_is_left_alone(text: str) -> None:
    assert badly_begun(ast.parse(f'"""{text}"""')) == []


def test_an_unnamed_actor_is_found() -> None:
    assert unnamed_actors("Somebody asks.\nThe owner asks; nobody's fault.\nNo body.") == [
        "1: Somebody",
        "2: nobody",
    ]
