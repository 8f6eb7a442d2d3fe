"""The documents of the repository: which files, names and commands they mention."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ravatard.cli import COMMANDS
from tests.house.source import MODULES, PACKAGE, ROOT, functions, tree

#: What a name ends with that is a file of the repository.
SUFFIXES = (
    ".py",
    ".md",
    ".yaml",
    ".toml",
    ".svg",
    ".conf",
    ".html",
    ".js",
    ".css",
    ".service",
    ".rules",
    ".c",
)
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_LINK = re.compile(r"\]\(([^)#\s]+)\)")
_PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
_CLASS = re.compile(r"([A-Z]+[a-z]\w*)(\.\w+)?(\(\))?")
_FUNCTION = re.compile(r"([a-z_]\w+)\(\)")
#: Python's own, which documents may name too.
_PYTHON = {"Protocol", "TaskGroup"}


def spoken(text: str) -> list[str]:
    """Return the `pieces of code` in the prose of a document."""
    return _CODE.findall(_FENCE.sub("", text))


def shell_lines(text: str) -> list[str]:
    """Return the commands in a document's blocks of shell."""
    blocks = [block for kind, block in _FENCE.findall(text) if kind in ("sh", "bash", "console")]
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def is_path(word: str) -> bool:
    """Return True if a piece of code looks like a file or folder of the repository."""
    return bool(_PATH.fullmatch(word)) and ("/" in word or word.endswith(SUFFIXES))


def located(word: str) -> Path | None:
    """Return the file or folder that is meant: from the package, else from the root of the repository."""
    found = (base / word for base in (PACKAGE, ROOT))
    return next((path for path in found if path.exists() and path.is_dir() >= word.endswith("/")), None)


@cache
def defined(path: Path) -> frozenset[str]:
    """Return the names a module defines: at its top, and ``Class.name`` for what stands in a class."""
    names: set[str] = set()
    for node in tree(path).body:
        names |= _names(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for inner in node.body for name in _names(inner)}
    return frozenset(names)


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign):
        return {ast.unparse(node.target)}
    return set()


@cache
def known_names() -> frozenset[str]:
    """Return every name that a module of the package defines."""
    return frozenset(name for module in MODULES for name in defined(module))


@cache
def known_functions() -> frozenset[str]:
    """Return the name of every function and method of the package."""
    return frozenset(one.name for module in MODULES for one in functions(tree(module)))


def wrong_names(text: str) -> Iterator[str]:
    """Yield each file, class or function that a document names and that does not exist."""
    for word in spoken(text):
        path, colon, name = word.partition(":")
        if colon and path.endswith(".py") and is_path(path):
            found = located(path)
            if found is None or name.removesuffix("()") not in defined(found):
                yield word
        elif is_path(word):
            if located(word) is None:
                yield word
        elif match := _CLASS.fullmatch(word):
            dotted = match[1] + (match[2] or "")
            if match[1] not in _PYTHON and dotted not in known_names():
                yield word
        elif (match := _FUNCTION.fullmatch(word)) and match[1] not in known_functions():
            yield word


def wrong_links(text: str, folder: Path) -> Iterator[str]:
    """Yield each relative link that leads nowhere."""
    for target in _LINK.findall(text):
        if not target.startswith(("http://", "https://", "mailto:")) and not (folder / target).exists():
            yield target


def targets(makefile: str) -> set[str]:
    """Return the targets of a Makefile that a person may ask for."""
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.M))


def wrong_commands(text: str) -> Iterator[str]:
    """Yield each ``make`` target and ``ravatard`` command that a document shows and that does not exist."""
    known = targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    for line in [*shell_lines(text), *spoken(text)]:
        words = line.split("#")[0].removeprefix("sudo ").split()
        if len(words) < 2:
            continue
        program = words[0].rpartition("/")[2]
        if program == "make" and not {one for one in words[1:] if re.fullmatch("[a-z-]+", one)} <= known:
            yield line
        elif program == "ravatard" and words[1][0].islower() and words[1] not in COMMANDS:
            yield line
