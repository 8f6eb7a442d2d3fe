"""The rules of the house: floors, top level, sizes, tasks, options, and what must not be written down."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from ravatard.setting import Setting
from tests.house.source import MODULES, ROOT, code_of, named, tracked, tree

#: What was agreed, and no other folder; dot files are free.
TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "config",
    "hardware",
    "pyproject.toml",
    "ravatard",
    "systemd",
    "tests",
}

#: Names that say nothing about what a module knows.
VAGUE = {"base", "common", "helper", "helpers", "manager", "misc", "tools", "util", "utils"}

LONGEST_MODULE = 320

#: Longer than that for a reason.
LONG = {
    "core/events.py": "the vocabulary, four fifths of it prose; a reader wants it in one place",
    "cloud/lease.py": "one session from start to end: late starts and failed ends share one state",
}


def test_the_floors_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")

    checked = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


def test_the_top_level_holds_only_what_was_agreed() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert {name for name in found if not name.startswith(".")} - TOP_LEVEL == set()


def is_options(path: Path) -> bool:
    return path.stem == "options" or path.stem.endswith("_options") or path.parent.name == "options"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_is_small_has_one_reason_to_be_opened_and_says_it(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    docstring = ast.get_docstring(tree(module)) or ""

    length = len(text.splitlines())
    assert length <= LONGEST_MODULE or named(module) in LONG, f"{length} lines"
    assert docstring.partition("\n")[0].rstrip().endswith((".", "…", "::")), "the first line is one sentence"
    assert module.stem not in VAGUE


def test_every_task_is_started_in_a_group() -> None:
    loose = re.compile(r"asyncio\.(create_task|ensure_future|gather|wait_for)\b|\.ensure_future\(")

    found = [named(module) for module in MODULES if loose.search(code_of(module))]

    assert found == []


def test_nothing_is_raised_inside_except_star() -> None:
    """Debian 12's Python, 3.11.2, packs what is raised there into a group; later ones do not."""
    found = [
        f"{named(module)}:{statement.lineno}"
        for module in MODULES
        for group in ast.walk(tree(module))
        if isinstance(group, ast.TryStar)
        for handler in group.handlers
        for statement in ast.walk(handler)
        if isinstance(statement, ast.Raise)
    ]

    assert found == []


def option_groups() -> Iterator[type]:
    for path in MODULES:
        if not is_options(path):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and is_dataclass(one) and one.__module__ == name:
                yield one


@pytest.mark.parametrize("group", list(option_groups()), ids=lambda group: group.__name__)
def test_every_option_says_what_it_is(group: type) -> None:
    settings = {field.name: field.metadata.get("setting") for field in fields(group)}
    described = {name: one for name, one in settings.items() if isinstance(one, Setting)}

    assert described.keys() == settings.keys() or not described, "some fields are settings and some are not"
    assert len(settings) <= 10
    for name, one in described.items():
        assert one.text.endswith("."), f"{name}: not a sentence"
        assert (one.low is None) == (one.high is None), f"{name}: half a range"


#: What must not be written down: places of one machine, hosts of package registries, keys, tokens.
#: Each is put together here, so that this file does not hold it.
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.])/(" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + r"me/\w+"]) + ")/"
    ),
    "a folder beside the repository": re.compile(r"\.\./" + "shared"),
    "the host of a package registry": re.compile(
        "py" + r"pi\.org|pythonho" + r"sted\.org|piwhe" + "els", re.I
    ),
    "a private key": re.compile("-----BEGIN " + "[A-Z ]*PRIVATE KEY"),
    "a token": re.compile(r"eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
}


def test_nothing_is_written_down_that_must_not_be() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        text = content.decode()
        found += [
            f"{path.relative_to(ROOT)}: {what}" for what, words in FORBIDDEN.items() if words.search(text)
        ]

    assert found == []
